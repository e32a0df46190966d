/** A gate's door and log in a process of its own, so that its memory can be read; the plant is left out. */
import { openDoor } from '../../broker/door.ts';
import { openAppendFile } from '../../log/append-file-writer.ts';

/** What its parent may ask. `stuck`: the log takes nothing, as on a full disk, until told otherwise. `feed`: publishes that many public messages. `retain`: one on each of that many public topics, for good. */
export type Ask = { readonly stuck: boolean } | { readonly feed: number } | { readonly retain: number };

const [folder = '', limits = '{}'] = process.argv.slice(2);
const log = await openAppendFile({ folder, clock: Date.now });
let held: (() => void)[] | null = null;
const door = await openDoor({
  host: '127.0.0.1',
  port: 0,
  wsPort: null,
  limits: JSON.parse(limits) as Record<string, number>,
  admission: { policy: 'open', lookup: () => undefined },
  ingest: (draft, settled) => {
    if (held === null) log.append(draft, settled);
    else held.push(() => log.append(draft, settled));
  },
});

const feed = async (messages: number): Promise<void> => {
  const payload = Buffer.alloc(1_000, 32);
  for (let n = 0; n < messages; n++) {
    door.publishPublic('city/v1/public/live', payload, false).catch(() => {});
    if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  }
};

const retain = async (topics: number): Promise<void> => {
  for (let n = 0; n < topics; n++) await door.publishPublic(`city/v1/public/kept/${n}`, 'x'.repeat(100), true);
};

process.on('message', (ask: Ask) => {
  if ('retain' in ask) return void retain(ask.retain).then(() => process.send?.({ retained: true }));
  if ('feed' in ask) return void feed(ask.feed).then(() => process.send?.({ fed: true, counters: door.counters() }));
  const release = held ?? [];
  held = ask.stuck ? [] : null;
  if (!ask.stuck) for (const one of release) one();
});
process.on('disconnect', () => process.exit(0));
process.send?.({ port: door.port });
