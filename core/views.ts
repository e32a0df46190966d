/** The port `Views`: all that pages, the API and the feed may ask of the plant. Implemented over a store and a pipeline. */
import type { Alarm, AlarmAction, AlarmException } from './alarm.ts';
import type { RegistryChange, Tick } from './envelope.ts';
import type { FailureCode } from './failure.ts';
import type { FoldRule } from './fold.ts';
import type { Closing } from './month.ts';
import type { Pane } from './pane.ts';
import type { Anomaly, DeadLetter, Reading } from './reading.ts';
import type { Books, Key, LatestReading, Ledger, Page, PanesQuery, ReadingsQuery, Recount, Store } from './store.ts';
import type { Device, Past, Town } from './town.ts';
import type { Level, WindowName } from './window.ts';

/** How a plant ended: it said what failed; it went with an exit code or a signal; or it no longer answered, and was ended. */
export type PlantEnd =
  | { readonly how: 'failed'; readonly code: FailureCode; readonly detail: string }
  | { readonly how: 'exited'; readonly status: string }
  | { readonly how: 'silent'; readonly ms: number };

/** How often the plant was started since the gate opened, and how it last ended. */
export interface PlantLife {
  readonly starts: number;
  /** How often it was ended because it no longer answered. */
  readonly hangs: number;
  /** Epoch ms; null where it never did. */
  readonly endedAt: number | null;
  readonly end: PlantEnd | null;
  /** How long its thread has not answered, ms; 0 while it does within `plantSilentMsMax`. */
  readonly threadSilentMs: number;
}

/** What the gate says of itself each second: levels of this moment, and counts since it opened. */
export interface GateReport {
  readonly tick: Tick;
  /** What keeps the log from being written, in words, and since when (epoch ms); null while it is written. */
  readonly trouble: string | null;
  readonly troubleSince: number | null;
  /** Appended and not yet durable: not acknowledged. */
  readonly log: { readonly envelopes: number; readonly bytes: number };
  /** Null until the door is open. */
  readonly door: {
    readonly strangers: number;
    readonly held: number;
    readonly heldBytes: number;
    readonly waitingBytes: number;
    readonly gatheredBytes: number;
    readonly messages: number;
    /** By reason. */
    readonly refused: Readonly<Record<string, number>>;
    /** By limit. */
    readonly slowed: Readonly<Record<string, number>>;
    readonly forwardsDropped: number;
  } | null;
  readonly plant: PlantLife;
}

/** How the gate and the plant fare. */
export interface Status {
  /** Offset up to which all is processed and committed, and the durable end of the log. */
  readonly position: number;
  readonly logEnd: number;
  /** Log time of the last envelope committed; epoch ms, 0 on a fresh store. */
  readonly logTime: number;
  /** Envelopes and readings a second, over the last ten seconds. */
  readonly envelopesPerSecond: number;
  readonly readingsPerSecond: number;
  /** The gate's counters as of its last tick; null before the first. */
  readonly gate: Tick | null;
  /** What keeps the gate from writing, in words; null while it writes. */
  readonly trouble: string | null;
  /** All that the gate says of itself; null before the first. */
  readonly report: GateReport | null;
  /** The store takes nothing at the moment, since so little of the disk is free; null while it takes what comes. */
  readonly waiting: { readonly freeMb: number; readonly keptMb: number } | null;
  /** Rows that are processed and not yet committed. */
  readonly uncommittedRows: number;
  /** How long the plant's thread has not answered, ms: then the rest is as it was before. 0 while it does. */
  readonly silentMs: number;
  readonly storeBytes: number;
  readonly startedAt: number;
}

/** A pane with the note that its window is still open. */
export interface ShownPane extends Pane {
  readonly open: boolean;
}

/** A reading that came late, another value at a known time, an import, a dead letter that was opened again; no reading of its own; or readings that were cut since. */
export type ChangeCause = 'late' | 'correction' | 'import' | 'reopened' | 'refolded' | 'unknown';

/** One revision of a figure. */
export interface Change {
  /** Null where nothing was known of the window. */
  readonly old: Pane | null;
  readonly new: Pane;
  /** Log time of the revision, epoch ms; null where it was made before the store kept it. */
  readonly at: number | null;
  readonly why: readonly ChangeCause[];
  /** Readings that the revision wrote near the window. */
  readonly readings: number;
  /** It changed a civil month that was closed. */
  readonly isAdjustment: boolean;
}

