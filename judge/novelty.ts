/**
 * A general judge of any numeric series: says when a value, its residual to the time of day, its level, its volatility or its
 * pattern is new in the memory of the series itself. What that means in a town, and what is done about it, is left to others.
 *
 * Strictly online: a score is final when it is given, and nothing is known of the series but its rows so far. One setting serves
 * all series. Method: each channel is measured against its own past (the first four against the widest range so far, patterns by the
 * distance to their nearest neighbour, ranked among such distances: Laxhammar and Falkman, "Conformal prediction for distribution-independent
 * anomaly detection in streaming vessel data", 2010), with a hold-off after each alarm that only something far stranger
 * ends. `octroi judge` runs it as a whole; of its channels the pipeline has the value's (`core/range.ts`), by the detector `new-extreme`.
 */
import { countBelow } from '../core/order.ts';
import { beyondRange, ratioFromNothing, valueShare } from '../core/range.ts';
import { dayMs } from '../core/time.ts';

/** What was new. */
export type NoveltyChannel = 'value' | 'residual' | 'level' | 'volatility' | 'pattern';

export interface Novelty {
  /** 0: nothing is said. From 0.5, the channel's limit, towards 1: how far beyond it; r times the limit is r / (1 + r), r in steps of `scoreStep`. */
  readonly score: number;
  /** The channel furthest beyond its limit; null where nothing is said. */
  readonly channel: NoveltyChannel | null;
}

/** How far beyond its range a channel may go, as a share of that range. */
const shares = [
  ['value', valueShare],
  ['residual', 0.1],
  ['level', 0.06],
  ['volatility', 0.2],
] as const;

/** The profile of a day: hours. */
const profileBins = 24;
const profileWeight = 0.1;
/** The slow offset to the profile, so that a season is no residual. */
const offsetWeight = 0.002;
/** Rows of which the level is the mean. */
const levelRows = 12;
/** Rows of which the volatility is the logarithm of the standard deviation. */
const volatilityRows = 48;
/** A pattern: eight means of six rows each, at their own height (of a meter, the amplitude is the information). */
const blockRows = 6;
const patternBlocks = 8;
/** Patterns that one is compared with: none of them shares a row with it. They reach 3,600 rows back: with fewer, what returns is new each time. */
const patternsKept = 600;
const blocksKept = patternsKept + 2 * patternBlocks;
const patternsNeeded = 20;
/** Distances that a pattern's is ranked among, and the rank that is its limit. */
const distancesKept = 1000;
const distancesNeeded = 50;
const distanceQuantile = 0.98;
/** How far beyond that rank, as a share of it: many a distance is hardly above it, and means nothing. */
const distanceShare = 0.1;
/** How far beyond its limit a channel is tells little below this factor: a threshold chosen by finer differences holds on no other series. */
const scoreStep = 3;
/** Rows at the start, and behind an alarm, in which nothing is said. */
const learnRows = 151;
const holdRows = 120;
/** So many times as far beyond its limit as what was last said: that is said behind an alarm too, for it is something else. */
const interruptFactor = 6;

/** What is remembered of one series: 11,104 bytes in arrays and eight numbers, however long it is. */
export interface NoveltyState {
  rows: number;
  /** Rows until something may be said. */
  quietRows: number;
  /** How far beyond its limit, in limits, what was last said was; Infinity before anything was. */
  said: number;
  /** The first value: means are kept as differences to it, so that 32 bits hold what varies. */
  origin: number;
  offset: number;
  blocks: number;
  distances: number;
  /** Place of the oldest distance. */
  oldest: number;
  /** Lowest and highest of each channel of `shares`; NaN before its first. */
  readonly ranges: Float64Array;
  /** Mean by time of day; NaN where a bin has seen nothing. */
  readonly profile: Float64Array;
  /** The last values, the newest at the end, as are the means. */
  readonly recent: Float64Array;
  readonly means: Float32Array;
  /** The last distances as they came, and in rising order. */
  readonly arrived: Float32Array;
  readonly ranked: Float32Array;
}

export const noveltyState = (): NoveltyState => ({
  rows: 0,
  quietRows: learnRows,
  said: Number.POSITIVE_INFINITY,
  origin: 0,
  offset: 0,
  blocks: 0,
  distances: 0,
  oldest: 0,
  ranges: new Float64Array(2 * shares.length).fill(Number.NaN),
  profile: new Float64Array(profileBins).fill(Number.NaN),
  recent: new Float64Array(volatilityRows),
  means: new Float32Array(blocksKept),
  arrived: new Float32Array(distancesKept),
  ranked: new Float32Array(distancesKept),
});

const push = (values: Float64Array | Float32Array, value: number): void => {
  values.copyWithin(0, 1);
  values[values.length - 1] = value;
};

const meanOfLast = (values: Float64Array, count: number): number => {
  let sum = 0;
  for (let i = values.length - count; i < values.length; i++) sum += values[i] as number;
  return sum / count;
};

