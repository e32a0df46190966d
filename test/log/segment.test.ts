import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import { AppendFileReader } from '../../log/append-file-reader.ts';
import { type AppendFileSettings, openAppendFile } from '../../log/append-file-writer.ts';
import { listSegments, readHeader, readTail, type SegmentFile } from '../../log/segment.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { draft, numberOf, readAll } from './drafts.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const count = (end: number, from = 0): number[] => Array.from({ length: end - from }, (_, n) => from + n);

/** Everything below `end`, by a reader of its own. */
const contents = async (folder: string, end: number): ReturnType<typeof readAll> => {
  const reader = new AppendFileReader(folder);
  try {
    return await readAll(reader, 0, end);
  } finally {
    await reader.close();
  }
};

/** A closed log of `groups` groups of `size` messages, each message with its number and `filling` behind it. */
const logOf = async (groups: number, size: number, filling: (n: number) => string, settings: Partial<AppendFileSettings>): Promise<string> => {
  const folder = temporaryFolder();
  const writer = await openAppendFile({ folder, clock: () => 1_000, settings: { compress: false, ...settings } });
  for (let n = 0; n < groups * size; n++) {
    writer.append({ ...draft(n), payload: Buffer.from(JSON.stringify({ n, filling: filling(n) })) });
    if (n % size === size - 1) await writer.flush();
  }
  await writer.tidy();
  await writer.close();
  return folder;
};

/** Puts other bytes in the place of a segment. */
const replaced = (segment: SegmentFile, bytes: Buffer, compressed: boolean): SegmentFile => {
  rmSync(segment.path, { force: true });
  const other = { ...segment, compressed, path: segment.path.replace(/\.seg(\.zst)?$/, compressed ? '.seg.zst' : '.seg') };
  writeFileSync(other.path, bytes);
  return other;
};

/** The second of three segments, which holds offsets [3, 6) of 9. */
const middleOfThree = async (): Promise<{ folder: string; middle: SegmentFile; bytes: Buffer }> => {
  const folder = await logOf(9, 1, () => '', { segmentBytesMax: 400 });
  const segments = await listSegments(join(folder, 'log'));
  expect(segments.map(({ firstOffset }) => firstOffset)).toEqual([0, 3, 6]);
  const middle = segments[1] as SegmentFile;
  return { folder, middle, bytes: readFileSync(middle.path) };
};

/** Through the header and the first frame. */
const lengthMax = 240;

it('tells of a segment that was cut short the same, raw or compressed, whatever is left of it', async () => {
  const { folder, middle, bytes } = await middleOfThree();
  const told = async (segment: SegmentFile): Promise<unknown> => {
    const { envelopes, corrupt } = await contents(folder, 9);
    return { offsets: envelopes.map(({ offset }) => offset), numbers: envelopes.map(numberOf), corrupt, header: await readHeader(segment) };
  };
  const firstFrameEnd = 128 + 32 + bytes.readUInt32LE(132);
  expect(firstFrameEnd).toBeLessThan(lengthMax);
  let segment = middle;
  for (let length = 0; length <= lengthMax; length++) {
    const cut = bytes.subarray(0, length);
    segment = replaced(segment, cut, false);
    const raw = await told(segment);
    segment = replaced(segment, zstdCompressSync(cut), true);
    expect(await told(segment), `${length} bytes`).toEqual(raw);
    const left = length < firstFrameEnd ? [] : [3];
    expect(raw, `${length} bytes`).toMatchObject({ offsets: [...count(3), ...left, ...count(9, 6)], corrupt: 3 - left.length });
  }
});

it('reads a compressed segment of several zstd frames, however short the first', async () => {
  const { folder, middle, bytes } = await middleOfThree();
  let segment = middle;
  for (const length of [0, 1, 35, 36, 64, 100, 127, 128, 129, 200]) {
    segment = replaced(segment, Buffer.concat([zstdCompressSync(bytes.subarray(0, length)), zstdCompressSync(bytes.subarray(length))]), true);
    const { envelopes, corrupt } = await contents(folder, 9);
    expect({ numbers: envelopes.map(numberOf), corrupt }, `${length} bytes`).toEqual({ numbers: count(9), corrupt: 0 });
    expect(await readHeader(segment), `${length} bytes`).toMatchObject({ firstOffset: 3 });
  }
});

it('finds no torn bytes where a last segment ends within its header', async () => {
  const { middle, bytes } = await middleOfThree();
  for (const length of [36, 100, 127, 128]) {
    const segment = replaced(middle, bytes.subarray(0, length), false);
    expect(await readTail(segment), `${length} bytes`).toEqual({ end: 3, logTime: 1_000, last: null, tornBytes: 0, corrupt: 0 });
  }
});

