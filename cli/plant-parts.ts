/** How a plant is opened: the store of the settings, and a pipeline that stands where it does. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../config.ts';
import type { Commit, Store } from '../core/store.ts';
import { type Pipeline, pipeline } from '../processors/pipeline.ts';
import { type Run, run } from '../processors/run.ts';
import { duckdbStore } from '../stores/duckdb.ts';
import { influxDbFollower, influxDbStore } from '../stores/influxdb.ts';
import { storeFile } from './data-folder.ts';
import { influxOptions } from './influx-parts.ts';
import { openReader } from './log-parts.ts';
import { types } from './types.ts';

const openDuckDb = async ({ data, storeMemoryMb, storeThreads }: Config): Promise<Store> => {
  const file = storeFile(data);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  return duckdbStore({ file, memoryLimitMb: storeMemoryMb, threads: storeThreads });
};

export interface Plant {
  readonly store: Store;
  readonly pipeline: Pipeline;
  readonly run: Run;
  close(): Promise<void>;
}

/** How each store is opened: one line a store. */
const stores: Readonly<Record<Config['store'], (config: Config, partition: number) => Promise<Store>>> = {
  duckdb: openDuckDb,
  influxdb: (config, partition) => (config.role === 'web' ? influxDbFollower : influxDbStore)({ ...influxOptions(config), partition }),
};

/** Opens the store of a data folder and a pipeline that stands where the store does. */
export const openPlant = async (config: Config, committed?: (commit: Commit) => void, partition = 0): Promise<Plant> => {
  const store = await stores[config.store](config, partition);
  const reader = openReader(config, partition);
  const piped = pipeline(types, store, reader);
  const running = await run(piped, reader, store, committed);
  return {
    store,
    pipeline: piped,
    run: running,
    async close() {
      await running.checkpoint();
      await reader.close();
      await store.close();
    },
  };
};
