/**
 * How far a measure went in the past of its own key: the highest of each week for a year. A limit made of it fits every series,
 * whatever its noise: it is passed about as rarely as a record is broken.
 */
import { weekMs } from '../../core/time.ts';

/** Weeks that are kept. */
const weeks = 52;
/** Single-precision numbers of one record: the weeks; the highest of the week at hand, its number, how many weeks there are, the second highest. */
export const recordFloats = weeks + 4;
const highestAt = weeks;
const weekAt = weeks + 1;
const countAt = weeks + 2;
const secondAt = weeks + 3;

/** Weeks before there is a limit. */
const weeksMin = 3;
/** Of the second highest week; more where few are known. */
const margin = 1.15;
const marginOfFew = 2;
const learntLimits = 2;
const weeksFew = 10;

/**
 * The limit of a measure, as the weeks before this one have it.
 * @param at event time, epoch ms, rising
 * @param from where this record begins in `floats`
 * @param least the limit is never below it
 * @returns the limit; Infinity while it learns
 */
export const limitOf = (floats: Float32Array, from: number, at: number, least: number): number => {
  const week = Math.floor(at / weekMs);
  if ((floats[from + weekAt] as number) !== week) turnWeek(floats, from, week);
  const count = floats[from + countAt] as number;
  if (count < weeksMin) return Number.POSITIVE_INFINITY;
  return Math.max(least, (margin + marginOfFew / Math.min(count, weeks)) * (floats[from + secondAt] as number));
};

/** The same for a measure that is known only when it is over, such as the length of a run: what this week had counts at once. */
export const limitOfRuns = (floats: Float32Array, from: number, at: number, least: number): number =>
  Math.max(limitOf(floats, from, at, least), margin * (floats[from + highestAt] as number));

/** Files the week that is over, and finds the second highest of all. */
const turnWeek = (floats: Float32Array, from: number, week: number): void => {
  const isFirst = floats[from + weekAt] === 0;
  floats[from + weekAt] = week;
  const highest = floats[from + highestAt] as number;
  floats[from + highestAt] = 0;
  if (isFirst) return;
  const count = floats[from + countAt] as number;
  floats[from + (count % weeks)] = highest;
  floats[from + countAt] = count + 1;
  let [first, second] = [0, 0];
  for (let i = from; i < from + Math.min(count + 1, weeks); i++) {
    const one = floats[i] as number;
    if (one > first) {
      second = first;
      first = one;
    } else if (one > second) second = one;
  }
  // Of few weeks the highest: the second of three is no record.
  floats[from + secondAt] = count + 1 < weeksFew ? first : second;
};

/** Teaches a measure to its record. One far beyond the limit teaches no more than a part of it: what comes again and again is not unusual, what came once may be a fault. */
export const keepRecord = (floats: Float32Array, from: number, measure: number, limit: number): void => {
  const learnt = Math.min(measure, learntLimits * limit);
  if (learnt > (floats[from + highestAt] as number)) floats[from + highestAt] = learnt;
};
