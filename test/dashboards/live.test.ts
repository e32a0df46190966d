/** What is kept for readers who come back is bounded by events and by the values that they carry. */
import { expect, test } from 'vitest';
import type { LatestReading } from '../../core/store.ts';
import type { LiveEvent, Views } from '../../core/views.ts';
import { live } from '../../dashboards/live.ts';

const value: LatestReading = { subject: 'meter', quantity: 'active_power', at: 0, value: 1, flags: 0, offset: 0 };
const event = (position: number, values: number): LiveEvent => ({
  position,
  logTime: 0,
  latest: Array.from({ length: values }, () => value),
  anomalies: [],
  alarms: [],
});

const kept = (events: readonly LiveEvent[], eventsMax: number, valuesMax: number) => {
  let tell: (event: LiveEvent) => void = () => {};
  const onCommit: Views['onCommit'] = (listener) => {
    tell = listener;
    return () => {};
  };
  const stream = live({ onCommit } as Views, eventsMax, valuesMax);
  const leave = stream.listen(() => {});
  for (const one of events) tell(one);
  leave();
  return { ...stream, tell: (one: LiveEvent) => tell(one) };
};
const positions = (found: readonly LiveEvent[] | null): number[] | null => found?.map(({ position }) => position) ?? null;

test.each([
  { what: 'events', values: 1, eventsMax: 3, valuesMax: 1_000 },
  { what: 'values', values: 100, eventsMax: 1_000, valuesMax: 300 },
])('at most so many $what: who is behind them is told', ({ values, eventsMax, valuesMax }) => {
  const stream = kept(
    Array.from({ length: 10 }, (_, n) => event(n + 1, values)),
    eventsMax,
    valuesMax,
  );
  expect(positions(stream.since(7))).toEqual([8, 9, 10]);
  expect(stream.since(6)).toBeNull();
  expect(positions(stream.since(10))).toEqual([]);
});

test('one event that carries more than all may is kept until the next', () => {
  const stream = kept([event(1, 1), event(2, 500)], 10, 300);
  expect(positions(stream.since(1))).toEqual([2]);
  expect(stream.position()).toBe(2);
});

test('less is kept while nobody reads, nor has for as many commits as are kept', () => {
  const stream = kept([event(1, 1_500), event(2, 1_500)], 3, 100_000);
  for (const position of [3, 4, 5]) stream.tell(event(position, 1_500));
  expect(positions(stream.since(2))).toEqual([3, 4, 5]);
  stream.tell(event(6, 1_500));
  expect(stream.since(4)).toBeNull();
  expect(positions(stream.since(5))).toEqual([6]);
  stream.listen(() => {});
  for (const position of [7, 8]) stream.tell(event(position, 1_500));
  expect(positions(stream.since(5))).toEqual([6, 7, 8]);
});
