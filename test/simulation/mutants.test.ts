/** The simulation has teeth: each mutant is found within 500 seeds, most within a few. */
import { describe, expect, test } from 'vitest';
import { mutants } from './mutants.ts';
import { SeedFailed, simulate } from './world.ts';

const seedsMax = 500;

/** The first seed that finds the mutant, and what it says. */
const found = async (make: (typeof mutants)[string]): Promise<{ seed: number; says: string } | null> => {
  for (let seed = 1; seed <= seedsMax; seed++) {
    try {
      await simulate({ seed, faults: make() });
    } catch (error) {
      if (!(error instanceof SeedFailed)) throw error;
      return { seed, says: error.message };
    }
  }
  return null;
};

describe('a mutant is found', () => {
  for (const [name, make] of Object.entries(mutants)) {
    test(`that ${name}`, { timeout: 120_000 }, async () => expect(await found(make)).not.toBeNull());
  }
});
