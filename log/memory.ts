/** A log in memory, for tests and trials: the same order, the same promises, nothing kept. Durability on disk is `append-file-writer.ts`. */
import { Buffer } from 'node:buffer';
import type { Draft, Envelope } from '../core/envelope.ts';
import type { LogReader, LogWriter } from '../core/log.ts';

/** Reads envelopes that stand in order from offset 0. @param end offset behind the last that may be read; default all */
export const memoryReader = (envelopes: readonly Envelope[], end: () => number = () => envelopes.length): LogReader => ({
  async *read(from, to, batchMax) {
    for (let at = from; at < to; at += batchMax) yield { envelopes: envelopes.slice(at, Math.min(to, at + batchMax)), corrupt: 0 };
  },
  start: async () => 0,
  end: async () => end(),
  close: async () => {},
});

export class MemoryLog implements LogWriter {
  readonly #clock: () => number;
  readonly #envelopes: Envelope[] = [];
  readonly #listeners: ((end: number) => void)[] = [];
  #settled: (((offset: number) => void) | undefined)[] = [];
  #flushers: (() => void)[] = [];
  #logTime = Number.NEGATIVE_INFINITY;
  #heldBytes = 0;
  #scheduled = false;
  durableEnd = 0;
  trouble: string | null = null;

  /** @param clock epoch ms */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  get held(): { readonly envelopes: number; readonly bytes: number } {
    return { envelopes: this.#envelopes.length - this.durableEnd, bytes: this.#heldBytes };
  }

  append(draft: Draft, settled?: (offset: number) => void): void {
    this.#logTime = Math.max(this.#logTime, this.#clock());
    const offset = this.#envelopes.length;
    this.#envelopes.push({ ...draft, payload: Buffer.from(draft.payload), partition: 0, offset, logTime: this.#logTime });
    this.#settled.push(settled);
    this.#heldBytes += draft.payload.length;
    this.#schedule();
  }

  /** Makes the log fail, as a full disk would, or work again (null). */
  setTrouble(trouble: string | null): void {
    this.trouble = trouble;
    this.#schedule();
  }

  flush(): Promise<void> {
    if (this.durableEnd === this.#envelopes.length) return Promise.resolve();
    return new Promise((resolve) => this.#flushers.push(resolve));
  }

  onDurable(listener: (end: number) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    if (this.trouble === null) await this.flush();
  }

  /** A reader of this log. */
  reader(): LogReader {
    return memoryReader(this.#envelopes, () => this.durableEnd);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.trouble === null) this.#settle();
    });
  }

  #settle(): void {
    const first = this.durableEnd;
    const settled = this.#settled;
    const flushers = this.#flushers;
    this.#settled = [];
    this.#flushers = [];
    this.durableEnd = this.#envelopes.length;
    this.#heldBytes = 0;
    for (let i = 0; i < settled.length; i++) settled[i]?.(first + i);
    for (const listener of this.#listeners) listener(this.durableEnd);
    for (const resolve of flushers) resolve();
  }
}
