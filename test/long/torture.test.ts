/** The rows of `octroi torture` that land a change, with few trials; the command runs all of them, longer, and their known-bad settings. */
import { expect, test } from 'vitest';
import { runRow } from '../../torture/harness.ts';
import { rows } from '../../torture/registry.ts';

/** Another each day, and named where it fails. */
const seed = Number(process.env.OCTROI_TORTURE_SEED ?? Math.floor(Date.now() / 86_400_000));

const suite: readonly { readonly row: string; readonly trials: number }[] = [
  { row: 'kill', trials: 20 },
  { row: 'power-cut', trials: 5 },
  { row: 'damage', trials: 20 },
  { row: 'overload', trials: 60 },
  { row: 'bad-sync', trials: 1 },
  { row: 'clock', trials: 1 },
];

test.skipIf(process.platform !== 'linux').for(suite)('$row, $trials trials', { timeout: 1_800_000 }, async ({ row: name, trials }, context) => {
  const row = rows.find((one) => one.name === name);
  if (row === undefined) throw new Error(`there is no row ${name}`);
  const { verdict, reason, faults, again } = await runRow(row, { seed, trials, full: false, bad: false, busy: true });
  if (verdict === 'skipped') return context.skip(reason ?? '');
  expect([verdict, faults, again]).toEqual(['held', [], again]);
});
