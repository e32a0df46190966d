/** Worked case: a civil month is provisional, then closed; what changes it later is told as an adjustment: old, new, why, when. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Store } from '../../core/store.ts';
import { hourMs } from '../../core/time.ts';
import type { Change } from '../../core/views.ts';
import { views } from '../../processors/views.ts';
import { duckdbStore } from '../../stores/duckdb.ts';
import { memoryStore } from '../../stores/memory.ts';
import { type Drive, drive, townOf } from '../drive.ts';

const dayMs = 24 * hourMs;
const key = { subject: 'm', quantity: 'active_energy_import' };
/** March in Paris: 31 days less one hour. */
const march = { start: Date.parse('2026-02-28T23:00:00Z'), end: Date.parse('2026-03-31T22:00:00Z') };
const town = townOf([{ id: 'm', type: 'submeter', intervalMs: hourMs }]);

const ask = (gate: Drive, days?: number) => views(gate.pipeline, gate.store, () => gate.log.length, days);
const say = (gate: Drive, at: number, kWh: number): void => gate.send('m', { ts: at, values: { active_energy_import: kWh } });
const short = ({ old, new: present, why, readings, isAdjustment }: Change) => [old?.sum ?? null, present.sum, why, readings, isAdjustment];

/** A reading an hour at 2 kWh each, from March on; hours 100 to 103 are missing, a gap wider than the hold time, and so is midnight at its end. */
const untilApril = async (store?: Store): Promise<Drive> => {
  const gate = await drive(town, march.start, store);
  const missing = new Set([100, 101, 102, 103, 743]);
  for (let h = 0; march.start + h * hourMs <= march.end + 6 * hourMs; h++) {
    gate.at(march.start + h * hourMs);
    if (!missing.has(h)) say(gate, march.start + h * hourMs, 1_000 + 2 * h);
  }
  gate.tick(march.end + 8 * hourMs, hourMs);
  await gate.process();
  return gate;
};

const stores: [name: string, open: (folder: string) => Promise<Store>][] = [
  ['memory', async () => memoryStore()],
  ['duckdb', (folder) => duckdbStore({ file: join(folder, 'store.duckdb') })],
];

test.each(stores)('a month closes, an index comes late, and is corrected: each an adjustment with its old and its new kWh (%s)', async (_name, open) => {
  const folder = await mkdtemp(join(tmpdir(), 'octroi-months-'));
  const store = await open(folder);
  onTestFinished(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });
  const gate = await untilApril(store);
  const provisional = await ask(gate).explain(key, 'P1M', march.start);
  expect(provisional).toMatchObject({ start: march.start, end: march.end, changes: [], closing: { closesAfterDays: 10 } });
  // 1486 kWh in 743 hours.
  expect(provisional?.versions.map((pane) => pane.sum)).toEqual([14_860_000]);

  // Five days on, the index at its beginning is corrected by 1 kWh: still provisional, no adjustment.
  gate.at(march.end + 5 * dayMs);
  say(gate, march.start, 999);
  gate.tick(gate.now() + 1000);
  await gate.process();
  expect(await ask(gate).adjustments([key], march.start)).toEqual([]);
  const early = (await ask(gate).explain(key, 'P1M', march.start))?.changes ?? [];
  expect(early.map(short)).toEqual([[14_860_000, 14_870_000, ['correction'], 1, false]]);
  expect(early[0]?.at).toBe(march.end + 5 * dayMs + 1000);

  // Ten days after its end the month is closed. The index at midnight comes late, 1 kWh above the line between its neighbours.
  gate.at(march.end + 10 * dayMs);
  say(gate, march.end, 2_487);
  gate.tick(march.end + 10 * dayMs + 1000);
  // It is corrected a day later, and two days later a reading comes that only raises the coverage.
  say(gate, march.end, 2_488.5);
  gate.tick(march.end + 11 * dayMs, dayMs);
  say(gate, march.start + 102 * hourMs, 1_204);
  gate.tick(march.end + 12 * dayMs, dayMs);
  await gate.process();
  const adjustments = await ask(gate).adjustments([{ subject: 'm', quantity: 'nothing' }, key], march.end - 1);
  expect(adjustments.map(short)).toEqual([
    [14_870_000, 14_880_000, ['late'], 1, true],
    [14_880_000, 14_895_000, ['correction'], 1, true],
    [14_895_000, 14_895_000, ['late'], 1, true],
  ]);
  expect(adjustments.map(({ at }) => at)).toEqual([march.end + 10 * dayMs + 1000, march.end + 11 * dayMs, march.end + 12 * dayMs]);
  expect(adjustments.map(({ old, new: present }) => (present.observedMs - (old?.observedMs ?? 0)) / hourMs)).toEqual([0, 0, 5]);
  // Another setting, another closing: with 11 days the first is none.
  expect((await ask(gate, 11).adjustments([key], march.start)).map(({ at }) => at)).toEqual([march.end + 11 * dayMs, march.end + 12 * dayMs]);

  // A replay of the log tells the same.
  const replayed = await drive(town, march.start);
  replayed.log.splice(0, replayed.log.length, ...gate.log);
  await replayed.process();
  expect(await ask(replayed).adjustments([key], march.start)).toEqual(adjustments);
});

