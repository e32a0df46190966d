/** The door by which hours come to detectors: each once, in order, with the value that it has a grace after its end. */
import { expect, test } from 'vitest';
import type { Pane } from '../../core/pane.ts';
import type { HourDetector } from '../../processors/detect/detector.ts';
import { hourGraceMs, hoursWaitingMax, noteClosed, noteRevisions } from '../../processors/hours.ts';
import { judgeHours } from '../../processors/judge-hours.ts';
import type { Hour } from '../../processors/learn/hour.ts';
import { oneKey } from '../../processors/one-key.ts';
import { aboutKey, dayMs, hourMs, points, start } from './series.ts';

const about = aboutKey('submeter', 'active_energy', 900_000);

/** A detector that says nothing and keeps what it saw. */
const watching = () => {
  const seen: Hour[] = [];
  const watch: HourDetector = {
    kind: 'jump',
    sees: 'hour',
    needsUsual: false,
    doubts: 'data',
    numbersMax: 0,
    floats: 0,
    appliesTo: () => true,
    update(_state, _floats, hour) {
      seen.push(hour);
      return null;
    },
    reason: () => ({ fr: '', en: '' }),
  };
  return { seen, panel: { ofReadings: [], ofHours: [watch] } };
};

test('each hour comes once, in order, when the key is a grace beyond its end; a gap is left out', () => {
  const { seen, panel } = watching();
  const one = oneKey(about, undefined, panel);
  for (const point of points(1, (_, place) => (place >= 40 && place < 52 ? undefined : 100 + place), 900_000)) {
    one.take(point);
    for (const { end } of seen) expect(end + hourGraceMs).toBeLessThanOrEqual(point.at);
  }
  expect(seen.map((hour) => (hour.start - start) / hourMs)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22]);
  expect(seen[1]).toMatchObject({ value: 104 + 105 + 106 + 107, count: 4, last: 107, weekday: 0, hourOfDay: 2, usual: null });
});

test('of an hour with too little observed there is no value; of most of one it is scaled', () => {
  const { seen, panel } = watching();
  const one = oneKey(about, undefined, panel);
  for (const point of points(1, (_, place) => (place === 5 || place === 9 || place === 10 ? undefined : 100), 900_000)) one.take(point);
  expect(seen.slice(0, 3).map(({ value }) => value)).toEqual([400, 400, null]);
});

test('what a revision makes of an hour before its grace is over is what is seen; later it changes nothing', () => {
  const { seen, panel } = watching();
  const one = oneKey(about, undefined, panel);
  const list = points(1, () => 100, 900_000);
  for (const point of list.slice(0, 5)) one.take(point);
  const [waiting] = one.key.hours;
  if (waiting === undefined) throw new Error('no hour waits');
  const revised = (sum: number, from = waiting.start): Pane => ({
    ...waiting,
    start: from,
    sum,
    subject: 'key',
    quantity: 'active_energy',
    window: 'PT1H',
    version: 1,
    revision: 9,
  });
  noteRevisions(one.key, [revised(1), { ...revised(2), window: 'PT15M' }, revised(900)], 1);
  for (const point of list.slice(5)) one.take(point);
  expect(seen[0]?.value).toBe(900);
  const known = seen.length;
  noteRevisions(one.key, [revised(5)], 0);
  noteClosed(one.key, 2, revised(5));
  judgeHours(one.key, start + 9 * dayMs, about, { subject: 'key', offset: 0, anomalies: [] }, panel);
  expect(seen.length - known).toBeLessThanOrEqual(1);
  expect(seen.filter(({ value }) => value === 5)).toEqual([]);
});

test('the wall clock is that of the zone, on days of 23 and of 25 hours too', () => {
  const { seen, panel } = watching();
  const one = oneKey(about, undefined, panel);
  for (const day of ['2024-03-30T23:00Z', '2024-10-26T22:00Z'])
    for (let n = 0; n < 30; n++) one.take({ at: Date.parse(day) + n * hourMs, spanMs: hourMs, value: 1, flags: 0 });
  const hoursOf = (day: string): number[] => seen.filter((hour) => hour.day === Date.parse(day)).map(({ hourOfDay }) => hourOfDay);
  expect(hoursOf('2024-03-30T23:00Z').slice(0, 5)).toEqual([0, 1, 3, 4, 5]);
  expect(hoursOf('2024-10-26T22:00Z').slice(0, 5)).toEqual([0, 1, 2, 2, 3]);
  expect(new Set(seen.filter((hour) => hour.day === Date.parse('2024-03-30T23:00Z')).map(({ weekday }) => weekday))).toEqual(new Set([6]));
});

test('no more wait than are stated', () => {
  const one = oneKey(about, undefined, watching().panel);
  for (const point of points(1, () => 100, 900_000).slice(0, 5)) one.take(point);
  const [waiting] = one.key.hours;
  if (waiting === undefined) throw new Error('no hour waits');
  for (let n = 1; n < 1_000; n++) noteClosed(one.key, 2, { ...waiting, start: waiting.start + n * hourMs, end: waiting.end + n * hourMs });
  expect(one.key.hours.length).toBe(hoursWaitingMax);
});

test('a public holiday is told, and its weekday too', () => {
  const { seen, panel } = watching();
  const one = oneKey(aboutKey('submeter', 'active_energy', hourMs), undefined, panel);
  for (const point of points(3, () => 100)) one.take(point);
  expect(seen.filter(({ hourOfDay }) => hourOfDay === 12).map(({ weekday, holiday }) => [weekday, holiday])).toEqual([
    [0, true],
    [1, false],
    [2, false],
  ]);
});
