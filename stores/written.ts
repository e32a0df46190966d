/** What revisions wrote of a key's readings, counted; for stores that count it themselves. */
import { Flag, type Reading } from '../core/reading.ts';
import type { Written } from '../core/store.ts';

const one = (is: boolean): number => (is ? 1 : 0);

/**
 * @param rows all that the revisions asked for wrote, in any order
 * @param reopened offsets of the envelopes whose dead letters were reopened
 * @returns as `Store.written`
 */
export const writtenOf = (rows: readonly Reading[], reopened: ReadonlySet<number>): Written[] => {
  const found = new Map<number, Written>();
  for (const { at, revision, version, offset, flags } of rows) {
    const isImported = (flags & Flag.imported) !== 0;
    const sum = found.get(revision) ?? { revision, readings: 0, corrected: 0, reopened: 0, imported: 0, late: 0, from: at, to: at };
    found.set(revision, {
      revision,
      readings: sum.readings + 1,
      corrected: sum.corrected + one(version > 0),
      reopened: sum.reopened + one(reopened.has(offset)),
      imported: sum.imported + one(isImported),
      late: sum.late + one(version === 0 && !reopened.has(offset) && !isImported),
      from: Math.min(sum.from, at),
      to: Math.max(sum.to, at),
    });
  }
  return [...found.values()].sort((a, b) => a.revision - b.revision);
};
