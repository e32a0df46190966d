import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HttpServer, httpServer } from '../../dashboards/http.ts';
import { type Drive, drive } from '../drive.ts';
import { say, smallTown, start, types, viewsOver } from './town.ts';

let gate: Drive;
let server: HttpServer;
let commit: () => Promise<void>;
beforeEach(async () => {
  gate = await drive(smallTown, start);
  const made = viewsOver(gate);
  commit = made.commit;
  server = await httpServer({ host: '127.0.0.1', port: 0, logLevel: 'fatal', views: made.views, types, clock: () => gate.now() });
});
afterEach(() => server.close());

const commitPower = async (watts: number): Promise<void> => {
  say(gate, 'mairie-elec', { ts: gate.now(), values: { active_power: watts } });
  say(gate, 'parc-libre', { ts: gate.now(), values: { free_places: watts } });
  gate.at(gate.now() + 1000);
  await commit();
};

interface Seen {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: { position: number; latest: { quantity: string; value: number }[]; after?: number };
}

/** Opens the stream and reads `count` events. */
const listen = async (count: number, { id, query = '' }: { id?: number; query?: string } = {}): Promise<{ events: Promise<Seen[]>; opened: Response }> => {
  const opened = await fetch(`${server.url}/api/v1/events${query}`, { headers: id === undefined ? {} : { 'last-event-id': String(id) } });
  const read = async (): Promise<Seen[]> => {
    const reader = (opened.body as ReadableStream<Uint8Array>).getReader();
    const decoder = new TextDecoder();
    const found: Seen[] = [];
    let text = '';
    while (found.length < count) {
      const { value, done } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
        const data = field('data');
        if (data !== undefined) found.push({ id: field('id'), event: field('event'), data: JSON.parse(data) as Seen['data'] });
      }
    }
    await reader.cancel();
    return found;
  };
  return { events: read(), opened };
};

test('a commit is an event; its id is its position', async () => {
  const { events, opened } = await listen(1);
  expect(opened.headers.get('content-type')).toMatch(/^text\/event-stream/);
  expect(opened.headers.get('content-encoding')).toBeNull();
  await commitPower(10);
  const [first] = await events;
  expect(first).toMatchObject({ event: 'commit', id: String(gate.store.position), data: { position: gate.store.position } });
  expect(first?.data.latest.map(({ quantity, value }) => [quantity, value])).toEqual([
    ['active_power', 10],
    ['free_places', 10],
  ]);
});

test('who comes back with the last id misses nothing and gets nothing twice', async () => {
  await commitPower(1);
  const seen = gate.store.position;
  await commitPower(2);
  await commitPower(3);
  const { events } = await listen(3, { id: seen, query: '?quantity=active_power' });
  await commitPower(4);
  expect((await events).map(({ event, data }) => [event, data.latest.map(({ value }) => value)])).toEqual([
    ['commit', [2]],
    ['commit', [3]],
    ['commit', [4]],
  ]);
});

test('who comes back too late, or with an id of another log, is told', async () => {
  for (let n = 0; n < 300; n++) await commitPower(n);
  const late = await listen(1, { id: 3 });
  expect(await late.events).toMatchObject([{ event: 'gap', data: { after: 3, position: gate.store.position } }]);
  const foreign = await listen(1, { id: 10_000_000 });
  expect(await foreign.events).toMatchObject([{ event: 'gap' }]);
});

test('the server closes while readers listen', async () => {
  const { events } = await listen(5);
  const read = events.catch(() => []);
  await server.close();
  expect(await read).toEqual([]);
});
