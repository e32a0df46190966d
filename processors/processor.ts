/** The contract of what `run` takes over a log into a store: the pipeline over the town's log, the alarm stage over that of the alarms. Nothing that changes it is called while a promise of `process` is pending. */
import type { Envelope } from '../core/envelope.ts';
import type { Ledger, Outputs, Snapshot } from '../core/store.ts';

export interface Processor {
  /** True where processing the envelope reads the past: everything put out before it must be in the store by then. */
  readonly wantsPast: (envelope: Envelope) => boolean;
  /** Told what comes next, from a place on: it may get ready, and puts out nothing. */
  readonly foresee?: (envelopes: readonly Envelope[], from: number) => void;
  /** Processes the next envelope of the log. A promise only where the past is read. */
  readonly process: (envelope: Envelope, out: Outputs) => Promise<void> | undefined;
  /** Passes over offsets that the log lost. */
  readonly skip: (corrupt: number) => void;
  /** Offset after the last envelope processed. */
  readonly end: () => number;
  readonly logTime: () => number;
  /** @param logEnd offset after the last durable envelope: what lies between is pending */
  readonly ledger: (logEnd: number) => Ledger;
  /** The scopes of its state that changed since the last call. */
  readonly snapshot: () => Snapshot[];
  /** Takes the state that all scopes together stand for. Called before anything else. */
  readonly restore: (scopes: readonly Snapshot[]) => void;
}
