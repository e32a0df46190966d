/** Tells its parent where the store of a folder stands, and ends. */
import type { Config } from '../config.ts';
import { duckdbStore } from '../stores/duckdb.ts';
import { storeFile } from './data-folder.ts';
import type { Standing } from './same-log.ts';

const { data, storeMemoryMb, storeThreads } = JSON.parse(process.argv[2] ?? '{}') as Config;
const store = await duckdbStore({ file: storeFile(data), memoryLimitMb: storeMemoryMb, threads: storeThreads });
const { position, logTime } = store;
await store.close();
process.send?.({ position, logTime } satisfies Standing);
