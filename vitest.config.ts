import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Minutes of faults: they land a change (`.ci/run` sets it), and are not waited for at each step.
    exclude: process.env.LONG_TESTS === '1' ? [] : ['test/long/**'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // Many tests wait for processes of their own: one more file at a time than this many cores.
    maxWorkers: Math.max(2, availableParallelism() + 1),
  },
});
