/** Readings, panes and revisions of the store in memory, as the port `Store` asks for them. */
import type { Pane } from '../../core/pane.ts';
import { Flag, type Reading } from '../../core/reading.ts';
import type { Store, StoreQueries } from '../../core/store.ts';
import { compareRevisions } from '../dump.ts';
import { page } from '../paging.ts';
import { highestVersions, runsOf, type Series } from '../series.ts';
import { writtenOf } from '../written.ts';
import type { Anomalies } from './anomalies.ts';
import { type Letters, openLetters } from './letters.ts';
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

const history = (all: Tables): Pick<Store, 'together' | 'neighbourhood' | 'panes' | 'runs'> => ({
  // As the reference it is asked as a store is that answers many together.
  together: 40,
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
    keys.flatMap(({ subject, quantity, gapMs }) => {
      const visible = readingsOf(all, { subject, quantity }).rows.filter(({ revision }) => revision < before);
      return runsOf(visible, gapMs).map((run) => ({ subject, quantity, ...run }));
    }),
});

/** What the port asks of readings, panes and revisions. */
export const queries = (all: Tables): Omit<StoreQueries, keyof Letters | keyof Anomalies> => ({
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
