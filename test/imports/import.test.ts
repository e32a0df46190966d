/** `octroi import` and `octroi replay` on a data folder, with a tiny file and a profile of its own. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { importPaths, importReport } from '../../cli/import.ts';
import { withoutKnown } from '../../cli/import-known.ts';
import { firstDifference, replay } from '../../cli/replay.ts';
import { inWorkshop } from '../../cli/workshop.ts';
import { resolveConfig } from '../../config.ts';
import type { ResolvedType } from '../../core/device-type.ts';
import { balance } from '../../core/ledger.ts';
import { Flag } from '../../core/reading.ts';
import { resolveTypes } from '../../devices/registry.ts';
import { temporaryFolder } from '../temporary-folder.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

const configOf = (name: string) => resolveConfig({ data: join(folder, name) }, {}).config;

const profile = `name: tiny
files: [tiny.csv]
source: this test
time: { column: at, format: civil, zone: Europe/Paris, stamp: start }
stepMs: 3600000
devices: [{ id: school, type: submeter, intervalMs: 3600000, zone: Europe/Paris }]
columns: [{ column: kwh, device: school, quantity: active_energy }]
`;

/** The whole of a day of 23 hours and one of 25, written with 24 rows each; the n-th row of a day holds n kWh. */
const days = ['2026-03-29', '2026-10-25'].flatMap((day) => Array.from({ length: 24 }, (_, n) => `${day} ${String(n).padStart(2, '0')}:00,${n}`));

const write = (lines: readonly string[]): { csv: string; profileFile: string } => {
  const [csv, profileFile] = [join(folder, 'tiny.csv'), join(folder, 'tiny.yaml')];
  writeFileSync(csv, ['at,kwh', ...lines].join('\n'));
  writeFileSync(profileFile, profile);
  return { csv, profileFile };
};

const booksOf = (name: string) => inWorkshop(configOf(name), async ({ views }) => balance(await views.ledger(), await views.recount()));

const panesOf = (name: string, window: 'P1D' | 'P1M') =>
  inWorkshop(configOf(name), ({ views }) =>
    views.panes({ keys: [{ subject: 'school', quantity: 'active_energy' }], window, from: 0, to: Date.parse('2030-01-01'), limit: 1_000 }),
  );

test('days of 23 and 25 hours: the hour that cannot be told is a dead letter, every window is closed', async () => {
  const { csv, profileFile } = write(days);
  const imported = await importPaths([csv], configOf('data'), profileFile);
  expect(imported).toMatchObject({ rows: 48, readings: 46, refused: 2, stored: 46, duplicate: 0, corrected: 0, deadLetter: 2, skipped: [] });
  expect(importReport(imported).split('\n')).toEqual([
    'tiny.csv: 48 rows, 46 readings, 2 refused (profile tiny)',
    'first refused: tiny.csv:4: "2026-03-29 02:00" does not exist, or exists twice, in Europe/Paris; all of them: the dead letters of the operations page (/operations)',
    'stored 46, duplicate 0, corrected 0, dead letters 2',
    expect.stringMatching(/ s, \d+ readings\/s$/),
  ]);
  expect(importReport({ ...imported, files: [...imported.files, ...imported.files] })).toContain('\nall: 48 rows, 46 readings, 2 refused; stored 46');
  const panes = await panesOf('data', 'P1D');
  // 0 + … + 23 = 276 kWh without the row of 2 kWh, in quanta of 0.0001 kWh.
  expect(panes.map(({ start, end, sum, observedMs, open }) => [(end - start) / 3_600_000, sum, observedMs / 3_600_000, open])).toEqual([
    [23, 2_740_000, 23, false],
    [25, 2_740_000, 23, false],
  ]);
  for (const { flags } of panes) expect(flags & Flag.imported).toBe(Flag.imported);
  expect((await booksOf('data')).balanced).toBe(true);
  const letters = await inWorkshop(configOf('data'), ({ views }) => views.deadLetters({ limit: 10 }));
  expect(letters.rows.map(({ code, field, payload }) => [code, field, payload])).toEqual([
    ['no-such-local-time', 'tiny.csv:28', '2026-10-25 02:00,2'],
    ['no-such-local-time', 'tiny.csv:4', '2026-03-29 02:00,2'],
  ]);
});

