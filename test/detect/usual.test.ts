/** What is expected of an hour: never below zero where the series never was. */
import { expect, test } from 'vitest';
import { usualFloats, usualOf } from '../../processors/learn/usual.ts';

const hour = { weekday: 2, hourOfDay: 3 } as Parameters<typeof usualOf>[2];

test('a series that was never below zero is not expected there, one that was is', () => {
  const floats = new Float32Array(usualFloats).fill(10);
  const state = { hours: 600, offset: -50, size: 10 };
  expect(usualOf(state, floats, hour)).toMatchObject({ expected: 10, near: 0, closed: 0 });
  expect(usualOf({ ...state, negative: 1 }, floats, hour)).toMatchObject({ expected: 10, near: -40, closed: -40 });
});

test('on a working day what a Sunday would be is told beside', () => {
  const floats = new Float32Array(usualFloats).fill(10);
  floats[6 * 24 + 3] = 4;
  expect(usualOf({ hours: 600, size: 10 }, floats, hour)).toMatchObject({ near: 10, closed: 4 });
  expect(usualOf({ hours: 600, size: 10 }, floats, { ...hour, weekday: 5 })).toMatchObject({ near: 10, closed: 10 });
});
