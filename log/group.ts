/** A group: the envelopes that share one write and one sync, already encoded as a frame. When it is written is left to the writer. */
import { Buffer } from 'node:buffer';
import type { Draft } from '../core/envelope.ts';
import { envelopeBytesMax, frameHeadBytes, sealFrame, signFrame, writeEnvelope } from './frame.ts';

export type Settled = (offset: number) => void;

export class Group {
  #buffer: Buffer;
  #end = frameHeadBytes;
  readonly #settled: (Settled | undefined)[] = [];
  readonly firstOffset: number;
  count = 0;
  /** Stamped when the group is sealed; stays the same when the group is written again. */
  logTime = Number.NEGATIVE_INFINITY;

  constructor(firstOffset: number, buffer: Buffer) {
    this.firstOffset = firstOffset;
    this.#buffer = buffer;
  }

  /** A group that an earlier process wrote: its frame, head included. */
  static restored(firstOffset: number, count: number, logTime: number, frame: Buffer): Group {
    const group = new Group(firstOffset, Buffer.from(frame));
    group.#end = frame.length;
    group.count = count;
    group.logTime = logTime;
    return group;
  }

  /** Length of the frame. */
  get bytes(): number {
    return this.#end;
  }

  get end(): number {
    return this.firstOffset + this.count;
  }

  /** The memory behind it, for the next group. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  add(draft: Draft, settled: Settled | undefined): void {
    const needed = this.#end + envelopeBytesMax(draft);
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed * 2, 4096));
      this.#buffer.copy(larger, 0, 0, this.#end);
      this.#buffer = larger;
    }
    this.#end = writeEnvelope(this.#buffer, this.#end, draft);
    this.#settled.push(settled);
    this.count++;
  }

  /** The frame, checked for a segment. */
  frame(salt: number): Buffer {
    sealFrame(this.#buffer, this.#end, this.firstOffset, this.count, this.logTime);
    signFrame(this.#buffer, this.#end, salt);
    return this.#buffer.subarray(0, this.#end);
  }

  /** Calls all that wait for it, in order. One that throws does not keep the others waiting; its error surfaces as uncaught. */
  settle(): void {
    for (let i = 0; i < this.#settled.length; i++) {
      try {
        this.#settled[i]?.(this.firstOffset + i);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
