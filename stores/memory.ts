/** The store in memory: the reference for the others, and the one of the tests. It keeps nothing beyond its process. */
import type { Pane } from '../core/pane.ts';
import { type Anomaly, type DeadLetter, Flag, type Reading } from '../core/reading.ts';
import { type Commit, type Cut, emptyLedger, type History, type Key, type Ledger, type RevisionTime, type Store, type Written } from '../core/store.ts';
import type { Device } from '../core/town.ts';
import { type WindowName, windowNames } from '../core/window.ts';
import { type Closure, newRows } from './commits.ts';
import {
  anomalyLine,
  closureLine,
  compareAnomalies,
  compareClosures,
  compareDeadLetters,
  compareDevices,
  compareRevisions,
  deadLetterLine,
  deviceLine,
  paneLine,
  readingLine,
  revisionLine,
} from './dump.ts';
import { compareKeys, compareText, type KeyEntry, keyBook } from './key-book.ts';
import { anomalyCursor, deadLetterCursor, page, parseAnomalyCursor, parseDeadLetterCursor, upToChars } from './paging.ts';
import { highestVersions, type Series, series } from './series.ts';

const atOf = (reading: Reading): number => reading.at;
const startOf = (pane: Pane): number => pane.start;
const takesPart = (reading: Reading): boolean => (reading.flags & Flag.excluded) === 0;

/** Of each identity the row that came last; a Map keeps the order of first appearance. */
const latestVersions = <Row>(rows: readonly Row[], identityOf: (row: Row) => string): Row[] => [...new Map(rows.map((row) => [identityOf(row), row])).values()];
const letterIdentity = (letter: DeadLetter): string => deadLetterCursor(letter);
type LetterIdentity = Pick<DeadLetter, 'offset' | 'item'> & { readonly code: string };
const newestFirst = (a: LetterIdentity, b: LetterIdentity): number => b.offset - a.offset || b.item - a.item || compareText(a.code, b.code);
const anomalyIdentity = (anomaly: Anomaly): string => anomaly.id;

