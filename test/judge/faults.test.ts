/** The fault suite: it counts rightly, peeks at nothing behind a fault, and the pipeline's detectors find gross faults of a made meter. */
import { expect, test } from 'vitest';
import type { Point } from '../../core/fold.ts';
import type { Anomaly } from '../../core/reading.ts';
import { isHeldOut, reportOf } from '../../judge/fault-report.ts';
import { type Judge, judgeSeries, type Series } from '../../judge/fault-suite.ts';
import { faultKinds } from '../../judge/faults.ts';
import { rate, share } from '../../judge/rates.ts';
import { hourMs, office, points } from '../detect/series.ts';

const anomaly = (since: number): Anomaly => ({
  id: `x/${since}`,
  subject: 'x',
  quantity: 'q',
  kind: 'jump',
  since,
  until: since,
  observed: null,
  usual: null,
  reason: { fr: '', en: '' },
  offset: 0,
  version: 0,
});

/** Says something of each reading above a limit, `lateMs` later; knows nothing else. */
const above = (limit: number, lateMs = 0, due: readonly number[] = []): Judge => {
  const anomalies: Anomaly[] = [];
  let waiting = [...due];
  return {
    anomalies,
    take({ at, value }) {
      if ((value ?? 0) > limit) waiting.push(at);
      for (const since of waiting) if (since + lateMs <= at) anomalies.push(anomaly(since));
      waiting = waiting.filter((since) => since + lateMs > at);
    },
    branch: () => above(limit, lateMs, waiting),
  };
};

const list: Point[] = points(200, (at) => office(at));
const seriesOf = (judge: () => Judge): Series => ({
  name: 'made',
  device: 'made',
  class: 'meter',
  zone: 'Europe/Paris',
  intervalMs: hourMs,
  register: false,
  faulty: true,
  silentAfterMs: 12 * hourMs,
  points: list,
  arrive: (point) => point,
  judge,
});
const lineOf = (judge: () => Judge, kind: string) => reportOf([judgeSeries(seriesOf(judge), 3)]).kinds.find((line) => line.kind === kind);

test('who never speaks finds nothing but silence; who speaks at ten times finds that, and only that', () => {
  const none = reportOf([
    judgeSeries(
      seriesOf(() => above(Number.POSITIVE_INFINITY)),
      3,
    ),
  ]);
  expect(none.kinds.filter(({ found }) => (found?.value ?? 0) > 0).map(({ kind }) => kind)).toEqual(['no readings for a day']);
  expect(none.falseAlarms.all?.value).toBe(0);
  const large = lineOf(() => above(700_000), 'ten times as much for 6 h');
  expect(large).toMatchObject({ injected: 3, found: { value: 1 }, withinDay: { value: 1 }, medianHours: 0 });
  expect(lineOf(() => above(700_000), 'a quarter more for a week')?.found?.value).toBe(0);
});

test('what is said later than a day after the fault is not a finding', () => {
  expect(lineOf(() => above(700_000, 20 * hourMs), 'ten times as much for 6 h')).toMatchObject({ found: { value: 1 }, medianHours: 20 });
  expect(lineOf(() => above(700_000, 31 * hourMs), 'ten times as much for 6 h')?.found?.value).toBe(0);
});

test('what is said of the untouched series is a false alarm, and no finding', () => {
  const always = reportOf([
    judgeSeries(
      seriesOf(() => above(0)),
      3,
    ),
  ]);
  expect(always.kinds.every(({ injected }) => injected === 0)).toBe(true);
  expect(always.falseAlarms.all?.value).toBeGreaterThan(700);
});

test('every kind is told apart, changes something, and is found at most once a place', () => {
  expect(faultKinds.length).toBeGreaterThanOrEqual(20);
  expect(new Set(faultKinds.map(({ name }) => name)).size).toBe(faultKinds.length);
});

test('halves of devices, and ranges, are as they are known', () => {
  const names = Array.from({ length: 400 }, (_, n) => `device-${n}`);
  expect(Math.abs(names.filter(isHeldOut).length - 200)).toBeLessThan(40);
  expect(share(8, 10)?.low).toBeCloseTo(0.4902, 3);
  expect(share(8, 10)?.high).toBeCloseTo(0.9433, 3);
  expect(rate(10, 1)?.low).toBeCloseTo(4.8, 1);
  expect(rate(10, 1)?.high).toBeCloseTo(18.4, 1);
  expect([share(0, 0), rate(0, 0)]).toEqual([null, null]);
});
