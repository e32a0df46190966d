/** The rows of the store in memory, and how those of a commit get in. Questions about them are left to the files beside it. */
import type { Alarm } from '../../core/alarm.ts';
import type { Pane } from '../../core/pane.ts';
import type { Anomaly, DeadLetter, Reading } from '../../core/reading.ts';
import type { Commit, Cut, Key, RevisionTime } from '../../core/store.ts';
import type { Device } from '../../core/town.ts';
import type { WindowName } from '../../core/window.ts';
import { type Closure, newRows } from '../commits.ts';
import { type KeyBook, type KeyEntry, keyBook } from '../key-book.ts';
import { type Series, series } from '../series.ts';

export const atOf = (reading: Reading): number => reading.at;
export const startOf = (pane: Pane): number => pane.start;

export interface Tables {
  readonly book: KeyBook;
  readonly readings: Map<KeyEntry, Series<Reading>>;
  readonly panes: Map<KeyEntry, Map<WindowName, Series<Pane>>>;
  readonly deadLetters: DeadLetter[];
  readonly anomalies: Anomaly[];
  readonly alarms: Alarm[];
  readonly devices: Map<string, Device>;
  readonly closures: Closure[];
  readonly revisions: RevisionTime[];
  /** Readings that were cut at the horizon. */
  readonly cut: { stored: number; corrected: number };
}

/** Tables without a row. */
export const tables = (): Tables => ({
  book: keyBook(),
  readings: new Map(),
  panes: new Map(),
  deadLetters: [],
  anomalies: [],
  alarms: [],
  devices: new Map(),
  closures: [],
  revisions: [],
  cut: { stored: 0, corrected: 0 },
});

/** The readings of a key, all versions; none where the key is unknown. */
export const readingsOf = ({ book, readings }: Tables, key: Key): Series<Reading> => {
  const entry = book.find(key);
  return (entry && readings.get(entry)) ?? series(atOf);
};

/** The panes of a key in windows of one size, all versions; none where the key is unknown. */
export const panesOf = ({ book, panes }: Tables, key: Key, window: WindowName): Series<Pane> => {
  const entry = book.find(key);
  return (entry && panes.get(entry)?.get(window)) ?? series(startOf);
};

/** Of each identity the row that came last; a Map keeps the order of first appearance. */
export const latestVersions = <Row>(rows: readonly Row[], identityOf: (row: Row) => string): Row[] => [
  ...new Map(rows.map((row) => [identityOf(row), row])).values(),
];

const addReading = ({ book, readings }: Tables, reading: Reading): void => {
  const entry = book.of(reading.subject, reading.quantity);
  let list = readings.get(entry);
  if (list === undefined) {
    list = series(atOf);
    readings.set(entry, list);
  }
  list.insert(reading);
  book.see(entry, reading);
};

const addPane = ({ book, panes }: Tables, pane: Pane): void => {
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

const carryOut = (all: Tables, { before, spans }: Cut): void => {
  for (const { from, to, ...key } of spans) {
    for (const { version } of readingsOf(all, key).drop(from, to, (reading) => reading.revision < before)) all.cut[version === 0 ? 'stored' : 'corrected']++;
  }
};

/** Adds the rows of a commit that tables which stand at `position` do not hold yet. */
export const addRows = (all: Tables, commit: Commit, position: number): void => {
  const rows = newRows(commit, position);
  for (const reading of rows.readings) addReading(all, reading);
  for (const pane of rows.panes) addPane(all, pane);
  for (const letter of rows.deadLetters) all.deadLetters.push(letter);
  for (const anomaly of rows.anomalies) all.anomalies.push(anomaly);
  for (const alarm of rows.alarms) all.alarms.push(alarm);
  for (const device of rows.devices) all.devices.set(device.id, device);
  for (const closure of rows.closures) all.closures.push(closure);
  for (const revision of rows.revisions) all.revisions.push(revision);
  for (const one of rows.cuts) carryOut(all, one);
};