/** What is left of a value behind its profile of the day; NaN where that time of day is new. */
const residual = (state: NoveltyState, at: number, value: number): number => {
  const bin = Math.floor(((((at % dayMs) + dayMs) % dayMs) / dayMs) * profileBins);
  const usual = state.profile[bin];
  if (usual === undefined) return Number.NaN;
  if (Number.isNaN(usual)) {
    state.profile[bin] = value;
    return Number.NaN;
  }
  const left = value - usual - state.offset;
  state.offset += offsetWeight * left;
  state.profile[bin] = usual + profileWeight * (value - usual);
  return left;
};

/** The logarithm, so that a calm is as far from the usual as a storm. */
const volatility = ({ recent }: NoveltyState): number => {
  const mean = meanOfLast(recent, volatilityRows);
  let squares = 0;
  for (let i = 0; i < volatilityRows; i++) squares += ((recent[i] as number) - mean) ** 2;
  return Math.log(Math.sqrt(squares / volatilityRows) + 1e-9 + Math.abs(mean) * 1e-4);
};

/** The distance to the nearest pattern of the past: the root of the sum of squares. Of one, not the mean of several: what came once before is not new. */
const nearest = ({ means, blocks }: NoveltyState): number => {
  const own = blocksKept - patternBlocks;
  let least = Number.POSITIVE_INFINITY;
  for (let start = blocksKept - blocks; start < patternsKept; start++) {
    let distance = 0;
    for (let i = 0; i < patternBlocks && distance < least; i++) distance += ((means[start + i] as number) - (means[own + i] as number)) ** 2;
    if (distance < least) least = distance;
  }
  return Math.sqrt(least);
};

/** The first place in `ranked` whose distance is not below this one. */
const placeOf = ({ ranked, distances }: NoveltyState, distance: number): number => countBelow(distances, (place) => (ranked[place] as number) < distance);

const keepDistance = (state: NoveltyState, distance: number): void => {
  const { ranked, arrived } = state;
  if (state.distances === distancesKept) {
    const gone = placeOf(state, arrived[state.oldest] as number);
    ranked.copyWithin(gone, gone + 1, state.distances--);
  }
  const place = placeOf(state, distance);
  ranked.copyWithin(place + 1, place, state.distances++);
  ranked[place] = distance;
  arrived[state.oldest] = distance;
  state.oldest = (state.oldest + 1) % distancesKept;
};

/** How far the pattern that ends here is from all of the past, in limits of its own; 0 between the ends of blocks. */
const strangePattern = (state: NoveltyState): number => {
  if (state.rows % blockRows !== 0) return 0;
  push(state.means, meanOfLast(state.recent, blockRows) - state.origin);
  state.blocks = Math.min(state.blocks + 1, blocksKept);
  if (state.blocks - 2 * patternBlocks < patternsNeeded) return 0;
  const distance = Math.fround(nearest(state));
  const rank = state.ranked[Math.min(state.distances - 1, Math.floor(distanceQuantile * state.distances))] ?? 0;
  const limit = (1 + distanceShare) * rank;
  const ratio = limit > 0 ? distance / limit : distance > 0 ? ratioFromNothing : 0;
  const calibrated = state.distances >= distancesNeeded;
  keepDistance(state, distance);
  return calibrated ? ratio : 0;
};

/** The measure of each channel of `shares`, in its order; NaN: none yet. */
const measures = (state: NoveltyState, at: number, value: number): readonly number[] => [
  value,
  residual(state, at, value),
  state.rows >= levelRows ? meanOfLast(state.recent, levelRows) : Number.NaN,
  state.rows >= volatilityRows ? volatility(state) : Number.NaN,
];

/** The highest power of `scoreStep` that is not above a ratio of 1 or more. */
const inSteps = (ratio: number): number => scoreStep ** Math.floor(Math.log(ratio) / Math.log(scoreStep));

const nothing: Novelty = { score: 0, channel: null };

/**
 * Judges a row, and learns from it.
 * @param at civil time of the row as epoch ms (the profile is one of the local day); rows come in their order
 * @param value in any unit; one that is not finite, or beyond ±2^53, is not judged and teaches nothing
 */
export const updateNovelty = (state: NoveltyState, at: number, value: number): Novelty => {
  if (!(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) return nothing;
  if (state.rows++ === 0) state.origin = value;
  push(state.recent, value);
  const measured = measures(state, at, value);
  let ratio = strangePattern(state);
  let channel: NoveltyChannel = 'pattern';
  for (let place = 0; place < shares.length; place++) {
    const [name, share] = shares[place] as (typeof shares)[number];
    const beyond = beyondRange(state.ranges, place, share, measured[place] as number);
    if (beyond < ratio) continue;
    ratio = beyond;
    channel = name;
  }
  if (state.quietRows > 0) {
    state.quietRows--;
    if (ratio <= interruptFactor * state.said) return nothing;
  }
  if (ratio < 1) return nothing;
  state.said = ratio;
  state.quietRows = holdRows - 1;
  return { score: 1 - 1 / (1 + inSteps(ratio)), channel };
};
