/** The asynchronous questions of the port `Store`, over Flux. They see what envelopes below the position of the moment wrote. */
import type { Pane } from '../../core/pane.ts';
import type { Reading } from '../../core/reading.ts';
import type { Key, Page, PanesQuery, ReadingsQuery, Store, StoreQueries } from '../../core/store.ts';
import type { WindowName } from '../../core/window.ts';
import { compareRevisions } from '../dump.ts';
import { compareText } from '../key-book.ts';
import { page } from '../paging.ts';
import { highestVersions, runsOf } from '../series.ts';
import { writtenOf } from '../written.ts';
import { anomalies } from './anomalies.ts';
import type { Row } from './csv.ts';
import { tracesOf } from './cuts.ts';
import { askedTogetherMax, type Flux, type Stretch } from './flux.ts';
import type { Letters } from './letters.ts';
import type { Loaded } from './load.ts';
import { neighbourhood, versionsIn } from './neighbourhood.ts';
import { keyOf, paneIn, readingIn } from './points.ts';
import { type Buckets, boundOf, offsetOf, slotOf, slotsAnOffset } from './schema.ts';
import { stretchesOf } from './stretches.ts';

/** What the questions go through. */
export interface Asking {
  /** Asks as long as InfluxDB does not answer: what the pipeline needs to go on. */
  readonly patient: Flux;
  /** Fails in seconds. */
  readonly swift: Flux;
  readonly buckets: Buckets;
  readonly letters: { readonly patient: Letters; readonly swift: Letters };
  readonly loaded: Loaded;
}

/** Envelopes between two revisions that are read through sooner than asked for apart. */
const revisionGap = BigInt(5_000 * slotsAnOffset);

const byStart = (a: Pane, b: Pane): number => a.start - b.start || a.version - b.version;
const startOf = (pane: Pane): number => pane.start;
const atOf = (reading: Reading): number => reading.at;

const nameOf = ({ subject, quantity }: Key): string => JSON.stringify([subject, quantity]);
const stretchOf = (from: number, to: number): Stretch => ({ start: boundOf(from), stop: boundOf(to) });

interface PanesAsked {
  readonly keys: readonly Key[];
  readonly window: WindowName;
  readonly stretch: Stretch;
  readonly before: number;
  /** Rows of a key at the most; absent: all. */
  readonly first?: number;
}

/** All versions of the panes that envelopes below `before` wrote, by key; and how many were read. */
const paneRows = async (flux: Flux, buckets: Buckets, { keys, window, stretch, before, ...limited }: PanesAsked) => {
  // The life of a key stands in the state bucket.
  const bucket = window === 'P' ? buckets.state : buckets.panes;
  const points = { bucket, measurement: 'pane' as const, tags: { window }, fields: ['body'], ...limited };
  const found = new Map<string, Pane[]>(keys.map((key) => [nameOf(key), []]));
  for (const row of await flux.pointsOf(points, keys, stretch)) {
    const key = keyOf(row);
    found.get(nameOf(key))?.push(paneIn(row, key, window));
  }
  return (key: Key): { panes: Pane[]; read: number } => {
    const all = found.get(nameOf(key)) ?? [];
    return { panes: all.filter(({ revision }) => revision < before).sort(byStart), read: all.length };
  };
};

const panesOf = async ({ swift, buckets, loaded }: Asking, { keys, window, from, to, limit }: PanesQuery): Promise<Pane[]> => {
  const asked = { window, stretch: stretchOf(from, to), before: loaded.position };
  const first = 2 * (limit + 1);
  const of = await paneRows(swift, buckets, { ...asked, keys, first });
  const found: Pane[] = [];
  for (const key of keys) {
    let { panes, read } = of(key);
    // Old versions, or rows that are not committed, took the place of others.
    if (read >= first && highestVersions(panes, startOf).length <= limit + 1) ({ panes } = (await paneRows(swift, buckets, { ...asked, keys: [key] }))(key));
    for (const pane of highestVersions(panes, startOf)) if (found.push(pane) > limit) return found;
  }
  return found;
};

const inTime = (a: Row, b: Row): number => (a.nanos < b.nanos ? -1 : 1);

const readingsOf = async ({ swift, buckets, loaded }: Asking, { from, to, limit, after, ...key }: ReadingsQuery): Promise<Page<Reading>> => {
  if (loaded.book.find(key) === undefined) return { rows: [], next: null };
  const { position } = loaded;
  const rows: Reading[] = [];
  const stop = boundOf(to);
  const asked = limit + 2; // one more than a page, and one that may turn out to have a higher version
  for (let start = boundOf(after === undefined ? from : Math.max(from, after + 1)); ; ) {
    const points = { bucket: buckets.raw, measurement: 'reading' as const, first: asked };
    // What only some readings have may reach further than what all of them have, and comes first.
    const found = (await swift.pointsOf(points, [key], { start, stop })).filter((row) => row.text('written') !== '').sort(inTime);
    for (const row of found) if (row.number('written') < position && row.number('written') >= -position) rows.push(readingIn(row, key));
    const highest = highestVersions(rows, atOf);
    const newest = found.at(-1);
    if (newest === undefined || found.length < asked || highest.length > limit + 1) return page(highest.slice(0, limit + 1), limit, ({ at }) => String(at));
    start = newest.nanos + 1n;
  }
};

