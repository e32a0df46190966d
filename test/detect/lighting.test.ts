/** What a town switches off at night goes by the wall clock, also in the night in which an hour comes twice. */
import { expect, test } from 'vitest';
import type { Point } from '../../core/fold.ts';
import { sunPosition } from '../../core/sun.ts';
import { lighting } from '../../processors/detect/lighting.ts';
import { aboutKey, began, judged } from './series.ts';

const place = [2.27, 48.82] as const;
const intervalMs = 300_000;
const wall = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Paris', hour: '2-digit', hourCycle: 'h23' });

test('a street that is dark from one to five is so on the day of 25 hours too', () => {
  const points: Point[] = [];
  for (let at = Date.parse('2026-08-01T00:00:00Z'); at < Date.parse('2026-11-02T00:00:00Z'); at += intervalMs) {
    const hour = Number(wall.format(at));
    const asleep = hour >= 1 && hour < 5;
    points.push({ at, spanMs: 0, value: sunPosition(at, place[0], place[1]).elevationDeg < -2 && !asleep ? 2 : 0, flags: 0 });
  }
  const about = { ...aboutKey('street-lighting', 'lighting', intervalMs), place };
  expect(began(judged(about, points, [lighting]))).toEqual([]);
});
