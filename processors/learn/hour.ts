/** An hour of a key that closed, as detectors see it. Which hours there are, and when they are final, is left to `hours.ts`. */
import type { FoldRule } from '../../core/fold.ts';
import { isHoliday } from '../../core/holidays.ts';
import type { Element } from '../../core/pane.ts';
import { hourMs } from '../../core/time.ts';
import { calendar } from '../../core/window.ts';
import type { Usual } from './usual.ts';

/** Of an hour so much must be observed for it to have a value. */
const coverageMin = 0.75;

export interface Hour {
  readonly start: number;
  readonly end: number;
  /** index, delta: the amount of an hour, scaled to what was observed of it; gauge: the mean. Quanta, with fractions; null: too little was observed. */
  readonly value: number | null;
  /** Share of it that was observed; above 1 where amounts overlap. */
  readonly covered: number;
  readonly min: number | null;
  readonly max: number | null;
  /** Its last reading, quanta; null where there is none. */
  readonly last: number | null;
  /** Readings in it. */
  readonly count: number;
  /** Flags of what went in (`Flag`). */
  readonly flags: number;
  /** Start of its civil day, epoch ms. */
  readonly day: number;
  /** Of the wall clock in the key's zone. */
  readonly hourOfDay: number;
  /** 0: Monday. */
  readonly weekday: number;
  /** A public holiday: it may run as a Sunday or as any day. */
  readonly holiday: boolean;
  /** What was to be expected of it, learnt from the hours before it. */
  readonly usual: Usual | null;
}

const amountOf = (kind: FoldRule['kind'], element: Readonly<Element>): number | null => {
  const share = element.observedMs / (element.end - element.start);
  if (!(share >= coverageMin)) return null;
  if (kind === 'gauge') return Number(element.integral2) / 2 / element.observedMs;
  if (kind === 'state') return null;
  // What a register rose by across a gap is not of this hour alone.
  const own = kind === 'index' ? element.sum - element.unallocated : element.sum;
  return (own / element.observedMs) * hourMs;
};

/** Hour of the wall clock by hours passed since midnight: on a day of 23 or 25 hours the clocks of most zones change at 02:00 or 03:00. */
export const wallHour = (index: number, dayLength: number): number => {
  if (dayLength === 23 && index >= 2) return index + 1;
  if (dayLength === 25 && index >= 3) return index - 1;
  return Math.min(index, 23);
};

/** @param expect what is expected of an hour at that place of the week */
export const hourOf = (element: Readonly<Element>, rule: FoldRule, expect: (hour: Omit<Hour, 'usual'>) => Usual | null): Hour => {
  const civil = calendar(rule.zone);
  const day = civil.windowAt(3, element.start);
  const bare = {
    start: element.start,
    end: element.end,
    value: amountOf(rule.kind, element),
    covered: element.observedMs / (element.end - element.start),
    min: element.min,
    max: element.max,
    last: element.lastValue,
    count: element.count,
    flags: element.flags,
    day: day.start,
    hourOfDay: wallHour(Math.floor((element.start - day.start) / hourMs), Math.round((day.end - day.start) / hourMs)),
    weekday: civil.weekdayAt(element.start),
    holiday: isHoliday(rule.zone, day.start),
  };
  return { ...bare, usual: expect(bare) };
};
