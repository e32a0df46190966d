/** What any store holds at its position, copied into a file of DuckDB: for what only SQL does. What that is, and removing the file, is left to the callers. */
import { emptyOutputs, type Store } from '../core/store.ts';
import { windowNames } from '../core/window.ts';
import { type DuckDbStore, duckdbStore } from './duckdb.ts';

/** Rows that are written at once, unless a single key has more. */
const rowsMax = 30_000;

/**
 * Copies readings and panes, highest versions, and closures; what is committed meanwhile is not in it.
 * @param file that is made
 * @returns the copy, which the caller closes; rejects with `store-failed`, or with what the signal says
 */
export const copied = async (store: Store, file: string, signal?: AbortSignal): Promise<DuckDbStore> => {
  const copy = await duckdbStore({ file });
  const before = store.position;
  let out = emptyOutputs();
  let place = 0;
  const write = async (): Promise<void> => {
    await copy.commit({ start: place, end: place + 1, logTime: store.logTime, outputs: out, ledger: store.ledger(), snapshot: null });
    out = emptyOutputs();
    place++;
  };
  try {
    for (const key of store.keys()) {
      signal?.throwIfAborted();
      // A store takes rows of its own position or later: which envelope wrote them does not matter to the figures.
      for (const row of (await store.neighbourhood(key, 0, Number.MAX_SAFE_INTEGER, before)).inside) out.readings.push({ ...row, revision: place });
      for (const window of windowNames)
        for (const pane of await store.panes(key, window, 0, Number.MAX_SAFE_INTEGER, before)) out.panes.push({ ...pane, revision: place });
      if (out.readings.length + out.panes.length >= rowsMax) await write();
    }
    out.closures.push(...store.closures().filter(({ offset }) => offset < before).map((one) => ({ ...one, offset: place }))); // biome-ignore format: one line
    await write();
    return copy;
  } catch (error) {
    await copy.close();
    throw error;
  }
};
