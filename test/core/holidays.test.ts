/** Public holidays by rule, against published dates. */
import { Temporal } from 'temporal-polyfill';
import { expect, test } from 'vitest';
import { easter, isHoliday } from '../../core/holidays.ts';

test('Easter, as published, at the edges of its range too', () => {
  const dates = ['2008-03-23', '2016-03-27', '2024-03-31', '2025-04-20', '2026-04-05', '2038-04-25', '2049-04-18', '2076-04-19', '2285-03-22'];
  expect(dates.map((date) => new Date(easter(Number(date.slice(0, 4)))).toISOString().slice(0, 10))).toEqual(dates);
});

const days = (zone: string, year: number): string[] => {
  const found: string[] = [];
  for (let date = Temporal.PlainDate.from({ year, month: 1, day: 1 }); date.year === year; date = date.add({ days: 1 })) {
    if (isHoliday(zone, date.toZonedDateTime({ timeZone: zone }).epochMilliseconds)) found.push(date.toString());
  }
  return found;
};

test('the eleven of 2026, in Paris and overseas; none is known elsewhere', () => {
  const eleven = [
    '2026-01-01',
    '2026-04-06',
    '2026-05-01',
    '2026-05-08',
    '2026-05-14',
    '2026-05-25',
    '2026-07-14',
    '2026-08-15',
    '2026-11-01',
    '2026-11-11',
    '2026-12-25',
  ];
  for (const zone of ['Europe/Paris', 'Pacific/Noumea', 'America/Martinique', 'Indian/Reunion']) expect([zone, days(zone, 2026)]).toEqual([zone, eleven]);
  expect(days('Europe/London', 2026)).toEqual([]);
});
