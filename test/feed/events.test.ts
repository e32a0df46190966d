import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { changesKept } from '../../feed/changes.ts';
import { smallTown, start } from '../dashboards/town.ts';
import { type FeedTown, freshTown, say } from './town.ts';

let town: FeedTown;
let url: string;
beforeEach(async () => {
  town = await freshTown(smallTown, start);
  await town.app.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${(town.app.server.address() as AddressInfo).port}`;
  await report(50);
});
afterEach(() => town.close());

/** The car park's display changes, and the rows follow. */
const report = async (free: number): Promise<void> => {
  say(town.gate, 'parc-libre', { ts: town.gate.now(), values: { free_places: free } });
  town.gate.at(town.gate.now() + 1_000);
  await town.commit();
  // The answer comes when the rows are made.
  await town.get('/api/explore/v2.1/catalog/datasets/parking-availability/records?limit=0');
};

interface Seen {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: { dataset?: string; record?: string; fields?: { free: number | null } | null };
}

const open = async (id?: string) => {
  const answer = await fetch(`${url}/feed/v1/events?dataset=parking-availability`, { headers: id === undefined ? {} : { 'last-event-id': id } });
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  const next = async (): Promise<Seen> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
        const data = field('data');
        if (data !== undefined) return { id: field('id'), event: field('event'), data: JSON.parse(data) as Seen['data'] };
        continue;
      }
      const { value, done } = await reader.read();
      if (done) throw new Error('the stream ended');
      text += decoder.decode(value, { stream: true });
    }
  };
  return { next, close: () => reader.cancel() };
};

test('a public row that changed is an event', async () => {
  const stream = await open();
  expect((await stream.next()).event).toBe('ready');
  await report(49);
  expect(await stream.next()).toMatchObject({
    event: 'changed',
    data: { dataset: 'parking-availability', record: 'parc-libre', fields: { name: 'Parc A', free: 49, status: 'free' } },
  });
  await stream.close();
});

test('who comes back with the last id misses nothing and gets nothing twice', async () => {
  const first = await open();
  await first.next();
  await report(49);
  const { id } = await first.next();
  await first.close();
  await report(48);
  await report(47);
  const second = await open(id);
  await second.next();
  await report(46);
  const frees = [await second.next(), await second.next(), await second.next()].map(({ data }) => data.fields?.free);
  expect(frees).toEqual([48, 47, 46]);
  await second.close();
});

test('who was told nothing yet can come back too', async () => {
  const first = await open();
  const { id } = await first.next();
  await first.close();
  await report(12);
  const second = await open(id);
  await second.next();
  expect((await second.next()).data.fields?.free).toBe(12);
  await second.close();
});

test('who comes back too late, or from another run, is told', async () => {
  const first = await open();
  const { id = '' } = await first.next();
  await first.close();
  for (let n = 0; n <= changesKept; n++) await report(n % 90);
  for (const old of [id, 'other-1', `${id.split('-')[0]}-999999999`]) {
    const stream = await open(old);
    expect(await stream.next()).toMatchObject({ event: 'gap', data: { after: old } });
    await stream.close();
  }
  expect((await town.get('/feed/v1/events?last_event_id=a%20b')).status).toBe(400);
});

test('what is no longer public is removed everywhere: rows, the log of the stream, what MQTT retains', async () => {
  const stream = await open();
  const { id } = await stream.next();
  await report(33);
  await stream.next();
  const topic = 'city/v1/public/parking-availability/parc-libre';
  expect(JSON.parse(town.retained.get(topic) ?? '{}')).toMatchObject({ record: 'parc-libre', free: 33, status: 'free' });

  const closed = { ...smallTown, sites: smallTown.sites.map((site) => (site.id === 'parking' ? { ...site, owner: 'residential' as const } : site)) };
  town.gate.append('registry', { action: 'apply', town: closed });
  town.gate.at(town.gate.now() + 1_000);
  await town.commit();
  const records = await town.get('/api/explore/v2.1/catalog/datasets/parking-availability/records');
  expect(records.json()).toEqual({ total_count: 0, results: [] });
  for (let n = 0; n < 5; n++) expect(await stream.next()).toMatchObject({ event: 'removed', data: { fields: null } });
  await stream.close();

  const again = await open(id);
  await again.next();
  expect((await again.next()).data.fields).toBeNull();
  await again.close();
  expect([...town.retained.keys()].filter((one) => one.includes('parking'))).toEqual([]);
});
