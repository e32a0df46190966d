/** Public holidays by rule, for France: the eleven of the Code du travail (L3133-1). What of a day is unusual is left to detectors; the two more of Alsace-Moselle, which no time zone tells, and school breaks are no rule and are not here. */
import { dayMs } from './time.ts';

/** Zones whose days are those of the French law. */
const frenchZones = new Set([
  'Europe/Paris',
  'America/Cayenne',
  'America/Guadeloupe',
  'America/Marigot',
  'America/Martinique',
  'America/Miquelon',
  'America/St_Barthelemy',
  'Indian/Mayotte',
  'Indian/Reunion',
  'Pacific/Noumea',
  'Pacific/Tahiti',
  'Pacific/Wallis',
]);

/** Month and day of those that do not move. */
const fixed = new Set(['1-1', '5-1', '5-8', '7-14', '8-15', '11-1', '11-11', '12-25']);
/** Days after Easter Sunday: Easter Monday, Ascension, Whit Monday. */
const afterEaster = [1, 39, 50];

/** Easter Sunday, UTC midnight, by the Gregorian rule (Meeus, Astronomical Algorithms, ch. 8). */
export const easter = (year: number): number => {
  const a = year % 19;
  const [b, c] = [Math.floor(year / 100), year % 100];
  const d = Math.floor(b / 4);
  const g = Math.floor((8 * b + 13) / 25);
  const h = (19 * a + b - d - g + 15) % 30;
  const l = (2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4) + 32) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const sum = h + l - 7 * m + 114;
  return Date.UTC(year, Math.floor(sum / 31) - 1, (sum % 31) + 1);
};

/**
 * True on a public holiday of the zone's country. Of countries other than France none is known.
 * @param zone IANA @param day start of the civil day in the zone, epoch ms
 */
export const isHoliday = (zone: string, day: number): boolean => {
  if (!frenchZones.has(zone)) return false;
  // Noon of a civil day between UTC−12 and UTC+12 is on the same date in UTC.
  const noon = new Date(day + dayMs / 2);
  const year = noon.getUTCFullYear();
  if (fixed.has(`${noon.getUTCMonth() + 1}-${noon.getUTCDate()}`)) return true;
  const since = Math.floor((day + dayMs / 2) / dayMs) - easter(year) / dayMs;
  return afterEaster.includes(since);
};
