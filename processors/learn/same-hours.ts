/** The highest and the lowest value of each hour of the day in this week and the four before, and how far an hour lies beyond them. When that is unusual is left to detectors. */
import { weekMs } from '../../core/time.ts';

const weeks = 5;
const hours = 24;
/** Single-precision numbers of the memory. */
export const sameHourFloats = 2 * hours * weeks;
const lowsAt = hours * weeks;
/** Weeks begun, none missed among them, before it says anything. */
const weeksMin = 4;
/** An hour at which next to nothing is used is held against so much of the highest of all. */
const ofHighest = 0.3;
/** What is nothing counts as so much of it: a logarithm has to end. */
const nothing = 1e-4;
const mostDown = 5;
/** One hour moves the range by this factor at the most: what came once may be a fault. */
const learntFactor = 2;

/** What is kept beside the numbers of the memory. */
interface Weeks {
  week?: number;
  weeks?: number;
  /** Highest of all when this week began. */
  top?: number;
}

export interface Beyond {
  /** ln of the value over the highest, and of the lowest over the value; 0: within. */
  readonly up: number;
  readonly down: number;
  /** Of this hour of the day and its neighbours. */
  readonly low: number;
  readonly high: number;
}

const columnOf = (week: number): number => hours * (((week % weeks) + weeks) % weeks);

/** Empties what is older than the weeks that are kept. */
const turnTo = (state: Weeks, floats: Float32Array, week: number): void => {
  const passed = Math.min(weeks, week - (state.week ?? week - weeks));
  for (let one = week - passed + 1; one <= week; one++) {
    const at = columnOf(one);
    floats.fill(Number.NaN, at, at + hours);
    floats.fill(Number.NaN, lowsAt + at, lowsAt + at + hours);
  }
  let top = 0;
  for (let i = 0; i < lowsAt; i++) if ((floats[i] as number) > top) top = floats[i] as number;
  state.week = week;
  // Weeks that were missed are not known.
  state.weeks = Math.min(Math.max(0, (state.weeks ?? 0) + 1 - passed) + 1, weeksMin);
  state.top = top;
};

/**
 * How far an hour lies beyond the same hours of the weeks before; then it is one of them.
 * @param state of which `week`, `weeks` and `top` are kept here @param floats of `sameHourFloats`
 * @param value not below 0 @param at event time, epoch ms, rising
 * @returns null while it learns
 */
export const beyondSameHours = (state: Weeks, floats: Float32Array, value: number, hourOfDay: number, at: number): Beyond | null => {
  const week = Math.floor(at / weekMs);
  if (state.week !== week) turnTo(state, floats, week);
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (let hour = hourOfDay + hours - 1; hour <= hourOfDay + hours + 1; hour++) {
    for (let place = hour % hours; place < lowsAt; place += hours) {
      if ((floats[place] as number) > high) high = floats[place] as number;
      if ((floats[lowsAt + place] as number) < low) low = floats[lowsAt + place] as number;
    }
  }
  const top = Math.max(state.top ?? 0, high);
  const base = Math.max(high, ofHighest * top);
  const hasLow = low > 0 && Number.isFinite(low);
  const up = base > 0 ? Math.max(0, Math.log(value / base)) : 0;
  const down = hasLow ? Math.max(0, Math.min(mostDown, Math.log(low / Math.max(value, nothing * top)))) : 0;
  const own = columnOf(week) + hourOfDay;
  const highest = base > 0 ? Math.min(value, learntFactor * base) : value;
  const lowest = hasLow ? Math.max(value, low / learntFactor) : value;
  if (!(highest <= (floats[own] as number))) floats[own] = highest;
  if (!(lowest >= (floats[lowsAt + own] as number))) floats[lowsAt + own] = lowest;
  return (state.weeks ?? 0) < weeksMin ? null : { up, down, low: hasLow ? low : 0, high };
};
