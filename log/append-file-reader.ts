/** The reading side of the embedded log, in any process; what is durable it is told by its caller. */
import type { Envelope } from '../core/envelope.ts';
import type { LogReader, LogStretch } from '../core/log.ts';
import { EnvelopeDecoder, type Frame, findFrame, frameHeadBytes } from './frame.ts';
import { listSegments, logFolder, readTail, type SegmentFile } from './segment.ts';
import { SegmentBytes } from './segment-bytes.ts';

/** A frame as bytes: valid in any segment of the same salt. */
export interface RawFrame {
  readonly firstOffset: number;
  readonly count: number;
  readonly logTime: number;
  readonly salt: number;
  /** With its head. Not to be kept. */
  readonly bytes: Uint8Array;
}

/** A place in the log: the segment that is open there, and the frame that is half read. */
class Cursor {
  readonly #folder: string;
  readonly #decoder: EnvelopeDecoder;
  #segments: SegmentFile[] = [];
  #bytes: SegmentBytes | null = null;
  #frame: Frame | null = null;
  /** Position of the next frame in the open segment's buffer is kept by `#bytes`; this is how far the frame was decoded. */
  #decodedAt = 0;
  /** Next offset that is to be read. */
  offset = 0;

  constructor(folder: string, decoder: EnvelopeDecoder) {
    this.#folder = folder;
    this.#decoder = decoder;
  }

  /** Goes to an offset; going on where it stands costs nothing. */
  async seek(offset: number): Promise<void> {
    if (this.#bytes === null || offset !== this.offset) {
      await this.#drop();
      this.#segments = await listSegments(this.#folder);
      this.offset = Math.max(offset, this.#segments[0]?.firstOffset ?? offset);
    }
  }

  /** The next envelopes below `end`, up to the next hole. Ends with at least one of the two numbers positive, while `offset` is below `end`. */
  async stretch(end: number, batchMax: number): Promise<LogStretch> {
    const envelopes: Envelope[] = [];
    let corrupt = 0;
    while (this.offset < end && envelopes.length < batchMax) {
      const frame = this.#frame ?? (await this.#nextFrame(end));
      const first = frame === null ? end : Math.min(frame.firstOffset, end);
      if (first > this.offset) {
        if (envelopes.length > 0) break;
        corrupt += first - this.offset;
        this.offset = first;
      } else if (frame !== null) {
        this.#decode(frame, Math.min(end, this.offset + batchMax - envelopes.length), envelopes);
      }
    }
    return { envelopes, corrupt };
  }

  /** The next good frame below `end`, as it stands in its segment; null where there is none. */
  async frame(end: number): Promise<RawFrame | null> {
    while (this.offset < end) {
      const frame = await this.#nextFrame(end);
      this.#frame = null;
      if (frame === null || frame.firstOffset >= end) break;
      this.offset = frame.firstOffset + frame.count;
      if (frame.count === 0) continue; // a hole, up to the next segment
      const { buffer, salt } = this.#bytes as SegmentBytes;
      const { firstOffset, count, logTime } = frame;
      return { firstOffset, count, logTime, salt, bytes: buffer.subarray(frame.start - frameHeadBytes, frame.end) };
    }
    this.offset = end;
    return null;
  }

  async close(): Promise<void> {
    await this.#drop();
  }

  #decode(frame: Frame, end: number, into: Envelope[]): void {
    const { buffer } = this.#bytes as SegmentBytes;
    const decoder = this.#decoder;
    const until = Math.min(end, frame.firstOffset + frame.count);
    decoder.at = this.#decodedAt;
    for (; this.offset < until; this.offset++) into.push(decoder.next(buffer, this.offset, frame.logTime));
    this.#decodedAt = decoder.at;
    if (until === frame.firstOffset + frame.count) this.#frame = null;
  }

