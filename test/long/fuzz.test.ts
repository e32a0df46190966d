/** The wire fuzzer for half a minute a front, from another seed each day; `test/broker/fuzz.ts` runs for as long as one likes. */
import { expect, test } from 'vitest';
import { fuzz } from '../broker/fuzz.ts';
import { fronts } from '../broker/made-door.ts';

const seed = Number(process.env.OCTROI_FUZZ_SEED ?? Math.floor(Date.now() / 86_400_000));
const seconds = 30;

test.for(fronts)('%s, 30 s', async (front) => {
  const { iterations, failure, left } = await fuzz({ seed, front, seconds });
  expect([failure, left]).toEqual([null, 0]);
  expect(iterations).toBeGreaterThan(100);
});
