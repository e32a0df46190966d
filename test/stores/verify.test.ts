import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { beforeEach, expect, test } from 'vitest';
import { verifications } from '../../cli/plant/verifications.ts';
import { amountSumMax } from '../../core/quantity.ts';
import { minuteMs } from '../../core/time.ts';
import { windowNames } from '../../core/window.ts';
import { duckdbStore } from '../../stores/duckdb.ts';
import { memoryStore } from '../../stores/memory.ts';
import { type VerifyProgress, verify } from '../../stores/verify.ts';
import { type Drive, drive, townOf } from '../drive.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const hourMs = 60 * minuteMs;
const start = Date.parse('2026-03-26T20:00:00Z'); // before a day of 23 hours, and the end of a month

/** Repeatable chance: a linear congruential generator (Numerical Recipes). */
const chance = (seed: number) => {
  let state = seed;
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};
type Dice = ReturnType<typeof chance>;

const devices = [
  {
    id: 'index',
    type: 'submeter',
    quantity: 'active_energy_import',
    intervalMs: 15 * minuteMs,
    value: (n: number, dice: Dice) => (dice(60) === 0 ? dice(99) : 99_980 + n * 0.4),
  },
  {
    id: 'line',
    type: 'room-sensor',
    quantity: 'temperature',
    intervalMs: 10 * minuteMs,
    value: (_: number, dice: Dice) => (dice(40) === 0 ? 999 : -2 + dice(500) / 100),
  },
  { id: 'fast', type: 'generic', quantity: 'temperature', intervalMs: minuteMs, value: (_: number, dice: Dice) => dice(3_000) / 100 - 10 },
  { id: 'hourly', type: 'submeter', quantity: 'active_energy_import', intervalMs: hourMs, value: (n: number) => 5 + n * 1.7 },
  { id: 'often', type: 'submeter', quantity: 'active_energy', intervalMs: 2 * minuteMs, value: (_: number, dice: Dice) => dice(9) },
  { id: 'daily', type: 'water-meter', quantity: 'water_volume', intervalMs: 24 * hourMs, value: (n: number) => 70 + n * 0.31 },
  { id: 'step', type: 'car-park', quantity: 'free_places', intervalMs: 5 * minuteMs, value: (_: number, dice: Dice) => dice(120) },
  {
    id: 'state',
    type: 'parking-bay',
    quantity: 'occupancy',
    intervalMs: 15 * minuteMs,
    value: (_: number, dice: Dice) => (dice(2) === 0 ? 'free' : 'occupied'),
  },
] as const;

const town = townOf([
  // Amounts that come more often than declared reach into each other.
  ...devices.map(({ id, type, intervalMs }) => ({ id, type, intervalMs: id === 'often' ? 5 * minuteMs : intervalMs })),
  { id: 'far', type: 'room-sensor', intervalMs: 10 * minuteMs, zone: 'Asia/Kathmandu' },
  { id: 'history', type: 'generic', intervalMs: 30 * minuteMs, imported: true },
]);

/** Messages with gaps, nulls, late ones, corrections; hours in which the gate was closed; an import of amounts. */
const live = async (gate: Drive, dice: Dice, days: number): Promise<void> => {
  const held: (() => void)[] = [];
  const skip = new Map<string, number>();
  const all = [...devices, { ...devices[1], id: 'far' }];
  let closedUntil = 0;
  for (let step = 0; step * minuteMs < days * 24 * hourMs; step++) {
    const now = start + step * minuteMs;
    if (now < closedUntil) continue;
    gate.tick(now, now === closedUntil ? 24 * hourMs : 5_000);
    if (dice(2_000) === 0) closedUntil = now + (1 + dice(300)) * minuteMs;
    for (const { id, quantity, intervalMs, value } of all) {
      if ((step * minuteMs) % intervalMs !== 0 || now < (skip.get(id) ?? 0) || (id === 'fast' && step % 1_440 > 90)) continue;
      if (dice(50) === 0) skip.set(id, now + dice(30) * intervalMs);
      const ts = now - (dice(5) === 0 ? 1_234 : 0);
      const shown = dice(30) === 0 ? null : value((step * minuteMs) / intervalMs, dice);
      const send = (): void => gate.send(id, { ts, values: { [quantity]: shown } });
      if (dice(12) === 0) held.push(send);
      else send();
      if (dice(40) === 0) gate.send(id, { ts, values: { [quantity]: value((step * minuteMs) / intervalMs, dice) } });
    }
    if (held.length > 5) for (const send of held.splice(0)) send();
    if (step % 700 === 0) await gate.process();
  }
  for (const send of held) send();
};

