/** A real InfluxDB for the tests of one file, and what each of them needs of it. */
import { afterAll, beforeAll, describe } from 'vitest';
import type { Commit, Store } from '../../core/store.ts';
import { hourMs } from '../../core/time.ts';
import type { Buckets } from '../../stores/influxdb/schema.ts';
import { type InfluxDbOptions, influxDbStore } from '../../stores/influxdb.ts';
import { memoryStore } from '../../stores/memory.ts';
import { type InTheWay, startProxy } from '../../torture/rigs/http-proxy.ts';
import { type Influxd, noInfluxd, startInfluxd } from '../../torture/rigs/influxd.ts';
import { withReason } from '../reason.ts';
import { dumpOf } from './answers.ts';
import { anomaly, commit, letter, other, pane, reading } from './rows.ts';

/** Commits with rows of all kinds, each with what comes before it. */
export const commits: readonly Commit[] = Array.from({ length: 6 }, (_, n) => {
  const start = n * 3;
  return commit(
    start,
    start + 3,
    {
      readings: [reading(n * hourMs, n, start), reading(n * hourMs + 1, n, start + 1, other), ...(n > 0 ? [reading(0, n, start + 2, { version: n })] : [])],
      panes: [pane('PT1H', n * hourMs, (n + 1) * hourMs, n, start), ...(n > 0 ? [pane('PT1H', 0, hourMs, n, start + 1, { version: n })] : [])],
      deadLetters: [letter(start, 'unknown-device'), ...(n > 0 ? [letter(start - 3, 'unknown-device', { version: 1, revision: start + 1 })] : [])],
      anomalies: [anomaly(`meter-1/energy/jump/${n}`, n, start)],
      devices: [{ id: `meter-${n % 2}`, type: 'submeter', label: String(n) }],
      closures: [{ from: n, to: n + 1, offset: start }],
    },
    { snapshot: { offset: start + 3, scopes: [{ scope: `s${n % 2}`, body: String(n) }] } },
  );
});

/** What the reference in memory holds behind these commits. */
export const asInMemory = async (done: readonly Commit[]): Promise<{ dump: string[]; snapshot: unknown; recount: unknown }> => {
  const store = memoryStore();
  for (const one of done) await store.commit(one);
  return { dump: await dumpOf(store), snapshot: await store.snapshot(), recount: await store.recount() };
};
/** All that a store holds. */
export const stateOf = async (store: Store) => ({ dump: await dumpOf(store), snapshot: await store.snapshot(), recount: await store.recount() });

interface OnInfluxDb {
  /** The server that runs. */
  readonly server: () => Influxd;
  readonly opened: (buckets: Buckets, more?: Partial<InfluxDbOptions>) => Promise<Store>;
  /** Does something with a proxy before the server. */
  readonly proxied: <T>(work: (proxy: InTheWay) => Promise<T>) => Promise<T>;
}

/** Tests of a store on one server, or why they are left out. */
export const onInfluxDb = (name: string, tests: (on: OnInfluxDb) => void): void => {
  describe.skipIf(noInfluxd !== null)(withReason(name, noInfluxd), () => {
    let influxd: Influxd;
    beforeAll(async () => {
      influxd = await startInfluxd();
    });
    afterAll(() => influxd?.close());
    tests({
      server: () => influxd,
      opened: async (buckets, more = {}) => influxDbStore({ ...influxd, buckets, ...more }),
      async proxied(work) {
        const proxy = await startProxy(influxd.url);
        try {
          return await work(proxy);
        } finally {
          await proxy.close();
        }
      },
    });
  });
};
