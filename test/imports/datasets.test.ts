/**
 * The real files, where they are beside the project: every one is imported, the books balance, and the energy of each
 * key is what a second, smaller reader takes straight from the file in whole numbers.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Imported, importPaths } from '../../cli/import.ts';
import { replay } from '../../cli/replay.ts';
import { inWorkshop } from '../../cli/workshop.ts';
import { resolveConfig } from '../../config.ts';
import { balance } from '../../core/ledger.ts';
import { Flag } from '../../core/reading.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const datasets = resolve(import.meta.dirname, '../../../shared/datasets');
const isThere = existsSync(join(datasets, 'steel_15min.csv'));
if (!isThere) console.log(`skipped: there are no datasets in ${datasets}`);

/** Small enough to be recomputed and run again. */
const small = ['pv_serf_east_15min_ac_power.csv', 'pv_ac_power_inv_7539_outliers.csv', 'pv_ac_power_inv_2173_stale_data.csv', 'parking_events.csv'];
const large = [
  'steel_15min.csv',
  'bdg2_electricity_kwh.csv',
  'cambridge_electricity_kwh.csv',
  'cambridge_gas_kwh.csv',
  'cambridge_weather.csv',
  'household_sceaux_hourly.csv',
  'tetouan_10min.csv',
  'ETTh1.csv',
];

let folder: string;
const configOf = (name: string) => resolveConfig({ data: join(folder, name) }, {}).config;
const booksOf = (name: string) => inWorkshop(configOf(name), async ({ views }) => balance(await views.ledger(), await views.recount()));

