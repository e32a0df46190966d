/** Civil days around a moment, in a zone. */
import { Temporal } from 'temporal-polyfill';
import { dayMs, minuteMs } from '../../../core/time.ts';
import { calendar, type Interval, levelOf } from '../../../core/window.ts';

const days = levelOf('P1D');
const hours = levelOf('PT1H');

export const today = (zone: string, now: number): Interval => calendar(zone).windowAt(days, now);
export const dayBefore = (zone: string, day: Interval, by = 1): Interval => {
  let found = day;
  for (let n = 0; n < by; n++) found = calendar(zone).windowAt(days, found.start - 1);
  return found;
};
/** Meters report every quarter of an hour, and late: an hour that ended less than this ago is not whole yet, ms. */
const settleMs = 30 * minuteMs;
/** End of the last hour that is over and reported. */
export const lastWholeHour = (zone: string, now: number): number => calendar(zone).windowAt(hours, now - settleMs).start;

/** What the clocks on the wall showed at a moment of the day, on an earlier day. */
const wallMoment = (zone: string, at: number, by: number): { readonly at: number; readonly exists: boolean } => {
  const day = today(zone, at);
  const then = dayBefore(zone, day, by);
  if (at === day.start) return { at: then.start, exists: true };
  // Where no clock changed, what passed since midnight says the same for less.
  if (day.end - day.start === dayMs && then.end - then.start === dayMs) return { at: then.start + (at - day.start), exists: true };
  const wall = (moment: number) => Temporal.Instant.fromEpochMilliseconds(moment).toZonedDateTimeISO(zone);
  const time = wall(at).toPlainTime();
  const found = wall(then.start).toPlainDate().toZonedDateTime({ timeZone: zone, plainTime: time });
  return { at: found.epochMilliseconds, exists: found.toPlainTime().equals(time) };
};

/** The same moment of the civil day by the clock on the wall, some days earlier: the first of two, and where that day has none the change of its clocks. */
export const sameMoment = (zone: string, at: number, by: number): number => wallMoment(zone, at, by).at;

/** As `sameMoment`, of an hour or a day that begins then. @returns null where that day has no such hour */
export const sameStart = (zone: string, start: number, by: number): number | null => {
  const { at, exists } = wallMoment(zone, start, by);
  return exists ? at : null;
};
