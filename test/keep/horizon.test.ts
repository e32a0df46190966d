/** The horizon: raw readings go with the log they came in, panes stay; what would change a window without them is refused. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { type HorizonParts, passHorizon } from '../../cli/gate/horizon.ts';
import { keptBackups } from '../../cli/keep/backup-files.ts';
import { takeBackup } from '../../cli/keep/take-backup.ts';
import { rebuild } from '../../cli/rebuild.ts';
import { replay } from '../../cli/replay.ts';
import { replayDiff } from '../../cli/replay-diff.ts';
import { openWorkshop } from '../../cli/workshop.ts';
import { balance } from '../../core/ledger.ts';
import type { Store } from '../../core/store.ts';
import { minuteMs } from '../../core/time.ts';
import { AppendFileReader } from '../../log/append-file-reader.ts';
import { openGate } from '../../main.ts';
import { receipt } from '../../processors/explain.ts';
import { duckdbStore } from '../../stores/duckdb.ts';
import { memoryStore } from '../../stores/memory.ts';
import { verify } from '../../stores/verify.ts';
import { type Drive, drive, townOf } from '../drive.ts';
import { dumpOf } from '../stores/answers.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { caughtUp, configFor, contents, writtenLog } from './folder.ts';

const quarterMs = 15 * minuteMs;
const dayMs = 96 * quarterMs;
const start = Date.UTC(2026, 0, 5, 23);
const town = townOf([{ id: 'm', type: 'submeter' }]);

/** A register and a power each quarter of an hour, up to a day of the run; a correction each ten. */
const days = (run: Drive, from: number, to: number): void => {
  for (let q = from * 96; q < to * 96; q++) {
    const at = start + q * quarterMs;
    run.at(at + 1_000);
    run.send('m', { ts: at, values: { active_energy_import: 1_000 + q / 4, active_power: 1_000 + (q % 17), active_energy: 1 + (q % 3) } });
    if (q % 10 === 9) run.send('m', { ts: at - 3 * quarterMs, values: { active_power: 500 } });
    if (q % 24 === 23) run.tick(run.now() + 2_000);
  }
};

const late = (run: Drive, at: number, power: number): void => {
  run.send('m', { ts: at, values: { active_power: power } });
  run.tick(run.now() + 3_000);
};

/** Three days, cut after two; late readings on both sides, old history, one more day. */
const story = async (run: Drive, cut: boolean, pause: () => Promise<void>): Promise<void> => {
  days(run, 0, 2);
  const before = run.log.length;
  days(run, 2, 3);
  await pause();
  if (cut) run.append('command', { action: 'cut', before });
  await pause();
  late(run, start + 2.5 * dayMs + minuteMs, 700);
  await pause();
  const old = start - 400 * dayMs;
  for (let q = 0; q < 12; q++) run.send('m', { ts: old + q * quarterMs, values: { active_power: 300, active_energy_import: 10 + q, active_energy: 1 } });
  run.tick(run.now() + 3_000);
  days(run, 3, 4);
  await pause();
};

const implementations: [string, () => Promise<Store>][] = [
  ['memory', async () => memoryStore()],
  ['duckdb', () => duckdbStore({ file: join(temporaryFolder(), 'store.duckdb') })],
];

const all = { from: 0, to: Number.MAX_SAFE_INTEGER };
const readingsOf = async (run: Drive) => (await run.store.readings({ subject: 'm', quantity: 'active_power', ...all, limit: 10_000 })).rows;