const amounts = (gate: Drive): void => {
  const at = [0, 1, 2, 3, 10, 11].map((n) => start + n * 30 * minuteMs);
  const rows = (quantity: string, spanMs: number, starts: number[]): void => {
    const values = [starts.map((_, i) => (i === 2 ? null : i - 1.5))];
    gate.append('import', { source: 'a.csv', columns: [{ quantity, spanMs }], at: starts, values, refused: [] }, 'history');
  };
  rows('active_energy', 30 * minuteMs, at);
  // From noon to noon: no civil day holds one, a month does, and across its end only the lifetime.
  rows(
    'gas_energy',
    24 * hourMs,
    [0, 1, 2, 3, 4, 5, 6, 7].map((day) => start + (16 + 24 * day) * hourMs),
  );
};

const settle = async (gate: Drive): Promise<void> => {
  gate.tick(gate.now() + 60_000);
  gate.tick(gate.now() + 35 * 24 * hourMs, 5 * 24 * hourMs);
  gate.tick(gate.now() + 10_000);
  await gate.process();
};

let folder: string;
beforeEach(async () => {
  folder = temporaryFolder();
});

test.each([1, 2])('agrees with what the pipeline stored (seed %i)', async (seed) => {
  const store = await duckdbStore({ file: join(folder, 'store.duckdb') });
  const gate = await drive(town, start, store);
  await live(gate, chance(seed), 4);
  amounts(gate);
  await settle(gate);
  const result = await verify(store, gate.pipeline.ruleOf);
  expect(result.examples).toEqual([]);
  expect([result.different, result.unknownKeys]).toEqual([0, 0]);
  expect(result.compared).toBeGreaterThan(2_000);
  await store.close();
});

test.each([50, 53])('agrees while windows are open, late readings wait and nothing is settled (seed %i)', async (seed) => {
  const store = await duckdbStore({ file: join(folder, 'store.duckdb') });
  const gate = await drive(town, start, store);
  await live(gate, chance(seed), 0.7);
  await gate.process();
  const result = await verify(store, gate.pipeline.ruleOf);
  expect(result.examples).toEqual([]);
  expect(result.compared).toBeGreaterThan(300);
  await store.close();
});

test('agrees on registers and amounts beyond all measure, and no sum turns round', async () => {
  const store = await duckdbStore({ file: join(folder, 'store.duckdb') });
  const gate = await drive(townOf([{ id: 'wild', type: 'generic' }]), start, store);
  const dice = chance(7);
  const most = 14_000_000_000; // kWh: 1.4 × 10^14 quanta
  for (let n = 1; n <= 4_000; n += 200) {
    gate.tick(gate.now() + 60_000, 10_000);
    const messages = Array.from({ length: 200 }, (_, i) => ({ ts: start + (n + i) * 1_000, values: { active_energy: most } }));
    gate.send('wild', messages);
    gate.send('wild', { ts: start + n * 1_000 + dice(900), values: { active_energy_import: n % 400 < 200 ? dice(10) : most - dice(1_000_000_000) } });
    await gate.process();
  }
  await settle(gate);
  const day = await gate.panes('wild', 'active_energy', 'P1D');
  expect(day.reduce((sum, pane) => Math.max(sum, pane.sum), 0)).toBe(amountSumMax);
  const all = (await Promise.all(windowNames.map((window) => gate.panes('wild', 'active_energy', window)))).flat();
  expect(all.filter(({ sum }) => sum < 0)).toEqual([]);
  expect(await verify(store, gate.pipeline.ruleOf)).toMatchObject({ different: 0, examples: [] });
  await store.close();
});

