/** Ports of this machine for servers that start in a moment, and again later. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that the system hands out by itself (Linux: from 32,768 on): what is free now is so when its server starts, and starts again. */
const [lowest, highest] = [20_000, 32_767];

const listens = async (port: number): Promise<boolean> => {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
};

/** What this process was given: its server may not have started yet. */
const given = new Set<number>();

/** A TCP port of 127.0.0.1 that is free now, and that this process was not given before. */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = randomInt(lowest, highest + 1);
    if (given.has(port)) continue;
    given.add(port);
    if (await listens(port)) return port;
  }
};