describe.each(implementations)('on %s', (name, open) => {
  test('panes stay, raw readings go; a late one is refused only where it would change a window without them', async () => {
    const run = await drive(town, start, await open());
    await story(run, true, () => run.process());
    const uncut = await drive(town, start, memoryStore());
    await story(uncut, false, () => uncut.process());
    for (const window of ['PT15M', 'PT1H', 'P1D', 'P1M'] as const)
      for (const quantity of ['active_energy_import', 'active_power', 'active_energy'])
        expect((await run.panes('m', quantity, window)).map(({ revision: _, ...pane }) => pane)).toEqual(
          (await uncut.panes('m', quantity, window)).map(({ revision: _, ...pane }) => pane),
        );

    // Two days are gone but for their ends; what came since is there.
    const kept = await readingsOf(run);
    const inside = kept.filter(({ at }) => at > start && at < start + 1.9 * dayMs);
    expect(inside.length).toBe(0);
    expect((await readingsOf(uncut)).length - kept.length).toBeGreaterThan(180);
    expect(kept.filter(({ at }) => at < start - dayMs).length).toBe(12);

    const books = async () => balance(run.ledger(), await run.store.recount());
    expect(await books()).toMatchObject({ balanced: true, readings: { dead_letter: 0 } });
    const before = await books();
    const panes = await run.panes('m', 'active_power', 'PT15M');
    late(run, start + dayMs + minuteMs, 9_000); // within what was cut
    late(run, start + dayMs, 9_000); // the same, at the time of a reading that is gone
    late(run, start, 1_000); // an end that was kept, again
    late(run, start - 2 * dayMs, 800); // old, and touches nothing that was cut
    await run.process();
    const after = await books();
    expect(after).toMatchObject({ balanced: true, readings: { dead_letter: 2, duplicate: before.readings.duplicate + 1, stored: before.readings.stored + 1 } });
    const letters = (await run.store.deadLettersPage({ code: 'beyond-horizon', limit: 10 })).rows;
    expect(letters.map(({ subject, at, field, message }) => [subject, at, field, message])).toEqual([
      ['m', start + dayMs, 'active_power', 'the raw readings of its window (PT15M) were cut'],
      ['m', start + dayMs + minuteMs, 'active_power', 'the raw readings of its window (PT15M) were cut'],
    ]);
    const again = (await run.panes('m', 'active_power', 'PT15M')).filter(({ start: at }) => at > start - dayMs);
    expect(again).toEqual(panes.filter(({ start: at }) => at > start - dayMs));
    const key = { subject: 'm', quantity: 'active_power' };
    const explained = async (at: number) => receipt(run.store, run.pipeline.ruleOf(key), key, 'PT15M', at, { closesAfterDays: 10, logTime: run.now() });
    expect(await explained(start + dayMs)).toMatchObject({ readings: expect.any(Array), versions: expect.any(Array), refolded: null });
    expect((await explained(start + 3.5 * dayMs))?.refolded).toMatchObject({ count: 1 });
    if (name === 'duckdb') {
      const verified = await verify(run.store, run.pipeline.ruleOf);
      expect(verified.examples).toEqual([]);
      expect(verified.compared).toBeGreaterThan(200);
    }
    await run.store.close();
  });

  test('crashes change nothing, and neither does a second cut', async () => {
    const calm = await drive(town, start, await open());
    await story(calm, true, () => calm.process());
    const wild = await drive(town, start, await open());
    await story(wild, true, async () => {
      await wild.process();
      await wild.crash();
    });
    for (const run of [calm, wild]) {
      const before = run.log.length;
      days(run, 4, 5);
      run.append('command', { action: 'cut', before });
      run.append('command', { action: 'cut', before: 3 }); // behind the one before: nothing
      late(run, start + 3.5 * dayMs + minuteMs, 1);
      await run.process();
      if (run === wild) await run.crash();
      late(run, start + 4.5 * dayMs + minuteMs, 2);
      await run.process();
    }
    expect(await dumpOf(wild.store)).toEqual(await dumpOf(calm.store));
    expect(wild.ledger()).toEqual(calm.ledger());
    const books = balance(calm.ledger(), await calm.store.recount());
    expect(books).toMatchObject({ balanced: true, readings: { dead_letter: 1 } });
    // The ends of the first cut are inside the second: gone as well.
    expect((await readingsOf(calm)).filter(({ at }) => at > start && at < start + 3.9 * dayMs)).toEqual([]);
    await calm.store.close();
    await wild.store.close();
  });
});

