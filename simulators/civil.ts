/** The town's civil day as its life follows it: hour, weekday, public and school holidays. Dates beyond the calendar file are ordinary days. */
import { readFileSync } from 'node:fs';
import { dayMs, hourMs } from '../core/time.ts';
import { calendar } from '../core/window.ts';

interface Holidays {
  readonly public_holidays: readonly { readonly date: string }[];
  readonly school_holidays_zone_c: readonly { readonly first: string; readonly last: string }[];
}

export interface CivilTime {
  /** Hours since the civil day began, [0, 25). */
  readonly hour: number;
  /** 0 Sunday to 6 Saturday. */
  readonly weekday: number;
  readonly publicHoliday: boolean;
  readonly schoolHoliday: boolean;
  /** Neither week-end nor public holiday. */
  readonly workday: boolean;
}

const holidays = JSON.parse(readFileSync(new URL('./geo/calendar.json', import.meta.url), 'utf8')) as Holidays;
const publicDays = new Set(holidays.public_holidays.map(({ date }) => date));
const inSchoolHoliday = (date: string): boolean => holidays.school_holidays_zone_c.some(({ first, last }) => first <= date && date <= last);

/** Civil time of an instant (epoch ms) in the zone; one lookup a day is remembered. */
export const civil = (zone: string): ((at: number) => CivilTime) => {
  const days = calendar(zone);
  let start = 0;
  let end = 0;
  let day: Omit<CivilTime, 'hour'> = { weekday: 0, publicHoliday: false, schoolHoliday: false, workday: false };
  return (at) => {
    if (at < start || at >= end) {
      ({ start, end } = days.windowAt(3, at));
      // Twelve hours into a European civil day the UTC date is the civil date.
      const noon = start + dayMs / 2;
      const date = new Date(noon).toISOString().slice(0, 10);
      const weekday = (Math.floor(noon / dayMs) + 4) % 7;
      const publicHoliday = publicDays.has(date);
      day = { weekday, publicHoliday, schoolHoliday: inSchoolHoliday(date), workday: weekday !== 0 && weekday !== 6 && !publicHoliday };
    }
    return { ...day, hour: (at - start) / hourMs };
  };
};
