/** Where the InfluxDB store keeps what: buckets, measurements and the time of a point. How points are written and read is left to the others. */
import { fail } from '../../core/failure.ts';

/** Names of the three buckets. */
export interface Buckets {
  /** Readings. */
  readonly raw: string;
  /** Panes, anomalies and alarms. */
  readonly panes: string;
  /** What the store itself goes by: position, snapshots, dead letters, devices, closures, lifetimes. Its points stand at offsets, not at times. */
  readonly state: string;
}
export type BucketRole = keyof Buckets;
export const bucketRoles: readonly BucketRole[] = ['raw', 'panes', 'state'];

/** What this program writes; a later one that writes otherwise counts it up. Form 1 had snapshots as plain text: it is read too. */
export const form = 2;

/**
 * Tags are few and bounded: partition, subject and quantity of declared devices, window, kind of anomaly, code of failure,
 * part of a long dead letter. What a stranger may choose (a subject that nobody declared, a topic) is never a tag.
 */
export type Measurement =
  | 'opened'
  | 'reading'
  | 'pane'
  | 'anomaly'
  | 'alarm'
  | 'dead_letter'
  | 'dead_letter_more'
  | 'reopened'
  | 'device'
  | 'place'
  | 'books'
  | 'closure'
  | 'revision'
  | 'cut'
  | 'cut_piece'
  | 'cut_done'
  | 'snapshot'
  | 'snapshot_done'
  | 'progress';

/** Versions of one reading or pane at the most: they stand in the nanoseconds below its millisecond. */
export const versionsMax = 1_000_000;

/** The time of version `version` of what begins at `at` (epoch ms): nanoseconds, as line protocol writes them. */
export const nanosOf = (at: number, version: number): string => {
  if (version >= versionsMax || at < 0) throw fail('store-failed', `version ${version} of ${at} has no place in InfluxDB`);
  return version === 0 ? `${at}000000` : `${at}${String(version).padStart(6, '0')}`;
};

/** The last nanosecond that InfluxDB knows. */
const nanosMax = 9_223_372_036_854_775_806n;
const nanosAMs = 1_000_000n;

/** The bound of a range at a time in ms; those without an end stop at what InfluxDB knows. */
export const boundOf = (at: number): bigint => {
  const nanos = BigInt(Math.max(0, Math.min(Math.trunc(at), Number.MAX_SAFE_INTEGER))) * nanosAMs;
  return nanos > nanosMax ? nanosMax : nanos;
};

/** Rows of one envelope in a table of the state at the most. */
export const slotsAnOffset = 1 << 20;
const slotBits = 20n;
/** The time of what the envelope at `offset` put out as its `index`-th row: 8.7 × 10^12 offsets have a place. */
export const slotOf = (offset: number, index = 0): bigint => {
  if (index >= slotsAnOffset) throw fail('store-failed', `the envelope ${offset} put out more than ${slotsAnOffset} rows of a kind`);
  const slot = (BigInt(Math.min(offset, Number.MAX_SAFE_INTEGER)) << slotBits) + BigInt(index);
  return slot > nanosMax ? nanosMax : slot;
};
export const offsetOf = (slot: bigint): number => Number(slot >> slotBits);
export const endOfTime = nanosMax;

/** Text fields hold at most 1 MiB: a longer text goes in pieces of that many characters, of three bytes at the most. */
export const pieceCharsMax = 300_000;

/** A text cut into pieces, none in the middle of a surrogate pair; '' is one piece. */
export const piecesOf = (text: string, charsMax = pieceCharsMax): string[] => {
  const pieces: string[] = [];
  let from = 0;
  do {
    let to = Math.min(text.length, from + charsMax);
    const last = text.charCodeAt(to - 1);
    if (to < text.length && last >= 0xd800 && last < 0xdc00) to--;
    pieces.push(text.slice(from, to));
    from = to;
  } while (from < text.length);
  return pieces;
};