/** A store that lives as long as the process. */
export const memoryStore = (): Store => {
  const book = keyBook();
  const readings = new Map<KeyEntry, Series<Reading>>();
  const panes = new Map<KeyEntry, Map<WindowName, Series<Pane>>>();
  const deadLetters: DeadLetter[] = [];
  const anomalies: Anomaly[] = [];
  const devices = new Map<string, Device>();
  const closures: Closure[] = [];
  const revisions: RevisionTime[] = [];
  const scopes = new Map<string, string>();
  const cutRows = { stored: 0, corrected: 0 };
  let snapshotOffset = 0;
  let position = 0;
  let logTime = 0;
  let ledger: Ledger = emptyLedger;

  const readingsOf = (key: Key): Series<Reading> => {
    const entry = book.find(key);
    return (entry && readings.get(entry)) ?? series(atOf);
  };
  const panesOf = (key: Key, window: WindowName): Series<Pane> => {
    const entry = book.find(key);
    return (entry && panes.get(entry)?.get(window)) ?? series(startOf);
  };

  const addReading = (reading: Reading): void => {
    const entry = book.of(reading.subject, reading.quantity);
    let list = readings.get(entry);
    if (list === undefined) {
      list = series(atOf);
      readings.set(entry, list);
    }
    list.insert(reading);
    book.see(entry, reading);
  };
  const addPane = (pane: Pane): void => {
    const entry = book.of(pane.subject, pane.quantity);
    let windows = panes.get(entry);
    if (windows === undefined) {
      windows = new Map();
      panes.set(entry, windows);
    }
    let list = windows.get(pane.window);
    if (list === undefined) {
      list = series(startOf);
      windows.set(pane.window, list);
    }
    list.insert(pane);
  };

  const addRows = (commit: Commit): void => {
    const rows = newRows(commit, position);
    for (const reading of rows.readings) addReading(reading);
    for (const pane of rows.panes) addPane(pane);
    for (const letter of rows.deadLetters) deadLetters.push(letter);
    for (const anomaly of rows.anomalies) anomalies.push(anomaly);
    for (const device of rows.devices) devices.set(device.id, device);
    for (const closure of rows.closures) closures.push(closure);
    for (const revision of rows.revisions) revisions.push(revision);
    for (const one of rows.cuts) cut(one);
  };
  const cut = ({ before, spans }: Cut): void => {
    for (const { from, to, ...key } of spans) {
      for (const { version } of readingsOf(key).drop(from, to, (reading) => reading.revision < before)) cutRows[version === 0 ? 'stored' : 'corrected']++;
    }
  };

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

  const openLetters = (code: DeadLetter['code'], before: number): DeadLetter[] =>
    latestVersions(
      deadLetters.filter((letter) => letter.revision < before),
      letterIdentity,
    ).filter((letter) => letter.version === 0 && letter.code === code);

  const history: History = {
    async neighbourhood(key, from, to, before) {
      const list = readingsOf(key);
      const visible = list.between(from, to).filter((reading) => reading.revision < before);
      return {
        previous: nearest(list, list.seek(from) - 1, -1, before),
        inside: highestVersions(visible, atOf),
        next: nearest(list, list.seek(to), 1, before),
      };
    },
    panes: async (key, window, from, to, before) =>
      highestVersions(
        panesOf(key, window)
          .between(from, to)
          .filter((pane) => pane.revision < before),
        startOf,
      ),
    deadLetters: async ({ code, subjects, atMax, limit, charsMax }, before) => {
      const found = openLetters(code, before)
        .filter((letter) => subjects === undefined || subjects.includes(letter.subject))
        .filter((letter) => atMax === undefined || (letter.at !== null && letter.at <= atMax))
        .sort(compareDeadLetters);
      return upToChars(found.slice(0, limit), charsMax);
    },
    deadLetterSenders: async ({ code, subject }, before) => [
      ...new Set(openLetters(code, before).flatMap((letter) => (letter.subject === subject ? [letter.sender] : []))),
    ],
    deadLetterEarliest: async ({ code, atMin }, before) =>
      openLetters(code, before).reduce<number | null>((earliest, { at }) => (at === null || at < atMin || at > (earliest ?? at) ? earliest : at), null),
    judged: async ({ subject, from, to, limit, after }, before) =>
      latestVersions(
        anomalies.filter((one) => one.subject === subject && one.offset < before),
        anomalyIdentity,
      )
        .filter((one) => one.since <= to && (one.until === null || one.until >= from))
        .sort((a, b) => a.since - b.since || compareText(a.id, b.id))
        .filter((one) => after === null || one.since > after.since || (one.since === after.since && compareText(one.id, after.id) > 0))
        .slice(0, limit),
    runs: async (keys, before) =>
      keys.flatMap(({ gapMs, subject, quantity }) => {
        const runs: { subject: string; quantity: string; from: number; to: number; count: number }[] = [];
        for (const { at, revision } of readingsOf({ subject, quantity }).rows) {
          if (revision >= before) continue;
          const last = runs.at(-1);
          if (last !== undefined && at - last.to <= gapMs) {
            last.to = at;
            last.count++;
          } else runs.push({ subject, quantity, from: at, to: at, count: 1 });
        }
        return runs;
      }),
  };

  async function* dump(): AsyncGenerator<string> {
    const keys = [...book.entries].sort(compareKeys);
    for (const key of keys) yield* readingsOf(key).rows.map(readingLine);
    for (const window of windowNames) for (const key of keys) yield* panesOf(key, window).rows.map(paneLine);
    yield* [...deadLetters].sort(compareDeadLetters).map(deadLetterLine);
    yield* [...anomalies].sort(compareAnomalies).map(anomalyLine);
    yield* [...devices.values()].sort(compareDevices).map(deviceLine);
    yield* [...closures].sort(compareClosures).map(closureLine);
    yield* [...revisions].sort(compareRevisions).map(revisionLine);
  }

  return {
    ...history,
    get position() {
      return position;
    },
    get logTime() {
      return logTime;
    },
    async commit(commit) {
      if (commit.end > position) {
        addRows(commit);
        position = commit.end;
        logTime = Math.max(logTime, commit.logTime);
        ledger = commit.ledger;
      }
      if (commit.snapshot !== null && commit.snapshot.offset > snapshotOffset) {
        for (const { scope, body } of commit.snapshot.scopes) scopes.set(scope, body);
        snapshotOffset = commit.snapshot.offset;
      }
    },
    snapshot: async () => ({
      offset: snapshotOffset,
      scopes: [...scopes].map(([scope, body]) => ({ scope, body })).sort((a, b) => compareText(a.scope, b.scope)),
    }),
    ledger: () => ledger,
    async recount() {
      const all = [...readings.values()].flatMap((list) => list.rows);
      const stored = all.filter((reading) => reading.version === 0).length;
      const deadLetter = latestVersions(deadLetters, letterIdentity).filter((letter) => letter.version === 0).length;
      return { stored: stored + cutRows.stored, corrected: all.length - stored + cutRows.corrected, deadLetter };
    },

    latest: (subjects) => book.latest(subjects),
    devices: () => [...devices.values()].sort(compareDevices),
    keys: () => book.withReadings().map(({ subject, quantity }) => ({ subject, quantity })),
    async readings({ from, to, limit, after, ...key }) {
      const start = after === undefined ? from : Math.max(from, after + 1);
      return page(highestVersions(readingsOf(key).between(start, to), atOf), limit, (reading) => String(reading.at));
    },
    async panesOf({ keys, window, from, to, limit }) {
      const found: Pane[] = [];
      for (const key of keys) {
        for (const pane of highestVersions(panesOf(key, window).between(from, to), startOf)) {
          if (found.push(pane) > limit) return found;
        }
      }
      return found;
    },
    paneVersions: async (key, window, start) => panesOf(key, window).between(start, start + 1),
    revisionTimes: async (offsets) => revisions.filter(({ offset }) => offsets.includes(offset)).sort(compareRevisions),
    async written(key, from, to, wanted) {
      const reopened = new Set(deadLetters.filter(({ version, subject }) => version > 0 && subject === key.subject).map(({ offset }) => offset));
      const found = new Map<number, Written>();
      const count = (is: boolean): number => (is ? 1 : 0);
      for (const { at, revision, version, offset, flags } of readingsOf(key).between(from, to)) {
        if (!wanted.includes(revision)) continue;
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
    },
    async anomalies({ subject, open, limit, after }) {
      const start = parseAnomalyCursor(after);
      const rows = latestVersions(anomalies, anomalyIdentity)
        .filter((one) => (subject === undefined || one.subject === subject) && (open === undefined || (one.until === null) === open))
        .filter((one) => one.since < start.since || (one.since === start.since && compareText(one.id, start.id) > 0))
        .sort((a, b) => b.since - a.since || compareText(a.id, b.id));
      return page(rows, limit, anomalyCursor);
    },
    async deadLettersPage({ subject, code, limit, after }) {
      const start = parseDeadLetterCursor(after);
      const rows = latestVersions(deadLetters, letterIdentity)
        .filter((one) => (subject === undefined || one.subject === subject) && (code === undefined || one.code === code))
        .filter((one) => newestFirst(start, one) < 0)
        .sort(newestFirst);
      return page(rows, limit, deadLetterCursor);
    },
    async deadLetterCounts() {
      const counts = new Map<string, { code: string; subject: string; count: number; lastLogTime: number }>();
      for (const { code, subject, logTime: at, version } of latestVersions(deadLetters, letterIdentity)) {
        if (version !== 0) continue;
        const found = counts.get(`${code}/${subject}`) ?? { code, subject, count: 0, lastLogTime: 0 };
        counts.set(`${code}/${subject}`, { code, subject, count: found.count + 1, lastLogTime: Math.max(found.lastLogTime, at) });
      }
      return [...counts.values()].sort((a, b) => compareText(a.code, b.code) || compareText(a.subject, b.subject));
    },
    closures: () => [...closures],
    dump,
    async close() {},
  };
};
