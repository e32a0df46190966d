/** Runs a detector over a series as it runs in life: row after row, and nothing else. Which detector is left to others. */
import type { NabFile } from './nab-files.ts';

/** A detector with an empty memory: scores of 0 to 1 for rows in their order. */
export type Online = () => (at: number, value: number) => number;

/** A score a row. The detector is given no row before its turn, no number of rows and no name. */
export const scoresOf = (detector: Online, { at, values }: Pick<NabFile, 'at' | 'values'>): Float64Array => {
  const judge = detector();
  return values.map((value, row) => judge(at[row] as number, value));
};