describe('why a closed month changed', () => {
  const later = march.end + 20 * dayMs;
  const adjusted = async (gate: Drive): Promise<unknown[]> => {
    gate.tick(gate.now() + 3000);
    await gate.process();
    return (await ask(gate).adjustments([key], march.start)).map(short);
  };

  test('an import', async () => {
    const gate = await untilApril();
    gate.at(later);
    const rows = {
      source: 'old.csv',
      columns: [{ quantity: 'active_energy_import', spanMs: 0 }],
      at: [march.end],
      values: [[2_489]],
      refused: [],
    };
    gate.append('import', rows, 'm');
    expect(await adjusted(gate)).toEqual([[14_860_000, 14_890_000, ['import'], 1, true]]);
  });

  test('a device that was adopted later: what was kept is opened again in its order; a first figure is no adjustment', async () => {
    const closed = townOf([], { admission: 'declared' });
    const gate = await drive(closed, march.start);
    gate.tick(march.start + hourMs, hourMs);
    const speak = (at: number, kWh: number) => gate.send('m', { ts: at, values: { active_energy_import: kWh } }, { sender: 'm' });
    speak(march.start + hourMs, 10);
    speak(march.start + 2 * hourMs, 12);
    speak(march.end + hourMs, 500);
    gate.at(later);
    gate.append('registry', { action: 'adopt', device: { id: 'm', type: 'submeter', intervalMs: hourMs } });
    gate.tick(later + hourMs, hourMs);
    expect(await adjusted(gate)).toEqual([]);
    expect(gate.ledger().readings).toMatchObject({ accepted: 3, stored: 3, deadLetter: 0 });
  });

  test('a first figure in time is none, however late it is asked for', async () => {
    const gate = await untilApril();
    gate.at(later);
    expect(await adjusted(gate)).toEqual([]);
  });
});

test('a month that closes on its own, long after its end and while another device is revised, has no adjustment', async () => {
  const devices = ['m', 'n'].map((id) => ({ id, type: 'submeter', intervalMs: hourMs }));
  const gate = await drive(townOf(devices), march.start);
  for (let h = 0; h < 743; h++) {
    gate.at(march.start + h * hourMs);
    for (const { id } of devices) if (id === 'm' || h !== 9) gate.send(id, { ts: gate.now(), values: { active_energy_import: 1_000 + 2 * h } });
  }
  // Nobody was there for 40 days; the first tick closes the month of the one and revises the other.
  gate.at(march.end + 40 * dayMs);
  gate.send('n', { ts: march.start + 9 * hourMs, values: { active_energy_import: 1_018.5 } });
  gate.tick(gate.now() + 1000);
  await gate.process();
  const [month] = await gate.panes('m', key.quantity, 'P1M');
  expect(month).toMatchObject({ sum: 14_840_000, version: 0, revision: gate.log.length - 1 });
  expect(await gate.store.revisionTimes([gate.log.length - 1])).toHaveLength(1);
  expect(await ask(gate).adjustments([key], march.start)).toEqual([]);
});

test('a revised figure of any window says old, new, why and when', async () => {
  const gate = await untilApril();
  const at = march.start + 50 * hourMs;
  say(gate, at, 1_000 + 2 * 50 + 1);
  gate.tick(gate.now() + 1000);
  await gate.process();
  const told = await ask(gate).explain(key, 'PT1H', at);
  expect(told?.changes.map(short)).toEqual([[20_000, 10_000, ['correction'], 1, false]]);
  expect(told?.changes[0]?.at).toBe(gate.now());
});
