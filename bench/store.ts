/** Measures the DuckDB store: how fast rows go in, and the three queries that dashboards and `revise` lean on. Prints JSON. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pane } from '../core/pane.ts';
import type { Reading } from '../core/reading.ts';
import { emptyLedger, emptyOutputs, type Store } from '../core/store.ts';
import { calendar, type Level, windowName } from '../core/window.ts';
import { duckdbStore } from '../stores/duckdb.ts';

const readingCount = Number(process.argv[2] ?? 1_000_000);
const keyCount = 1_000;
const intervalMs = 300_000;
const batchRows = 20_000;
const quantity = 'electricity_energy_index';
const begin = Date.UTC(2025, 2, 1);
const civil = calendar('Europe/Paris');
const subject = (key: number): string => `meter-${String(key).padStart(4, '0')}`;

const now = (): number => performance.now();
const median = (values: number[]): number => Math.round((values.sort((a, b) => a - b)[values.length >> 1] ?? 0) * 10) / 10;

const readingAt = (i: number, revision: number): Reading => {
  const round = Math.floor(i / keyCount);
  return {
    subject: subject(i % keyCount),
    quantity,
    at: begin + round * intervalMs,
    spanMs: 0,
    value: round * 137 + (i % keyCount),
    flags: 0,
    offset: revision,
    revision,
    version: 0,
  };
};
const paneAt = (level: Level, key: number, at: number, revision: number): Pane => {
  const { start, end } = civil.windowAt(level, at);
  const figures = {
    count: 3,
    sum: 411 + key,
    unallocated: 0,
    integral2: 0,
    observedMs: end - start,
    min: null,
    max: null,
    changes: 0,
    sharesMs: null,
    flags: 0,
  };
  const ends = { firstAt: start, firstValue: key, lastAt: end - intervalMs, lastValue: key + 411 };
  return { subject: subject(key), quantity, window: windowName(level), start, end, ...figures, ...ends, version: 0, revision };
};

const measure = async (work: () => Promise<unknown>, times: number): Promise<number> => {
  const took: number[] = [];
  for (let i = 0; i < times; i++) {
    const from = now();
    await work();
    took.push(now() - from);
  }
  return median(took);
};

/** Commits the rows batch by batch; only the commits are timed. */
const load = async (store: Store): Promise<Record<string, number>> => {
  const spent = { readings: 0, panes: 0, slowest: 0 };
  const commits: number[] = [];
  let panesWritten = 0;
  const commit = async (part: 'readings' | 'panes', rows: { readings?: Reading[]; panes?: Pane[] }): Promise<void> => {
    const from = now();
    await store.commit({
      start: store.position,
      end: store.position + 1,
      logTime: 0,
      outputs: { ...emptyOutputs(), ...rows },
      ledger: emptyLedger,
      snapshot: null,
    });
    spent[part] += now() - from;
    commits.push(now() - from);
  };
  const open = new Map<Level, number>();
  for (let i = 0; i < readingCount; i += batchRows) {
    const readings = Array.from({ length: Math.min(batchRows, readingCount - i) }, (_, j) => readingAt(i + j, store.position));
    await commit('readings', { readings });
    const at = readings.at(-1)?.at ?? begin;
    const panes: Pane[] = [];
    for (const level of [1, 2, 3, 4] as const) {
      for (
        let start = civil.windowAt(level, open.get(level) ?? begin).start;
        civil.windowAt(level, start).end <= at;
        start = civil.windowAt(level, start).end
      ) {
        for (let key = 0; key < keyCount; key++) panes.push(paneAt(level, key, start, store.position));
        open.set(level, civil.windowAt(level, start).end);
      }
    }
    if (panes.length > 0) await commit('panes', { panes });
    panesWritten += panes.length;
  }
  commits.sort((a, b) => a - b);
  return {
    readingsPerSecond: Math.round((readingCount / spent.readings) * 1000),
    panesPerSecond: Math.round((panesWritten / spent.panes) * 1000),
    panes: panesWritten,
    commitMsP50: median([...commits]),
    commitMsP99: Math.round(commits[Math.floor(commits.length * 0.99)] ?? 0),
    commitMsMax: Math.round(commits.at(-1) ?? 0),
  };
};

const query = async (store: Store): Promise<Record<string, number>> => {
  const keys = Array.from({ length: keyCount }, (_, key) => ({ subject: subject(key), quantity }));
  const end = begin + Math.floor(readingCount / keyCount) * intervalMs;
  const middle = begin + (end - begin) / 2;
  const day = civil.windowAt(3, middle);
  const siteMonth = { keys: keys.filter((_, key) => key % 50 === 7), window: 'PT1H', from: begin, to: begin + 720 * 3_600_000, limit: 50_000 } as const;
  const townDay = { keys, window: 'PT1H', from: day.start, to: day.end, limit: 50_000 } as const;
  const one = { subject: subject(421), quantity };
  return {
    siteMonthRows: (await store.panesOf(siteMonth)).length,
    siteMonthMs: await measure(() => store.panesOf(siteMonth), 15),
    townDayRows: (await store.panesOf(townDay)).length,
    townDayMs: await measure(() => store.panesOf(townDay), 15),
    neighbourhoodMs: await measure(() => store.neighbourhood(one, middle, middle + 900_000, Number.MAX_SAFE_INTEGER), 15),
    dayOfReadingsMs: await measure(() => store.readings({ ...one, from: day.start, to: day.end, limit: 1_000 }), 15),
    paneVersionsMs: await measure(() => store.paneVersions(one, 'PT1H', day.start), 15),
    recountMs: await measure(() => store.recount(), 3),
  };
};

const folder = await mkdtemp(join(tmpdir(), 'octroi-bench-'));
try {
  const file = join(folder, 'store.duckdb');
  const store = await duckdbStore({ file });
  const loaded = await load(store);
  const queried = await query(store);
  await store.close();
  const from = now();
  await (await duckdbStore({ file })).close();
  const reopened = {
    reopenMs: Math.round(now() - from),
    fileMb: Math.round((await stat(file)).size / 1e6),
    residentMbMax: Math.round(process.resourceUsage().maxRSS / 1024),
  };
  console.log(JSON.stringify({ readings: readingCount, keys: keyCount, batchRows, ...loaded, ...queried, ...reopened }));
} finally {
  await rm(folder, { recursive: true });
}
