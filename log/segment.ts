/**
 * Segments: the files of the log, named by their first offset. How groups get into them is left to the writer.
 *
 * A segment begins with its header, twice (at 0 and at 64, so that one damaged byte does not cost the file): magic, format
 * version u32, salt of the CRCs u32, first offset f64, log time of its first frame f64, CRC-32C u32. Frames follow from 128 on.
 * A segment ends where the next one begins: what it holds at or beyond that offset comes from a failed sync and does not count.
 */
import { Buffer } from 'node:buffer';
import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createZstdDecompress, type ZstdDecompress } from 'node:zlib';
import { fail } from '../core/failure.ts';
import { crc32c } from './crc32c.ts';
import { type Frame, findFrame, frameHeadBytes, readFrame } from './frame.ts';
import { zstdParts } from './zstd-parts.ts';

export const segmentHeaderBytes = 128;
export const formatVersion = 1;
const magic = Buffer.from('OCTROILG', 'latin1');
const copyBytes = 64;

export const rawSuffix = '.seg';
export const compressedSuffix = '.seg.zst';
/** Endings of files that were never finished. */
const unfinishedSuffixes: readonly string[] = ['.new', '.tmp'];

export const logFolder = (folder: string): string => join(folder, 'log');

export const removeUnfinished = async (log: string): Promise<void> => {
  for (const name of await readdir(log)) if (unfinishedSuffixes.some((suffix) => name.endsWith(suffix))) await rm(join(log, name), { force: true });
};

export const segmentName = (firstOffset: number): string => firstOffset.toString().padStart(20, '0');

export interface SegmentFile {
  readonly firstOffset: number;
  readonly path: string;
  readonly compressed: boolean;
}

export interface SegmentHeader {
  readonly version: number;
  readonly salt: number;
  readonly firstOffset: number;
  /** Of its first frame: no earlier segment holds a later one. */
  readonly logTime: number;
}

/** The segments of a folder in order; while a file exists in both forms, the raw one counts. An absent folder has none. */
export const listSegments = async (folder: string): Promise<SegmentFile[]> => {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const found = new Map<number, SegmentFile>();
  for (const name of names) {
    const match = /^(\d{20})\.seg(\.zst)?$/.exec(name);
    if (match === null) continue;
    const firstOffset = Number(match[1]);
    const compressed = match[2] !== undefined;
    if (!compressed || !found.has(firstOffset)) found.set(firstOffset, { firstOffset, path: join(folder, name), compressed });
  }
  return [...found.values()].sort((a, b) => a.firstOffset - b.firstOffset);
};

/** The header of a new segment. */
export const encodeHeader = (header: SegmentHeader): Buffer => {
  const bytes = Buffer.alloc(segmentHeaderBytes);
  magic.copy(bytes, 0);
  bytes.writeUInt32LE(header.version, 8);
  bytes.writeUInt32LE(header.salt, 12);
  bytes.writeDoubleLE(header.firstOffset, 16);
  bytes.writeDoubleLE(header.logTime, 24);
  bytes.writeUInt32LE(crc32c(bytes, 0, 32), 32);
  bytes.copy(bytes, copyBytes, 0, copyBytes);
  return bytes;
};

/**
 * Reads a header, from whichever copy is whole.
 * @returns null where neither is
 * @throws FailureError `newer-version`
 */
export const decodeHeader = (bytes: Buffer, path: string): SegmentHeader | null => {
  for (const at of [0, copyBytes]) {
    if (bytes.length < at + 36 || !bytes.subarray(at, at + 8).equals(magic)) continue;
    const version = bytes.readUInt32LE(at + 8);
    const whole = bytes.readUInt32LE(at + 32) === crc32c(bytes, at, at + 32);
    if (!whole) continue;
    if (version > formatVersion) throw fail('newer-version', `the log has format ${version}, this octroi reads up to ${formatVersion}`, path);
    return { version, salt: bytes.readUInt32LE(at + 12), firstOffset: bytes.readDoubleLE(at + 16), logTime: bytes.readDoubleLE(at + 24) };
  }
  return null;
};

/** Bytes of a segment, from its start on. */
export interface SegmentSource {
  /**
   * Fills what lies behind `at` with what stands at `position` and after; returns how much, 0 at the end. Of a compressed segment
   * what follows the read before: once a read was rejected, none may follow.
   */
  read(into: Buffer, at: number, position: number): Promise<number>;
  close(): Promise<void>;
}

/** What a whole segment is read in. */
const pieceBytes = 1024 * 1024;

/** Whether zstd says that bytes are damaged; a disk that fails, or memory that lacks, tells nothing of them. */
const isDamage = ({ code = '' }: NodeJS.ErrnoException): boolean => code.startsWith('Z') && !/mem/i.test(code);

/** Feeds the decoder; what comes of it has come when this ends. */
const feed = (decoder: ZstdDecompress, part: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    decoder.once('error', reject);
    decoder.write(part, (error) => {
      decoder.off('error', reject);
      if (error) reject(error);
      else resolve();
    });
  });

