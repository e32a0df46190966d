/** The query behind `History.neighbourhood`: a stretch of one key's readings and the nearest ones around it. */
import { Flag, type Reading } from '../../core/reading.ts';
import { hourMs } from '../../core/time.ts';
import type { KeyEntry } from '../key-book.ts';
import { highestVersions } from '../series.ts';
import type { Reader } from './readers.ts';
import { readingFields, readReadings } from './rows.ts';

/** How far around the stretch the first query looks; for most keys that finds both neighbours. */
const firstLookMs = 3 * hourMs;
/** How far one goes on looking; then to the key's first or last reading. */
const widerLooksMs = [24 * hourMs, 30 * 24 * hourMs];

const stretchSql = `SELECT key, ${readingFields} FROM readings WHERE key = $1 AND at_ms >= $2 AND at_ms < $3 AND revision < $4 ORDER BY at_ms, version`;
const nearestSql = (direction: 'ASC' | 'DESC'): string => `SELECT key, ${readingFields} FROM (
    SELECT * FROM readings WHERE key = $1 AND at_ms >= $2 AND at_ms < $3 AND revision < $4
    QUALIFY row_number() OVER (PARTITION BY at_ms ORDER BY version DESC) = 1
  ) WHERE flags & ${Flag.excluded} = 0 ORDER BY at_ms ${direction} LIMIT 1`;
const lastSql = nearestSql('DESC');
const firstSql = nearestSql('ASC');

const takesPart = (reading: Reading): boolean => (reading.flags & Flag.excluded) === 0;

/** All readings of the key in [from, to) that envelopes below `before` put out; highest versions, in event-time order. */
const stretch = async (reader: Reader, entry: KeyEntry, from: number, to: number, before: number): Promise<Reading[]> => {
  const rows: Reading[] = [];
  for await (const chunk of reader.chunks(stretchSql, [entry.id, from, to, before])) rows.push(...readReadings(chunk, () => entry));
  return highestVersions(rows, (reading) => reading.at);
};

/** Looks in the spans one after another, each further away than the one before. */
const search = async (reader: Reader, sql: string, entry: KeyEntry, spans: readonly (readonly [from: number, to: number])[], before: number) => {
  for (const [from, to] of spans) {
    if (from >= to) continue;
    for await (const chunk of reader.chunks(sql, [entry.id, from, to, before])) {
      const [found] = readReadings(chunk, () => entry);
      if (found !== undefined) return found;
    }
  }
  return null;
};

/** Spans from `from` backwards down to `first`, beginning `firstLookMs` away; `edge` is where the looking began. */
const spansBack = (edge: number, first: number): [number, number][] => {
  const bounds = [firstLookMs, ...widerLooksMs].map((look) => Math.max(edge - look, first));
  return bounds.map((to, i) => [bounds[i + 1] ?? first, to]);
};
const spansOn = (edge: number, end: number): [number, number][] => {
  const bounds = [firstLookMs, ...widerLooksMs].map((look) => Math.min(edge + look, end));
  return bounds.map((from, i) => [from, bounds[i + 1] ?? end]);
};

/** As `History.neighbourhood`, for a key that has a reading. */
export const neighbourhood = async (reader: Reader, entry: KeyEntry, from: number, to: number, before: number) => {
  const first = entry.firstAt;
  const end = (entry.last?.at ?? first) + 1;
  const backEdge = Math.min(from, end);
  const onEdge = Math.max(to, first);
  const near = await stretch(reader, entry, Math.max(backEdge - firstLookMs, first), Math.min(onEdge + firstLookMs, end), before);
  const previous = near.findLast((reading) => reading.at < from && takesPart(reading)) ?? null;
  const next = near.find((reading) => reading.at >= to && takesPart(reading)) ?? null;
  return {
    previous: previous ?? (await search(reader, lastSql, entry, spansBack(backEdge, first), before)),
    inside: near.filter((reading) => reading.at >= from && reading.at < to),
    next: next ?? (await search(reader, firstSql, entry, spansOn(onEdge, end), before)),
  };
};
