import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe } from 'vitest';
import type { Store } from '../../core/store.ts';
import { duckdbStore } from '../../stores/duckdb.ts';
import { influxDbStore } from '../../stores/influxdb.ts';
import { memoryStore } from '../../stores/memory.ts';
import { type Influxd, noInfluxd, startInfluxd } from '../../torture/rigs/influxd.ts';
import { withReason } from '../reason.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** One server for all cases, each with buckets of its own. */
let influxd: Promise<Influxd> | undefined;
const onInfluxDb = async (): Promise<Store> => {
  influxd ??= startInfluxd();
  const server = await influxd;
  return influxDbStore({ ...server, buckets: await server.buckets() });
};

const implementations: [name: string, open: (folder: string) => Promise<Store>, reason: string | null][] = [
  ['memory', async () => memoryStore(), null],
  ['duckdb', (folder) => duckdbStore({ file: join(folder, 'store.duckdb') }), null],
  ['influxdb', onInfluxDb, noInfluxd],
];

/** Runs the cases on each. @param cases given the store of the case that runs, fresh */
export const onEveryStore = (cases: (current: () => Store) => void): void => {
  afterAll(async () => (await influxd)?.close());
  for (const [name, open, reason] of implementations)
    describe.skipIf(reason !== null)(withReason(`the store ${name}`, reason), () => {
      let folder: string;
      let store: Store;
      beforeEach(async () => {
        folder = temporaryFolder();
        store = await open(folder);
      });
      afterEach(async () => {
        await store.close();
      });
      cases(() => store);
    });
};
