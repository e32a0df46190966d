/** Readings, panes and revisions of the store in memory, as the port `Store` asks for them. */
import type { Pane } from '../../core/pane.ts';
import { Flag, type Reading } from '../../core/reading.ts';
import type { Key, Span, Store, Written } from '../../core/store.ts';
import { compareRevisions } from '../dump.ts';
import { page } from '../paging.ts';
import { highestVersions, type Series } from '../series.ts';
import { openLetters } from './letters.ts';
import { atOf, panesOf, readingsOf, startOf, type Tables } from './tables.ts';

const takesPart = (reading: Reading): boolean => (reading.flags & Flag.excluded) === 0;

/** The nearest reading that takes part in the fold, going from `place` in steps of one; of its time the highest version that is visible. */
const nearest = (list: Series<Reading>, place: number, step: 1 | -1, before: number): Reading | null => {
  let best: Reading | null = null;
  for (let i = place; i >= 0 && i < list.rows.length; i += step) {
    const reading = list.rows[i] as Reading;
    if (best !== null && reading.at !== best.at && takesPart(best)) return best;
    if (reading.revision >= before) continue;
    if (best === null || reading.at !== best.at || reading.version > best.version) best = reading;
  }
  return best !== null && takesPart(best) ? best : null;
};

const runsOf = (rows: readonly Reading[], { subject, quantity, gapMs }: Key & { readonly gapMs: number }): (Span & { readonly count: number })[] => {
  const runs: { subject: string; quantity: string; from: number; to: number; count: number }[] = [];
  for (const { at } of rows) {
    const last = runs.at(-1);
    if (last !== undefined && at - last.to <= gapMs) {
      last.to = at;
      last.count++;
    } else runs.push({ subject, quantity, from: at, to: at, count: 1 });
  }
  return runs;
};

const count = (is: boolean): number => (is ? 1 : 0);

/** What the revisions wrote of these readings, of which those at the offsets `reopened` come out of dead letters. */
const writtenOf = (rows: readonly Reading[], reopened: ReadonlySet<number>): Written[] => {
  const found = new Map<number, Written>();
  for (const { at, revision, version, offset, flags } of rows) {
    const sum = found.get(revision) ?? { revision, readings: 0, corrected: 0, reopened: 0, imported: 0, late: 0, from: at, to: at };
    found.set(revision, {
      revision,
      readings: sum.readings + 1,
      corrected: sum.corrected + count(version > 0),
      reopened: sum.reopened + count(reopened.has(offset)),
      imported: sum.imported + count((flags & Flag.imported) !== 0),
      late: sum.late + count(version === 0 && !reopened.has(offset) && (flags & Flag.imported) === 0),
      from: Math.min(sum.from, at),
      to: Math.max(sum.to, at),
    });
  }
  return [...found.values()].sort((a, b) => a.revision - b.revision);
};

type History = Pick<Store, 'neighbourhood' | 'panes' | 'runs'>;
type Queries = History & Pick<Store, 'recount' | 'readings' | 'panesOf' | 'paneVersions' | 'revisionTimes' | 'written'>;

const history = (all: Tables): History => ({
  async neighbourhood(key, from, to, before) {
    const list = readingsOf(all, key);
    const visible = list.between(from, to).filter(({ revision }) => revision < before);
    return {
      previous: nearest(list, list.seek(from) - 1, -1, before),
      inside: highestVersions(visible, atOf),
      next: nearest(list, list.seek(to), 1, before),
    };
  },
  async panes(key, window, from, to, before) {
    const visible = panesOf(all, key, window)
      .between(from, to)
      .filter(({ revision }) => revision < before);
    return highestVersions(visible, startOf);
  },
  runs: async (keys, before) =>
    keys.flatMap((key) =>
      runsOf(
        readingsOf(all, key).rows.filter(({ revision }) => revision < before),
        key,
      ),
    ),
});

/** What the port asks of readings, panes and revisions. */
export const queries = (all: Tables): Queries => ({
  ...history(all),
  async recount() {
    const rows = [...all.readings.values()].flatMap((list) => list.rows);
    const stored = rows.filter(({ version }) => version === 0).length;
    return { stored: stored + all.cut.stored, corrected: rows.length - stored + all.cut.corrected, deadLetter: openLetters(all) };
  },
  async readings({ from, to, limit, after, ...key }) {
    const start = after === undefined ? from : Math.max(from, after + 1);
    return page(highestVersions(readingsOf(all, key).between(start, to), atOf), limit, ({ at }) => String(at));
  },
  async panesOf({ keys, window, from, to, limit }) {
    const found: Pane[] = [];
    for (const key of keys) {
      for (const pane of highestVersions(panesOf(all, key, window).between(from, to), startOf)) {
        if (found.push(pane) > limit) return found;
      }
    }
    return found;
  },
  paneVersions: async (key, window, start) => panesOf(all, key, window).between(start, start + 1),
  revisionTimes: async (offsets) => all.revisions.filter(({ offset }) => offsets.includes(offset)).sort(compareRevisions),
  async written(key, from, to, wanted) {
    const reopened = new Set(all.deadLetters.filter(({ version, subject }) => version > 0 && subject === key.subject).map(({ offset }) => offset));
    const rows = readingsOf(all, key).between(from, to);
    return writtenOf(
      rows.filter(({ revision }) => wanted.includes(revision)),
      reopened,
    );
  },
});
