/** A plant that is behind tells of values about once a second, not at each commit; what it left out comes with the next event. */
import { expect, test } from 'vitest';
import { startPlantThread } from '../../cli/plant/thread.ts';
import type { LatestReading } from '../../core/store.ts';
import type { LiveEvent } from '../../core/views.ts';
import { configFor, writtenLog } from '../keep/folder.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const keyOf = ({ subject, quantity }: LatestReading): string => `${subject}/${quantity}`;
const messages = 30_000;
/** Nearer to the end it is not behind any more. */
const nearEnvelopes = 1_000;

test('many commits, few events, and no key without its newest value', async () => {
  const data = temporaryFolder();
  const written = await writtenLog(data);
  written.send('registry', { action: 'apply', town: { name: 'Test', zone: 'Europe/Paris', admission: 'open' } });
  for (let n = 0; n < messages; n++) {
    const subject = n === messages / 2 ? 'once' : `room-${n % 100}`;
    written.now += 10;
    written.send('message', { ts: written.now, values: { temperature: 20 + (n % 5), humidity: 50 } }, subject);
    if (n % 5_000 === 0) await written.log.flush();
  }
  await written.log.flush();
  const end = written.log.durableEnd;
  await written.close();

  const events: LiveEvent[] = [];
  const thread = startPlantThread(configFor(data, { commitMs: 50 }), (event) => events.push(event));
  await thread.ready;
  const began = performance.now();
  thread.tell(end);
  await thread.views.reached(end);
  const seconds = (performance.now() - began) / 1_000;
  const latest = await thread.views.latest();
  thread.stop();
  await thread.ended;

  const told = new Map(events.flatMap((event) => event.latest.map((one): [string, LatestReading] => [keyOf(one), one])));
  expect([...told.keys()].sort()).toEqual(latest.map(keyOf).sort());
  for (const one of latest) expect(told.get(keyOf(one))).toEqual(one);
  expect(events.filter(({ position }) => position < end - nearEnvelopes).length).toBeLessThanOrEqual(seconds + 2);
  expect(events.at(-1)?.position).toBe(end);
});
