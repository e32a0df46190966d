/** Faults that nobody could tell: within what each hour of the day was, no larger step, and no longer at rest. */
import { expect, test } from 'vitest';
import type { Point } from '../../core/fold.ts';
import { isAsUsual } from '../../judge/as-usual.ts';
import { dayMs, hourMs, points, start } from '../detect/series.ts';

const hourOf = (at: number): number => Math.floor((at % dayMs) / hourMs);
/** Rests every third day from midnight to noon, and leaps up to 900. */
const restless = (at: number): number => (Math.floor(at / dayMs) % 3 === 0 && hourOf(at) < 12 ? 0 : 300 + ((at / hourMs) % 7) * 100);
const before = points(28, restless);
const next = (days: number, change: (value: number, at: number) => number): Point[] =>
  points(28 + days, (at) => (at < start + 28 * dayMs ? undefined : change(restless(at), at)));

test.each([
  ['what it always does', next(1, (value) => value), true],
  ['a morning at rest', next(0.5, () => 0), true],
  ['a day at rest', next(1, () => 0), false],
  ['a day at one value', next(1, () => 500), false],
  ['an hour three times as high', next(1 / 24, () => 1_500), false],
  ['to and fro, by no larger step than it ever made', next(1, (_, at) => (hourOf(at) >= 12 ? 500 : (at / hourMs) % 2 === 0 ? 0 : 900)), true],
  ['nothing at all', [], false],
] as const)('%s', (_, changed, asUsual) => {
  expect(isAsUsual(before, changed, hourOf)).toBe(asUsual);
});