const zstdBlockBytes = 128 * 1024;
/** As dense everywhere, so that a share of the compressed bytes holds the same share of the messages. */
const dense = (n: number): string => createHash('sha512').update(`${n}`).digest('hex').repeat(3);

it('loses of a compressed segment little more than the block in which a byte is flipped', async () => {
  const folder = await logOf(250, 40, dense, { segmentBytesMax: 4_000_000, compress: true });
  const [segment, next] = (await listSegments(join(folder, 'log'))) as [SegmentFile, SegmentFile];
  const held = next.firstOffset;
  const whole = readFileSync(segment.path);
  const plainBytes = zstdDecompressSync(whole).length;
  for (const share of [0.05, 0.2, 0.37, 0.5, 0.61, 0.75, 0.9, 0.99]) {
    const at = Math.floor(whole.length * share);
    const damaged = Buffer.from(whole);
    damaged[at] = 255 - (whole[at] as number);
    writeFileSync(segment.path, damaged);
    const { envelopes, corrupt } = await contents(folder, 10_000);
    const before = Math.max(0, Math.floor(held * (share - (2 * zstdBlockBytes) / plainBytes)));
    expect(envelopes.length + corrupt, `${share}`).toBe(10_000);
    expect(envelopes.slice(0, before).map(numberOf), `${share}`).toEqual(count(before));
    expect(envelopes.filter(({ offset }) => offset >= held).length, `${share}`).toBe(10_000 - held);
    expect(
      envelopes.every((envelope) => numberOf(envelope) === envelope.offset),
      `${share}`,
    ).toBe(true);
  }
});

it('loses nothing to a compressed segment whose checksum alone is damaged, or cut off', async () => {
  const folder = await logOf(100, 40, dense, { segmentBytesMax: 1_000_000, compress: true });
  const [segment] = (await listSegments(join(folder, 'log'))) as [SegmentFile];
  const whole = readFileSync(segment.path);
  const end = whole.length - 1;
  const flipped = Buffer.concat([whole.subarray(0, end), Buffer.from([255 - (whole[end] as number)])]);
  for (const damaged of [flipped, whole.subarray(0, end), Buffer.concat([whole, Buffer.alloc(5_000)])]) {
    writeFileSync(segment.path, damaged);
    const { envelopes, corrupt } = await contents(folder, 4_000);
    expect(corrupt).toBe(0);
    expect(envelopes.map(numberOf)).toEqual(count(4_000));
  }
});

/** How often the process has a file of a folder open. */
const openBelow = (folder: string): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false; // closed meanwhile
    }
  }).length;

/** Lets the n-th read of a file from now on fail, once. */
const failRead = async (path: string, nth: number): Promise<void> => {
  const handle = await openFile(path);
  const files = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const { read } = files;
  let reads = 0;
  files.read = function (this: FileHandle, ...given: unknown[]) {
    if (++reads === nth) return Promise.reject(Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' }));
    return Reflect.apply(read, this, given);
  } as typeof read;
  closing.push(() => {
    files.read = read;
  });
};

it.each([true, false])('reads on after a disk failed once, and takes nothing for damaged (compressed: %s)', async (compress) => {
  const noise = (): string => randomBytes(75_000).toString('base64');
  const folder = await logOf(40, 1, noise, { segmentBytesMax: 2_000_000, compress });
  const [{ path }] = (await listSegments(join(folder, 'log'))) as [SegmentFile];
  let failed = true;
  for (let nth = 1; failed; nth++) {
    await failRead(path, nth);
    const reader = new AppendFileReader(folder);
    closing.push(() => reader.close());
    const numbers: number[] = [];
    const read = async (): Promise<void> => {
      for await (const { envelopes, corrupt } of reader.read(numbers.length, 40, 1)) {
        expect(corrupt, `read ${nth}`).toBe(0);
        numbers.push(...envelopes.map(numberOf));
      }
    };
    const error: unknown = await read().catch((thrown: unknown) => thrown);
    failed = error !== undefined;
    if (failed) expect(error).toMatchObject({ code: 'EIO' });
    if (failed) await read();
    expect(numbers, `read ${nth}`).toEqual(count(40));
    for (const close of closing.splice(0).reverse()) await close();
    expect(openBelow(folder)).toBe(0);
    expect(failed || nth > 3).toBe(true);
  }
});

it('closes a compressed segment that is read no further', async () => {
  const folder = await logOf(100, 40, dense, { segmentBytesMax: 1_000_000, compress: true });
  for (let from = 0; from < 10; from++) {
    const reader = new AppendFileReader(folder);
    for await (const { envelopes } of reader.read(from, 4_000, 10)) {
      expect(envelopes.map(numberOf)).toEqual(count(from + 10, from));
      break;
    }
    await reader.close();
    expect(openBelow(folder)).toBe(0);
  }
});
