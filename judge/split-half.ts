/** What a threshold earns on files that it was not chosen on: the twin that each figure chosen on its own files needs. Scores are made by others. */
import { type Earnings, nabScore, nabScoreAt, type Profile } from './nab.ts';

/** Scores on the halves that were held out. */
export interface HeldOut {
  readonly mean: number;
  /** Nine of ten are above the first, nine of ten below the second. */
  readonly low: number;
  readonly high: number;
  /** Halves that were judged. */
  readonly halves: number;
}

/** The generator mulberry32: numbers in [0, 1), the same for the same seed. */
const chance = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const shuffled = <T>(items: readonly T[], next: () => number): T[] =>
  items
    .map((item) => [next(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);

const hasWindows = (files: readonly Earnings[]): boolean => files.some(({ windows }) => windows > 0);

/**
 * Cuts the files in two halves, `splits` times, by chance; chooses the threshold on the one and scores the other, both ways round.
 * Null where no cut leaves a window in both halves.
 */
export const splitHalf = (files: readonly Earnings[], profile: Profile, splits: number, seed: number): HeldOut | null => {
  const next = chance(seed);
  const scores: number[] = [];
  for (let i = 0; i < splits; i++) {
    const order = shuffled(files, next);
    const middle = Math.ceil(order.length / 2);
    const [one, other] = [order.slice(0, middle), order.slice(middle)];
    if (!hasWindows(one) || !hasWindows(other)) continue;
    scores.push(nabScoreAt(other, profile, nabScore(one, profile).threshold).score, nabScoreAt(one, profile, nabScore(other, profile).threshold).score);
  }
  if (scores.length === 0) return null;
  scores.sort((a, b) => a - b);
  const at = (share: number): number => scores[Math.round(share * (scores.length - 1))] ?? 0;
  return { mean: scores.reduce((sum, score) => sum + score, 0) / scores.length, low: at(0.1), high: at(0.9), halves: scores.length };
};