/**
 * Part by part: a call of the decoder that meets damage gives nothing of what it unpacked before, so nothing sound may be fed with it.
 * What a damaged file yields ends there; frames have checksums of their own.
 */
async function* unpacked(handle: FileHandle, decoder: ZstdDecompress): AsyncGenerator<Buffer> {
  const pieces: Buffer[] = [];
  decoder.on('data', (piece: Buffer) => pieces.push(piece));
  try {
    for await (const part of zstdParts(handle)) {
      await feed(decoder, part);
      yield* pieces.splice(0);
    }
  } catch (error) {
    if (!isDamage(error as NodeJS.ErrnoException)) throw error;
  }
}

const decompressed = (handle: FileHandle): SegmentSource => {
  const decoder = createZstdDecompress({ chunkSize: pieceBytes });
  const pieces = unpacked(handle, decoder);
  let rest: Buffer = Buffer.alloc(0);
  return {
    async read(into, at) {
      let filled = at;
      while (filled < into.length) {
        if (rest.length === 0) rest = (await pieces.next()).value ?? rest;
        if (rest.length === 0) break;
        const bytes = rest.copy(into, filled);
        rest = rest.subarray(bytes);
        filled += bytes;
      }
      return filled - at;
    },
    async close() {
      decoder.destroy();
      await handle.close();
    },
  };
};

/** Opens a segment, compressed or not; rejects where there is no such file. */
export const openSegment = async (segment: SegmentFile): Promise<SegmentSource> => {
  const handle = await open(segment.path, 'r');
  if (segment.compressed) return decompressed(handle);
  return {
    read: async (into, at, position) => (await handle.read(into, at, into.length - at, position)).bytesRead,
    close: () => handle.close(),
  };
};

/** A whole segment in memory, decompressed; of a damaged compressed one what lies before the damage. */
export const readSegment = async (segment: SegmentFile): Promise<Buffer> => {
  const source = await openSegment(segment);
  try {
    const pieces: Buffer[] = [];
    for (let position = 0; ; position += pieces.at(-1)?.length ?? 0) {
      const piece = Buffer.allocUnsafeSlow(pieceBytes);
      const bytes = await source.read(piece, 0, position);
      if (bytes === 0) return Buffer.concat(pieces);
      pieces.push(piece.subarray(0, bytes));
    }
  } finally {
    await source.close();
  }
};

/** Reads the start of a segment, until the header is there or the segment ends. @returns how much was read */
export const readStart = async (source: SegmentSource, into: Buffer): Promise<number> => {
  let filled = 0;
  for (let bytes = -1; filled < segmentHeaderBytes && bytes !== 0; filled += bytes) bytes = await source.read(into, filled, filled);
  return filled;
};

/** The header of a segment, reading no more than its first piece; null where it is damaged. */
export const readHeader = async (segment: SegmentFile): Promise<SegmentHeader | null> => {
  const source = await openSegment(segment);
  try {
    const bytes = Buffer.alloc(segmentHeaderBytes);
    return decodeHeader(bytes.subarray(0, await readStart(source, bytes)), segment.path);
  } finally {
    await source.close();
  }
};

/** What the end of a log looks like. */
export interface Tail {
  /** Offset after the last good frame. */
  readonly end: number;
  /** Of the last good frame; the header's where there is none. */
  readonly logTime: number;
  /** The last good frame, with its head, or null. */
  readonly last: { readonly frame: Frame; readonly bytes: Buffer } | null;
  /** Bytes behind the last good frame. */
  readonly tornBytes: number;
  /** Offsets lost in holes between good frames. */
  readonly corrupt: number;
}

/**
 * Reads the last segment through.
 * @throws FailureError `log-corrupt` where its header is damaged, `newer-version`
 */
export const readTail = async (segment: SegmentFile): Promise<Tail> => {
  const bytes = await readSegment(segment);
  const header = decodeHeader(bytes, segment.path);
  if (header === null) throw fail('log-corrupt', 'both copies of the header of the last segment are damaged', segment.path);
  let at = segmentHeaderBytes;
  let end = header.firstOffset;
  let logTime = header.logTime;
  let corrupt = 0;
  let last: Tail['last'] = null;
  while (at < bytes.length) {
    const read = readFrame(bytes, at, bytes.length, header.salt);
    const frame = read === null || typeof read === 'number' ? findFrame(bytes, at + 1, bytes.length, header.salt) : read;
    if (frame === null) break;
    if (frame.firstOffset >= end) {
      corrupt += frame.firstOffset - end;
      end = frame.firstOffset + frame.count;
      logTime = Math.max(logTime, frame.logTime);
      last = { frame, bytes: bytes.subarray(frame.start - frameHeadBytes, frame.end) };
    }
    at = frame.end;
  }
  return { end, logTime, last, tornBytes: Math.max(0, bytes.length - at), corrupt };
};
