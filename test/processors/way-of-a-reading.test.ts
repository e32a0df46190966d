/** The way of a reading, end to end, with literal values: one submeter, one hour, one correction. */
import { expect, test } from 'vitest';
import { Flag, flagNames } from '../../core/reading.ts';
import { drive, townOf } from '../drive.ts';

const at = (clock: string): number => Date.parse(`2026-04-07T${clock}:00Z`);
const town = townOf([{ id: 'meter-1', type: 'submeter', intervalMs: 900_000 }]);
const register = (clock: string, kWh: number): unknown => ({ ts: at(clock), values: { active_energy_import: kWh } });

test('way-of-a-reading', async () => {
  const gate = await drive(town, at('10:00'));

  gate.at(at('11:00'));

  // Five readings of a register, a quarter of an hour apart but for one that is missing.
  gate.send('meter-1', register('10:00', 1000.0));
  gate.send('meter-1', register('10:15', 1000.4));
  gate.send('meter-1', register('10:45', 1001.0));
  gate.send('meter-1', register('11:00', 1001.5));
  gate.send('meter-1', register('11:00', 1001.5)); // sent again
  gate.send('meter-1', { ts: at('11:05'), values: { active_energy_import: 'many', colour: 3 } }); // refused, twice
  await gate.process();

  // Stored in quanta of 0.0001 kWh; acknowledged and counted.
  const { rows } = await gate.store.readings({ subject: 'meter-1', quantity: 'active_energy_import', from: 0, to: at('23:00'), limit: 10 });
  expect(rows.map((row) => [row.at, row.value])).toEqual([
    [at('10:00'), 10_000_000],
    [at('10:15'), 10_004_000],
    [at('10:45'), 10_010_000],
    [at('11:00'), 10_015_000],
  ]);
  expect(gate.ledger().readings).toEqual({ accepted: 7, stored: 4, duplicate: 1, corrected: 0, deadLetter: 2, waiting: 0 });
  const letters = await gate.store.deadLettersPage({ limit: 10 });
  expect(letters.rows.map(({ code, field }) => [code, field]).sort()).toEqual([
    ['unknown-quantity', 'colour'],
    ['wrong-type', 'active_energy_import'],
  ]);

  // The quarters: 10:15 to 10:45 is shared by the straight line of the register.
  const quarters = await gate.panes('meter-1', 'active_energy_import', 'PT15M');
  expect(quarters.map((pane) => [pane.start, pane.sum, pane.observedMs, pane.count])).toEqual([
    [at('10:00'), 4_000, 900_000, 1],
    [at('10:15'), 3_000, 900_000, 1],
    [at('10:30'), 3_000, 900_000, 0],
    [at('10:45'), 5_000, 900_000, 1],
  ]);
  // The hour is the sum of its quarters.
  const [hour] = await gate.panes('meter-1', 'active_energy_import', 'PT1H');
  expect(hour).toMatchObject({ start: at('10:00'), end: at('11:00'), sum: 15_000, unallocated: 0, observedMs: 3_600_000, count: 3, version: 0 });

  // 10:30 arrives late, and 10:45 is corrected: the next tick folds the touched windows again.
  gate.send('meter-1', register('10:30', 1000.5));
  gate.send('meter-1', register('10:45', 1001.2));
  gate.tick(at('11:00') + 1000);
  await gate.process();
  expect(gate.ledger().readings).toEqual({ accepted: 9, stored: 5, duplicate: 1, corrected: 1, deadLetter: 2, waiting: 0 });
  const revised = await gate.panes('meter-1', 'active_energy_import', 'PT15M');
  expect(revised.map((pane) => [pane.sum, pane.count, pane.version])).toEqual([
    [4_000, 1, 0],
    [1_000, 1, 1],
    [7_000, 1, 1],
    [3_000, 1, 1],
  ]);
  const versions = await gate.store.paneVersions({ subject: 'meter-1', quantity: 'active_energy_import' }, 'PT1H', at('10:00'));
  expect(versions.map((pane) => [pane.sum, pane.count, pane.version])).toEqual([
    [15_000, 3, 0],
    [15_000, 4, 1],
  ]);
  const again = await gate.store.readings({ subject: 'meter-1', quantity: 'active_energy_import', from: at('10:45'), to: at('10:46'), limit: 10 });
  expect(again.rows.map((row) => [row.value, row.version, flagNames(row.flags)])).toEqual([[10_012_000, 1, ['late']]]);
  expect(Flag.late).toBe(32);

  // Silence closes the day and the month as time passes.
  gate.at(Date.parse('2026-05-02T00:00:00Z'));
  gate.tick(Date.parse('2026-05-02T00:01:00Z'), 30_000);
  await gate.process();
  const [month] = await gate.panes('meter-1', 'active_energy_import', 'P1M');
  expect(month).toMatchObject({ start: Date.parse('2026-03-31T22:00:00Z'), end: Date.parse('2026-04-30T22:00:00Z'), sum: 15_000, count: 5 });
});
