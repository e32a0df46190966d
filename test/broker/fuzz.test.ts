/** A bounded run of the fuzzer; `fuzz.ts` runs for as long as one likes. */
import { expect, test } from 'vitest';
import { caseOf, fuzz } from './fuzz.ts';
import { fronts } from './made-door.ts';

test.each(fronts)('stands 200 mutated connections: %s', async (front) => {
  const { iterations, failure, left } = await fuzz({ seed: 20_261, front, iterationsMax: 200, seconds: 30 });
  expect(failure).toBeNull();
  expect(left).toBe(0);
  expect(iterations).toBe(200);
});

test('an iteration is the same again', () => {
  expect(caseOf(3, 14)).toEqual(caseOf(3, 14));
  expect(caseOf(3, 14)).not.toEqual(caseOf(4, 14));
});