test('notices a figure that was changed and a pane that is gone', async () => {
  const file = join(folder, 'store.duckdb');
  const store = await duckdbStore({ file });
  const gate = await drive(town, start, store);
  for (let quarter = 0; quarter < 6; quarter++) {
    gate.tick(start + quarter * 15 * minuteMs, 5_000);
    gate.send('index', { ts: gate.now(), values: { active_energy_import: 100 + quarter } });
    gate.send('state', { ts: gate.now(), values: { occupancy: quarter % 3 === 0 ? 'free' : 'occupied' } });
  }
  await settle(gate);
  expect(await verify(store, gate.pipeline.ruleOf)).toMatchObject({ different: 0, examples: [] });
  await store.close();

  const instance = await DuckDBInstance.create(file);
  const connection = await instance.connect();
  await connection.run(`UPDATE panes_15_minutes SET amount = amount + 1 WHERE start_ms = ${start + 15 * minuteMs} AND shares_ms IS NULL`);
  await connection.run(`DELETE FROM panes_15_minutes WHERE start_ms = ${start + 30 * minuteMs} AND shares_ms IS NOT NULL`);
  connection.closeSync();
  instance.closeSync();

  const changed = await duckdbStore({ file });
  const result = await verify(changed, gate.pipeline.ruleOf);
  expect(result).toMatchObject({ different: 2, unknownKeys: 0 });
  expect(result.examples).toEqual([
    { subject: 'index', quantity: 'active_energy_import', window: 'PT15M', start: start + 15 * minuteMs, differences: 'sum: 10001, recomputed 10000' },
    { subject: 'state', quantity: 'occupancy', window: 'PT15M', start: start + 30 * minuteMs, differences: 'there is no such pane' },
  ]);
  expect(await verify(changed, () => undefined)).toMatchObject({ compared: 0, unknownKeys: 2 });
  await changed.close();
});

test('notices that the last panes of a key are gone, and all of another', async () => {
  const file = join(folder, 'store.duckdb');
  const store = await duckdbStore({ file });
  const gate = await drive(town, start, store);
  for (let quarter = 0; quarter <= 8; quarter++) {
    gate.tick(start + quarter * 15 * minuteMs, 5_000);
    gate.send('index', { ts: gate.now(), values: { active_energy_import: 100 + quarter } });
    gate.send('state', { ts: gate.now(), values: { occupancy: 'free' } });
  }
  await gate.process();
  const whole = await verify(store, gate.pipeline.ruleOf);
  expect(whole.different).toBe(0);
  await store.close();

  const instance = await DuckDBInstance.create(file);
  const connection = await instance.connect();
  const gone = `key IN (SELECT key FROM keys WHERE subject = 'state') OR start_ms >= ${start + hourMs}`;
  let count = 0;
  for (const table of ['panes_15_minutes', 'panes_hour']) {
    const [[rows]] = (await (await connection.runAndReadAll(`SELECT count(*) FROM ${table} WHERE ${gone}`)).getRows()) as [[bigint]];
    count += Number(rows);
    await connection.run(`DELETE FROM ${table} WHERE ${gone}`);
  }
  connection.closeSync();
  instance.closeSync();

  const changed = await duckdbStore({ file });
  expect(await verify(changed, gate.pipeline.ruleOf)).toMatchObject({ compared: whole.compared, different: count });
  expect(count).toBeGreaterThan(10);
  await changed.close();
});

test('recomputes many keys a few at a time, in little memory', async () => {
  const ids = Array.from({ length: 32 }, (_, n) => `many-${n}`);
  const many = townOf(ids.map((id) => ({ id, type: 'generic', intervalMs: minuteMs, imported: true })));
  const store = await duckdbStore({ file: join(folder, 'store.duckdb'), memoryLimitMb: 64 });
  const gate = await drive(many, start, store);
  // Behind the log's own time: what lies ahead is refused.
  const at = Array.from({ length: 1_000 }, (_, n) => start - (1_000 - n) * minuteMs);
  for (const id of ids) {
    gate.append('import', { source: 'a.csv', columns: [{ quantity: 'temperature', spanMs: 0 }], at, values: [at.map((_, n) => n % 30)], refused: [] }, id);
  }
  await settle(gate);
  const seen: VerifyProgress[] = [];
  const whole = await verify(store, gate.pipeline.ruleOf, { progress: (progress) => seen.push(progress) });
  expect(whole).toMatchObject({ different: 0, examples: [], keys: 32, unknownKeys: 0, complete: true });
  expect(seen.length).toBeGreaterThan(1);
  expect(seen.at(-1)?.done).toBe(seen.at(-1)?.of);

  // Ended after its first batch, and in the middle of a statement.
  const ending = new AbortController();
  const part = await verify(store, gate.pipeline.ruleOf, { signal: ending.signal, progress: () => ending.abort() });
  expect(part).toMatchObject({ different: 0, keys: 32, complete: false });
  expect(part.compared).toBeGreaterThan(0);
  expect(part.compared).toBeLessThan(whole.compared);
  const running = verifications({ store, pipeline: gate.pipeline });
  const ended = running.verify('one');
  await running.endVerify('one');
  expect(await ended).toMatchObject({ compared: 0, complete: false });
  expect(await running.verifying('one')).toBeNull();
  expect(await running.verify()).toEqual(whole);
  await store.close();
});

