/** The asynchronous questions of the port `Store`, over Flux. They see what envelopes below the position of the moment wrote. */

import type { Pane } from '../../core/pane.ts';
import type { Anomaly, Reading } from '../../core/reading.ts';
import { Flag } from '../../core/reading.ts';
import type { Key, Store, Written } from '../../core/store.ts';
import type { WindowName } from '../../core/window.ts';
import { compareRevisions } from '../dump.ts';
import { compareText } from '../key-book.ts';
import { anomalyCursor, page, parseAnomalyCursor } from '../paging.ts';
import { highestVersions } from '../series.ts';
import { tracesOf } from './cuts.ts';
import type { Flux, Stretch } from './flux.ts';
import type { Letters } from './letters.ts';
import { tagText } from './line.ts';
import type { Loaded } from './load.ts';
import { neighbourhood, versionsIn } from './neighbourhood.ts';
import { anomalyIn, keyOf, paneIn, readingIn } from './points.ts';
import { type Buckets, boundOf, endOfTime, offsetOf, slotOf, slotsAnOffset } from './schema.ts';
import { stretchesOf } from './stretches.ts';

type Queries = Pick<
  Store,
  | 'neighbourhood'
  | 'panes'
  | 'deadLetters'
  | 'deadLetterSenders'
  | 'deadLetterEarliest'
  | 'judged'
  | 'runs'
  | 'recount'
  | 'readings'
  | 'panesOf'
  | 'paneVersions'
  | 'revisionTimes'
  | 'written'
  | 'anomalies'
  | 'deadLettersPage'
  | 'deadLetterCounts'
>;

const dayNanos = 86_400_000_000_000n;
/** Envelopes between two revisions that are read through sooner than asked for apart. */
const revisionGap = BigInt(5_000 * slotsAnOffset);

const byStart = (a: Pane, b: Pane): number => a.start - b.start || a.version - b.version;
const startOf = (pane: Pane): number => pane.start;
const atOf = (reading: Reading): number => reading.at;

const nameOf = ({ subject, quantity }: Key): string => JSON.stringify([subject, quantity]);

/**
 * @param patient asks as long as InfluxDB does not answer: what the pipeline needs to go on. The others fail in seconds
 * @param swift asks for seconds
 */
