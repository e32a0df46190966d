/** The rows of `octroi torture` that a suite can bear, with few trials; the command runs all of them, longer, and their known-bad settings. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runRow } from '../torture/harness.ts';
import { rows } from '../torture/registry.ts';

/** Another each day, and named where it fails. */
const seed = Number(process.env.OCTROI_TORTURE_SEED ?? Math.floor(Date.now() / 86_400_000));

const suite: readonly { readonly row: string; readonly trials: number }[] = [
  { row: 'kill', trials: 20 },
  { row: 'power-cut', trials: 5 },
  { row: 'damage', trials: 10 },
  { row: 'bad-sync', trials: 1 },
  { row: 'clock', trials: 1 },
];

test('every row has a file, and every file a row', () => {
  const files = readdirSync(new URL('../torture/rows', import.meta.url)).map((name) => name.replace('.ts', ''));
  expect(rows.map(({ name }) => name).sort()).toEqual(files.sort());
});

test.skipIf(process.platform !== 'linux').for(suite)('$row, $trials trials', { timeout: 300_000 }, async ({ row: name, trials }, context) => {
  const row = rows.find((one) => one.name === name);
  if (row === undefined) throw new Error(`there is no row ${name}`);
  const { verdict, reason, faults, again } = await runRow(row, { seed, trials, full: false, bad: false });
  if (verdict === 'skipped') return context.skip(reason ?? '');
  expect([verdict, faults, again]).toEqual(['held', [], again]);
});
