/** What the pipeline remembers between envelopes, by subject and as a whole. How it leaves and comes back is left to `snapshot.ts`. */
import type { Closure, FoldRule, Point } from '../core/fold.ts';
import type { Element } from '../core/pane.ts';
import { type Anomaly, Flag } from '../core/reading.ts';
import type { Ledger } from '../core/store.ts';
import { type AlarmBook, emptyAlarmBook } from './alarms.ts';
import type { DetectorState } from './detect/detector.ts';
import type { Lost } from './horizon.ts';
import { type KeyFold, keyFold } from './key-fold.ts';
import type { PeerDays } from './learn/peers.ts';
import type { Basis } from './mark.ts';

/** A reading behind the watermark, until the next tick. */
export interface Waiting extends Point {
  readonly offset: number;
  /** Its place in the envelope; absent in snapshots of version 0.1.0. */
  readonly item?: number;
}

export interface KeyState {
  readonly fold: KeyFold;
  /** The last readings that came on time, newest last: most repetitions are told by them. At most `recentMax`. */
  recent: Point[];
  waiting: Waiting[];
  /** Spans of closed windows that must be folded again, [from, to). */
  touched: [from: number, to: number][];
  /** Where raw readings were cut at the horizon, in order; absent: nowhere. */
  lost?: Lost[];
  /** State of each detector, and of the model of the usual, by its name. */
  readonly detectors: Record<string, DetectorState>;
  /** Their single-precision numbers, by the same names; absent: none has any. */
  floats?: Record<string, Float32Array>;
  /** What was said of what lasts, by the detector's name, until it ends; absent: nothing lasts, or an earlier program said it and kept no words. */
  said?: Record<string, Said>;
  /** Hours that closed and that no detector has seen, in order. */
  readonly hours: Element[];
  /** End of the last hour that they have seen; absent: none was. */
  seenUntil?: number;
  /** The span of all its anomalies up to now; null: it never had one; absent in snapshots of earlier programs, which did not keep it: nothing is known of it. */
  judged?: Hull | null;
}

/** What an anomaly's first row says and its last one says again. */
export type Said = Pick<Anomaly, 'usual' | 'reason' | 'score' | 'expected' | 'code'>;

/** A span of event time, both ends included. */
export type Hull = readonly [from: number, to: number];

export const recentMax = 8;
export const unstampedMax = 64;

export interface SubjectState {
  readonly keys: Map<string, KeyState>;
  /** Log time of the last arrival, and the open time at that moment, ms. */
  arrivedAt: number;
  arrivedOpen: number;
  /** Since when it is judged silent (log time); null while it is not. */
  silentSince: number | null;
  /** Version of the silence that lasts, and the last revision of its basis; absent: 0, and none. */
  silentVersion?: number;
  silentRevised?: number;
  /** The span of all its silences, as `KeyState.judged`. */
  silences?: Hull | null;
  /** Revisions whose anomalies are not all marked yet, oldest first; absent: there are none. */
  unmarked?: Basis[];
  /** Payload hashes of its last unstamped messages, newest last; at most `unstampedMax`. */
  unstamped: number[];
  /** Event time given to its last unstamped message. */
  unstampedAt: number;
}

export interface Counters {
  processed: number;
  corrupt: number;
  accepted: number;
  stored: number;
  duplicate: number;
  corrected: number;
  deadLetter: number;
  unidentified: number;
  qos0Dropped: number;
}

/** What the last tick of a gate said. */
export interface GateState {
  /** Log time of it; null before the first. */
  tickAt: number | null;
  /** Its wall clock, epoch ms. */
  wallAt: number | null;
  /** How long it had been open, ms; null where it did not say. */
  upAt: number | null;
  /** QoS 0 messages it had dropped. */
  qos0Dropped: number;
}