export const queries = (patient: Flux, swift: Flux, buckets: Buckets, letters: { patient: Letters; swift: Letters }, loaded: Loaded): Queries => {
  /** The life of a key stands in the state bucket. */
  const bucketOf = (window: WindowName): string => (window === 'P' ? buckets.state : buckets.panes);

  /** All versions of the panes that envelopes below `before` wrote, by key; and how many were read. */
  const paneRows = async (flux: Flux, keys: readonly Key[], window: WindowName, stretch: Stretch, before: number, first?: number) => {
    const points = { bucket: bucketOf(window), measurement: 'pane' as const, tags: { window }, fields: ['body'], ...(first === undefined ? {} : { first }) };
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

  /** Anomalies with start <= since < stop, highest versions below `before`. */
  const anomaliesIn = async (flux: Flux, stretch: Stretch, before: number, subject?: string): Promise<Anomaly[]> => {
    const tags = subject === undefined ? {} : { tags: { subject: tagText(subject) } };
    const newest = new Map<string, Anomaly>();
    for (const row of await flux.points({ bucket: buckets.panes, measurement: 'anomaly', ...tags, fields: ['body', 'offset'] }, stretch)) {
      if (row.number('offset') >= before) continue;
      const anomaly = anomalyIn(row);
      if ((newest.get(anomaly.id)?.version ?? -1) < anomaly.version) newest.set(anomaly.id, anomaly);
    }
    return [...newest.values()];
  };

  const bounded = (before: number): number => Math.min(before, loaded.position);

  return {
    async neighbourhood(key, from, to, before) {
      const last = loaded.book.find(key)?.last ?? null;
      if (last === null) return { previous: null, inside: [], next: null };
      return neighbourhood(patient, buckets, key, last.at, from, to, bounded(before));
    },
    async panes(key, window, from, to, before) {
      const of = await paneRows(patient, [key], window, { start: boundOf(from), stop: boundOf(to) }, bounded(before));
      return highestVersions(of(key).panes, startOf);
    },
    deadLetters: (query, before) => letters.patient.open(query, bounded(before)),
    deadLetterSenders: (query, before) => letters.patient.senders(query, bounded(before)),
    deadLetterEarliest: (query, before) => letters.patient.earliest(query, bounded(before)),
    async judged({ subject, from, to, limit, after }, before) {
      return (await anomaliesIn(patient, { start: 0n, stop: boundOf(to + 1) }, bounded(before), subject))
        .filter((one) => one.until === null || one.until >= from)
        .filter((one) => after === null || one.since > after.since || (one.since === after.since && compareText(one.id, after.id) > 0))
        .sort((a, b) => a.since - b.since || compareText(a.id, b.id))
        .slice(0, limit);
    },
    async runs(keys, before) {
      const runs: Awaited<ReturnType<Store['runs']>> = [];
      const gaps = new Map(keys.map((key) => [nameOf(key), key.gapMs]));
      for await (const [key, traces] of tracesOf(patient, buckets, keys, bounded(before))) {
        const gapMs = gaps.get(nameOf(key)) ?? 0;
        let run: { subject: string; quantity: string; from: number; to: number; count: number } | undefined;
        for (const { at } of traces) {
          if (run !== undefined && at - run.to <= gapMs) {
            run.to = at;
            run.count++;
          } else {
            run = { subject: key.subject, quantity: key.quantity, from: at, to: at, count: 1 };
            runs.push(run);
          }
        }
      }
      return runs;
    },
    async recount() {
      const { cuts, position } = loaded;
      const { rows } = cuts;
      const found = await swift.counts(position);
      return { stored: found.stored + rows.stored, corrected: found.corrected + rows.corrected, deadLetter: found.letters - found.reopened };
    },
    async readings({ from, to, limit, after, ...key }) {
      if (loaded.book.find(key) === undefined) return { rows: [], next: null };
      const { position } = loaded;
      const rows: Reading[] = [];
      const end = boundOf(to);
      const asked = limit + 2; // one more than a page, and one that may turn out to have a higher version
      for (let start = boundOf(after === undefined ? from : Math.max(from, after + 1)); ; ) {
        const points = { bucket: buckets.raw, measurement: 'reading' as const, first: asked };
        // What only some readings have may reach further than what all of them have.
        const found = (await swift.pointsOf(points, [key], { start, stop: end })).filter((row) => row.text('written') !== '');
        for (const row of found) if (row.number('written') < position && row.number('written') >= -position) rows.push(readingIn(row, key));
        const highest = highestVersions(rows, atOf);
        const newest = found.at(-1);
        if (newest === undefined || found.length < asked || highest.length > limit + 1) return page(highest.slice(0, limit + 1), limit, ({ at }) => String(at));
        start = newest.nanos + 1n;
      }
    },
    async panesOf({ keys, window, from, to, limit }) {
      const { position } = loaded;
      const stretch = { start: boundOf(from), stop: boundOf(to) };
      const first = 2 * (limit + 1);
      const of = await paneRows(swift, keys, window, stretch, position, first);
      const found: Pane[] = [];
      for (const key of keys) {
        let { panes, read } = of(key);
        // Old versions, or rows that are not committed, took the place of others.
        if (read >= first && highestVersions(panes, startOf).length <= limit + 1) ({ panes } = (await paneRows(swift, [key], window, stretch, position))(key));
        for (const pane of highestVersions(panes, startOf)) if (found.push(pane) > limit) return found;
      }
      return found;
    },
    async paneVersions(key, window, start) {
      return (await paneRows(swift, [key], window, { start: boundOf(start), stop: boundOf(start + 1) }, loaded.position))(key).panes;
    },
    async revisionTimes(offsets) {
      const known = [...new Set(offsets)].filter((offset) => offset < loaded.position);
      const slots = known.map((offset) => slotOf(offset));
      const wanted = new Set(known);
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
      if (rows.length === 0) return [];
      const reopened = await letters.swift.reopenedOffsets(key.subject);
      const found = new Map<number, Written>();
      const count = (is: boolean): number => (is ? 1 : 0);
      for (const { at, revision, version, offset, flags } of rows) {
        const isImported = (flags & Flag.imported) !== 0;
        const sum = found.get(revision) ?? { revision, readings: 0, corrected: 0, reopened: 0, imported: 0, late: 0, from: at, to: at };
        found.set(revision, {
          revision,
          readings: sum.readings + 1,
          corrected: sum.corrected + count(version > 0),
          reopened: sum.reopened + count(reopened.has(offset)),
          imported: sum.imported + count(isImported),
          late: sum.late + count(version === 0 && !reopened.has(offset) && !isImported),
          from: Math.min(sum.from, at),
          to: Math.max(sum.to, at),
        });
      }
      return [...found.values()].sort((a, b) => a.revision - b.revision);
    },
    async anomalies({ subject, open, limit, after }) {
      const { since, id } = parseAnomalyCursor(after);
      const isBehind = (one: Anomaly): boolean => one.since < since || (one.since === since && compareText(one.id, id) > 0);
      const isWanted = (one: Anomaly): boolean => (subject === undefined || one.subject === subject) && (open === undefined || (one.until === null) === open);
      const newestFirst = (a: Anomaly, b: Anomaly): number => b.since - a.since || compareText(a.id, b.id);
      const found: Anomaly[] = [];
      if (open === true) found.push(...[...loaded.lasting.values()].filter((one) => isWanted(one) && isBehind(one)));
      else {
        const { position } = loaded;
        let stop = after === undefined ? endOfTime : boundOf(since + 1);
        // Backwards from the newest, in stretches that grow.
        for (let width = dayNanos; found.length <= limit; width *= 8n) {
          const newest = await swift.newest({ bucket: buckets.panes, measurement: 'anomaly' }, 'offset', { start: 0n, stop });
          if (newest === null) break;
          stop = boundOf(newest.at + 1);
          const start = stop > width ? boundOf(Number((stop - width) / 1_000_000n)) : 0n;
          found.push(...(await anomaliesIn(swift, { start, stop }, position, subject)).filter((one) => isWanted(one) && isBehind(one)));
          stop = start;
        }
      }
      return page(found.sort(newestFirst).slice(0, limit + 1), limit, anomalyCursor);
    },
    deadLettersPage: (query) => letters.swift.page(query, loaded.position),
    async deadLetterCounts() {
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
    },
  };
};