test('a limit of size cuts segment by segment, never beyond the older backup; a failing backup cuts nothing', async () => {
  const data = join(temporaryFolder(), 'data');
  const written = await writtenLog(data, { segmentBytesMax: 16_384 });
  written.send('registry', { action: 'apply', town });
  await written.minutes(150, ['a', 'b', 'c']);
  const config = configFor(data, { logBytesMax: 20_000 });
  const plant = await caughtUp(data);
  const commands: unknown[] = [];
  const parts: HorizonParts = {
    config,
    log: written.log,
    logger: pino({ level: 'silent' }),
    async append(command) {
      commands.push(command);
      written.send('command', command);
      await written.log.flush();
      return written.log.durableEnd - 1;
    },
    async view(name, [given]) {
      if (name === 'backup') return takeBackup(plant, data, given as string);
      await plant.run.to(given as number);
      await plant.run.commit();
    },
  };
  const failing = { ...parts, view: () => Promise.reject(new Error('no space')) };
  await expect(passHorizon(failing, written.now)).rejects.toThrow('no space');
  expect([commands, readdirSync(join(data, 'log'))[0]]).toEqual([[], '00000000000000000000.seg']);

  const before = readdirSync(join(data, 'log')).length;
  const first = await passHorizon(parts, written.now);
  const kept = readdirSync(join(data, 'log')).sort();
  expect(first).toBe(Number(kept[0]?.slice(0, 20)));
  expect(commands.length).toBe(before - kept.length);
  expect(commands.length).toBeGreaterThan(2);
  expect(commands.at(-1)).toEqual({ action: 'cut', before: first });
  expect(await passHorizon(parts, written.now)).toBe(null);
  expect(balance(plant.store.ledger(), await plant.store.recount()).balanced).toBe(true);
  expect((await verify(plant.store, plant.pipeline.ruleOf)).examples).toEqual([]);

  for (let again = 0; again < 2; again++) {
    await written.minutes(60, ['a', 'b', 'c']);
    await plant.run.to(written.log.durableEnd);
    await passHorizon(parts, written.now);
  }
  const backups = await keptBackups(data);
  expect(backups.length).toBe(2);
  await written.close();
  const reader = new AppendFileReader(data);
  expect(backups[1]?.manifest.position).toBeGreaterThanOrEqual(await reader.start());
  await reader.close();
  await plant.close();
});

test('a store of the version before gains what a cut needs', async () => {
  const file = join(temporaryFolder(), 'store.duckdb');
  await (await duckdbStore({ file })).close();
  const instance = await DuckDBInstance.create(file);
  const connection = await instance.connect();
  await connection.run(
    'DROP TABLE alarms; DROP TABLE cut_spans; DROP TABLE cut_rows; DROP TABLE revisions; ALTER TABLE anomalies DROP COLUMN log_offset; UPDATE schema_version SET version = 1',
  );
  connection.closeSync();
  instance.closeSync();
  for (let opened = 0; opened < 2; opened++) {
    const store = await duckdbStore({ file });
    expect(await store.recount()).toEqual({ stored: 0, corrected: 0, deadLetter: 0 });
    await store.close();
  }
});

test('the gate: a backup, the cut as a command, then the segments; rebuild begins with the backup', async () => {
  const data = join(temporaryFolder(), 'data');
  const written = await writtenLog(data, { segmentBytesMax: 16_384 });
  written.send('registry', { action: 'apply', town });
  await written.minutes(120, ['a', 'b', 'c']);
  written.now = Date.now() - 3_600_000; // an hour ago, after months of nothing
  await written.minutes(10, ['a', 'b', 'c']);
  const last = (await written.log.cutPlan({ allowedBelow: Number.POSITIVE_INFINITY, now: Date.now(), horizonDays: 30 })).at(-1) ?? 0;
  expect(last).toBeGreaterThan(100);
  await written.close();
  const config = configFor(data, { horizonDays: 30 });
  const gate = await openGate(config);
  await gate.http;
  while (Number(readdirSync(join(data, 'log')).sort()[0]?.slice(0, 20)) < last) await delay(50);
  await gate.close();

  const [kept] = await keptBackups(data);
  const reader = new AppendFileReader(data);
  const begins = await reader.start();
  await reader.close();
  expect(begins).toBe(last);
  expect(kept?.manifest.position).toBeGreaterThanOrEqual(begins);
  const workshop = await openWorkshop(config);
  const books = balance(await workshop.views.ledger(), await workshop.views.recount());
  expect(books).toMatchObject({ balanced: true, envelopes: { corrupt: 0 } });
  expect((await workshop.views.verify()).different).toBe(0);
  const { rows } = await workshop.views.readings({ subject: 'a', quantity: 'active_power', from: 0, to: written.now - 86_400_000, limit: 10_000 });
  expect(rows.length).toBeLessThan(60); // those of the segment that reaches into the horizon, and the ends
  await workshop.close();
  // A replay begins with that backup, too.
  expect((await replay(config, join(temporaryFolder(), 'replayed'), true)).equal).toBe(true);
  const tried = await replayDiff(config, { alarms: {} });
  expect([tried.added, tried.removed, tried.changed]).toEqual([[], [], []]);
  expect(tried.from).toBeGreaterThan(start);
  const before = await contents(data);
  const rebuilt = await rebuild(config);
  expect(rebuilt.backup?.position).toBe(kept?.manifest.position);
  expect(await contents(data)).toEqual(before);
});
