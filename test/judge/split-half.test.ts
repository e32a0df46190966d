/** What is held out: thresholds are chosen on the other half, by seeded cuts. */
import { expect, test } from 'vitest';
import { earningsOf, type Profile, profiles } from '../../judge/nab.ts';
import { splitHalf } from '../../judge/split-half.ts';

const [standard] = profiles as readonly [Profile];

/** 200 rows with one window, found at its first row with a score, and one false row with another. */
const file = (found: number, wrong: number) => {
  const scores = new Float64Array(200);
  scores[100] = found;
  scores[50] = wrong;
  return earningsOf({ scores, windows: [[100, 109]] }, standard);
};

test('a threshold that every file agrees on holds out as it scores', () => {
  const held = splitHalf(
    Array.from({ length: 6 }, () => file(0.9, 0.4)),
    standard,
    10,
    1,
  );
  expect(held).toMatchObject({ halves: 20 });
  for (const figure of [held?.mean, held?.low, held?.high]) expect(figure).toBeCloseTo(100, 9);
});

test('one that suits the half it was chosen on only is seen', () => {
  // Either file alone is perfect at its own threshold; at the other's, one is silent and one says its false row too.
  const held = splitHalf([file(0.9, 0.6), file(0.4, 0)], standard, 10, 1);
  expect(held?.mean).toBeCloseTo((0 + 94.5) / 2, 9);
  expect([held?.low, held?.high].map((figure) => Number(figure?.toFixed(6)))).toEqual([0, 94.5]);
});

test('the same seed cuts alike, and too few files are none', () => {
  const files = [0.9, 0.8, 0.7, 0.6, 0.5].map((score) => file(score, 0.65));
  expect(splitHalf(files, standard, 20, 7)).toEqual(splitHalf(files, standard, 20, 7));
  expect(splitHalf(files, standard, 20, 7)).not.toEqual(splitHalf(files, standard, 20, 8));
  expect(splitHalf([file(1, 0)], standard, 5, 1)).toBeNull();
  expect(splitHalf([], standard, 5, 1)).toBeNull();
});
