/**
 * 500 seeds of a town that fails in every part. `OCTROI_SIMULATION_SEED` lives one seed through, `OCTROI_SIMULATION_SEEDS` any number;
 * by hand `node test/simulation/run.ts --seeds 100000 --from 1`.
 */
import { expect, test } from 'vitest';
import { simulate } from './world.ts';

const one = process.env.OCTROI_SIMULATION_SEED;
const count = Number(process.env.OCTROI_SIMULATION_SEEDS ?? 500);
const seeds = one === undefined ? Array.from({ length: count }, (_, n) => n + 1) : [Number(one)];

test(`${seeds.length} seeds keep every promise`, { timeout: 1_000 * (60 + 2 * seeds.length) }, async () => {
  let [readings, keys, gateDeaths, plantDeaths] = [0, 0, 0, 0];
  for (const seed of seeds) {
    const outcome = await simulate({ seed });
    readings += outcome.readings;
    keys += outcome.keysCompared;
    gateDeaths += outcome.gateDeaths;
    plantDeaths += outcome.plantDeaths;
  }
  // A simulation in which nothing happens proves nothing.
  expect(readings).toBeGreaterThan(100 * seeds.length);
  if (seeds.length > 100) expect(keys).toBeGreaterThan(10 * seeds.length);
  if (seeds.length > 100) expect(Math.min(gateDeaths, plantDeaths)).toBeGreaterThan(seeds.length);
});

test('a seed replays byte for byte, and another seed is another world', async () => {
  const first = await simulate({ seed: 7, devices: 100 });
  expect(first.devices).toBe(100);
  expect(await simulate({ seed: 7, devices: 100 })).toEqual(first);
  expect((await simulate({ seed: 8 })).trace).not.toBe((await simulate({ seed: 9 })).trace);
});

test('a failing seed prints its number, its step and the command', async () => {
  await expect(simulate({ seed: 1, faults: { acksAtAppend: true } })).rejects.toThrow(
    /seed 1, step \d+: .*\nOCTROI_SIMULATION_SEED=1 npm test -- test\/simulation/,
  );
});
