/** Civil stamps: days of 23 and 25 hours, the hour that is missing and the one that comes twice, under each policy; literal values. */
import { expect, test } from 'vitest';
import { type CivilRules, civilClock, readCivil, readOffsetStamp, yearFirst } from '../../imports/civil.ts';

const clock = (zone: string, missingHour: 'refuse' | 'shift' = 'refuse', repeatedHour: CivilRules['repeatedHour'] = 'refuse') => {
  const read = civilClock({ zone, missingHour, repeatedHour });
  return (text: string): string | null => {
    const at = read(readCivil(text, false));
    return at === null ? null : new Date(at).toISOString();
  };
};

test('a spring day: the hour that does not exist is refused, its neighbours are read', () => {
  const paris = clock('Europe/Paris');
  expect(['2026-03-29 00:00', '2026-03-29 01:45', '2026-03-29 02:00', '2026-03-29 02:59', '2026-03-29 03:00', '2026-03-29 23:00'].map(paris)).toEqual([
    '2026-03-28T23:00:00.000Z',
    '2026-03-29T00:45:00.000Z',
    null,
    null,
    '2026-03-29T01:00:00.000Z',
    '2026-03-29T21:00:00.000Z',
  ]);
});

test('a spring day with `shift`: the offset that held before goes on', () => {
  expect(clock('Europe/Paris', 'shift')('2026-03-29 02:30')).toBe('2026-03-29T01:30:00.000Z');
});

test('an autumn day: the hour that comes twice, under each policy', () => {
  expect(clock('Europe/Paris')('2026-10-25 02:30')).toBeNull();
  expect(clock('Europe/Paris', 'refuse', 'first')('2026-10-25 02:30')).toBe('2026-10-25T00:30:00.000Z');
  expect(clock('Europe/Paris', 'refuse', 'second')('2026-10-25 02:30')).toBe('2026-10-25T01:30:00.000Z');
  expect(['2026-10-25 01:59', '2026-10-25 03:00'].map(clock('Europe/Paris'))).toEqual(['2026-10-24T23:59:00.000Z', '2026-10-25T02:00:00.000Z']);
});

test('an autumn day in order: the second hour from where local time goes back, or stands still', () => {
  const of = (zone: string, ...stamps: string[]) => stamps.map(clock(zone, 'refuse', 'inOrder'));
  expect(of('Europe/Paris', '2026-10-25 01:30', '2026-10-25 02:00', '2026-10-25 02:30', '2026-10-25 02:00', '2026-10-25 02:30', '2026-10-25 03:00')).toEqual([
    '2026-10-24T23:30:00.000Z',
    '2026-10-25T00:00:00.000Z',
    '2026-10-25T00:30:00.000Z',
    '2026-10-25T01:00:00.000Z',
    '2026-10-25T01:30:00.000Z',
    '2026-10-25T02:00:00.000Z',
  ]);
  // Hourly, over two years: each autumn begins anew.
  expect(of('Europe/Paris', '2025-10-26 02:00', '2025-10-26 02:00', '2026-10-25 02:00', '2026-10-25 02:00')).toEqual([
    '2025-10-26T00:00:00.000Z',
    '2025-10-26T01:00:00.000Z',
    '2026-10-25T00:00:00.000Z',
    '2026-10-25T01:00:00.000Z',
  ]);
  // Of the half hour that Lord Howe repeats, a stamp within it is the same night, one of before is not of it.
  expect(of('Australia/Lord_Howe', '2026-04-05 01:15', '2026-04-05 01:30', '2026-04-05 01:45', '2026-04-05 01:30', '2026-04-05 02:00')).toEqual([
    '2026-04-04T14:15:00.000Z',
    '2026-04-04T14:30:00.000Z',
    '2026-04-04T14:45:00.000Z',
    '2026-04-04T15:00:00.000Z',
    '2026-04-04T15:30:00.000Z',
  ]);
});

test('zones of the archives: east of the ocean, without summer time, with a change of half an hour', () => {
  expect(clock('US/Eastern')('2016-07-01 00:00:00')).toBe('2016-07-01T04:00:00.000Z');
  expect(clock('US/Eastern')('2016-03-13 02:00:00')).toBeNull();
  expect(clock('US/Eastern')('2016-11-06 01:00:00')).toBeNull();
  expect(clock('Asia/Seoul')('2018-01-01 00:15')).toBe('2017-12-31T15:15:00.000Z');
  expect(['2026-10-04 01:45', '2026-10-04 02:15', '2026-10-04 02:30'].map(clock('Australia/Lord_Howe'))).toEqual([
    '2026-10-03T15:15:00.000Z',
    null,
    '2026-10-03T15:30:00.000Z',
  ]);
});

test('midnight at the end of the day: 24:00, or 00:00 with the date of the day that ends', () => {
  const end = Date.parse('2018-01-02T00:00:00Z');
  expect(readCivil('2018-01-01 24:00', false)).toBe(end);
  expect(readCivil('2018-01-01 00:00', true)).toBe(end);
  expect(readCivil('2018-01-01 00:15', true)).toBe(Date.parse('2018-01-01T00:15:00Z'));
});

test('what is no stamp', () => {
  const wrong = ['', '2018-02-29 00:00', '2018-13-01 00:00', '2018-01-01 24:01', '2018-01-01 23:60', '2018-01-01', '01/02/2018 00:00', '2018-01-01 00:00Z'];
  for (const text of wrong) expect([text, readCivil(text, false)]).toEqual([text, Number.NaN]);
  for (const text of ['2018-01-01T00:00', '2018-01-01 00:00:00 +01:00', 'now']) expect([text, readOffsetStamp(text)]).toEqual([text, Number.NaN]);
});

test('stamps that say their own offset', () => {
  expect(readOffsetStamp('2016-07-01 00:15:00-07:00')).toBe(Date.parse('2016-07-01T07:15:00Z'));
  expect(readOffsetStamp('2024-02-01T00:00:02Z')).toBe(Date.parse('2024-02-01T00:00:02Z'));
});

test('a stamp with the day first is turned round; another is none', () => {
  expect(readCivil(yearFirst('24/10/2026 07:05'), false)).toBe(Date.parse('2026-10-24T07:05:00Z'));
  expect(readCivil(yearFirst('24.10.2026T07:05:09'), false)).toBe(Date.parse('2026-10-24T07:05:09Z'));
  for (const text of ['2026-10-24 07:05', '10/24/2026 07:05', '24/10-2026 07:05', '24/10/26 07:05', '4/10/2026 07:05', '24/10/2026'])
    expect([text, readCivil(yearFirst(text), false)]).toEqual([text, Number.NaN]);
});
