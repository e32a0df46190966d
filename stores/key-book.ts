/** The keys of a store: their ids, in order of first appearance, and the latest reading of each. Rows are left to the stores. */
import type { Reading } from '../core/reading.ts';
import type { Key, LatestReading } from '../core/store.ts';

export interface KeyEntry extends Key {
  /** Counts keys from 0. */
  readonly id: number;
  /** Event time of the earliest reading; Infinity where there is none. */
  firstAt: number;
  /** The reading with the highest event time, and of its versions the highest. */
  last: Reading | null;
}

/** A code unit's place in the order of code points: surrogates stand for those above all others. */
const rankOf = (unit: number): number => (unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit);

/** Order of code points, which is that of UTF-8 bytes and so DuckDB's; JavaScript's own differs beyond U+FFFF. */
export const compareText = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = rankOf(a.charCodeAt(i)) - rankOf(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
};
export const compareKeys = (a: Key, b: Key): number => compareText(a.subject, b.subject) || compareText(a.quantity, b.quantity);

export interface KeyBook {
  /** By id. */
  readonly entries: readonly KeyEntry[];
  find(key: Key): KeyEntry | undefined;
  /** The entry of the key; a new one at its first appearance. */
  of(subject: string, quantity: string): KeyEntry;
  /** Takes the reading for the latest of its key, if it is. */
  see(entry: KeyEntry, reading: Reading): void;
  /** Keys that have a reading, by subject and quantity. */
  withReadings(): KeyEntry[];
  /** The latest readings: of the subjects in the order asked, or of all; by quantity within a subject. */
  latest(subjects?: readonly string[]): LatestReading[];
}

const latestOf = ({ subject, quantity, last }: KeyEntry): LatestReading[] =>
  last === null ? [] : [{ subject, quantity, at: last.at, value: last.value, flags: last.flags, offset: last.offset }];

/** An empty book. */
export const keyBook = (): KeyBook => {
  const entries: KeyEntry[] = [];
  const bySubject = new Map<string, Map<string, KeyEntry>>();
  /** Whose rows are at hand: those of a message follow each other. */
  let atHand: { readonly subject: string; readonly quantities: Map<string, KeyEntry> } | null = null;
  let ordered: KeyEntry[] = [];

  const all = (): KeyEntry[] => {
    if (ordered.length !== entries.length) ordered = [...entries].sort(compareKeys);
    return ordered;
  };
  const ofSubject = (subject: string): KeyEntry[] => [...(bySubject.get(subject)?.values() ?? [])].sort(compareKeys);

  const quantitiesOf = (subject: string): Map<string, KeyEntry> => {
    let quantities = bySubject.get(subject);
    if (quantities === undefined) {
      quantities = new Map();
      bySubject.set(subject, quantities);
    }
    return quantities;
  };

  return {
    entries,
    find: ({ subject, quantity }) => bySubject.get(subject)?.get(quantity),
    of(subject, quantity) {
      if (atHand?.subject !== subject) atHand = { subject, quantities: quantitiesOf(subject) };
      const { quantities } = atHand;
      let entry = quantities.get(quantity);
      if (entry === undefined) {
        entry = { id: entries.length, subject, quantity, firstAt: Number.POSITIVE_INFINITY, last: null };
        quantities.set(quantity, entry);
        entries.push(entry);
      }
      return entry;
    },
    see(entry, reading) {
      if (reading.at < entry.firstAt) entry.firstAt = reading.at;
      const { last } = entry;
      if (last === null || reading.at > last.at || (reading.at === last.at && reading.version > last.version)) entry.last = reading;
    },
    withReadings: () => all().filter((entry) => entry.last !== null),
    latest: (subjects) => (subjects === undefined ? all() : subjects.flatMap(ofSubject)).flatMap(latestOf),
  };
};