/** Rows of a file, its header first. */
const cellsOf = (file: string): string[][] =>
  readFileSync(join(datasets, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(','));

/** A decimal text in units of 10^-`places`: exact, for the digits are only moved. */
const scaled = (text: string, places: number): number => {
  const [whole = '', fraction = ''] = text.split('.');
  expect(fraction.replace(/0+$/, '').length).toBeLessThanOrEqual(places);
  return Number(whole + fraction.slice(0, places).padEnd(places, '0'));
};

/** Sum of a column in quanta of 0.0001 kWh, without the rows whose stamp is among those refused. */
const sumOf = (file: string, column: string, places: number, refused: ReadonlySet<string>): number => {
  const [header = [], ...rows] = cellsOf(file);
  const at = header.indexOf(column);
  let sum = 0;
  for (const cells of rows) if (cells[at] !== '' && !refused.has(cells[0] as string)) sum += scaled(cells[at] as string, places);
  return sum;
};

/** The hours of the clock changes that these files hold, by zone; each is one row that is refused. */
const changes = {
  none: new Set<string>(),
  eastern: new Set(['2016-03-13 02:00:00', '2016-11-06 01:00:00', '2017-03-12 02:00:00', '2017-11-05 01:00:00']),
  london: new Set(['2016-03-27 01:00:00', '2016-10-30 01:00:00', '2017-03-26 01:00:00', '2017-10-29 01:00:00']),
  paris: new Set(
    ['2007-03-25', '2007-10-28', '2008-03-30', '2008-10-26', '2009-03-29', '2009-10-25', '2010-03-28', '2010-10-31'].map((day) => `${day} 02:00:00`),
  ),
};

const energies: readonly (readonly [file: string, column: string, subject: string, quantity: string, places: number, refused: ReadonlySet<string>])[] = [
  ['steel_15min.csv', 'kwh', 'steel-works', 'active_energy', 4, changes.none],
  ['steel_15min.csv', 'lead_kvarh', 'steel-works-leading', 'reactive_energy_leading', 4, changes.none],
  ['cambridge_electricity_kwh.csv', 'b2', 'cambridge-b2-electricity', 'active_energy', 4, changes.none],
  ['cambridge_electricity_kwh.csv', 'b24', 'cambridge-b24-electricity', 'active_energy', 4, changes.none],
  ['cambridge_gas_kwh.csv', 'b19', 'cambridge-b19-gas', 'gas_energy', 4, changes.none],
  ['bdg2_electricity_kwh.csv', 'Robin_office_Serena', 'bdg2-Robin_office_Serena', 'active_energy', 4, changes.london],
  ['bdg2_electricity_kwh.csv', 'Rat_office_Loyd', 'bdg2-Rat_office_Loyd', 'active_energy', 4, changes.eastern],
  ['bdg2_electricity_kwh.csv', 'Fox_office_Israel', 'bdg2-Fox_office_Israel', 'active_energy', 4, changes.eastern],
  ['household_sceaux_hourly.csv', 'active_kwh', 'sceaux-house', 'active_energy', 4, changes.paris],
  ['household_sceaux_hourly.csv', 'reactive_kvarh', 'sceaux-house', 'reactive_energy', 4, changes.paris],
  // Wh: a quantum is a tenth of it.
  ['household_sceaux_hourly.csv', 'sub3_wh', 'sceaux-heating', 'active_energy', 1, changes.paris],
];

describe.skipIf(!isThere)('the real files', () => {
  let imported: Imported;

  beforeAll(async () => {
    folder = temporaryFolder();
    imported = await importPaths(
      large.map((file) => join(datasets, file)),
      configOf('large'),
    );
  });

  test('each large one is read to its last row', () => {
    for (const { file, rows } of imported.files) expect([file, rows]).toEqual([file, cellsOf(file).length - 1]);
    expect(imported.files.map(({ file, refused }) => [file, refused]).filter(([, refused]) => refused !== 0)).toEqual([
      ['bdg2_electricity_kwh.csv', 12 * 4],
      ['household_sceaux_hourly.csv', 4 * 8],
    ]);
    expect(imported.stored).toBe(imported.readings);
  });

  test('the books balance', async () => {
    expect((await booksOf('large')).balanced).toBe(true);
  });

  test.each(energies)('%s %s: the energy is that of the file', async (file, column, subject, quantity, places, refused) => {
    const keys = [{ subject, quantity }];
    const [panes, months] = await inWorkshop(configOf('large'), async ({ views }) => {
      const all = { from: 0, to: Number.MAX_SAFE_INTEGER, limit: 10_000 };
      return [await views.panes({ keys, window: 'P', ...all }), await views.panes({ keys, window: 'P1M', ...all })];
    });
    const sum = sumOf(file, column, places, refused);
    expect(sum).toBeGreaterThan(0);
    expect(panes.map((pane) => pane.sum)).toEqual([sum]);
    expect(months.every(({ open }) => !open)).toBe(true);
    expect(months.reduce((total, month) => total + month.sum, 0)).toBe(sum);
  });

  test('steel: the quarter that ends at 24:00 belongs to the day that ends', async () => {
    const days = await inWorkshop(configOf('large'), ({ views }) =>
      views.panes({ keys: [{ subject: 'steel-works', quantity: 'active_energy' }], window: 'P1D', from: 0, to: Number.MAX_SAFE_INTEGER, limit: 1_000 }),
    );
    expect(days.length).toBe(365);
    // A day is 96 rows in the order of the file: 00:15 to 23:45, then 00:00.
    const rows = cellsOf('steel_15min.csv').slice(1);
    for (const [n, { sum, count }] of days.entries()) {
      expect([n, count, sum]).toEqual([n, 96, rows.slice(96 * n, 96 * n + 96).reduce((total, cells) => total + scaled(cells[1] as string, 4), 0)]);
    }
  });

  test('the small ones: balanced, recomputed, run again to the same store, and counted once', async () => {
    const paths = small.map((file) => join(datasets, file));
    const first = await importPaths(paths, configOf('small'));
    expect(first).toMatchObject({ refused: 0, duplicate: 0, corrected: 0, deadLetter: 0, stored: first.readings });
    expect((await booksOf('small')).balanced).toBe(true);
    const verified = await inWorkshop(configOf('small'), ({ views }) => views.verify());
    expect(verified.compared).toBeGreaterThan(10_000);
    expect(verified).toMatchObject({ different: 0 });
    expect(await replay(configOf('small'), join(folder, 'again'), true)).toMatchObject({ equal: true });
    const [pv = ''] = paths;
    expect(await importPaths([pv], configOf('small'))).toMatchObject({ stored: 0, duplicate: 10_000, corrected: 0 });
  });

  test('the car park that counted below zero: kept, flagged, out of the figures', async () => {
    const key = { subject: 'vtmanager-duesseldorf-parken-PH-52', quantity: 'free_places' };
    const [low, days] = await inWorkshop(configOf('small'), async ({ views }) => {
      const { rows } = await views.readings({ ...key, from: 0, to: Number.MAX_SAFE_INTEGER, limit: 100_000 });
      const panes = await views.panes({ keys: [key], window: 'P1D', from: 0, to: Number.MAX_SAFE_INTEGER, limit: 1_000 });
      return [rows.filter(({ value }) => value !== null && value < -20), panes];
    });
    expect(low.map(({ value }) => value)).toContain(-767);
    for (const { flags } of low) expect(flags & (Flag.implausible | Flag.excluded)).toBe(Flag.implausible | Flag.excluded);
    for (const { min } of days) expect(min ?? 0).toBeGreaterThanOrEqual(-20);
  });
});
