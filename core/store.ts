/** The ports `History` and `Store`, and what goes through them. Implementations: `stores/duckdb` (embedded), `stores/influxdb`, `stores/memory`. */
import type { Alarm, Relayed } from './alarm.ts';
import type { Pane } from './pane.ts';
import type { Place } from './place.ts';
import type { Anomaly, DeadLetter, Reading } from './reading.ts';
import type { Device } from './town.ts';
import type { WindowName } from './window.ts';

/** A device with its quantity: what panes are kept of. */
export interface Key {
  readonly subject: string;
  readonly quantity: string;
}

/**
 * What operators may know of the past. These ask, and no others:
 * - `revise`: readings around those that came late; with `refold`, the panes that are merged again;
 * - `mark`: what was judged in the span of a revision;
 * - `reopen`: dead letters whose cause has gone, and when the next one's will;
 * - `adopt`: who sent the dead letters of a device that is taken into the town;
 * - `horizon`: which readings may be cut;
 * - `alarms`: an alarm that is over, where somebody labels it.
 *
 * Every method shows only rows whose `revision` (the offset of the envelope whose processing wrote them) is below `before`,
 * and of each identity only the highest version among those. A dead letter's identity is (offset, item, code).
 * `revise` asks for several keys in one turn: a store may answer them together.
 */
export interface History {
  /** How many keys it is best asked for in one turn; absent: one after the other. What comes out is the same. */
  readonly together?: number;
  /** Readings with from <= at < to in event-time order, and the nearest ones outside that take part in the fold (no flag `excluded`). */
  neighbourhood(key: Key, from: number, to: number, before: number): Promise<{ previous: Reading | null; inside: Reading[]; next: Reading | null }>;
  /** Panes of one window size with from <= start < to, by start. */
  panes(key: Key, window: WindowName, from: number, to: number, before: number): Promise<Pane[]>;
  /** Dead letters that were not reopened, by offset and item: at most `limit`, and none behind the one with which their whole payloads reach `charsMax` characters. */
  deadLetters(
    query: {
      readonly code: DeadLetter['code'];
      /** Without it, of any subject. */
      readonly subjects?: readonly string[];
      readonly atMax?: number;
      readonly limit: number;
      readonly charsMax: number;
    },
    before: number,
  ): Promise<DeadLetter[]>;
  /** Who sent the dead letters of a subject that were not reopened; each sender once, in any order. */
  deadLetterSenders(query: { readonly code: DeadLetter['code']; readonly subject: string }, before: number): Promise<string[]>;
  /** The earliest event time from `atMin` on of the dead letters that were not reopened; null where there is none. */
  deadLetterEarliest(query: { readonly code: DeadLetter['code']; readonly atMin: number }, before: number): Promise<number | null>;
  /**
   * Anomalies of a subject that last at some moment of [from, to], both ends included, by `since` and id; at most `limit`, those behind `after`.
   * An anomaly's revision is its `offset`.
   */
  judged(
    query: {
      readonly subject: string;
      readonly from: number;
      readonly to: number;
      readonly limit: number;
      readonly after: Pick<Anomaly, 'since' | 'id'> | null;
    },
    before: number,
  ): Promise<Anomaly[]>;
  /** The highest version of an alarm among those written below `before`; null where there is none. Its revision is its `offset`. */
  alarm(id: string, before: number): Promise<Alarm | null>;
  /** Runs of readings written below `before`, by key in the order asked, then by time: neighbours in a run lie at most `gapMs` apart. */
  runs(keys: readonly (Key & { readonly gapMs: number })[], before: number): Promise<(Span & { readonly count: number })[]>;
}

/** A stretch of a key's event time, both ends included. */
export interface Span extends Key {
  readonly from: number;
  readonly to: number;
}

/** The horizon has moved: of the readings written below `before`, those that lie strictly inside the spans are gone. */
export interface Cut {
  readonly offset: number;
  readonly before: number;
  /** All that were ever cut, this time's included: the last cut says where raw readings are missing. */
  readonly spans: readonly Span[];
}

