/** What happens to segments that nobody writes any more: compression and cutting at the horizon. One task at a time; the writer does not wait for it. */
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import { dayMs } from '../core/time.ts';
import { syncFolder } from './log-files.ts';
import { compressedSuffix, listSegments, rawSuffix, readHeader, type SegmentFile } from './segment.ts';

/** Days that log and raw readings are kept. */
export const horizonDaysDefault = 400;

/** What may go, and what must. */
export interface CutLimits {
  /** Offset below which nothing is needed any more: the store's position, and a backup exists. */
  readonly allowedBelow: number;
  /** Epoch ms of log time. */
  readonly now: number;
  /** Segments wholly older than that go. */
  readonly horizonDays?: number;
  /** Beyond that size of the log, the oldest segments go. */
  readonly bytesMax?: number;
}

export class Housekeeping {
  readonly #folder: string;
  readonly #compress: boolean;
  #task: Promise<unknown> = Promise.resolve();
  #sealedBefore = 0;
  readonly #closing = new AbortController();

  constructor(folder: string, compress: boolean) {
    this.#folder = folder;
    this.#compress = compress;
  }

  /** A segment that begins at that offset is being written: all before it are sealed. */
  sealedBefore(firstOffset: number): void {
    this.#sealedBefore = firstOffset;
    if (this.#compress) this.#then(() => this.#compressSealed()).catch(() => {});
  }

  /**
   * Removes whole sealed segments from the oldest on, as far as the limits allow and ask.
   * @returns the first offset that is kept
   */
  cut(limits: CutLimits): Promise<number> {
    return this.#then(() => this.#cut(limits));
  }

  /** What a cut would do now. @returns the offsets at which the segments end that would go, in order */
  plan(limits: CutLimits): Promise<number[]> {
    return this.#then(async () => {
      const { segments, removed } = await this.#removable(limits);
      return segments.slice(1, removed + 1).map(({ firstOffset }) => firstOffset);
    });
  }

  async idle(): Promise<void> {
    await this.#task;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#task;
  }

  #then<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#task.then(work);
    this.#task = result.catch(() => {});
    return result;
  }

  async #cut(limits: CutLimits): Promise<number> {
    const { segments, removed } = await this.#removable(limits);
    for (const segment of segments.slice(0, removed)) await rm(segment.path);
    if (removed > 0) await syncFolder(this.#folder);
    return segments[removed]?.firstOffset ?? 0;
  }

  /** The segments, and how many of them the limits allow and ask to remove. */
  async #removable({
    allowedBelow,
    now,
    horizonDays = horizonDaysDefault,
    bytesMax = Number.POSITIVE_INFINITY,
  }: CutLimits): Promise<{ segments: SegmentFile[]; removed: number }> {
    const segments = await listSegments(this.#folder);
    const sizes = await Promise.all(segments.map(async (segment) => (await stat(segment.path)).size));
    let bytes = sizes.reduce((sum, size) => sum + size, 0);
    let removed = 0;
    for (; removed + 1 < segments.length; removed++) {
      const next = segments[removed + 1] as SegmentFile;
      if (next.firstOffset > Math.min(allowedBelow, this.#sealedBefore)) break;
      // Nothing in a segment is later than the first frame of the next.
      const old = async (): Promise<boolean> => ((await readHeader(next))?.logTime ?? now) <= now - horizonDays * dayMs;
      if (bytes <= bytesMax && !(await old())) break;
      bytes -= sizes[removed] as number;
    }
    return { segments, removed };
  }

  async #compressSealed(): Promise<void> {
    for (const segment of await listSegments(this.#folder)) {
      if (this.#closing.signal.aborted) return;
      if (segment.compressed || segment.firstOffset >= this.#sealedBefore) continue;
      // A full disk, or the end of the process: the raw segment stays, and is tried again with the next one.
      await this.#compressOne(segment.path).catch(() => {});
    }
  }

  async #compressOne(path: string): Promise<void> {
    const target = path.slice(0, -rawSuffix.length) + compressedSuffix;
    const unfinished = `${target}.tmp`;
    try {
      const zstd = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 } });
      await pipeline(createReadStream(path), zstd, createWriteStream(unfinished, { mode: 0o600 }), { signal: this.#closing.signal });
      const handle = await open(unfinished, 'r+');
      await handle.sync().finally(() => handle.close());
      await rename(unfinished, target);
      await syncFolder(this.#folder);
      await rm(path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  }
}