/** [from, to), epoch ms: what was not observed. */
export interface ReceiptGap {
  readonly from: number;
  readonly to: number;
  /** Not known yet: a reading counts until the next one, which may still come in time. */
  readonly isOpen: boolean;
}

/** Where a figure comes from: everything that a person needs to work it out again. */
export interface Receipt {
  readonly key: Key;
  readonly window: WindowName;
  readonly start: number;
  readonly end: number;
  readonly rule: FoldRule;
  /** All versions of the pane, oldest first. */
  readonly versions: readonly Pane[];
  /** What the later versions changed, oldest first. */
  readonly changes: readonly Change[];
  /** Whether a civil month is closed. */
  readonly closing: Closing;
  /** Readings in the window and the neighbours that reach into it, highest versions; at most `receiptReadingsMax`, then `more` is set. */
  readonly readings: readonly Reading[];
  readonly more: boolean;
  /** Spans that were not observed, [from, to). */
  readonly gaps: readonly ReceiptGap[];
  /** The same fold over these readings, now; null where there are more readings than a receipt holds, or where some were cut at the horizon. */
  readonly refolded: Omit<Pane, 'version' | 'revision'> | null;
}
export const receiptReadingsMax = 5_000;

export interface SilentDevice {
  readonly subject: string;
  readonly since: number;
}

/** A series that some detector is still learning: days learnt, of how many. */
export interface LearningSeries extends Key {
  readonly days: number;
  readonly of: number;
}

/** What a commit brought, for live pages: highest values only. */
export interface LiveEvent {
  /** Offset up to which all is committed: the id of the event. */
  readonly position: number;
  readonly logTime: number;
  readonly latest: readonly LatestReading[];
  readonly anomalies: readonly Anomaly[];
  readonly alarms: readonly Alarm[];
}

export interface Views {
  status(): Promise<Status>;
  /** The town as applied, with the devices adopted since. */
  town(): Promise<Town>;
  /** The devices adopted since. */
  adopted(): Promise<readonly Device[]>;
  /** What is remembered for good of each subject that has figures, or that ever stood at a home. */
  past(): Promise<readonly Past[]>;
  ledger(): Promise<Ledger>;
  recount(): Promise<Recount>;
  /** Both, of one moment. */
  books(): Promise<Books>;
  /** The keys that have readings, and the finest window that each is folded into: as it was first declared, whatever its interval is now. */
  keys(): Promise<(Key & { readonly finest: Level })[]>;
  latest(subjects?: readonly string[]): Promise<LatestReading[]>;
  readings(query: ReadingsQuery): Promise<Page<Reading>>;
  /** Closed panes, and the open ones as they would close now; by key in the order asked, then by start. */
  panes(query: PanesQuery): Promise<ShownPane[]>;
  explain(key: Key, window: WindowName, start: number): Promise<Receipt | null>;
  /** What decides whether a civil month is closed. */
  closing(): Promise<Closing>;
  /** What changed the civil month around a moment after it was closed, by key in the order asked, then oldest first. */
  adjustments(keys: readonly Key[], at: number): Promise<Change[]>;
  anomalies(query: Parameters<Store['anomalies']>[0]): Promise<Page<Anomaly>>;
  alarms(query: Parameters<Store['alarms']>[0]): Promise<Page<Alarm>>;
  /** One alarm as it is now; null where there is none. */
  alarm(id: string): Promise<Alarm | null>;
  /** Causes that raise no alarm. */
  alarmExceptions(): Promise<readonly AlarmException[]>;
  deadLetters(query: Parameters<Store['deadLettersPage']>[0]): Promise<Page<DeadLetter>>;
  deadLetterCounts(): ReturnType<Store['deadLetterCounts']>;
  silent(): Promise<SilentDevice[]>;
  /** Of these devices the series that are still learnt, by device in any order. */
  learning(subjects: readonly string[]): Promise<LearningSeries[]>;
  closures(): Promise<{ readonly from: number; readonly to: number }[]>;
  /** Appends a registry change to the log. @returns its offset, once it is durable */
  change(change: RegistryChange): Promise<number>;
  /** Appends what an operator did about an alarm. @returns its offset, once it is durable */
  act(action: AlarmAction): Promise<number>;
  /** Tells each commit. @returns a function that ends it */
  onCommit(listener: (event: LiveEvent) => void): () => void;
}