/** Rows that processing a stretch of the log put out, in log order. */
export interface Outputs {
  readonly readings: Reading[];
  readonly panes: Pane[];
  readonly deadLetters: DeadLetter[];
  readonly anomalies: Anomaly[];
  readonly alarms: Alarm[];
  /** Devices that the registry gained or changed. */
  readonly devices: Device[];
  /** Where these stand, and all others when a town is applied: for readers beside octroi, who do not know the town. Stores that have none may leave them out. */
  readonly places: Place[];
  /** Half-open spans of log time in which no gate was open. */
  readonly closures: { readonly from: number; readonly to: number; readonly offset: number }[];
  /** Committed at once, with a snapshot: what runs again after a crash must see the rows that it saw. */
  readonly cuts: Cut[];
  /** One for each envelope that folded windows again: when it was, for receipts. */
  readonly revisions: RevisionTime[];
  /** What the alarm stage is told, where alarms are made there: no store keeps it. */
  readonly judgements: Relayed[];
}

/** When a revision was made. */
export interface RevisionTime {
  readonly offset: number;
  /** Log time of the envelope, epoch ms. */
  readonly logTime: number;
}

/** What one revision wrote of a key's readings. */
export interface Written {
  readonly revision: number;
  readonly readings: number;
  /** Of them: another value than before; out of a dead letter that was reopened; by an import; and those that are none of these. */
  readonly corrected: number;
  readonly reopened: number;
  readonly imported: number;
  readonly late: number;
  /** Event times of the first and the last, epoch ms. */
  readonly from: number;
  readonly to: number;
}

export const emptyOutputs = (): Outputs => ({
  readings: [],
  panes: [],
  deadLetters: [],
  anomalies: [],
  alarms: [],
  devices: [],
  places: [],
  closures: [],
  cuts: [],
  revisions: [],
  judgements: [],
});

/** Absolute counters since the log began. `accepted` = `stored` + `duplicate` + `corrected` + `deadLetter`, at any moment. */
export interface Ledger {
  readonly envelopes: { readonly appended: number; readonly processed: number; readonly pending: number; readonly corrupt: number };
  readonly readings: {
    readonly accepted: number;
    readonly stored: number;
    readonly duplicate: number;
    readonly corrected: number;
    readonly deadLetter: number;
    /** Behind the watermark, kept in the snapshot until the next tick; not yet accepted. */
    readonly waiting: number;
  };
  readonly qos0Dropped: number;
  readonly unidentified: number;
}

export const emptyLedger: Ledger = {
  envelopes: { appended: 0, processed: 0, pending: 0, corrupt: 0 },
  readings: { accepted: 0, stored: 0, duplicate: 0, corrected: 0, deadLetter: 0, waiting: 0 },
  qos0Dropped: 0,
  unidentified: 0,
};

/** One scope of the pipeline's state, as text. */
export interface Snapshot {
  readonly scope: string;
  readonly body: string;
}

/** What is committed at once: all of it or nothing. */
export interface Commit {
  /** The rows come from processing the offsets [start, end). A row's own `offset` may be lower: its `revision` is not. */
  readonly start: number;
  /** Everything below it has been processed. */
  readonly end: number;
  /** Log time of the last envelope; 0 where there was none. */
  readonly logTime: number;
  readonly outputs: Outputs;
  readonly ledger: Ledger;
  /**
   * Changed scopes since the last snapshot, and the offset that all scopes together stand for; null: rows only.
   * Kept where it is newer than the store's own, also when the rows are repeated ones: the changes must not be lost.
   */
  readonly snapshot: { readonly offset: number; readonly scopes: readonly Snapshot[] } | null;
}

export interface LatestReading extends Key {
  readonly at: number;
  readonly value: number | null;
  readonly flags: number;
  readonly offset: number;
}

