import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Of test/long, in this order: three files run at a time, the longest begin, and of those that run all servers one follows the other. */
const longFirst = ['torture', 'torture-roles', 'fuzz', 'stack', 'roles', 'replicas'];
const place = ({ moduleId }: TestSpecification): number => {
  const found = longFirst.findIndex((name) => moduleId.endsWith(`/test/long/${name}.test.ts`));
  return found === -1 ? longFirst.length : found;
};

/** Minutes of faults begin first: nobody waits for them alone in the end. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They land a change (`.ci/run` sets it), and are not waited for at each step.
    exclude: process.env.LONG_TESTS === '1' ? [] : ['test/long/**'],
    sequence: { sequencer: LongFirst },
    // What hangs is ended; how fast things are is measured in bench/, not here.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: 'forks',
    // Many tests wait for processes of their own: one more file at a time than this many cores.
    maxWorkers: Math.max(2, availableParallelism() + 1),
  },
});
