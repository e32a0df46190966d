/** Days of the week as people there call them, on both sides of the date line and in a week of 23 and 25 hours. */
import { expect, it } from 'vitest';
import { dayMs, hourMs } from '../../core/time.ts';
import { calendar } from '../../core/window.ts';

it.each(['Europe/Paris', 'Pacific/Auckland', 'Pacific/Tongatapu', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'America/Havana', 'Asia/Kathmandu'])(
  'the weekdays of %s are those of its calendar, the year round',
  (zone) => {
    const names = new Intl.DateTimeFormat('en', { timeZone: zone, weekday: 'short' });
    const civil = calendar(zone);
    for (let at = Date.parse('2026-01-01T00:30:00Z'); at < Date.parse('2027-01-01T00:00:00Z'); at += 5 * hourMs + dayMs)
      expect([at, ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][civil.weekdayAt(at)]]).toEqual([at, names.format(at)]);
  },
);
