/** The writing side of the embedded log: groups, syncs, segments, retries. Old segments are left to `housekeeping.ts`. */
import { Buffer } from 'node:buffer';
import { randomInt } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { Draft } from '../core/envelope.ts';
import { type FailureError, fail } from '../core/failure.ts';
import type { LogWriter } from '../core/log.ts';
import { envelopeBytesMax, frameBytesMax, frameHeadBytes } from './frame.ts';
import { Group, type Settled } from './group.ts';
import { type CutLimits, Housekeeping } from './housekeeping.ts';
import { type LogFile, type LogFiles, realFiles } from './log-files.ts';
import { encodeHeader, formatVersion, listSegments, logFolder, rawSuffix, readTail, removeUnfinished, segmentHeaderBytes, segmentName } from './segment.ts';

/** The log's settings. */
export interface AppendFileSettings {
  /** How long a group may wait for company, ms, 0 to 20; it waits only while enough is arriving. 0: never. */
  readonly lingerMsMax: number;
  /** Envelopes a second below which a group never waits. */
  readonly lingerRateMin: number;
  /** A group with that many envelopes waits no longer. */
  readonly lingerEnvelopes: number;
  /** A group takes nothing more beyond that; one envelope may be larger. */
  readonly groupBytesMax: number;
  /** A segment of that size is followed by a new one. */
  readonly segmentBytesMax: number;
  /** Sealed segments are compressed in the background. */
  readonly compress: boolean;
  /** Pause before a failed group is tried again, ms: it doubles from the one to the other. */
  readonly retryMsMin: number;
  readonly retryMsMax: number;
}

export const appendFileDefaults: AppendFileSettings = {
  lingerMsMax: 20,
  lingerRateMin: 1_000,
  lingerEnvelopes: 64,
  groupBytesMax: 1024 * 1024,
  segmentBytesMax: 8 * 1024 * 1024,
  compress: true,
  retryMsMin: 50,
  retryMsMax: 5_000,
};

export interface AppendFileOptions {
  /** The data folder; the log lives in its `log/`. */
  readonly folder: string;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly settings?: Partial<AppendFileSettings>;
  readonly files?: LogFiles;
}

/** What opening found. */
export interface Recovered {
  /** Bytes of a torn tail that were dropped: never acknowledged. */
  readonly tornBytes: number;
  /** Offsets of the last segment that are lost behind damage. */
  readonly corrupt: number;
}

interface OpenSegment {
  readonly file: LogFile;
  readonly salt: number;
  bytes: number;
}

/** The embedded log's writer; one a folder, which `lock.ts` sees to. */
export class AppendFileWriter implements LogWriter {
  readonly recovered: Recovered;
  readonly #folder: string;
  readonly #clock: () => number;
  readonly #settings: AppendFileSettings;
  readonly #files: LogFiles;
  readonly #housekeeping: Housekeeping;
  readonly #listeners: ((end: number) => void)[] = [];
  /** Groups that are not durable yet; the last may still be gathering, the first may be on its way to the disk. */
  readonly #groups: Group[] = [];
  #writing: Group | null = null;
  #spare: Buffer = Buffer.allocUnsafeSlow(64 * 1024);
  #segment: OpenSegment | null = null;
  #running: Promise<void> | null = null;
  #flushers: { readonly end: number; readonly resolve: () => void }[] = [];
  #nextOffset: number;
  #durableEnd: number;
  #heldEnvelopes = 0;
  #heldBytes = 0;
  #logTime: number;
  #trouble: string | null = null;
  /** Set once the file that was written had lost its name: another one writes the folder, and nothing is acknowledged any more. */
  #removed: FailureError | null = null;
  #tried: (() => void) | null = null;
  readonly #closing = new AbortController();
  /** Envelopes a second, smoothed. */
  #rate = 0;
  #rateFrom = performance.now();
  #rateCount = 0;

  constructor(options: AppendFileOptions, logTime: number, nextOffset: number, unsynced: Group | null, recovered: Recovered) {
    this.#folder = logFolder(options.folder);
    this.#clock = options.clock;
    this.#settings = { ...appendFileDefaults, ...options.settings };
    this.#files = options.files ?? realFiles;
    this.#housekeeping = new Housekeeping(this.#folder, this.#settings.compress);
    this.#logTime = logTime;
    this.#nextOffset = nextOffset;
    this.#durableEnd = nextOffset;
    this.recovered = recovered;
    if (unsynced !== null) {
      this.#durableEnd = unsynced.firstOffset;
      this.#heldEnvelopes = unsynced.count;
      this.#heldBytes = unsynced.bytes - frameHeadBytes;
      this.#groups.push(unsynced);
    }
  }

