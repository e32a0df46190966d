/** What a dead letter becomes when it is opened again: nothing replaces another, and its place in its envelope stays known. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { flagNames } from '../../core/reading.ts';
import type { Commit, Store } from '../../core/store.ts';
import type { Town } from '../../core/town.ts';
import { commitCharsMax } from '../../processors/run.ts';
import { memoryStore } from '../../stores/memory.ts';
import { type Drive, drive, townOf } from '../drive.ts';

const now = Date.parse('2026-04-07T10:00:00Z');
const seconds = 1_000;

test('messages without a stamp that came at one log time are all kept', async () => {
  const gate = await drive(townOf([], { admission: 'declared' }), now);
  gate.at(now + 2 * seconds);
  for (const temperature of [3, 4, 4, 5]) gate.send('b', { values: { temperature } }, { sender: 'b' });
  gate.tick(now + 3 * seconds);
  gate.append('registry', { action: 'adopt', device: { id: 'b', type: 'generic' } });
  gate.tick(now + 5 * seconds);
  await gate.process();
  const { rows } = await gate.store.readings({ subject: 'b', quantity: 'temperature', from: 0, to: 2 * now, limit: 10 });
  expect(rows.map(({ at, value, version }) => [at - now - 2 * seconds, value, version])).toEqual([
    [0, 300, 0],
    [1, 400, 0],
    [2, 400, 0],
    [3, 500, 0],
  ]);
  expect(rows.map(({ flags }) => flagNames(flags).filter((name) => name !== 'late'))).toEqual([
    ['unstamped'],
    ['unstamped'],
    ['unstamped', 'unidentified'],
    ['unstamped'],
  ]);
  expect(gate.ledger().readings).toMatchObject({ accepted: 4, stored: 4, duplicate: 0, corrected: 0, deadLetter: 0 });
});

test('a town file that declares a device opens what waited for it, and nothing else', async () => {
  const gate = await drive(townOf([], { admission: 'declared' }), now);
  for (const id of ['b', 'c']) gate.send(id, { ts: now, values: { temperature: 3 } }, { sender: id });
  gate.tick(now + seconds);
  gate.append('registry', { action: 'apply', town: townOf([{ id: 'b', type: 'generic' }], { admission: 'declared' }) });
  gate.tick(now + 4 * seconds);
  await gate.process();
  expect(gate.ledger().readings).toMatchObject({ accepted: 2, stored: 1, deadLetter: 1 });
  const { rows } = await gate.store.deadLettersPage({ code: 'unknown-device', limit: 10 });
  expect(rows.map(({ subject, version }) => [subject, version])).toEqual([
    ['c', 0],
    ['b', 1],
  ]);
});

test('a numbered message that came twice before its device was known is counted once', async () => {
  const gate = await drive(townOf([], { admission: 'declared' }), now);
  gate.send('b', { values: { temperature: 3 }, seq: 1 }, { sender: 'b' });
  gate.tick(now + seconds);
  gate.send('b', { values: { temperature: 3 }, seq: 1 }, { sender: 'b', dup: true });
  gate.append('registry', { action: 'adopt', device: { id: 'b', type: 'generic' } });
  gate.tick(now + 4 * seconds);
  await gate.process();
  expect(gate.ledger().readings).toMatchObject({ accepted: 2, stored: 1, duplicate: 1, corrected: 0, deadLetter: 0 });
});

test('messages without a stamp whose number is null are not numbered: none is taken for another', async () => {
  const gate = await drive(townOf([{ id: 'b', type: 'generic' }]), now);
  for (let minute = 0; minute < 3; minute++) {
    gate.send('b', { seq: null, values: { temperature: 3 } });
    gate.tick(gate.now() + 60 * seconds);
  }
  await gate.process();
  expect(gate.ledger()).toMatchObject({ readings: { accepted: 3, stored: 3, duplicate: 0 }, unidentified: 2 });
});

test('a message without a stamp that was sent again before its device was known is counted once', async () => {
  const gate = await drive(townOf([], { admission: 'declared' }), now);
  for (const dup of [false, true]) gate.send('b', { values: { temperature: 3 } }, { sender: 'b', dup });
  gate.append('registry', { action: 'adopt', device: { id: 'b', type: 'generic' } });
  gate.tick(now + 4 * seconds);
  await gate.process();
  expect(gate.ledger().readings).toMatchObject({ accepted: 2, stored: 1, duplicate: 1, deadLetter: 0 });
});

test('readings of one envelope that are refused again keep their places', async () => {
  const device = { id: 'b', type: 'generic' };
  const gate = await drive(townOf([device], { admission: 'declared' }), now);
  gate.send('b', { ts: now + 3_600_000, values: { temperature: 3, humidity: 40 } }, { sender: 'b' });
  gate.append('registry', { action: 'apply', town: townOf([], { admission: 'declared' }) });
  gate.at(now + 3_700_000);
  gate.tick(now + 3_701_000);
  await gate.process();
  const { rows } = await gate.store.deadLettersPage({ code: 'unknown-device', limit: 10 });
  expect(rows.map(({ item }) => item)).toEqual([2, 1]);
  expect(gate.ledger().readings).toMatchObject({ accepted: 2, stored: 0, deadLetter: 2 });
  expect(await gate.store.recount()).toMatchObject({ stored: 0, deadLetter: 2 });
});

test('what is imported for a device that is not known is refused for good: it can be imported again', async () => {
  const gate = await drive(townOf([], { admission: 'declared' }), now);
  const rows = { source: 'a.csv', columns: [{ quantity: 'temperature', spanMs: 0 }], at: [now], values: [[3]], refused: [] };
  gate.append('import', rows, 'b');
  gate.tick(now + seconds);
  gate.append('registry', adopted('b'));
  gate.tick(now + 4 * seconds);
  await gate.process();
  expect(gate.ledger().readings).toMatchObject({ accepted: 1, stored: 0, deadLetter: 1 });
  const letters = await gate.store.deadLettersPage({ limit: 10 });
  expect(letters.rows.map(({ code, version }) => [code, version])).toEqual([['import-unknown-device', 0]]);
  gate.append('import', rows, 'b');
  gate.tick(now + 5 * seconds);
  await gate.process();
  expect(await temperatures(gate)).toEqual([3]);
});

test('a row of an import that lies ahead is refused for good', async () => {
  const gate = await drive(townOf([{ id: 'b', type: 'generic' }]), now);
  const rows = { source: 'a.csv', columns: [{ quantity: 'temperature', spanMs: 0 }], at: [now, now + 3_600 * seconds], values: [[3, 4]], refused: [] };
  gate.append('import', rows, 'b');
  gate.tick(now + seconds);
  gate.tick(now + 7_200 * seconds);
  await gate.process();
  expect(gate.ledger().readings).toMatchObject({ accepted: 2, stored: 1, deadLetter: 1 });
  const letters = await gate.store.deadLettersPage({ limit: 10 });
  expect(letters.rows.map(({ code, version }) => [code, version])).toEqual([['time-out-of-range', 0]]);
});

/** A message of about 200 kB, as the door takes it. */
const padded = (minute: number, temperature: number): object => ({
  ts: now - minute * 60 * seconds,
  values: { temperature },
  meta: { pad: 'x'.repeat(200_000) },
});
const adopted = (id: string): object => ({ action: 'adopt', device: { id, type: 'generic' } });
const dumpOf = async (gate: Drive): Promise<string> => {
  let all = '';
  for await (const line of gate.store.dump()) all += line;
  return all;
};
/** Values of b's temperature, degrees, by event time. */
const temperatures = async (gate: Drive): Promise<number[]> => {
  const { rows } = await gate.store.readings({ subject: 'b', quantity: 'temperature', from: 0, to: 2 * now, limit: 1_000 });
  return rows.map(({ value }) => (value ?? 0) / 100);
};

