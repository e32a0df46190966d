/** The memory of DuckDB's buffers: one limit for all connections, higher while work runs that needs more. */
import type { DuckDBConnection } from '@duckdb/node-api';

/** Runs `work` with a limit of at least `mb`; rejects with what it or DuckDB threw. */
export type WithMemory = <Result>(mb: number, work: () => Promise<Result>) => Promise<Result>;

export interface Memory {
  readonly with: WithMemory;
  /**
   * Gives back to the system what was freed. DuckDB 1.5.5 does so when a limit is set, also to what it was (measured, promised nowhere):
   * 14 MB while a town catches up, and 16 more with the thresholds of `bin/allocators.json`.
   */
  giveBack(): void;
  close(): Promise<void>;
}

/** After how long a limit is tried again that DuckDB could not come down to yet, because queries that run hold more, ms. */
const retryMs = 200;

/** @param connection its own @param baseMb the limit while nothing asks for more */
export const memory = (connection: DuckDBConnection, baseMb: number): Memory => {
  const asked: number[] = [];
  let retry: NodeJS.Timeout | undefined;
  let closed = false;
  let lastSet: Promise<unknown> = Promise.resolve();
  const set = (): Promise<unknown> => {
    const apply = () => connection.run(`SET memory_limit = '${Math.max(baseMb, ...asked)}MB'`);
    lastSet = lastSet.then(apply, apply);
    return lastSet;
  };
  const lower = (): Promise<unknown> =>
    set().catch(() => {
      clearTimeout(retry);
      if (!closed) retry = setTimeout(lower, retryMs).unref();
    });
  return {
    async with(mb, work) {
      if (mb <= baseMb) return work();
      asked.push(mb);
      try {
        await set();
        return await work();
      } finally {
        asked.splice(asked.indexOf(mb), 1);
        await lower();
      }
    },
    giveBack() {
      set().catch(() => {}); // a limit that it cannot come down to is tried again by itself
    },
    async close() {
      closed = true;
      clearTimeout(retry);
      await lastSet.catch(() => {});
      connection.closeSync();
    },
  };
};
