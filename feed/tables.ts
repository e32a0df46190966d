/** The public rows as they stand, and what changed in them: made again from the privacy gate when commits come, at most as often as the dataset says. */
import type { Dataset, Row } from './dataset.ts';
import type { PrivacyGate } from './privacy-gate.ts';

export interface Change {
  readonly dataset: Dataset;
  readonly id: string;
  /** null: the row is no longer public. */
  readonly row: Row | null;
}

export interface Table {
  readonly dataset: Dataset;
  readonly rows: readonly Row[];
  /** When the rows last changed, epoch ms. */
  readonly modified: number;
}

export interface Tables {
  readonly datasets: readonly Dataset[];
  /** The rows of a dataset, not older than it allows. */
  current(dataset: Dataset): Promise<Table>;
  /** Makes what is due again. @returns when all is done */
  refresh(): Promise<void>;
  /** Tells what changed, and the table after it; the first filling too, as changes of every row, with `first`. @returns a function that ends it */
  listen(listener: (table: Table, changes: readonly Change[], first: boolean) => void): () => void;
}

interface Shelf {
  table: Table;
  /** Row as text, by id: what tells a change. */
  texts: ReadonlyMap<string, string>;
  /** When it was last begun, epoch ms. */
  begun: number;
  running: Promise<void> | null;
  filled: boolean;
}

const changesOf = (dataset: Dataset, before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>, rows: readonly Row[]): Change[] => [
  ...rows.filter(({ id }) => before.get(id) !== after.get(id)).map((row) => ({ dataset, id: row.id, row })),
  ...[...before.keys()].filter((id) => !after.has(id)).map((id) => ({ dataset, id, row: null })),
];

/** @param clock epoch ms */
export const tables = (privacyGate: PrivacyGate, clock: () => number): Tables => {
  const listeners = new Set<Parameters<Tables['listen']>[0]>();
  const shelves = new Map<Dataset, Shelf>(
    privacyGate.datasets.map((dataset) => [
      dataset,
      { table: { dataset, rows: [], modified: 0 }, texts: new Map(), begun: Number.NEGATIVE_INFINITY, running: null, filled: false },
    ]),
  );

  const make = async (shelf: Shelf): Promise<void> => {
    const { dataset } = shelf.table;
    const rows = await privacyGate.rows(dataset, shelf.begun);
    const texts = new Map(rows.map((row) => [row.id, JSON.stringify(row.fields)]));
    const changes = changesOf(dataset, shelf.texts, texts, rows);
    const first = !shelf.filled;
    shelf.texts = texts;
    shelf.filled = true;
    if (changes.length === 0) return;
    shelf.table = { dataset, rows, modified: shelf.begun };
    for (const listener of listeners) listener(shelf.table, changes, first);
  };

  const due = async (shelf: Shelf): Promise<void> => {
    const now = clock();
    // A clock that was set back must not keep old rows.
    if (shelf.running === null && (now - shelf.begun >= shelf.table.dataset.refreshMs || now < shelf.begun)) {
      const before = shelf.begun;
      shelf.begun = now;
      shelf.running = make(shelf)
        .catch((error: unknown) => {
          shelf.begun = before;
          throw error;
        })
        .finally(() => {
          shelf.running = null;
        });
    }
    await shelf.running;
  };

  return {
    datasets: privacyGate.datasets,
    async current(dataset) {
      const shelf = shelves.get(dataset);
      if (shelf === undefined) return { dataset, rows: [], modified: 0 };
      await due(shelf);
      return shelf.table;
    },
    async refresh() {
      await Promise.all([...shelves.values()].map(due));
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};
