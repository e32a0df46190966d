/** The bytes of one segment as a window that moves forward over the file; what the frames hold is left to the reader. */
import { Buffer } from 'node:buffer';
import { type Frame, readFrame } from './frame.ts';
import { decodeHeader, openSegment, readStart, type SegmentFile, type SegmentSource, segmentHeaderBytes } from './segment.ts';

const windowBytes = 1024 * 1024;
/** With less room than that behind the filled part, a new window is begun. */
const roomBytesMin = 64 * 1024;

export class SegmentBytes {
  readonly segment: SegmentFile;
  readonly salt: number;
  /** Null where nothing of it can be read. */
  readonly #source: SegmentSource | null;
  /** Never written again where it is filled: envelopes hold views of it. */
  buffer: Buffer;
  filled: number;
  /** Position of the next frame in the buffer. */
  at = segmentHeaderBytes;
  /** Position of the buffer's start in the file. */
  #base = 0;

  private constructor(segment: SegmentFile, source: SegmentSource | null, buffer: Buffer, filled: number, salt: number) {
    this.segment = segment;
    this.#source = source;
    this.buffer = buffer;
    this.filled = filled;
    this.salt = salt;
  }

  /** Null where the file is gone. @throws FailureError `newer-version` */
  static async open(segment: SegmentFile): Promise<SegmentBytes | null> {
    let source: SegmentSource | null = null;
    try {
      source = await openSegment(segment);
      const buffer = Buffer.allocUnsafeSlow(windowBytes);
      const filled = await readStart(source, buffer);
      const header = decodeHeader(buffer.subarray(0, Math.min(filled, segmentHeaderBytes)), segment.path);
      const isWhole = filled >= segmentHeaderBytes;
      if (header !== null && isWhole) return new SegmentBytes(segment, source, buffer, filled, header.salt);
      // Without the salt no checksum can be right, and behind half a header stands no frame: the whole segment is a hole.
      await source.close();
      return new SegmentBytes(segment, null, Buffer.alloc(segmentHeaderBytes), segmentHeaderBytes, 0);
    } catch (error) {
      await source?.close().catch(() => {});
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  /** The frame at `at`, or null where the file has no good one there. */
  async frame(): Promise<Frame | null> {
    for (;;) {
      const read = readFrame(this.buffer, this.at, this.filled, this.salt);
      if (typeof read !== 'number') return read;
      if (!(await this.#fill(read))) return null;
    }
  }

  /** Forgets what was read from `at` on: it may have been read while it was being written. */
  async reread(): Promise<void> {
    if (this.#source === null || this.segment.compressed) return; // a compressed one was written before it had its name
    this.#move(windowBytes, false);
    await this.#fill(windowBytes);
  }

  /** Reads the rest of the file. */
  async all(): Promise<void> {
    let more = true;
    while (more) more = await this.#fill(this.filled - this.at + windowBytes);
  }

  async close(): Promise<void> {
    await this.#source?.close();
  }

  /** A new buffer that begins at `at`. */
  #move(size: number, keep: boolean): void {
    const rest = keep ? this.filled - this.at : 0;
    const buffer = Buffer.allocUnsafeSlow(size);
    if (keep) this.buffer.copy(buffer, 0, this.at, this.filled);
    this.#base += this.at;
    this.buffer = buffer;
    this.filled = rest;
    this.at = 0;
  }

  /** Reads on, so that at best `needed` bytes are there from `at`; false at the end of the file. */
  async #fill(needed: number): Promise<boolean> {
    if (this.#source === null) return false;
    const wanted = Math.max(needed, this.filled - this.at + roomBytesMin);
    if (this.at + wanted > this.buffer.length) this.#move(Math.max(windowBytes, wanted), true);
    const bytes = await this.#source.read(this.buffer, this.filled, this.#base + this.filled);
    this.filled += bytes;
    return bytes > 0;
  }
}