describe('of a long payload', () => {
  test('a dead letter keeps the start; the log has the rest when it is reopened', async () => {
    const gate = await drive(townOf([], { admission: 'declared' }), now);
    gate.send('b', padded(1, 3), { sender: 'b' });
    gate.tick(now + seconds);
    await gate.process();
    const { rows } = await gate.store.deadLettersPage({ code: 'unknown-device', limit: 1 });
    const sent = JSON.stringify(padded(1, 3));
    expect(rows[0]).toMatchObject({ payload: sent.slice(0, 1_000), payloadChars: sent.length });
    gate.append('registry', adopted('b'));
    gate.tick(now + 4 * seconds);
    await gate.process();
    expect(await temperatures(gate)).toEqual([3]);
    expect(gate.ledger().readings).toMatchObject({ accepted: 1, stored: 1, deadLetter: 0 });
  });

  test('a dead letter says that it cannot be reopened where the log is cut; a short one can', async () => {
    const gate = await drive(townOf([], { admission: 'declared' }), now);
    gate.send('b', padded(2, 3), { sender: 'b' });
    gate.send('b', { ts: now - 60 * seconds, values: { temperature: 4 } }, { sender: 'b' });
    gate.append('command', { action: 'cut', before: gate.log.length });
    gate.send('b', padded(0, 5), { sender: 'b' });
    gate.append('registry', adopted('b'));
    gate.tick(now + 4 * seconds);
    await gate.process();
    expect(await temperatures(gate)).toEqual([4, 5]);
    const { rows } = await gate.store.deadLettersPage({ code: 'payload-gone', limit: 9 });
    expect(rows.map(({ subject, version, message }) => [subject, version, message])).toEqual([
      ['b', 0, expect.stringMatching(/of 200\d\d\d characters the first 1000 are kept/)],
    ]);
    expect(gate.ledger().readings).toMatchObject({ accepted: 3, stored: 2, deadLetter: 1 });
    expect(await gate.store.recount()).toEqual({ stored: 2, corrected: 0, deadLetter: 1 });
  });

  test('nothing stays in memory but the start', async () => {
    const worker = new Worker(new URL('./long-letters.ts', import.meta.url), { resourceLimits: { maxOldGenerationSizeMb: 96 } });
    const [kept] = await Promise.race([
      once(worker, 'message'),
      once(worker, 'error').then(([error]) => {
        throw error;
      }),
    ]);
    expect(kept).toBe(800);
  });
});

