/** What the door drops is in the books: in `octroi ledger`, in the API, on the operations page, and after a restart. */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { reachControl } from '../../cli/control.ts';
import { pingPacket, publishPacket } from '../../simulators/mqtt-packets.ts';
import { Wire } from './wire.ts';

const octroi = new URL('../../cli/octroi.ts', import.meta.url);
const data = mkdtempSync(join(tmpdir(), 'octroi-books-'));
const topic = 'city/v1/north/meter-1/telemetry';
let gate: ChildProcess | null = null;

const stop = async (): Promise<void> => {
  if (gate === null || gate.exitCode !== null) return;
  gate.kill('SIGTERM');
  await once(gate, 'exit');
};

afterEach(async () => {
  await stop();
  rmSync(data, { recursive: true, force: true });
});

const start = async (): Promise<{ readonly mqtt: number; readonly http: string }> => {
  gate = fork(octroi, ['start', '--data', data, '--no-demo', '--http-port', '0', '--mqtt-port', '0'], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, OCTROI_LOG_LEVEL: 'fatal', OCTROI_COMMIT_MS: '100', OCTROI_DOOR_LIMITS: '{"heldEnvelopesMax":1}' },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  for (;;) {
    const client = await reachControl(data);
    if (client === null) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      continue;
    }
    const { mqtt, http } = await client.remote.addresses();
    client.close();
    return { mqtt, http: http as string };
  }
};

/** Publishes at QoS 0 in one piece: one message is in the log's hands, the others are dropped. */
const flood = async (port: number, messages: number): Promise<void> => {
  const device = await Wire.greeted(port);
  device.send(...Array.from({ length: messages }, () => publishPacket(topic, '{"values":{"temperature":1}}', 0)), pingPacket);
  await device.until(2);
  device.socket.destroy();
};

interface Books {
  readonly qos0_dropped: number;
  readonly balanced: boolean;
  readonly readings: { readonly accepted: number };
}

const books = (): Books => {
  const lines = execFileSync(process.execPath, [fileURLToPath(octroi), 'ledger', '--json', '--data', data], { encoding: 'utf8' })
    .trim()
    .split('\n');
  return JSON.parse(lines.at(-1) ?? '') as Books;
};

test('QoS 0 messages that were dropped are in the books, and stay there', async () => {
  let { mqtt, http } = await start();
  await flood(mqtt, 40);
  let found = books();
  while (found.qos0_dropped === 0) found = books();
  const first = found.qos0_dropped;
  expect(first).toBeGreaterThan(30);
  expect(first + found.readings.accepted).toBe(40);
  expect(found.balanced).toBe(true);
  expect(await (await fetch(`${http}/api/v1/ledger`)).json()).toMatchObject({ qos0_dropped: first });
  expect(await (await fetch(`${http}/en/operations`)).text()).toMatch(new RegExp(`${first}(<!-- -->|\\s)*QoS 0 messages dropped`));
  // What is dropped just before a stop is told by its last tick; what came before, by the next start.
  await flood(mqtt, 30);
  await stop();
  found = books();
  expect(found.qos0_dropped + found.readings.accepted).toBe(70);
  ({ mqtt, http } = await start());
  await flood(mqtt, 1);
  await stop();
  found = books();
  expect(found.qos0_dropped + found.readings.accepted).toBe(71);
});
