/** Hours of the civil day in which only what is of high priority is told. */
import { Temporal } from 'temporal-polyfill';

/** `22:00-07:00`: from the first until before the second, over midnight where the second is the earlier. */
export const quietHoursPattern = /^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$/;

export const isQuietAt = (hours: string, zone: string, at: number): boolean => {
  const [from = '', to = ''] = hours.split('-');
  const { hour, minute } = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
  const now = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
  return from <= to ? now >= from && now < to : now >= from || now < to;
};