describe('more dead letters than one envelope reopens', () => {
  const lived = async (isDisturbed: boolean): Promise<Drive> => {
    const gate = await drive(townOf([], { admission: 'declared' }), now);
    for (let minute = 40; minute > 0; minute--) gate.send('b', padded(minute, minute), { sender: 'b' });
    gate.tick(now + seconds);
    gate.append('registry', adopted('b'));
    await gate.process();
    const { deadLetter } = gate.ledger().readings;
    expect(deadLetter).toBeGreaterThan(25);
    // A correction of what still waits, and a repetition: both come after it.
    gate.send('b', { ts: now - 60 * seconds, values: { temperature: 20 } }, { sender: 'b' });
    gate.send('b', padded(1, 1), { sender: 'b', dup: true });
    for (let second = 2; second <= 8; second++) {
      gate.tick(now + second * seconds);
      if (!isDisturbed) continue;
      await gate.process();
      if (second % 3 === 0) await gate.checkpoint();
      await gate.crash();
    }
    await gate.process();
    return gate;
  };

  test('follow at the next ticks, in their order, and what comes meanwhile waits behind them', async () => {
    const gate = await lived(false);
    const expected = Array.from({ length: 40 }, (_, n) => 40 - n);
    expect(await temperatures(gate)).toEqual(expected);
    const { rows } = await gate.store.readings({ subject: 'b', quantity: 'temperature', from: now - 61 * seconds, to: now, limit: 9 });
    // 1, then 20, then 1 again, as they were sent.
    expect(rows.map(({ version }) => version)).toEqual([2]);
    expect(gate.ledger().readings).toMatchObject({ accepted: 42, stored: 40, corrected: 2, deadLetter: 0 });
    gate.send('b', { ts: now, values: { temperature: 7 } }, { sender: 'b' });
    await gate.process();
    expect(gate.ledger().readings).toMatchObject({ accepted: 43, stored: 41 });
  });

  test('are the same after crashes in between', async () => {
    expect(await dumpOf(await lived(true))).toBe(await dumpOf(await lived(false)));
  });

  test('of a stranger do not keep those of another device closed', async () => {
    const gate = await drive(townOf([], { admission: 'declared' }), now, undefined, { letters: 100, chars: 100_000, places: 100 });
    for (let n = 0; n < 101; n++) gate.send('noise', { ts: now - n * seconds, values: { temperature: 1 } }, { sender: 'noise' });
    for (let minute = 5; minute > 0; minute--) gate.send('b', { ts: now - minute * 60 * seconds, values: { temperature: minute } }, { sender: 'b' });
    gate.append('registry', { action: 'apply', town: townOf([{ id: 'b', type: 'generic' }], { admission: 'declared' }) });
    gate.tick(now + seconds);
    await gate.process();
    expect(await temperatures(gate)).toEqual([5, 4, 3, 2, 1]);
    expect(gate.ledger().readings).toMatchObject({ stored: 5, deadLetter: 101 });
  });

  test('lay in the future: those that are due follow too', async () => {
    const gate = await drive(townOf([{ id: 'b', type: 'generic' }]), now, undefined, { letters: 2, chars: 100_000, places: 100 });
    for (let n = 0; n < 7; n++) gate.send('b', { ts: now + 3_600 * seconds + n, values: { temperature: n } });
    gate.send('b', { ts: now + 7_200 * seconds, values: { temperature: 9 } });
    gate.at(now + 3_601 * seconds);
    gate.tick(now + 3_607 * seconds);
    await gate.process();
    expect(await temperatures(gate)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    gate.at(now + 7_201 * seconds);
    gate.tick(now + 7_204 * seconds);
    await gate.process();
    expect(gate.ledger().readings).toMatchObject({ stored: 8, deadLetter: 0 });
  });

  test('are left where their device leaves the town before its turn', async () => {
    const gate = await drive(townOf([], { admission: 'declared' }), now, undefined, { letters: 2, chars: 100_000, places: 100 });
    for (let minute = 5; minute > 0; minute--) gate.send('b', { ts: now - minute * 60 * seconds, values: { temperature: minute } }, { sender: 'b' });
    const apply = (devices: Town['devices']) => gate.append('registry', { action: 'apply', town: townOf(devices, { admission: 'declared' }) });
    apply([{ id: 'b', type: 'generic' }]);
    apply([]);
    gate.tick(now + 5 * seconds);
    await gate.process();
    expect(gate.ledger().readings).toMatchObject({ stored: 2, deadLetter: 3 });
    expect((await dumpOf(gate)).match(/"version":1/g)?.length).toBe(2);
    apply([{ id: 'b', type: 'generic' }]);
    gate.tick(now + 9 * seconds);
    await gate.process();
    expect(await temperatures(gate)).toEqual([5, 4, 3, 2, 1]);
  });
});

test('a value that waited for its time does not replace the one that was sent behind it', async () => {
  const minutes = 60 * seconds;
  const gate = await drive(townOf([{ id: 'b', type: 'generic' }]), now);
  const ts = now + 30 * minutes;
  gate.send('b', { ts, values: { temperature: 20 } });
  gate.tick(now + 25 * minutes, 5_000);
  // Five minutes ahead is no longer too far.
  gate.send('b', { ts, values: { temperature: 21 } });
  gate.tick(now + 120 * minutes, 5_000);
  await gate.process();
  const { rows } = await gate.store.readings({ subject: 'b', quantity: 'temperature', from: 0, to: 2 * now, limit: 10 });
  expect(rows.map(({ value, version, offset }) => [value, version, offset])).toEqual([[2100, 1, gate.log.findLastIndex(({ kind }) => kind === 'message')]]);
  expect(gate.ledger().readings).toMatchObject({ accepted: 2, stored: 1, corrected: 1, duplicate: 0, deadLetter: 0 });
  const [hour] = await gate.panes('b', 'temperature', 'PT1H');
  expect(hour).toMatchObject({ count: 1, min: 2100, max: 2100 });
});

test('a reading that lies ahead waits only if it can be taken then', async () => {
  const gate = await drive(townOf([{ id: 'b', type: 'generic' }]), now);
  gate.send('b', { ts: now + 3_600 * seconds, values: { temperature: 'x'.repeat(5_000), humidity: [[1]] } });
  await gate.process();
  const { rows } = await gate.store.deadLettersPage({ limit: 9 });
  expect(rows.map(({ code }) => code)).toEqual(['wrong-type', 'wrong-type']);
});

test('a commit holds so many characters of dead letters', async () => {
  const store = memoryStore();
  const seen: number[] = [];
  const watched: Store = Object.create(store, {
    commit: {
      value: (one: Commit) => {
        seen.push(one.outputs.deadLetters.reduce((sum, { payload }) => sum + payload.length, 0));
        return store.commit(one);
      },
    },
  });
  const gate = await drive(townOf([], { admission: 'declared' }), now, watched);
  for (let n = 0; n < 9_000; n++) gate.send('noise', { n, pad: 'x'.repeat(1_000) });
  await gate.process();
  expect(seen.reduce((a, b) => a + b, 0)).toBe(9_000_000);
  expect(Math.max(...seen)).toBeLessThanOrEqual(commitCharsMax);
});