  get durableEnd(): number {
    return this.#durableEnd;
  }

  get held(): { readonly envelopes: number; readonly bytes: number } {
    return { envelopes: this.#heldEnvelopes, bytes: this.#heldBytes };
  }

  get trouble(): string | null {
    return this.#trouble;
  }

  /** @throws FailureError `limit-reached` where one envelope is larger than a frame can be; otherwise it never throws. */
  append(draft: Draft, settled?: Settled): void {
    if (envelopeBytesMax(draft) > frameBytesMax) throw fail('limit-reached', `an envelope of ${draft.payload.length} bytes`, 'frameBytesMax');
    let group = this.#groups.at(-1);
    if (group === undefined || group === this.#writing || group.bytes >= this.#settings.groupBytesMax) {
      group = new Group(this.#nextOffset, this.#spare);
      this.#spare = Buffer.allocUnsafeSlow(0);
      this.#groups.push(group);
    }
    const before = group.bytes;
    group.add(draft, settled);
    this.#nextOffset++;
    this.#heldEnvelopes++;
    this.#heldBytes += group.bytes - before;
    if (this.#running === null) this.start();
  }

  flush(): Promise<void> {
    const end = this.#nextOffset;
    if (this.#durableEnd >= end) return Promise.resolve();
    return new Promise((resolve) => this.#flushers.push({ end, resolve }));
  }

  onDurable(listener: (end: number) => void): void {
    this.#listeners.push(listener);
  }

  /** Writes what waits, unless the disk fails: then what was not acknowledged is left to its senders. */
  async close(): Promise<void> {
    this.#closing.abort();
    while (this.#running !== null) await this.#running;
    await this.#segment?.file.close().catch(() => {});
    this.#segment = null;
    await this.#housekeeping.close();
  }

  /** The offsets at which the segments end that `cut` would remove, in order. */
  cutPlan(limits: CutLimits): Promise<number[]> {
    return this.#housekeeping.plan(limits);
  }

  /** Removes old segments; see `CutLimits`. */
  cut(limits: CutLimits): Promise<number> {
    return this.#housekeeping.cut(limits);
  }

  /** Resolves when no sealed segment waits to be compressed. */
  tidy(): Promise<void> {
    return this.#housekeeping.idle();
  }

  /** Begins to write what waits. */
  start(): void {
    if (this.#running !== null || this.#groups.length === 0) return;
    this.#running = this.#run().finally(() => {
      this.#running = null;
      if (this.#groups.length > 0 && this.#trouble === null) this.start();
    });
  }

  /** Resolves when the first of the waiting groups is durable, or has failed once. */
  firstTry(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#groups.length === 0) return resolve();
      this.#tried = resolve;
      this.start();
    });
  }

  async #run(): Promise<void> {
    // What arrives in the same turn of the event loop shares the group.
    await nextTurn();
    for (let group = this.#groups[0]; group !== undefined; group = this.#groups[0]) {
      await this.#linger(group);
      this.#writing = group;
      if (group.logTime === Number.NEGATIVE_INFINITY) {
        this.#logTime = Math.max(this.#logTime, this.#clock());
        group.logTime = this.#logTime;
      }
      const written = await this.#writeUntilDurable(group);
      this.#tried?.();
      if (!written) return;
      this.#done(group);
    }
  }

  #done(group: Group): void {
    this.#groups.shift();
    this.#writing = null;
    this.#durableEnd = group.end;
    this.#heldEnvelopes -= group.count;
    this.#heldBytes -= group.bytes - frameHeadBytes;
    this.#rateCount += group.count;
    if (group.buffer.length > this.#spare.length && group.buffer.length <= 4 * this.#settings.groupBytesMax) this.#spare = group.buffer;
    group.settle();
    for (const listener of this.#listeners) listener(this.#durableEnd);
    if (this.#flushers.length > 0) {
      for (const flusher of this.#flushers) if (flusher.end <= this.#durableEnd) flusher.resolve();
      this.#flushers = this.#flushers.filter((flusher) => flusher.end > this.#durableEnd);
    }
  }

  /**
   * Waits for company while it keeps arriving. A sender that has one message in flight waits for its own acknowledgement, so a
   * millisecond without arrivals ends the wait: lingering on would only lower the rate.
   */
  async #linger(group: Group): Promise<void> {
    const { lingerMsMax, lingerRateMin, lingerEnvelopes } = this.#settings;
    const from = performance.now();
    const elapsed = from - this.#rateFrom;
    if (elapsed >= 10) {
      this.#rate += 0.5 * ((this.#rateCount * 1000) / elapsed - this.#rate);
      this.#rateCount = 0;
      this.#rateFrom = from;
    }
    if (lingerMsMax <= 0 || this.#rate < lingerRateMin) return;
    let seen = 0;
    while (group.count > seen && group.count < lingerEnvelopes && this.#groups.length === 1 && this.#flushers.length === 0 && !this.#closing.signal.aborted) {
      if (performance.now() - from >= lingerMsMax) return;
      seen = group.count;
      await delay(1);
    }
  }

  /** False where the writer closes while the disk fails. */
  async #writeUntilDurable(group: Group): Promise<boolean> {
    let pauseMs = this.#settings.retryMsMin;
    for (;;) {
      try {
        await this.#write(group);
        this.#trouble = null;
        return true;
      } catch (error) {
        this.#trouble = `the log cannot be written: ${error instanceof Error ? error.message : String(error)}`;
        // The kernel may have dropped the pages that failed and call the next sync of the file a success: it is never used again.
        const { file } = this.#segment ?? {};
        this.#segment = null;
        await file?.close().catch(() => {});
        this.#tried?.();
        if (this.#closing.signal.aborted) return false;
        await delay(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => {});
        pauseMs = Math.min(pauseMs * 2, this.#settings.retryMsMax);
      }
    }
  }

  async #write(group: Group): Promise<void> {
    if (this.#removed !== null) throw this.#removed;
    if (this.#segment !== null && this.#segment.bytes >= this.#settings.segmentBytesMax) {
      const { file } = this.#segment;
      this.#segment = null;
      await file.close();
    }
    const segment = this.#segment;
    if (segment === null) return this.#writeFirst(group);
    const frame = group.frame(segment.salt);
    await segment.file.write(frame, segment.bytes);
    await segment.file.sync();
    if (!segment.file.isNamed()) {
      this.#removed = fail('log-removed', 'the segment that is being written was removed or replaced', this.#folder);
      throw this.#removed;
    }
    segment.bytes += frame.length;
  }

  /** A segment gets its name when its first group is durable: whatever has the name of a segment has a header and a frame. */
  async #writeFirst(group: Group): Promise<void> {
    const path = join(this.#folder, segmentName(group.firstOffset) + rawSuffix);
    const salt = randomInt(2 ** 32);
    const header = encodeHeader({ version: formatVersion, salt, firstOffset: group.firstOffset, logTime: group.logTime });
    const file = await this.#files.create(`${path}.new`);
    try {
      const frame = group.frame(salt);
      await file.write(header, 0);
      await file.write(frame, segmentHeaderBytes);
      await file.sync();
      await this.#files.rename(`${path}.new`, path);
      await this.#files.syncFolder(this.#folder);
      this.#segment = { file, salt, bytes: segmentHeaderBytes + frame.length };
    } catch (error) {
      await file.close().catch(() => {});
      throw error;
    }
    this.#housekeeping.sealedBefore(group.firstOffset);
  }
}

/**
 * Opens the log of a data folder for writing. Only its last segment is read. The last group of an earlier process may never have
 * been synced, though the page cache shows it: it is written again, as the first group of a new segment.
 * @throws FailureError `newer-version`, `log-corrupt` (header of the last segment), `data-not-writable`
 */
export const openAppendFile = async (options: AppendFileOptions): Promise<AppendFileWriter> => {
  const folder = logFolder(options.folder);
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: Error) => {
    throw fail('data-not-writable', error.message, folder);
  });
  await removeUnfinished(folder);
  const segment = (await listSegments(folder)).at(-1);
  if (segment === undefined) return new AppendFileWriter(options, Number.NEGATIVE_INFINITY, 0, null, { tornBytes: 0, corrupt: 0 });
  const tail = await readTail(segment);
  const { last } = tail;
  const unsynced = last === null ? null : Group.restored(last.frame.firstOffset, last.frame.count, last.frame.logTime, last.bytes);
  const writer = new AppendFileWriter(options, tail.logTime, tail.end, unsynced, { tornBytes: tail.tornBytes, corrupt: tail.corrupt });
  await writer.firstTry();
  return writer;
};
