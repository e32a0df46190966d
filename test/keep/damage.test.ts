/** A log with damage: what is lost is named to the position, what can be served is served, and no position is given twice. */
import { mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { standingOf } from '../../cli/keep/same-log.ts';
import { openLog } from '../../cli/parts/log.ts';
import { openPlant } from '../../cli/plant/parts.ts';
import { rebuild } from '../../cli/rebuild.ts';
import { openWorkshop } from '../../cli/workshop.ts';
import { balance } from '../../core/ledger.ts';
import { openAppendFile } from '../../log/append-file-writer.ts';
import { holesOf } from '../../log/holes.ts';
import { salvageLastSegment } from '../../log/salvage.ts';
import { openGate } from '../../main.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { configFor, contents, type Written, writtenLog } from './folder.ts';

const filled = async (data: string, minutes: number): Promise<Written> => {
  const written = await writtenLog(data, { segmentBytesMax: 16_384 });
  written.send('registry', { action: 'apply', town: { name: 'Test', zone: 'Europe/Paris', admission: 'open' } });
  await written.minutes(minutes, ['a', 'b', 'c']);
  await written.close();
  return written;
};

const segments = (data: string): string[] =>
  readdirSync(join(data, 'log'))
    .sort()
    .map((name) => join(data, 'log', name));

test('a frame in the middle: the hole is named, the books hold, the rest is served', async () => {
  const data = join(temporaryFolder(), 'data');
  const { log } = await filled(data, 60);
  const [first = ''] = segments(data);
  const bytes = readFileSync(first);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] as number) ^ 255;
  writeFileSync(first, bytes);
  const workshop = await openWorkshop(configFor(data));
  const books = balance(await workshop.views.ledger(), await workshop.views.recount());
  await workshop.close();
  expect(books.balanced).toBe(true);
  expect(books.envelopes.corrupt).toBeGreaterThan(0);
  const [hole, ...more] = await holesOf(data, log.durableEnd);
  expect(more).toEqual([]);
  expect(hole?.file.startsWith(first)).toBe(true); // it may be compressed by now
  expect((hole?.to ?? 0) - (hole?.from ?? 0)).toBe(books.envelopes.corrupt);
  expect(books.envelopes.processed).toBe(log.durableEnd - books.envelopes.corrupt);
});

test('a frame behind the last snapshot, which the store still had: the store is refused, and made anew from what is left', async () => {
  const data = join(temporaryFolder(), 'data');
  const { log } = await filled(data, 60);
  const plant = await openPlant(configFor(data));
  await plant.run.to(log.durableEnd);
  await plant.run.commit(); // without a snapshot, as a plant that is killed has left it
  await plant.store.close();
  const [first = ''] = segments(data);
  const bytes = readFileSync(first);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] as number) ^ 255;
  writeFileSync(first, bytes);
  const again = await openPlant(configFor(data));
  await expect(again.run.to(log.durableEnd)).rejects.toMatchObject({ failure: { code: 'store-corrupt', message: expect.stringContaining('last snapshot') } });
  await again.store.close();
  await rebuild(configFor(data));
  const workshop = await openWorkshop(configFor(data));
  const books = balance(await workshop.views.ledger(), await workshop.views.recount());
  await workshop.close();
  expect([books.balanced, books.envelopes.corrupt > 0]).toEqual([true, true]);
});

test('both headers of the last segment: it is set aside, and the log goes on behind what it held', async () => {
  const data = join(temporaryFolder(), 'data');
  const { log } = await filled(data, 120);
  const before = await contents(data);
  const last = segments(data).at(-1) as string;
  const file = openSync(last, 'r+');
  writeSync(file, Buffer.alloc(128, 0xff), 0, 128, 0);
  const gate = await openGate(configFor(data));
  await gate.http;
  expect(segments(data)).toContain(`${last}.corrupt`);
  const workshop = await openWorkshop(configFor(data));
  while ((await workshop.position()) < log.durableEnd + 2) await delay(50);
  // The store had it all: nothing of what is shown is lost, and what came since is new.
  const ledger = await workshop.views.ledger();
  expect(ledger.readings.stored).toBe(before.ledger.readings.stored);
  expect(ledger.envelopes.corrupt).toBe(0);
  await workshop.close();
  await gate.close();
  const holes = await holesOf(data, log.durableEnd + 1);
  expect(holes.map(({ to }) => to)).toEqual([log.durableEnd]);
});

test('what follows a damaged segment is there before that is set aside: a kill between the two gives no position twice', async () => {
  const data = join(temporaryFolder(), 'data');
  const { log } = await filled(data, 120);
  const last = segments(data).at(-1) as string;
  const file = openSync(last, 'r+');
  writeSync(file, Buffer.alloc(128, 0xff), 0, 128, 0);
  mkdirSync(`${last}.corrupt`); // it cannot be renamed
  await expect(salvageLastSegment(data)).rejects.toThrow();
  expect(segments(data)).toContain(last);
  const writer = await openAppendFile({ folder: data, clock: Date.now });
  expect(writer.durableEnd).toBe(log.durableEnd);
  await writer.close();
});

test('a log that lost its end is not written over in silence', async () => {
  const data = join(temporaryFolder(), 'data');
  await filled(data, 120);
  await contents(data);
  const last = segments(data).at(-1) as string;
  expect(statSync(last).size).toBeGreaterThan(200);
  rmSync(last);
  await expect(openWorkshop(configFor(data))).rejects.toMatchObject({ failure: { code: 'log-corrupt', message: expect.stringContaining('octroi rebuild') } });
});

test('a log that lost its end, after a rebuild: what is missing is named in the books, and its positions are not given again', async () => {
  const data = join(temporaryFolder(), 'data');
  const { log } = await filled(data, 120);
  await contents(data);
  rmSync(segments(data).at(-1) as string);
  const { lost } = await rebuild(configFor(data));
  expect(lost?.to).toBe(log.durableEnd);
  const workshop = await openWorkshop(configFor(data));
  const { envelopes } = await workshop.views.ledger();
  await workshop.close();
  expect(envelopes.corrupt).toBe(log.durableEnd - (lost?.from ?? 0));
  expect(await holesOf(data, log.durableEnd)).toMatchObject([lost]);
});

test('a log that lost its end and went on: the store does not take what it is told again for done', async () => {
  const data = join(temporaryFolder(), 'data');
  const { log } = await filled(data, 120);
  await contents(data);
  rmSync(segments(data).at(-1) as string);
  const { position } = (await standingOf(configFor(data))) ?? { position: 0 };
  expect(position).toBe(log.durableEnd);
  const again = await openLog(configFor(data));
  while (again.durableEnd <= position) {
    again.append({ kind: 'message', subject: 'a', sender: 'a', topic: 't', payload: Buffer.from('{}'), qos: 1, dup: false, packetId: 1 });
    await again.flush();
  }
  await again.close();
  await expect(openWorkshop(configFor(data))).rejects.toMatchObject({
    failure: { code: 'log-corrupt', message: expect.stringMatching(/^position \d+ of the log is of .* octroi rebuild/) },
  });
});
