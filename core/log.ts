/** The port `Log`: an ordered, durable sequence of envelopes. Implementations: `log/append-file` (embedded), `log/kafka`, `log/memory`. */
import type { Draft, Envelope } from './envelope.ts';

/** The writing side; one writer a log. */
export interface LogWriter {
  /**
   * Adds an envelope to the group that is being gathered. `settled` is called once, when the group is durable on disk;
   * never before, and in log order. While the log fails it is held back, not called with an error: the caller's
   * client waits, and the log retries in a new segment.
   */
  append(draft: Draft, settled?: (offset: number) => void): void;
  /** Resolves when everything appended so far is durable. */
  flush(): Promise<void>;
  /** Offset after the last durable envelope. */
  readonly durableEnd: number;
  /** Envelopes appended and not yet durable, and their bytes. */
  readonly held: { readonly envelopes: number; readonly bytes: number };
  /** What keeps the log from writing, or null. */
  readonly trouble: string | null;
  /** Tells each new durable end, in order. */
  onDurable(listener: (end: number) => void): void;
  close(): Promise<void>;
}

/** What is read of a log at once. */
export interface LogStretch {
  readonly envelopes: Envelope[];
  /** Offsets before them that were lost. */
  readonly corrupt: number;
}

/** The reading side; may run in another process, up to the durable end that it is told. */
export interface LogReader {
  /**
   * Envelopes [from, end) in order, at most `batchMax` at once. Skips what is corrupt: a stretch may begin beyond
   * `from`, and `corrupt` counts the offsets that were lost that way.
   */
  read(from: number, end: number, batchMax: number): AsyncIterable<LogStretch>;
  /** First offset that is kept. */
  start(): Promise<number>;
  /** Offset after the last durable envelope that the files show; a torn tail is not counted. */
  end(): Promise<number>;
  close(): Promise<void>;
}
