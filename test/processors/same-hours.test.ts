/** Hours against the same hours of the weeks before: how far beyond them, and what is known after a gap. */
import { expect, test } from 'vitest';
import { type Beyond, beyondSameHours, sameHourFloats } from '../../processors/learn/same-hours.ts';

const hourMs = 3_600_000;
const start = Date.parse('2026-01-01T00:00:00Z');
/** A memory that is asked hour by hour. */
const memory = () => {
  const [state, floats] = [{}, new Float32Array(sameHourFloats)];
  let hour = 0;
  const ask = (value: number): Beyond | null => beyondSameHours(state, floats, value, hour % 24, start + hour++ * hourMs);
  return {
    ask,
    pass: (hours: number, valueAt: (hour: number) => number): void => {
      for (let n = 0; n < hours; n++) ask(valueAt(hour % 24));
    },
    skip: (hours: number): void => {
      hour += hours;
    },
  };
};
const byDay = (hour: number): number => (hour >= 8 && hour < 18 ? 400 : 100);

test('within what the hour and its neighbours were: nothing; beyond: by which factor, up and down', () => {
  const { ask, pass } = memory();
  pass(28 * 24, byDay);
  expect(ask(100)).toMatchObject({ up: 0, down: 0, low: 100, high: 100 });
  // Of the highest of all, three tenths are no leap at any hour.
  expect(ask(240)?.up).toBeCloseTo(Math.log(2));
  expect(ask(10)?.down).toBeCloseTo(Math.log(10));
});

test('one hour moves the range no further than by its factor', () => {
  const { ask, pass } = memory();
  pass(28 * 24, byDay);
  expect(ask(12_000)?.up).toBeCloseTo(Math.log(100));
  pass(23, byDay);
  expect(ask(12_000)?.up).toBeCloseTo(Math.log(50));
});

test('who rests at such hours may rest, and leap from there', () => {
  const { ask, pass } = memory();
  pass(28 * 24, (hour) => (hour < 6 ? 0 : 300));
  expect(ask(0)).toMatchObject({ up: 0, down: 0 });
});

test('says nothing in the first weeks, nor in the first after a long gap', () => {
  const { ask, pass, skip } = memory();
  pass(14 * 24, byDay);
  expect(ask(9_000)).toBeNull();
  pass(28 * 24, byDay);
  expect(ask(100)).not.toBeNull();
  skip(70 * 24);
  pass(10 * 24, byDay);
  expect(ask(9_000)).toBeNull();
});