export interface PipelineState {
  readonly subjects: Map<string, SubjectState>;
  readonly counters: Counters;
  /** Offset after the last envelope. */
  end: number;
  logTime: number;
  /** Log time of the last tick; null before the first. */
  tickAt: number | null;
  /** The gate's wall clock at the last tick, epoch ms; only in snapshots that have no `gates` yet. */
  wallAt: number | null;
  /** How long the gate had been open at the last tick, ms; null where it did not say. Only in snapshots that have no `gates` yet. */
  upAt: number | null;
  /** The last tick of each gate by its name, '' where there is one. */
  readonly gates: Record<string, GateState>;
  /** When the last step of a clock was noted; absent: there was none. */
  clockStepAt?: number;
  /** Sum of the tick gaps in which the gate was open, ms. */
  openMs: number;
  closures: Closure[];
  /** The earliest event time among dead letters `future`; null: there is none. */
  futureNext: number | null;
  /** Devices that are known now, and the offset of the last dead letter that may still wait of them: what they send meanwhile waits behind it. */
  readonly reopening: Map<string, number>;
  /** Raw readings that envelopes below it wrote were cut. */
  cutBefore: number;
  /** Subjects with waiting readings or touched windows, in order of arrival. */
  readonly revising: Set<string>;
  /** What solar plants told of one another. */
  readonly solar: PeerDays;
  alarms: AlarmBook;
  /** Subjects changed since the last snapshot. */
  readonly changed: Set<string>;
}

export const initialState = (): PipelineState => ({
  subjects: new Map(),
  counters: { processed: 0, corrupt: 0, accepted: 0, stored: 0, duplicate: 0, corrected: 0, deadLetter: 0, unidentified: 0, qos0Dropped: 0 },
  end: 0,
  logTime: 0,
  tickAt: null,
  wallAt: null,
  upAt: null,
  gates: {},
  openMs: 0,
  closures: [],
  futureNext: null,
  reopening: new Map(),
  cutBefore: 0,
  revising: new Set(),
  solar: {},
  alarms: emptyAlarmBook(),
  changed: new Set(),
});

export const subjectState = (state: PipelineState, subject: string): SubjectState => {
  let found = state.subjects.get(subject);
  if (found === undefined) {
    found = { keys: new Map(), arrivedAt: state.logTime, arrivedOpen: state.openMs, silentSince: null, silences: null, unstamped: [], unstampedAt: 0 };
    state.subjects.set(subject, found);
  }
  return found;
};

/** The zone whose days a subject's figures are stored by: the one that held at its first reading; null where it has none. */
export const zoneKept = (state: PipelineState, subject: string): string | null => {
  const [first] = state.subjects.get(subject)?.keys.values() ?? [];
  return first?.fold.rule.zone ?? null;
};

export const freshKey = (rule: FoldRule): KeyState => ({
  fold: keyFold(rule),
  recent: [],
  waiting: [],
  touched: [],
  detectors: {},
  hours: [],
  judged: null,
});

/** @param subjects of these alone; default all */
export const waitingCount = (state: PipelineState, subjects: Iterable<string> = state.revising): number => {
  let count = 0;
  for (const subject of subjects) for (const key of state.subjects.get(subject)?.keys.values() ?? []) count += key.waiting.length;
  return count;
};

/** The books, with what is still to be processed up to `logEnd`. */
export const ledgerOf = (state: PipelineState, logEnd: number): Ledger => {
  const { processed, corrupt, accepted, stored, duplicate, corrected, deadLetter, unidentified, qos0Dropped } = state.counters;
  const appended = Math.max(logEnd, state.end);
  return {
    envelopes: { appended, processed, pending: appended - processed - corrupt, corrupt },
    readings: { accepted, stored, duplicate, corrected, deadLetter, waiting: waitingCount(state) },
    qos0Dropped,
    unidentified,
  };
};

/** Offset of the envelope at hand: a reopened message has a lower one of its own. */
export const revisionOf = ({ end }: PipelineState): number => end - 1;

/** Remembers a reading that came on time. */
export const remember = (key: KeyState, point: Point): void => {
  key.recent.push(point);
  if (key.recent.length > recentMax) key.recent.shift();
};

export const isRevising = (key: KeyState): boolean => key.waiting.length > 0 || key.touched.length > 0;

/** True while its next tick has something to revise or to mark. */
export const isSubjectRevising = ({ keys, unmarked }: SubjectState): boolean => unmarked !== undefined || [...keys.values()].some(isRevising);

export const isExcluded = (point: { readonly flags: number }): boolean => (point.flags & Flag.excluded) !== 0;
