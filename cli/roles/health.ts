/** What a gate or a plant among many says of itself over HTTP: whether it lives, whether it does its work. Pages and the API are left to the process that has them. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '../../config.ts';

export interface Health {
  readonly url: string;
  close(): Promise<void>;
}

/** @param trouble what keeps the process from its work, in words; null while it works */
export const serveHealth = async ({ httpHost, httpPort }: Config, trouble: () => string | null): Promise<Health> => {
  const server = createServer({ requestTimeout: 5_000 }, ({ url }, response) => {
    const why = url === '/health/live' ? null : trouble();
    const status = url === '/health/live' || url === '/health/ready' ? (why === null ? 200 : 503) : 404;
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(`${JSON.stringify({ status: why === null ? 'ok' : 'unavailable', ...(why === null ? {} : { why }) })}\n`);
  });
  server.listen(httpPort, httpHost);
  await once(server, 'listening');
  return {
    url: `http://${httpHost.includes(':') ? `[${httpHost}]` : httpHost}:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
};
