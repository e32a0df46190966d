/**
 * How full a car park will be: the profile of its week, and how it strays from it now. Learnt from one value a quarter of an hour,
 * in order; where these come from, and what a forecast is for, is left to others.
 * Method: the mean of each quarter of the week, drawn towards that of all working days, Saturdays or Sundays; to it a part of what
 * it strayed now, an hour ago, and yesterday at the quarter that is asked for. The parts are learnt by recursive least squares, for
 * each horizon its own.
 */
import { dayMs, hourMs, quarterMs } from './time.ts';
import { calendar } from './window.ts';

/** How far ahead it looks, ms. */
export const horizonsMs = [quarterMs * 2, hourMs, 3 * hourMs] as const;

const slots = 96;
const week = 7 * slots;
const sorts = 3;
/** A mean of a quarter of the week counts as much as that of its sort of day after so many weeks. */
const ownWeeks = 3;
const weekWeight = 0.08;
const dayWeight = 0.03;
/** Residuals of the last day, and those forecasts that still wait for their quarter. */
const ring = slots + 16;
const features = 4;
/** Weight that a quarter has lost after as many. */
const forget = 0.9995;
const uncertain = 10;

const sortOf = (weekday: number): number => (weekday < 5 ? 0 : weekday - 4);

interface Means {
  readonly mean: Float32Array;
  readonly count: Float32Array;
}
const means = (size: number): Means => ({ mean: new Float32Array(size), count: new Float32Array(size) });
const teach = ({ mean, count }: Means, place: number, value: number, weight: number): void => {
  const seen = count[place] as number;
  mean[place] = (mean[place] as number) + Math.max(weight, 1 / (seen + 1)) * (value - (mean[place] as number));
  count[place] = Math.min(seen + 1, 1_000);
};

/** Recursive least squares: what parts of the features the target is. */
interface Parts {
  readonly weights: Float64Array;
  readonly spread: Float64Array;
}
const parts = (): Parts => {
  const spread = new Float64Array(features * features);
  for (let i = 0; i < features; i++) spread[i * features + i] = uncertain;
  const weights = new Float64Array(features);
  weights[0] = 0.8;
  return { weights, spread };
};
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < features; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};
const learn = ({ weights, spread }: Parts, seen: readonly number[], target: number): void => {
  const gain = Array.from({ length: features }, (_, i) => dot(spread.subarray(i * features, (i + 1) * features), seen));
  const scale = forget + dot(gain, seen);
  const missed = target - dot(weights, seen);
  for (let i = 0; i < features; i++) weights[i] = (weights[i] as number) + ((gain[i] as number) / scale) * missed;
  for (let i = 0; i < features; i++)
    for (let j = 0; j < features; j++) {
      const place = i * features + j;
      // Held, so that a car park that stands still does not make it forget without learning.
      spread[place] = Math.max(-1e6, Math.min(1e6, ((spread[place] as number) - ((gain[i] as number) * (gain[j] as number)) / scale) / forget));
    }
};

export interface Occupancy {
  /** Learns the value that holds at a quarter; null: none is known. Quarters come in order, each once. @param at epoch ms */
  readonly take: (at: number, value: number | null) => void;
  /** What it will be after one of `horizonsMs`; null where nothing is known of that quarter yet. */
  readonly forecast: (horizonMs: number) => number | null;
  /** What the profile alone says of a moment. */
  readonly profileAt: (at: number) => number | null;
}

/**
 * A model that knows nothing yet.
 * @param zone IANA @param capacity places, where known: no forecast is above it
 */
export const occupancy = (zone: string, capacity = Number.POSITIVE_INFINITY): Occupancy => {
  const civil = calendar(zone);
  const own = means(week);
  const sort = means(sorts * slots);
  const strays = new Float64Array(ring).fill(Number.NaN);
  const asked = horizonsMs.map(() => new Map<number, readonly number[]>());
  const learnt = horizonsMs.map(parts);
  let now = 0;
  let stray: number | null = null;
  const placesAt = (at: number): readonly [number, number] => {
    const slot = Math.min(slots - 1, Math.floor((at - civil.windowAt(3, at).start) / quarterMs));
    const weekday = civil.weekdayAt(at);
    return [weekday * slots + slot, sortOf(weekday) * slots + slot];
  };
  const profileAt = (at: number): number | null => {
    const [place, alike] = placesAt(at);
    const [seen, others] = [own.count[place] as number, sort.count[alike] as number];
    if (seen === 0 && others === 0) return null;
    const share = seen / (seen + ownWeeks);
    return (others === 0 ? 1 : share) * (own.mean[place] as number) + (others === 0 ? 0 : 1 - share) * (sort.mean[alike] as number);
  };
  const strayAt = (at: number): number => {
    const known = strays[(((at / quarterMs) % ring) + ring) % ring] as number;
    return Number.isFinite(known) ? known : 0;
  };
  const featuresFor = (horizonMs: number): number[] => [stray ?? 0, strayAt(now - hourMs), strayAt(now + horizonMs - dayMs), strayAt(now - 2 * quarterMs)];
  return {
    profileAt,
    take(at, value) {
      // Quarters that were left out are not known.
      for (let missed = Math.max(now + quarterMs, at - ring * quarterMs); missed < at; missed += quarterMs) strays[(missed / quarterMs) % ring] = Number.NaN;
      now = at;
      const expected = profileAt(at);
      stray = value === null || expected === null ? null : value - expected;
      strays[(at / quarterMs) % ring] = stray ?? Number.NaN;
      const [place, alike] = placesAt(at);
      for (const [n, horizonMs] of horizonsMs.entries()) {
        const waiting = asked[n] as Map<number, readonly number[]>;
        const seen = waiting.get(at);
        if (seen !== undefined && stray !== null) learn(learnt[n] as Parts, seen, stray);
        for (const one of waiting.keys()) if (one <= at) waiting.delete(one);
        if (stray !== null) waiting.set(at + horizonMs, featuresFor(horizonMs));
      }
      if (value === null) return;
      teach(own, place, value, weekWeight);
      teach(sort, alike, value, sortOf(civil.weekdayAt(at)) === 0 ? dayWeight : weekWeight);
    },
    forecast(horizonMs) {
      const n = horizonsMs.indexOf(horizonMs as (typeof horizonsMs)[number]);
      const profile = profileAt(now + horizonMs);
      if (profile === null || n < 0 || stray === null) return profile;
      return Math.max(0, Math.min(capacity, profile + dot((learnt[n] as Parts).weights, featuresFor(horizonMs))));
    },
  };
};