test.each(['start', 'end'] as const)('a day of 25 hours that the file holds whole, stamped at the %s: every half hour is stored once', async (stamp) => {
  const { csv, profileFile } = write([]);
  const inOrder = `stamp: ${stamp}, repeatedHour: inOrder`;
  writeFileSync(
    profileFile,
    profile.replace('stamp: start', inOrder).replace('stepMs: 3600000', 'stepMs: 1800000').replace('intervalMs: 3600000', 'intervalMs: 1800000'),
  );
  const half = (minutes: number): string => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
  // What a clock on the wall shows at each half hour of the day: at 03:00 it goes back to 02:00.
  const shown = Array.from({ length: 51 }, (_, n) => `2026-10-25 ${half(n * 30 - (n >= 6 ? 60 : 0))}`);
  const rows = (stamp === 'start' ? shown.slice(0, 50) : shown.slice(1)).map((text, n) => `${text},${n + 1}`);
  writeFileSync(csv, ['at,kwh', ...rows].join('\n'));
  expect(await importPaths([csv], configOf('data'), profileFile)).toMatchObject({ rows: 50, stored: 50, corrected: 0, duplicate: 0, deadLetter: 0 });
  // 1 + … + 50 = 1275 kWh.
  const panes = await panesOf('data', 'P1D');
  expect(panes.map(({ start, end, sum, observedMs }) => [end - start, sum, observedMs])).toEqual([[25 * 3_600_000, 12_750_000, 25 * 3_600_000]]);
  expect(await importPaths([csv], configOf('data'), profileFile)).toMatchObject({ stored: 0, duplicate: 50, corrected: 0 });
});

test('of dates in another order none is taken: the first is named with its place and cause; `dateOrder` reads them', async () => {
  const { csv, profileFile } = write(days.map((line) => line.replace(/^(\d+)-(\d+)-(\d+)/, '$3/$2/$1')));
  const refused = await importPaths([csv], configOf('data'), profileFile);
  expect(refused).toMatchObject({ rows: 48, readings: 0, refused: 48, stored: 0, deadLetter: 48, others: 0 });
  expect(importReport(refused)).toContain(
    '\nfirst refused: tiny.csv:2: "29/03/2026 00:00" is not YYYY-MM-DD HH:MM[:SS]; `dateOrder: dmy` in the profile reads it; all of them: the dead letters of the operations page (/operations)\n',
  );
  writeFileSync(profileFile, profile.replace('format: civil', 'format: civil, dateOrder: dmy'));
  expect(await importPaths([csv], configOf('data'), profileFile)).toMatchObject({ rows: 48, readings: 46, refused: 2, stored: 46 });
  expect((await panesOf('data', 'P1D')).map(({ sum }) => sum)).toEqual([2_740_000, 2_740_000]);
  expect((await booksOf('data')).balanced).toBe(true);
});

test('a second import of the same file changes nothing; a changed value corrects', async () => {
  const { csv, profileFile } = write(days);
  await importPaths([csv], configOf('data'), profileFile);
  const before = await panesOf('data', 'P1D');
  const again = await importPaths([csv], configOf('data'), profileFile);
  expect(again).toMatchObject({ stored: 0, duplicate: 46, corrected: 0, deadLetter: 0 });
  expect(await panesOf('data', 'P1D')).toEqual(before);
  write(days.map((line) => line.replace('2026-03-29 10:00,10', '2026-03-29 10:00,110')));
  expect(await importPaths([csv], configOf('data'), profileFile)).toMatchObject({ stored: 0, duplicate: 45, corrected: 1, deadLetter: 0 });
  const after = await panesOf('data', 'P1D');
  expect(after.map(({ sum, version }) => [sum, version])).toEqual([
    [3_740_000, 1],
    [2_740_000, 0],
  ]);
  expect((await booksOf('data')).balanced).toBe(true);
  const verified = await inWorkshop(configOf('data'), ({ views }) => views.verify());
  expect(verified.compared).toBeGreaterThan(50);
  expect(verified.different).toBe(0);
});

