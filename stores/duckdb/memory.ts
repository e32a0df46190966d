/** The memory of DuckDB's buffers: one limit for all connections, higher while work runs that needs more. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { fail } from '../../core/failure.ts';
import { storeFailed } from './readers.ts';

/** Runs `work` with a limit of at least `mb`; rejects with what it threw, or with `store-failed` where there is no such limit. */
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

/** @param connection its own @param baseMb the limit while nothing asks for more @param file of the store, for its failures */
export const memory = (connection: DuckDBConnection, baseMb: number, file: string): Memory => {
  const asked: number[] = [];
  let retry: NodeJS.Timeout | undefined;
  let closed = false;
  /** What DuckDB goes by; its own `current_setting` names what was tried last, also where that failed. */
  let inForceMb = baseMb;
  let lastSet: Promise<void> = Promise.resolve();
  const apply = async (): Promise<void> => {
    const mb = Math.max(baseMb, ...asked);
    await connection.run(`SET memory_limit = '${mb}MB'`);
    inForceMb = mb;
  };
  const set = (): Promise<void> => {
    lastSet = lastSet.then(apply, apply);
    return lastSet;
  };
  const retryLater = (): void => {
    clearTimeout(retry);
    if (!closed) retry = setTimeout(lower, retryMs).unref();
  };
  const lower = (): Promise<void> => set().catch(retryLater);
  /** One that cannot be lowered yet is high enough. */
  const reach = async (mb: number): Promise<void> => {
    if (closed) throw fail('store-failed', 'the store is closed', file);
    try {
      await set();
    } catch (error) {
      if (inForceMb < mb) throw storeFailed(error, file);
      retryLater();
    }
  };
  return {
    async with(mb, work) {
      if (mb <= baseMb) return work();
      asked.push(mb);
      try {
        await reach(mb);
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
