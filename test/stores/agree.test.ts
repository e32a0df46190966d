/** Whatever is committed, the stores on DuckDB and InfluxDB answer what the reference in memory answers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import type { Alarm } from '../../core/alarm.ts';
import type { Pane } from '../../core/pane.ts';
import type { DeadLetter, Reading } from '../../core/reading.ts';
import type { Commit, Store } from '../../core/store.ts';
import { hourMs } from '../../core/time.ts';
import { duckdbStore } from '../../stores/duckdb.ts';
import { influxDbStore } from '../../stores/influxdb.ts';
import { memoryStore } from '../../stores/memory.ts';
import { type Influxd, noInfluxd, startInfluxd } from '../../torture/rigs/influxd.ts';
import { drive, townOf } from '../drive.ts';
import { alarm, anomaly, commit, everything, letter, pane, reading } from './rows.ts';

const keys = ['b', 'a', 'é', '\u{1f525}', '\ufb01'].map((subject) => ({ subject, quantity: 'energy' }));

/** What a run of one envelope puts out: seeds, of which `build` makes rows with true versions. */
const seeds = fc.record({
  key: fc.nat(keys.length - 1),
  at: fc.oneof(fc.nat(40), fc.nat(400_000_000)).map((at) => at * 1_000),
  value: fc.option(fc.maxSafeInteger()),
  flags: fc.constantFrom(0, 16, 32),
  exact: fc.bigInt(-(2n ** 63n) + 1n, 2n ** 63n - 1n),
  shares: fc.option(fc.array(fc.nat(), { maxLength: 3 })),
  kind: fc.constantFrom('reading', 'pane', 'letter', 'reopen', 'anomaly', 'alarm'),
});
type Seed = typeof seeds extends fc.Arbitrary<infer T> ? T : never;

/** Rows as the pipeline would version them. */
const builder = () => {
  const versions = new Map<string, number>();
  const letters: DeadLetter[] = [];
  const versionOf = (identity: string): number => {
    const version = versions.get(identity) ?? 0;
    versions.set(identity, version + 1);
    return version;
  };
  return (revision: number, group: Seed[]) => {
    const out = {
      readings: [] as Reading[],
      panes: [] as Pane[],
      deadLetters: [] as DeadLetter[],
      anomalies: [] as ReturnType<typeof anomaly>[],
      alarms: [] as Alarm[],
    };
    for (const [item, { key, at, value, flags, exact, shares, kind }] of group.entries()) {
      const name = keys[key] as (typeof keys)[number];
      const id = `${name.subject}/energy/jump/${at % 7}`;
      const open = letters.shift();
      if (kind === 'reading')
        out.readings.push(reading(at, value, Math.max(0, revision - (at % 3)), { ...name, flags, revision, version: versionOf(`r${key}/${at}`) }));
      else if (kind === 'pane') {
        const start = Math.floor(at / hourMs) * hourMs;
        const integral2 = Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
        out.panes.push(
          pane('PT1H', start, start + hourMs, value ?? 0, revision, {
            ...name,
            integral2,
            min: value,
            sharesMs: shares,
            version: versionOf(`p${key}/${start}`),
          }),
        );
      } else if (kind === 'anomaly')
        out.anomalies.push(anomaly(id, at % 7, revision, { ...name, until: flags === 0 ? null : at, version: versionOf(`a${id}`) }));
      else if (kind === 'alarm') {
        const state = flags === 0 ? 'active' : 'normal';
        out.alarms.push(alarm(at % 7, revision, { ...name, state, version: versionOf(`alarm${name.subject}/${at % 7}`) }));
      } else if (kind === 'reopen' && open !== undefined) out.deadLetters.push({ ...open, version: 1, revision });
      else {
        const made = letter(revision, flags === 0 ? 'future' : 'unknown-device', { subject: name.subject, item, at: value });
        out.deadLetters.push(made);
        letters.push(made);
      }
    }
    return out;
  };
};

const commitsOf = (groups: Seed[][]): Commit[] => {
  const build = builder();
  return groups.map((group, offset) => commit(offset, offset + 1, build(offset, group)));
};

const answers = async (store: Store, from: number, to: number, before: number, limit: number): Promise<unknown> => {
  const dump: string[] = [];
  for await (const line of store.dump()) dump.push(line);
  const pages: unknown[] = [];
  for (let after: string | undefined, more = true; more; ) {
    const page = await store.deadLettersPage(after === undefined ? { limit } : { limit, after });
    pages.push(page);
    after = page.next ?? undefined;
    more = page.next !== null;
  }
  return {
    dump,
    pages,
    latest: store.latest(),
    recount: await store.recount(),
    neighbourhoods: await Promise.all(keys.map((key) => store.neighbourhood(key, from, to, before))),
    panes: await Promise.all(keys.map((key) => store.panes(key, 'PT1H', from, to, before))),
    panesOf: await store.panesOf({ keys: keys.toReversed(), window: 'PT1H', from, to: to * 10, limit }),
    readings: await Promise.all(keys.map((key) => store.readings({ ...key, from: 0, to, limit }))),
    letters: await store.deadLetters({ code: 'future', atMax: to, limit, charsMax: to % 40 }, before),
    lettersOf: await store.deadLetters({ code: 'unknown-device', subjects: ['a', 'é'], limit, charsMax: to }, before),
    senders: (await store.deadLetterSenders({ code: 'unknown-device', subject: 'a' }, before)).sort(),
    earliest: await store.deadLetterEarliest({ code: 'future', atMin: from }, before),
    counts: await store.deadLetterCounts(),
    anomalies: [await store.anomalies({ limit, open: true }), await store.anomalies({ limit, kind: 'jump', quantity: 'energy', before })],
    alarms: [await store.alarms({ limit, open: true }), await store.alarms({ limit }), await store.alarms({ limit, labelled: true })],
    alarm: await store.alarm(`device/a/jump/${limit}`, before),
    judged: await store.judged({ subject: 'a', from: before % 7, to: limit, limit, after: null }, before),
    written: await Promise.all(keys.map((key) => store.written(key, from, to, [1, 2, 3, before]))),
  };
};