  async #drop(): Promise<void> {
    this.#frame = null;
    const bytes = this.#bytes;
    this.#bytes = null;
    await bytes?.close();
  }

  /** First offset of the next segment, as far as is known. */
  #limit(): number {
    return this.#segments.find((segment) => segment.firstOffset > this.offset)?.firstOffset ?? Number.POSITIVE_INFINITY;
  }

  /** Opens the segment that holds `offset`, unless it is open; false where there is none. */
  async #locate(): Promise<boolean> {
    for (let attempt = 0; attempt < 3; attempt++) {
      const segment = this.#segments.findLast((candidate) => candidate.firstOffset <= this.offset);
      if (segment === undefined) return false;
      if (this.#bytes?.segment.firstOffset === segment.firstOffset) return true;
      await this.#drop();
      // It may be compressed, or cut, between the listing and the opening.
      this.#bytes = await SegmentBytes.open(segment);
      if (this.#bytes !== null) return true;
      this.#segments = await listSegments(this.#folder);
    }
    return false;
  }

  /** See `#following`. Where reading fails the segment is let go: what a failed read left out must not pass for damage when it is tried again. */
  async #nextFrame(end: number): Promise<Frame | null> {
    try {
      return await this.#following(end);
    } catch (error) {
      await this.#drop();
      throw error;
    }
  }

  /** The next frame that ends beyond `offset`; it begins beyond it where there is a hole. Null: nothing good below `end`. */
  async #following(end: number): Promise<Frame | null> {
    let refreshed = false;
    for (;;) {
      const located = await this.#locate();
      const limit = this.#limit();
      if (located) {
        const bytes = this.#bytes as SegmentBytes;
        const frame = refreshed ? await this.#searched(bytes) : await bytes.frame();
        if (frame !== null && frame.firstOffset < Math.min(limit, end)) {
          bytes.at = frame.end;
          if (frame.firstOffset + frame.count <= this.offset) continue;
          return this.#enter(frame);
        }
      }
      // The hole reaches to the next segment, or to the end.
      if (refreshed) return limit < end ? { firstOffset: limit, count: 0, logTime: 0, start: 0, end: 0 } : null;
      // Before bytes are called damaged: the writer may have gone on in another segment, or the bytes were read ahead of the sync.
      this.#segments = await listSegments(this.#folder);
      const holder = this.#segments.findLast((candidate) => candidate.firstOffset <= this.offset);
      refreshed = this.#bytes === null || holder === undefined || holder.firstOffset === this.#bytes.segment.firstOffset;
      if (refreshed) await this.#bytes?.reread();
    }
  }

  async #searched(bytes: SegmentBytes): Promise<Frame | null> {
    const frame = await bytes.frame();
    if (frame !== null) return frame;
    await bytes.all();
    return findFrame(bytes.buffer, bytes.at, bytes.filled, bytes.salt);
  }

  #enter(frame: Frame): Frame {
    this.#decoder.at = frame.start;
    if (frame.firstOffset < this.offset) this.#decoder.skip((this.#bytes as SegmentBytes).buffer, this.offset - frame.firstOffset);
    this.#decodedAt = this.#decoder.at;
    this.#frame = frame;
    return frame;
  }
}

/** Reads the log of a data folder. Keeps its place between calls: reading on where the last call ended costs no search. */
export class AppendFileReader implements LogReader {
  readonly #folder: string;
  readonly #decoder = new EnvelopeDecoder();
  #idle: Cursor | null = null;

  /** @param folder the data folder */
  constructor(folder: string) {
    this.#folder = logFolder(folder);
  }

  /**
   * See the port. An offset that was cut begins at the first that is kept. `end` must be durable: what is missing below it counts as
   * corrupt. Payloads are views of larger buffers: copy what is kept.
   * @throws FailureError `newer-version`
   */
  async *read(from: number, end: number, batchMax: number): AsyncGenerator<LogStretch> {
    const cursor = this.#idle ?? new Cursor(this.#folder, this.#decoder);
    this.#idle = null;
    try {
      await cursor.seek(from);
      while (cursor.offset < end) yield await cursor.stretch(end, batchMax);
    } finally {
      if (this.#idle === null) this.#idle = cursor;
      else await cursor.close();
    }
  }

  /** Good frames that reach beyond `from` and begin below `end`, in order. `end` must be durable. */
  async *frames(from: number, end: number): AsyncGenerator<RawFrame> {
    const cursor = this.#idle ?? new Cursor(this.#folder, this.#decoder);
    this.#idle = null;
    try {
      await cursor.seek(from);
      for (let frame = await cursor.frame(end); frame !== null; frame = await cursor.frame(end)) yield frame;
    } finally {
      if (this.#idle === null) this.#idle = cursor;
      else await cursor.close();
    }
  }

  async start(): Promise<number> {
    return (await listSegments(this.#folder))[0]?.firstOffset ?? 0;
  }

  async end(): Promise<number> {
    const segment = (await listSegments(this.#folder)).at(-1);
    return segment === undefined ? 0 : (await readTail(segment)).end;
  }

  async close(): Promise<void> {
    await this.#idle?.close();
    this.#idle = null;
  }
}
