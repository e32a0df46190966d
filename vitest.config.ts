import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const isLong = ({ moduleId }: TestSpecification): boolean => moduleId.includes('/test/long/');

/** Minutes of faults begin first: nobody waits for them alone in the end. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They land a change (`.ci/run` sets it), and are not waited for at each step.
    exclude: process.env.LONG_TESTS === '1' ? [] : ['test/long/**'],
    sequence: { sequencer: LongFirst },
    // What hangs is ended; how fast things are is measured in bench/, not here.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // Many tests wait for processes of their own: one more file at a time than this many cores.
    maxWorkers: Math.max(2, availableParallelism() + 1),
  },
});
