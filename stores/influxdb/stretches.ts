/** Points at known times, fetched in few questions: times that lie close together are read as one stretch. What is in it beside them is left to the caller to pass over. */
import type { Stretch } from './flux.ts';

/** @param gap times at most that far apart share a stretch, ns */
export const stretchesOf = (times: readonly bigint[], gap: bigint): Stretch[] => {
  const sorted = [...times].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const stretches: { start: bigint; stop: bigint }[] = [];
  for (const time of sorted) {
    const last = stretches.at(-1);
    if (last !== undefined && time - last.stop <= gap) last.stop = time + 1n > last.stop ? time + 1n : last.stop;
    else stretches.push({ start: time, stop: time + 1n });
  }
  return stretches;
};
