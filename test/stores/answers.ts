/** What a store answers, for comparison: all its rows, or the failure that it rejects with. */
import { type Failure, FailureError } from '../../core/failure.ts';
import type { Store } from '../../core/store.ts';

/** All rows, a line each. */
export const dumpOf = async (store: Store): Promise<string[]> => {
  const lines: string[] = [];
  for await (const line of store.dump()) lines.push(line);
  return lines;
};

/** The failure that the work ended with; undefined where it did not. Rejects with any other error. */
export const failureOf = async (work: Promise<unknown>): Promise<Failure | undefined> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof FailureError) return error.failure;
    throw error;
  }
};
