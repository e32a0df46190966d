/** Who reads slowly, asks slowly or asks too much costs bounded memory and delays nobody: real sockets that stop reading. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { LiveEvent } from '../../core/views.ts';
import { type HttpServer, httpServer } from '../../dashboards/http.ts';
import { drive } from '../drive.ts';
import { smallTown, start, types, viewsOver } from './town.ts';

const sockets: Socket[] = [];
let server: HttpServer;
const listeners = new Set<(event: LiveEvent) => void>();
const tell = (event: LiveEvent): void => {
  for (const listener of listeners) listener(event);
};
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close();
});

const big = 'x'.repeat(24 * 2 ** 20);

const serve = async (limits: NonNullable<Parameters<typeof httpServer>[0]['limits']> = {}): Promise<void> => {
  const gate = await drive(smallTown, start);
  const { views } = viewsOver(gate);
  const told = {
    ...views,
    onCommit(listener: typeof tell) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  server = await httpServer({
    host: '127.0.0.1',
    port: 0,
    logLevel: 'fatal',
    views: told,
    types,
    limits,
    plugins: [async (app) => void app.get('/big', async () => big)],
  });
};

const open = async (): Promise<Socket> => {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.on('error', () => {});
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
};

/** Asks, and never reads. */
const ask = async (path: string): Promise<Socket> => {
  const socket = await open();
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  return socket;
};

const metric = async (name: string): Promise<number> => {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
};

/** Asks the metric until it says so: the answer is the event. */
const reached = async (name: string, holds: (value: number) => boolean): Promise<number> => {
  for (;;) {
    const value = await metric(name);
    if (holds(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const event = (position: number): LiveEvent => ({
  position,
  logTime: start + position,
  latest: Array.from({ length: 500 }, (_, n) => ({ subject: 'mairie-elec', quantity: 'active_power', at: start + n, value: n, flags: 0, offset: n })),
  anomalies: [],
  alarms: [],
});

test('a stream that is not read is cut at its limit; the others get every event at once', async () => {
  await serve();
  const slow = await ask('/api/v1/events');
  const good = await fetch(`${server.url}/api/v1/events`);
  const reader = (good.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  await reached('octroi_streams_open', (streams) => streams === 2);
  let text = '';
  let waitingMost = 0;
  let position = 0;
  // Until the kernel takes no more and the limit is met; 400 events are some 30 MB.
  for (; position < 400 && (await metric('octroi_streams_open')) === 2; position++) {
    tell(event(position));
    while (!text.includes(`id: ${position}\n`)) text += decoder.decode((await reader.read()).value, { stream: true });
    text = text.slice(-1_000);
    waitingMost = Math.max(waitingMost, await metric('octroi_readers_waiting_bytes'));
  }
  expect(position).toBeLessThan(400);
  expect(waitingMost).toBeGreaterThan(500_000);
  expect(waitingMost).toBeLessThan(2 * 1_048_576);
  slow.resume();
  await once(slow, 'close');
  await reader.cancel();
});

test('a page that is not read is cut after its time', async () => {
  await serve({ answerMsMax: 5_000 });
  const slow = await ask('/big');
  await reached('octroi_readers_waiting_bytes', (bytes) => bytes > 2 ** 20);
  expect(await metric('octroi_readers_cut_total')).toBe(0);
  await reached('octroi_readers_cut_total', (cut) => cut === 1);
  await reached('octroi_readers_waiting_bytes', (bytes) => bytes < 2 ** 20);
  slow.resume();
  await once(slow, 'close');
});

test('all together may leave so much waiting and no more; who reads is served meanwhile', async () => {
  await serve({ waitingBytesMax: 50 * 2 ** 20 });
  for (let n = 0; n < 5; n++) await ask('/big');
  await reached('octroi_readers_cut_total', (cut) => cut >= 2);
  expect(await reached('octroi_readers_waiting_bytes', (bytes) => bytes <= 50 * 2 ** 20)).toBeGreaterThan(0);
  expect((await (await fetch(`${server.url}/big`)).text()).length).toBe(big.length);
});

test('headers that do not end, and one connection too many', async () => {
  await serve({ headerMsMax: 300, connectionsMax: 3 });
  const dawdler = await open();
  dawdler.write('GET / HTTP/1.1\r\nHost:');
  const [answer] = await once(dawdler, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.1 408 /);
  await once(dawdler, 'close');
  await open();
  await open();
  await open();
  const fourth = await open();
  fourth.resume();
  await once(fourth, 'close');
});