let influxd: Promise<Influxd> | undefined;
afterAll(async () => (await influxd)?.close());
const onDuckDb = (folder: string): Promise<Store> => duckdbStore({ file: join(folder, 'store.duckdb') });
const onInfluxDb = async (): Promise<Store> => {
  influxd ??= startInfluxd();
  const server = await influxd;
  return influxDbStore({ ...server, buckets: await server.buckets() });
};

const agrees = async (open: (folder: string) => Promise<Store>, numRuns: number): Promise<void> => {
  const groups = fc.array(fc.array(seeds, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(groups, fc.nat(50_000), fc.nat(400_000_000), fc.nat(9), fc.integer({ min: 1, max: 5 }), async (chosen, from, width, before, limit) => {
      const folder = await mkdtemp(join(tmpdir(), 'octroi-agree-'));
      const stores = [memoryStore(), await open(folder)];
      try {
        const commits = commitsOf(chosen);
        const again = [...commits.slice(0, 3), ...commits];
        const [expected, found] = await Promise.all(
          stores.map(async (store) => {
            for (const one of again) await store.commit(one);
            return [await answers(store, from, from + width, before, limit), await answers(store, 0, everything, everything, 1_000)];
          }),
        );
        expect(found).toEqual(expected);
      } finally {
        for (const store of stores) await store.close();
        await rm(folder, { recursive: true });
      }
    }),
    { numRuns },
  );
};

it('DuckDB answers as the reference does, also after repeated commits', () => agrees(onDuckDb, 15));
it.skipIf(noInfluxd !== null)(
  `InfluxDB answers as the reference does, also after repeated commits${noInfluxd === null ? '' : `: ${noInfluxd}`}`,
  () => agrees(onInfluxDb, 3),
  600_000,
);

it.skipIf(noInfluxd !== null)(
  `a town gives the same figures on all three, days of 23 and 25 hours included${noInfluxd === null ? '' : `: ${noInfluxd}`}`,
  async () => {
    const hourly = { type: 'generic', intervalMs: hourMs };
    const town = townOf([
      { id: 'paris', ...hourly },
      { id: 'kathmandu', ...hourly, zone: 'Asia/Kathmandu' },
      { id: 'havana', ...hourly, zone: 'America/Havana' },
    ]);
    const folder = await mkdtemp(join(tmpdir(), 'octroi-agree-'));
    const stores = [memoryStore(), await onDuckDb(folder), await onInfluxDb()];
    const days = new Map<number, number>();
    try {
      const found = await Promise.all(
        stores.map(async (store) => {
          const answers: unknown[] = [];
          // Two days around each change of the clocks in Paris.
          const gate = await drive(town, Date.parse('2026-03-27T22:30:00Z'), store);
          for (const from of ['2026-03-27T22:30:00Z', '2026-10-23T22:30:00Z'].map(Date.parse)) {
            for (let n = 0; n < 52; n++) {
              gate.tick(from + n * hourMs, hourMs);
              for (const id of ['paris', 'kathmandu', 'havana']) {
                if (n % 7 !== 3) gate.send(id, { ts: gate.now(), values: { temperature: 10 + (n % 9), active_energy_import: 100 + n * 1.5 } });
              }
              // Late, and corrected.
              if (n % 25 === 9) gate.send('paris', { ts: gate.now() - 6 * hourMs, values: { temperature: 3, active_energy_import: 100 + (n - 6) * 1.5 } });
            }
            gate.tick(gate.now() + 2_000);
            await gate.process();
          }
          gate.tick(gate.now() + 40 * 24 * hourMs, 10 * 24 * hourMs);
          gate.tick(gate.now() + 3_000);
          await gate.checkpoint();
          const asked = ['paris', 'kathmandu', 'havana'].flatMap((subject) =>
            ['temperature', 'active_energy_import'].map((quantity) => ({ subject, quantity })),
          );
          for (const window of ['PT1H', 'P1D', 'P1M', 'P'] as const) {
            const panes = await store.panesOf({ keys: asked, window, from: 0, to: everything, limit: 10_000 });
            answers.push(panes);
            if (window === 'P1D') for (const { start, end } of panes) days.set((end - start) / hourMs, start);
          }
          for (const key of asked) answers.push(await store.readings({ ...key, from: 0, to: everything, limit: 1_000 }));
          answers.push(store.latest(), await store.recount(), await store.snapshot(), store.ledger());
          for await (const line of store.dump()) answers.push(line);
          return answers;
        }),
      );
      expect(found[1]).toEqual(found[0]);
      expect(found[2]).toEqual(found[0]);
      expect([...days.keys()].sort()).toEqual([23, 24, 25]);
    } finally {
      for (const store of stores) await store.close();
      await rm(folder, { recursive: true });
    }
  },
  600_000,
);
