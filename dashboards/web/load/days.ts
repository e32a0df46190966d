/** Civil days around a moment, in a zone. */
import { calendar, type Interval } from '../../../core/window.ts';

const days = 3;

export const today = (zone: string, now: number): Interval => calendar(zone).windowAt(days, now);
export const dayBefore = (zone: string, day: Interval, by = 1): Interval => {
  let found = day;
  for (let n = 0; n < by; n++) found = calendar(zone).windowAt(days, found.start - 1);
  return found;
};
/** Meters report every quarter of an hour, and late: an hour that ended less than this ago is not whole yet, ms. */
const settleMs = 30 * 60_000;
/** End of the last hour that is over and reported. */
export const lastWholeHour = (zone: string, now: number): number => calendar(zone).windowAt(2, now - settleMs).start;

/** The same moment of the civil day, some days earlier: by hours that passed, cut at the end of the shorter day. */
export const sameMoment = (zone: string, at: number, by: number): number => {
  const day = today(zone, at);
  const then = dayBefore(zone, day, by);
  return Math.min(then.end, then.start + (at - day.start));
};
