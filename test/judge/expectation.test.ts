/** The figures of ASHRAE Guideline 14, by hand. */
import { expect, test } from 'vitest';
import { addPair, cvRmse, meanError, nmbe, noSums } from '../../judge/expectation.ts';

test('errors of three hours, by hand', () => {
  const sums = noSums();
  for (const [seen, expected] of [
    [10, 8],
    [20, 23],
    [30, 28],
  ] as const)
    addPair(sums, seen, expected);
  // Errors 2, −3, 2; mean 20; two degrees of freedom.
  expect(cvRmse(sums)).toBeCloseTo(Math.sqrt(17 / 2) / 20, 12);
  expect(nmbe(sums)).toBeCloseTo(1 / (2 * 20), 12);
  expect(meanError(sums)).toBeCloseTo(7 / 3, 12);
});

test('of nothing there is no figure', () => {
  const sums = noSums();
  expect([cvRmse(sums), nmbe(sums), meanError(sums)]).toEqual([null, null, null]);
  addPair(sums, 0, 1);
  addPair(sums, 0, 1);
  expect([cvRmse(sums), nmbe(sums), meanError(sums)]).toEqual([null, null, 1]);
});
