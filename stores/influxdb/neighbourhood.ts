/** The question behind `History.neighbourhood`: a stretch of one key's readings and the nearest ones around it. */
import { Flag, type Reading } from '../../core/reading.ts';
import type { Key } from '../../core/store.ts';
import { hourMs } from '../../core/time.ts';
import { highestVersions } from '../series.ts';
import type { Flux } from './flux.ts';
import { readingIn } from './points.ts';
import { type Buckets, boundOf } from './schema.ts';

/** How far around the stretch the first question looks, as far as it is long, within these; for most keys that finds both neighbours. */
const firstLookMsMin = hourMs;
const firstLookMs = 3 * hourMs;
/** How far from a reading that was found further away one looks for its neighbours at the most. */
const lookMsMax = 30 * 24 * hourMs;

const takesPart = (reading: Reading): boolean => (reading.flags & Flag.excluded) === 0;

const compareReadings = (a: Reading, b: Reading): number => a.at - b.at || a.version - b.version;

/** Readings of the key in [from, to) that envelopes below `before` wrote; all versions, in event-time order. */
export const versionsIn = async (flux: Flux, { raw: bucket }: Buckets, key: Key, from: number, to: number, before: number): Promise<Reading[]> => {
  const rows = await flux.pointsOf({ bucket, measurement: 'reading' }, [key], { start: boundOf(from), stop: boundOf(to) });
  return rows
    .map((row) => readingIn(row, key))
    .filter((reading) => reading.revision < before)
    .sort(compareReadings);
};

export const stretchOf = async (...asked: Parameters<typeof versionsIn>): Promise<Reading[]> => highestVersions(await versionsIn(...asked), ({ at }) => at);

/**
 * The nearest reading on one side of `edge` that `isWanted`: from one reading to the next that there is, however far, and
 * from there in stretches that grow.
 */
export const nearest = async (flux: Flux, buckets: Buckets, key: Key, edge: number, side: 'before' | 'from', before: number, isWanted = takesPart) => {
  const points = { bucket: buckets.raw, measurement: 'reading' as const };
  const edgeOf = async (from: number): Promise<number | null> => {
    const stretch = side === 'before' ? { start: 0n, stop: boundOf(from) } : { start: boundOf(from), stop: boundOf(Number.MAX_SAFE_INTEGER) };
    const row = await flux.edgeOf(points, 'written', side === 'before' ? 'last' : 'first', key, stretch);
    return row?.at ?? null;
  };
  let from = edge;
  for (let lookMs = firstLookMs; ; lookMs = Math.min(lookMs * 2, lookMsMax)) {
    const at = await edgeOf(from);
    if (at === null) return null;
    const found =
      side === 'before'
        ? (await stretchOf(flux, buckets, key, at - lookMs, at + 1, before)).findLast(isWanted)
        : (await stretchOf(flux, buckets, key, at, at + lookMs, before)).find(isWanted);
    if (found !== undefined) return found;
    from = side === 'before' ? at - lookMs : at + lookMs;
  }
};

/** As `History.neighbourhood`, for a key whose last reading is at `lastAt`. */
export const neighbourhood = async (flux: Flux, buckets: Buckets, key: Key, lastAt: number, from: number, to: number, before: number) => {
  const lookMs = Math.min(Math.max(to - from, firstLookMsMin), firstLookMs);
  const start = Math.min(from, lastAt + 1) - lookMs;
  const end = Math.min(to, lastAt + 1) + lookMs;
  const near = await stretchOf(flux, buckets, key, start, end, before);
  const previous = near.findLast((reading) => reading.at < from && takesPart(reading)) ?? null;
  const next = near.find((reading) => reading.at >= to && takesPart(reading)) ?? null;
  return {
    previous: previous ?? (await nearest(flux, buckets, key, start, 'before', before)),
    inside: near.filter((reading) => reading.at >= from && reading.at < to),
    next: next ?? (end > lastAt ? null : await nearest(flux, buckets, key, end, 'from', before)),
  };
};