test('recomputes a key of 300,000 readings and 20 keys with a wide pane each minute, with more memory than the store has otherwise', async () => {
  const store = await duckdbStore({ file: join(folder, 'store.duckdb'), memoryLimitMb: 32 });
  const ids = Array.from({ length: 20 }, (_, n) => `wide-${n}`);
  const imported = { type: 'generic', imported: true } as const;
  const gate = await drive(
    townOf([{ ...imported, id: 'long', intervalMs: 1_000 }, ...ids.map((id) => ({ ...imported, id, intervalMs: minuteMs }))]),
    start,
    store,
  );
  for (const id of ids) {
    const at = Array.from({ length: 10_000 }, (_, n) => start - (10_000 - n) * minuteMs);
    gate.append('import', { source: 'a.csv', columns: [{ quantity: 'temperature', spanMs: 0 }], at, values: [at.map((_, n) => n % 30)], refused: [] }, id);
    await gate.process();
  }
  for (let part = 30; part > 0; part--) {
    const at = Array.from({ length: 10_000 }, (_, n) => start - (part * 10_000 - n) * 1_000);
    const rows = { source: 'a.csv', columns: [{ quantity: 'temperature', spanMs: 0 }], at, values: [at.map((_, n) => n % 30)], refused: [] };
    gate.append('import', rows, 'long');
    await gate.process();
  }
  await settle(gate);
  const result = await verify(store, gate.pipeline.ruleOf);
  expect(result).toMatchObject({ different: 0, examples: [], keys: 21, complete: true });
  expect(result.compared).toBeGreaterThan(200_000);
  const after = await store.connect();
  expect((await after.runAndReadAll('PRAGMA database_size')).getRowObjects()).toMatchObject([{ memory_limit: '30.5 MiB' }]);
  after.closeSync();
  await store.close();
});

test('agrees where readings of long ago come in after it began', async () => {
  const store = await duckdbStore({ file: join(folder, 'store.duckdb') });
  const gate = await drive(townOf([{ id: 'meter', type: 'generic', intervalMs: minuteMs, imported: true }]), start, store);
  const importFrom = async (from: number): Promise<void> => {
    const at = Array.from({ length: 1_000 }, (_, n) => from + n * minuteMs);
    gate.append('import', { source: 'a.csv', columns: [{ quantity: 'temperature', spanMs: 0 }], at, values: [at.map((_, n) => n % 30)], refused: [] }, 'meter');
    await gate.process();
  };
  await importFrom(start - 24 * hourMs);
  await settle(gate);
  const busy: typeof store = {
    ...store,
    async withMemory(mb, work) {
      await importFrom(start - 90 * 24 * hourMs);
      await settle(gate);
      return store.withMemory(mb, work);
    },
  };
  const result = await verify(busy, gate.pipeline.ruleOf);
  expect(result).toMatchObject({ different: 0, examples: [], complete: true });
  expect(result.compared).toBeGreaterThan(2_000);
  await store.close();
});

test('recomputes a copy where the store knows no SQL, and notices figures of another rule', async () => {
  const store = memoryStore();
  const gate = await drive(town, start, store);
  await live(gate, chance(3), 1);
  amounts(gate);
  await settle(gate);
  const { ruleOf } = gate.pipeline;
  const result = await verify(store, ruleOf);
  expect(result).toMatchObject({ different: 0, examples: [], unknownKeys: 0, complete: true });
  expect(result.compared).toBeGreaterThan(500);
  const shorter = await verify(store, (key) => {
    const rule = ruleOf(key);
    return rule === undefined ? undefined : { ...rule, holdMs: rule.holdMs / 2 };
  });
  expect(shorter.different).toBeGreaterThan(0);
  expect(await verify(store, ruleOf, { signal: AbortSignal.abort() })).toMatchObject({ compared: 0, complete: false });
});