/** Counted in memory; those that reopening left uncertain are counted again. */
const letterCounts = async ({ letters, loaded }: Asking): ReturnType<Store['deadLetterCounts']> => {
  const stale = [...new Set([...loaded.letters.values()].filter((one) => one.stale).map(({ code }) => code))];
  for (const code of stale) {
    for (const one of await letters.swift.counts(loaded.position, code)) {
      const known = loaded.letters.get(`${one.code}/${one.subject}`);
      if (known?.stale && known.count === one.count) loaded.letters.set(`${one.code}/${one.subject}`, one);
    }
  }
  return [...loaded.letters.values()]
    .map(({ code, subject, count, lastLogTime }) => ({ code, subject, count, lastLogTime }))
    .sort((a, b) => compareText(a.code, b.code) || compareText(a.subject, b.subject));
};

type Past = Pick<Store, 'together' | 'neighbourhood' | 'panes' | 'runs' | 'deadLetters' | 'deadLetterSenders' | 'deadLetterEarliest'>;

/** What the pipeline asks of the past. */
const past = ({ patient, buckets, letters, loaded }: Asking): Past => {
  const bounded = (before: number): number => Math.min(before, loaded.position);
  return {
    together: askedTogetherMax,
    async neighbourhood(key, from, to, before) {
      const last = loaded.book.find(key)?.last ?? null;
      if (last === null) return { previous: null, inside: [], next: null };
      return neighbourhood(patient, buckets, key, last.at, from, to, bounded(before));
    },
    async panes(key, window, from, to, before) {
      const of = await paneRows(patient, buckets, { keys: [key], window, stretch: stretchOf(from, to), before: bounded(before) });
      return highestVersions(of(key).panes, startOf);
    },
    async runs(keys, before) {
      const gaps = new Map(keys.map((key) => [nameOf(key), key.gapMs]));
      const runs: Awaited<ReturnType<Store['runs']>> = [];
      for await (const [{ subject, quantity }, traces] of tracesOf(patient, buckets, keys, bounded(before))) {
        for (const run of runsOf(traces, gaps.get(nameOf({ subject, quantity })) ?? 0)) runs.push({ subject, quantity, ...run });
      }
      return runs;
    },
    deadLetters: (query, before) => letters.patient.open(query, bounded(before)),
    deadLetterSenders: (query, before) => letters.patient.senders(query, bounded(before)),
    deadLetterEarliest: (query, before) => letters.patient.earliest(query, bounded(before)),
  };
};

export const queries = (asking: Asking): StoreQueries => {
  const { swift, buckets, letters, loaded } = asking;
  return {
    ...past(asking),
    ...anomalies(asking),
    async recount() {
      const { cuts, position } = loaded;
      const found = await swift.counts(position);
      return { stored: found.stored + cuts.rows.stored, corrected: found.corrected + cuts.rows.corrected, deadLetter: found.letters - found.reopened };
    },
    readings: (query) => readingsOf(asking, query),
    panesOf: (query) => panesOf(asking, query),
    async paneVersions(key, window, start) {
      return (await paneRows(swift, buckets, { keys: [key], window, stretch: stretchOf(start, start + 1), before: loaded.position }))(key).panes;
    },
    async revisionTimes(offsets) {
      const wanted = new Set(offsets.filter((offset) => offset < loaded.position));
      const slots = [...wanted].map((offset) => slotOf(offset));
      const rows = await swift.pointsIn({ bucket: buckets.state, measurement: 'revision' }, stretchesOf(slots, revisionGap));
      return rows
        .map((row) => ({ offset: offsetOf(row.nanos), logTime: row.number('log_time') }))
        .filter(({ offset }) => wanted.has(offset))
        .sort(compareRevisions);
    },
    async written(key, from, to, revisions) {
      if (revisions.length === 0 || loaded.book.find(key) === undefined) return [];
      const wanted = new Set(revisions);
      const rows = (await versionsIn(swift, buckets, key, from, to, loaded.position)).filter(({ revision }) => wanted.has(revision));
      return rows.length === 0 ? [] : writtenOf(rows, await letters.swift.reopenedOffsets(key.subject));
    },
    deadLettersPage: (query) => letters.swift.page(query, loaded.position),
    deadLetterCounts: () => letterCounts(asking),
  };
};
