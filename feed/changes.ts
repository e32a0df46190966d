/** The last changes of public rows, numbered, for readers that come back. Sending them is left to events.ts. */
import type { Dataset, Row } from './dataset.ts';
import type { Tables } from './tables.ts';

export interface Change {
  /** `<run>-<number>`: a number alone would mean another change after a restart. */
  readonly id: string;
  readonly dataset: Dataset;
  readonly record: string;
  /** null: it is no longer public. */
  readonly row: Row | null;
}

export interface Changes {
  /** What came after an id; null where that can no longer be told. */
  since(id: string): readonly Change[] | null;
  /** Id of the newest change, or of the beginning. */
  newest(): string;
  /** Tells each change. @returns a function that ends it */
  listen(listener: (change: Change) => void): () => void;
  readonly readers: () => number;
}

/** Changes kept for those who come back. */
export const changesKept = 2_000;

/** @param run tells this run of the plant from others: no "-" in it */
export const changesOf = (tables: Tables, run: string, kept = changesKept): Changes => {
  const log: (Change & { readonly number: number })[] = [];
  const listeners = new Set<(change: Change) => void>();
  let last = 0;
  tables.listen(({ dataset }, changes, first) => {
    // The first filling is what everybody can read anyway, and no change.
    if (first) return;
    for (const { id: record, row } of changes) {
      // What is no longer public must not come out of the log either.
      if (row === null) for (const [i, one] of log.entries()) if (one.dataset === dataset && one.record === record) log[i] = { ...one, row: null };
      const number = ++last;
      const change = { id: `${run}-${number}`, number, dataset, record, row };
      log.push(change);
      if (log.length > kept) log.shift();
      for (const listener of listeners) listener(change);
    }
  });
  return {
    since(id) {
      const [, told, text] = /^([^-]+)-(\d{1,15})$/.exec(id) ?? [];
      const number = Number(text);
      if (told !== run || !(number <= last) || number < (log[0]?.number ?? last + 1) - 1) return null;
      return log.filter((one) => one.number > number);
    },
    newest: () => `${run}-${last}`,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    readers: () => listeners.size,
  };
};
