/**
 * Which faults nobody could tell by what was measured: every changed value lies within what the series showed at that hour of the
 * day in the four weeks before, no step is larger than one of those weeks, and it stands still no longer than it did in them.
 * It is a rule to name such faults by; they stay in every figure.
 */
import type { Point } from '../core/fold.ts';

interface Range {
  low: number;
  high: number;
}

/** Longest time without a change and largest step. */
const paceOf = (points: readonly Point[]): { readonly stillMs: number; readonly step: number } => {
  let [stillMs, step] = [0, 0];
  let [since, before] = [0, Number.NaN];
  for (const { at, value } of points) {
    if (value === null) continue;
    if (value !== before) {
      if (!Number.isNaN(before)) step = Math.max(step, Math.abs(value - before));
      since = at;
      before = value;
    }
    stillMs = Math.max(stillMs, at - since);
  }
  return { stillMs, step };
};

/**
 * @param before the untouched readings of the four weeks before the fault
 * @param changed the readings of the fault as they arrived
 * @param hourOf hour of the wall clock
 */
export const isAsUsual = (before: readonly Point[], changed: readonly Point[], hourOf: (at: number) => number): boolean => {
  if (changed.length === 0) return false;
  const ranges = new Map<number, Range>();
  for (const { at, value } of before) {
    if (value === null) continue;
    const hour = hourOf(at);
    const range = ranges.get(hour);
    if (range === undefined) ranges.set(hour, { low: value, high: value });
    else {
      range.low = Math.min(range.low, value);
      range.high = Math.max(range.high, value);
    }
  }
  const within = changed.every(({ at, value }) => {
    const range = ranges.get(hourOf(at));
    return value === null || (range !== undefined && value >= range.low && value <= range.high);
  });
  if (!within) return false;
  const [usual, seen] = [paceOf(before), paceOf(changed)];
  return seen.stillMs <= usual.stillMs && seen.step <= usual.step;
};
