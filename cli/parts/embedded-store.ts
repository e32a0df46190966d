/** The embedded store, as the settings say. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../../config.ts';
import { type DuckDbStore, duckdbStore } from '../../stores/duckdb.ts';
import { storeFile } from '../keep/data-folder.ts';

/** Opens it, and makes what is not there; by default that of the data folder. */
export const openEmbeddedStore = async (
  { data, storeMemoryMb, storeThreads }: Pick<Config, 'data' | 'storeMemoryMb' | 'storeThreads'>,
  file = storeFile(data),
): Promise<DuckDbStore> => {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  return duckdbStore({ file, memoryLimitMb: storeMemoryMb, threads: storeThreads });
};