test('a replay gives the same store; it needs an empty folder', async () => {
  const { csv, profileFile } = write(days);
  await importPaths([csv], configOf('data'), profileFile);
  await importPaths([csv], configOf('data'), profileFile);
  const replayed = await replay(configOf('data'), join(folder, 'again'), true);
  expect(replayed).toMatchObject({ readings: 94, equal: true, difference: null });
  await expect(replay(configOf('data'), join(folder, 'again'), false)).rejects.toThrow('not-empty');
  await expect(replay(configOf('nowhere'), join(folder, 'other'), false)).rejects.toThrow('no-data');
});

test('the comparison names the first line that differs', async () => {
  async function* lines(...all: string[]): AsyncIterable<string> {
    yield* all;
  }
  expect(await firstDifference(lines('a\n', 'b\n'), lines('a\n', 'b\n'))).toBeNull();
  expect(await firstDifference(lines('a\n', 'b\n'), lines('a\n', 'c\n'))).toEqual({ line: 2, kept: 'b\n', replayed: 'c\n' });
  expect(await firstDifference(lines('a\n'), lines('a\n', 'c\n'))).toEqual({ line: 2, kept: null, replayed: 'c\n' });
});

test('a folder: files that no profile knows are named and skipped; one of such files alone is refused, as a file is', async () => {
  const { csv, profileFile } = write(days);
  await expect(importPaths([csv], configOf('data'))).rejects.toThrow('no-profile');
  await expect(importPaths([folder], configOf('data'))).rejects.toThrow(/^no-profile: no profile knows a file in this folder/);
  expect(existsSync(join(folder, 'data'))).toBe(false);
  await expect(importPaths([join(folder, 'absent.csv')], configOf('data'))).rejects.toThrow('absent.csv');
  expect(await importPaths([folder], configOf('data'), profileFile)).toMatchObject({ files: [{ file: 'tiny.csv' }], skipped: ['tiny.yaml'], rows: 48 });
});

test('a second import counts no refused cell again, in whichever columns and rows; a corrected one is taken', async () => {
  const { csv, profileFile } = write(days);
  const wide = (index: string, power: string): void =>
    writeFileSync(
      csv,
      `at,kwh,index,power\n2026-03-01 00:00,1,${index},5\n2026-03-01 01:00,2,-7,${power}\n2026-03-01 02:00,1e30,8,6\n2026-03-01 03:00,1e30,-9,1e30\nnever,1,2,3\n`,
    );
  const [index, power] = ['active_energy_import', 'active_power'];
  writeFileSync(
    profileFile,
    `${profile.replace(/columns: .*\n/, '')}columns:\n  - { column: kwh, device: school, quantity: active_energy }\n  - { column: index, device: school, quantity: ${index} }\n  - { column: power, device: school, quantity: ${power} }\n`,
  );
  wide('-3', '1e30');
  const first = await importPaths([csv], configOf('data'), profileFile);
  expect(first).toMatchObject({ readings: 12, stored: 5, deadLetter: 8 });
  expect(await importPaths([csv], configOf('data'), profileFile)).toMatchObject({ readings: 12, stored: 0, duplicate: 5, corrected: 0, deadLetter: 0 });
  wide('3', '1e31');
  expect(await importPaths([csv], configOf('data'), profileFile)).toMatchObject({ stored: 1, duplicate: 5, deadLetter: 1 });
  const books = await booksOf('data');
  expect([books.balanced, books.readings.dead_letter]).toEqual([true, 9]);
});

test('what lay ahead is taken once its time has come, and what lies behind the horizon is refused once', () => {
  const device = { id: 'school', type: 'submeter' };
  const declared = { device, type: resolveTypes().get('submeter') as ResolvedType };
  const at = [Date.parse('2026-04-01T00:00:00Z'), Date.parse('2099-01-01T00:00:00Z')];
  const rows = { source: 'a.csv', columns: [{ quantity: 'active_energy', spanMs: 0 }], at, values: [[1, 2]], refused: [] };
  const known = new Set([
    `horizon\nschool\nactive_energy\n${JSON.stringify({ ts: at[0], quantity: 'active_energy', quanta: 10_000 })}`,
    `cell\nschool\n${JSON.stringify({ ts: at[1], values: { active_energy: 2 } })}`,
  ]);
  const left = (logTime: number) => withoutKnown('school', rows, declared, known, logTime).map((part) => part.at);
  expect(left(Date.parse('2026-05-01T00:00:00Z'))).toEqual([]);
  expect(left(Date.parse('2099-05-01T00:00:00Z'))).toEqual([[at[1]]]);
});
