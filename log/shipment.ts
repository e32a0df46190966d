/**
 * A second copy of a log, kept up frame by frame: each is checked before it is written, and never written again. How far
 * the first log is durable is left to the caller.
 */
import { Buffer } from 'node:buffer';
import { mkdir, rename, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../core/failure.ts';
import type { AppendFileReader, RawFrame } from './append-file-reader.ts';
import { type LogFile, realFiles } from './log-files.ts';
import {
  encodeHeader,
  formatVersion,
  listSegments,
  logFolder,
  rawSuffix,
  readHeader,
  readTail,
  removeUnfinished,
  type SegmentFile,
  segmentHeaderBytes,
  segmentName,
} from './segment.ts';

/** Bytes of the frame's head that depend on the segment: sync word, length, CRC. What follows is the same wherever it stands. */
const ownHeadBytes = 12;
/** Bytes that are synced at once. */
const syncBytesMax = 8 * 1024 * 1024;

interface OpenSegment {
  readonly file: LogFile;
  readonly salt: number;
  bytes: number;
}

export interface Shipment {
  /** Offset after the last envelope that is durable in the copy. */
  readonly end: number;
  /**
   * Ships the frames below `durableEnd`.
   * @returns the new end
   * @throws FailureError `log-diverged` where the first log ends before its copy
   */
  to(durableEnd: number): Promise<number>;
  /** Removes segments of the copy that lie wholly below an offset. */
  cut(before: number): Promise<void>;
  close(): Promise<void>;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a.subarray(ownHeadBytes), b.subarray(ownHeadBytes)) === 0;

/** What both logs have at the end of the copy must be the same. */
const requireSame = async (source: AppendFileReader, last: { readonly firstOffset: number; readonly bytes: Uint8Array } | null, end: number, copy: string) => {
  if (last === null || (await source.start()) > last.firstOffset) return;
  for await (const frame of source.frames(last.firstOffset, end)) {
    if (frame.firstOffset === last.firstOffset && same(frame.bytes, last.bytes)) return;
    break;
  }
  throw fail('log-diverged', `what stands at position ${last.firstOffset} is not what was shipped`, copy);
};

/** The last segments of a copy that cannot be read at all, newest first, and the last that can. */
const lastSegments = async (log: string): Promise<{ readonly unreadable: readonly SegmentFile[]; readonly newest: SegmentFile | undefined }> => {
  const segments = await listSegments(log);
  const unreadable: SegmentFile[] = [];
  for (let one = segments.pop(); one !== undefined; one = segments.pop()) {
    if ((await readHeader(one)) !== null) return { unreadable, newest: one };
    unreadable.push(one);
  }
  return { unreadable, newest: undefined };
};

/**
 * How far a copy goes: a last segment that a kill or a power cut left without its header hinders nobody.
 * @param folder the data folder of the copy
 * @returns its start where nothing of it can be read
 */
export const shippedEnd = async (folder: string): Promise<number> => {
  const { unreadable, newest } = await lastSegments(logFolder(folder));
  return newest === undefined ? (unreadable.at(-1)?.firstOffset ?? 0) : (await readTail(newest)).end;
};

/** Clears away what was never finished, and sets aside last segments that cannot be read at all: what they held is shipped again. @returns the last that can */
const mendCopy = async (log: string): Promise<SegmentFile | undefined> => {
  await removeUnfinished(log);
  const { unreadable, newest } = await lastSegments(log);
  for (const { path } of unreadable) await rename(path, `${path}.corrupt`);
  return newest;
};

/**
 * Goes on with a copy where it ends, or begins one.
 * @param folder the data folder of the copy
 * @param durableEnd of the first log
 * @throws FailureError `log-diverged`
 */
export const openShipment = async (source: AppendFileReader, folder: string, durableEnd: number): Promise<Shipment> => {
  const log = logFolder(folder);
  await mkdir(log, { recursive: true, mode: 0o700 });
  let end = await source.start();
  const newest = await mendCopy(log);
  if (newest !== undefined) {
    const tail = await readTail(newest);
    end = tail.end;
    if (tail.tornBytes > 0 && !newest.compressed) await truncate(newest.path, (await stat(newest.path)).size - tail.tornBytes);
    if (durableEnd < end) throw fail('log-diverged', `the log ends at position ${durableEnd}, its copy at ${end}`, folder);
    await requireSame(source, tail.last === null ? null : { firstOffset: tail.last.frame.firstOffset, bytes: tail.last.bytes }, end, folder);
  }
  let segment: OpenSegment | null = null;

  /** As in the first log, whatever has the name of a segment has a header and a frame. */
  const begin = async ({ firstOffset, logTime, salt, bytes }: RawFrame): Promise<OpenSegment> => {
    await segment?.file.close();
    const path = join(log, segmentName(firstOffset) + rawSuffix);
    const file = await realFiles.create(`${path}.new`);
    try {
      await file.write(encodeHeader({ version: formatVersion, salt, firstOffset, logTime }), 0);
      await file.write(bytes, segmentHeaderBytes);
      await file.sync();
      await realFiles.rename(`${path}.new`, path);
      await realFiles.syncFolder(log);
    } catch (error) {
      await file.close().catch(() => {});
      throw error;
    }
    return { file, salt, bytes: segmentHeaderBytes + bytes.length };
  };

  return {
    get end() {
      return end;
    },
    async to(durable) {
      if (durable < end) throw fail('log-diverged', `the log ends at position ${durable}, its copy at ${end}`, folder);
      let reached = end;
      let unsynced = 0;
      const sync = async (): Promise<void> => {
        await segment?.file.sync();
        end = reached;
        unsynced = 0;
      };
      for await (const frame of source.frames(end, durable)) {
        if (segment === null || segment.salt !== frame.salt) {
          await sync();
          segment = await begin(frame);
        } else {
          await segment.file.write(frame.bytes, segment.bytes);
          segment.bytes += frame.bytes.length;
          unsynced += frame.bytes.length;
        }
        reached = frame.firstOffset + frame.count;
        if (unsynced >= syncBytesMax) await sync();
      }
      await sync();
      return end;
    },
    async cut(before) {
      const segments = await listSegments(log);
      for (const [i, one] of segments.entries()) {
        const next = segments[i + 1];
        if (next === undefined || next.firstOffset > before) return;
        await rm(one.path);
      }
    },
    async close() {
      await segment?.file.close();
      segment = null;
    },
  };
};
