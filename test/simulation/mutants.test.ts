/** The simulation has teeth: each mutant is found within 500 seeds, most within a few. */
import { describe, expect, test } from 'vitest';
import { Violation } from './checks.ts';
import { mutants } from './mutants.ts';
import { SeedFailed, simulate } from './world.ts';

const seedsMax = 500;
/** Where a mutant shows late, the search begins near the seed that showed it last. */
const near: Readonly<Record<string, number>> = {
  'takes the page cache for the disk': 40,
  'forgets a touched span': 48,
  'forgets the open windows': 2,
  'forgets who is silent': 145,
};

/** The first seed that finds the mutant, and what it says. */
const found = async (make: (typeof mutants)[string], from: number): Promise<{ seed: number; says: string } | null> => {
  for (let n = 0; n < seedsMax; n++) {
    const seed = 1 + ((from + n - 1) % seedsMax);
    try {
      await simulate({ seed, faults: make() });
    } catch (error) {
      if (!(error instanceof SeedFailed && error.cause instanceof Violation)) throw error;
      return { seed, says: error.message };
    }
  }
  return null;
};

describe('a mutant is found', () => {
  for (const [name, make] of Object.entries(mutants)) {
    test(`that ${name}`, async () => expect(await found(make, near[name] ?? 1)).not.toBeNull());
  }
});