/** A row of a page; `next` is the cursor to pass for the following page, or null. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly next: string | null;
}

export interface ReadingsQuery extends Key {
  readonly from: number;
  readonly to: number;
  readonly limit: number;
  /** Event time to go on after. */
  readonly after?: number;
}

export interface PanesQuery {
  readonly keys: readonly Key[];
  readonly window: WindowName;
  readonly from: number;
  readonly to: number;
  /** At most `limit` + 1 panes are returned; that one more means the question was too wide. */
  readonly limit: number;
}

/** Rows of the store, counted, for the proof of the ledger; with those that were cut at the horizon. */
export interface Recount {
  readonly stored: number;
  readonly corrected: number;
  readonly deadLetter: number;
}

/** The books, and the rows counted against them, of one moment. */
export interface Books {
  readonly ledger: Ledger;
  readonly recount: Recount;
}

/** What is asked of the rows. It may be asked while a commit runs, and sees the state before it or after it. */
export interface StoreQueries extends History {
  recount(): Promise<Recount>;
  /** Highest versions, in event-time order. */
  readings(query: ReadingsQuery): Promise<Page<Reading>>;
  /** Highest versions, by key in the order asked, then by start. */
  panesOf(query: PanesQuery): Promise<Pane[]>;
  /** All versions of one pane, oldest first. */
  paneVersions(key: Key, window: WindowName, start: number): Promise<Pane[]>;
  /** When these revisions were made, by offset; a revision that was made before stores kept such times is left out. */
  revisionTimes(offsets: readonly number[]): Promise<RevisionTime[]>;
  /** What these revisions wrote of a key's readings with from <= at < to, by revision; one that wrote none is left out. */
  written(key: Key, from: number, to: number, revisions: readonly number[]): Promise<Written[]>;
  /** Highest versions, newest first; `before`: those that began before that event time, epoch ms. */
  anomalies(query: {
    readonly subject?: string;
    readonly quantity?: string;
    readonly kind?: Anomaly['kind'];
    readonly open?: boolean;
    readonly before?: number;
    readonly limit: number;
    readonly after?: string;
  }): Promise<Page<Anomaly>>;
  /** Highest versions, newest first; `open`: those whose state is not `normal`, or the others; `labelled`: those that somebody gave a verdict on. */
  alarms(query: { readonly open?: boolean; readonly labelled?: true; readonly limit: number; readonly after?: string }): Promise<Page<Alarm>>;
  deadLettersPage(query: { readonly subject?: string; readonly code?: string; readonly limit: number; readonly after?: string }): Promise<Page<DeadLetter>>;
  /** Open dead letters by code and subject. */
  deadLetterCounts(): Promise<{ readonly code: string; readonly subject: string; readonly count: number; readonly lastLogTime: number }[]>;
}

/**
 * A place for outputs that can be queried. One writer. The recorded position is never ahead of the rows; rows only
 * append; of a commit only what lies at its position and beyond is new (repeated work, a stale writer); one whose `start`
 * lies beyond the position is refused with `store-failed` (rows between would be missing).
 */
export interface Store extends StoreQueries {
  /** Offset below which everything is stored. */
  readonly position: number;
  /** Log time of the last envelope committed. */
  readonly logTime: number;
  commit(commit: Commit): Promise<void>;
  /** The last snapshot: all scopes, and the offset they stand for (0 and none on a fresh store). */
  snapshot(): Promise<{ readonly offset: number; readonly scopes: Snapshot[] }>;
  ledger(): Ledger;
  /** Ledger and recount of one commit, though others go on: asked one after the other they would not match while data flow in. */
  books(): Promise<Books>;

  latest(subjects?: readonly string[]): LatestReading[];
  devices(): Device[];
  /** Every key that has a reading. */
  keys(): Key[];
  closures(): { readonly from: number; readonly to: number; readonly offset: number }[];

  /** All rows as sorted NDJSON lines: two stores that hold the same print the same. For tests and `octroi replay`. */
  dump(): AsyncIterable<string>;
  close(): Promise<void>;
}
