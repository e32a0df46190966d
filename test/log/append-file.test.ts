import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { FailureError } from '../../core/failure.ts';
import { dayMs } from '../../core/time.ts';
import { AppendFileReader } from '../../log/append-file-reader.ts';
import { type AppendFileOptions, type AppendFileWriter, openAppendFile } from '../../log/append-file-writer.ts';
import { crc32c } from '../../log/crc32c.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { draft, numberOf, readAll } from './drafts.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

const writerOf = async (folder: string, settings: AppendFileOptions['settings'] = {}, clock = () => 1_000): Promise<AppendFileWriter> => {
  const writer = await openAppendFile({ folder, clock, settings: { compress: false, ...settings } });
  open.push(() => writer.close());
  return writer;
};

const contents = async (folder: string, from = 0): Promise<{ numbers: number[]; offsets: number[]; corrupt: number; end: number }> => {
  const reader = new AppendFileReader(folder);
  open.push(() => reader.close());
  const end = await reader.end();
  const { envelopes, corrupt } = await readAll(reader, from, end);
  return { numbers: envelopes.map(numberOf), offsets: envelopes.map((e) => e.offset), corrupt, end };
};

const count = (end: number, from = 0): number[] => Array.from({ length: end - from }, (_, n) => from + n);
const segments = (folder: string): string[] => readdirSync(join(folder, 'log')).sort();

/** Groups of the given sizes, numbered through. */
const writeGroups = async (writer: AppendFileWriter, sizes: readonly number[], from = 0): Promise<void> => {
  let n = from;
  for (const size of sizes) {
    for (let i = 0; i < size; i++) writer.append(draft(n++));
    await writer.flush();
  }
};

it('goes on after a restart, in a new segment, without a gap and with log time kept', async () => {
  const folder = temporaryFolder();
  const first = await writerOf(folder, {}, () => 5_000);
  await writeGroups(first, [3, 4]);
  await first.close();
  const second = await writerOf(folder, {}, () => 4_000);
  expect(second.durableEnd).toBe(7);
  expect(second.recovered).toEqual({ tornBytes: 0, corrupt: 0 });
  await writeGroups(second, [2], 7);
  const reader = new AppendFileReader(folder);
  const { envelopes } = await readAll(reader, 0, 9);
  expect(envelopes.map(numberOf)).toEqual(count(9));
  expect(envelopes.map((e) => e.logTime)).toEqual(new Array(9).fill(5_000));
  await reader.close();
  expect(segments(folder)).toEqual(['00000000000000000000.seg', '00000000000000000003.seg']);
});

it('opens again and again without writing', async () => {
  const folder = temporaryFolder();
  const first = await writerOf(folder);
  await writeGroups(first, [3]);
  await first.close();
  for (let n = 0; n < 5; n++) await (await writerOf(folder)).close();
  expect(await contents(folder)).toEqual({ numbers: count(3), offsets: count(3), corrupt: 0, end: 3 });
  expect(segments(folder)).toHaveLength(1);
});

it('cuts a torn tail at every byte of the last frame', async () => {
  const whole = temporaryFolder();
  const writer = await writerOf(whole);
  await writeGroups(writer, [2, 3]);
  const path = join(whole, 'log', '00000000000000000000.seg');
  const before = statSync(path).size;
  await writeGroups(writer, [2], 5);
  await writer.close();
  const bytes = readFileSync(path);
  for (let length = before; length < bytes.length; length++) {
    const folder = temporaryFolder();
    await cp(whole, folder, { recursive: true });
    writeFileSync(join(folder, 'log', '00000000000000000000.seg'), bytes.subarray(0, length));
    expect((await contents(folder)).end).toBe(5);
    const again = await writerOf(folder);
    expect(again.recovered).toEqual({ tornBytes: length - before, corrupt: 0 });
    expect(again.durableEnd).toBe(5);
    await writeGroups(again, [1], 5);
    await again.close();
    expect(await contents(folder)).toEqual({ numbers: count(6), offsets: count(6), corrupt: 0, end: 6 });
  }
});

it('knows a flipped byte anywhere, and the size of the hole', async () => {
  const whole = temporaryFolder();
  const writer = await writerOf(whole);
  await writeGroups(writer, [2]);
  const path = join('log', '00000000000000000000.seg');
  const from = statSync(join(whole, path)).size;
  await writeGroups(writer, [3], 2);
  const until = statSync(join(whole, path)).size;
  await writeGroups(writer, [2, 1], 5);
  await writer.close();
  const bytes = readFileSync(join(whole, path));
  for (let at = 0; at < until; at++) {
    // The second half of each copy of the header is unused.
    if (at < from && at >= 128) continue;
    const folder = temporaryFolder();
    await cp(whole, folder, { recursive: true });
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] as number) ^ 0x40;
    writeFileSync(join(folder, path), damaged);
    const found = await contents(folder);
    if (at < from) expect(found).toEqual({ numbers: count(8), offsets: count(8), corrupt: 0, end: 8 });
    else expect(found).toEqual({ numbers: [0, 1, 5, 6, 7], offsets: [0, 1, 5, 6, 7], corrupt: 3, end: 8 });
    if (at % 40 !== 0) continue;
    const again = await writerOf(folder);
    expect(again.recovered).toEqual({ tornBytes: 0, corrupt: at < from ? 0 : 3 });
    expect(again.durableEnd).toBe(8);
    await again.close();
  }
});

it('counts a whole segment as corrupt when its header or the file is gone', async () => {
  for (const damage of ['header', 'file']) {
    const folder = temporaryFolder();
    const writer = await writerOf(folder, { segmentBytesMax: 200 });
    await writeGroups(writer, [3, 4, 5]);
    await writer.close();
    const path = join(folder, 'log', '00000000000000000003.seg');
    const bytes = readFileSync(path);
    writeFileSync(path, damage === 'header' ? Buffer.concat([Buffer.alloc(128), bytes.subarray(128)]) : Buffer.alloc(0));
    expect(await contents(folder)).toEqual({ numbers: [0, 1, 2, ...count(12, 7)], offsets: [0, 1, 2, ...count(12, 7)], corrupt: 4, end: 12 });
  }
});

it('is not deceived by a payload that holds the image of a frame', async () => {
  const folder = temporaryFolder();
  const writer = await writerOf(folder);
  await writeGroups(writer, [1, 1]);
  const path = join(folder, 'log', '00000000000000000000.seg');
  // A frame of another segment, with another salt, claiming a later offset.
  const other = temporaryFolder();
  const forger = await writerOf(other);
  await writeGroups(forger, [1, 1, 1]);
  const image = readFileSync(join(other, 'log', '00000000000000000000.seg')).subarray(128);
  const at = statSync(path).size;
  writer.append({ ...draft(2), payload: image });
  await writer.flush();
  await writeGroups(writer, [1], 3);
  const damaged = readFileSync(path);
  damaged[at + 33] = (damaged[at + 33] as number) ^ 1;
  writeFileSync(path, damaged);
  expect(await contents(folder)).toEqual({ numbers: [0, 1, 3], offsets: [0, 1, 3], corrupt: 1, end: 4 });
});

it('refuses a log of a newer format', async () => {
  const folder = temporaryFolder();
  const writer = await writerOf(folder);
  await writeGroups(writer, [1]);
  await writer.close();
  const path = join(folder, 'log', '00000000000000000000.seg');
  const bytes = readFileSync(path);
  for (const at of [0, 64]) {
    bytes.writeUInt32LE(2, at + 8);
    bytes.writeUInt32LE(crc32c(bytes, at, at + 32), at + 32);
  }
  writeFileSync(path, bytes);
  const refused = await openAppendFile({ folder, clock: () => 0 }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(FailureError);
  expect((refused as FailureError).failure.code).toBe('newer-version');
  await expect(readAll(new AppendFileReader(folder), 0, 1)).rejects.toThrow('newer-version');
});

it('rotates, compresses what is sealed, and reads both forms', async () => {
  const folder = temporaryFolder();
  const writer = await writerOf(folder, { segmentBytesMax: 2_000, compress: true });
  await writeGroups(writer, new Array(50).fill(10));
  await writer.tidy();
  const names = segments(folder);
  expect(names.length).toBeGreaterThan(10);
  expect(names.filter((name) => name.endsWith('.seg'))).toHaveLength(1);
  expect(names.at(-1)).toMatch(/\.seg$/);
  expect(await contents(folder)).toEqual({ numbers: count(500), offsets: count(500), corrupt: 0, end: 500 });
  expect((await contents(folder, 333)).numbers).toEqual(count(500, 333));
});

it('reads of a damaged compressed segment what lies before the damage, and counts the rest', async () => {
  const folder = temporaryFolder();
  const writer = await writerOf(folder, { segmentBytesMax: 3_000_000, compress: true });
  for (let n = 0; n < 40; n++) {
    writer.append({ ...draft(n), payload: Buffer.concat([draft(n).payload, randomBytes(100_000)]) });
    await writer.flush();
  }
  await writer.tidy();
  const [name] = segments(folder) as [string];
  expect(name).toMatch(/\.zst$/);
  const path = join(folder, 'log', name);
  const whole = readFileSync(path);
  const held = Number.parseInt(segments(folder)[1] as string, 10);
  const damages = {
    flipped: () => Buffer.concat([whole.subarray(0, 2_000_000), Buffer.from([255 - (whole[2_000_000] as number)]), whole.subarray(2_000_001)]),
    'cut off': () => whole.subarray(0, 2_000_000),
  };
  for (const [kind, damaged] of Object.entries(damages)) {
    writeFileSync(path, damaged());
    const reader = new AppendFileReader(folder);
    open.push(() => reader.close());
    const { envelopes, corrupt } = await readAll(reader, 0, 40);
    expect(envelopes.length + corrupt, kind).toBe(40);
    expect(envelopes.filter(({ offset }) => offset >= held).length, kind).toBe(40 - held);
    expect(envelopes.filter(({ offset }) => offset < held).length, kind).toBeGreaterThan(10);
  }
});

it.each(['.seg', '.seg.zst'])('takes a %s that cannot be read for a failure, and not for damage', async (suffix) => {
  const folder = temporaryFolder();
  const writer = await writerOf(folder, { segmentBytesMax: 2_000 });
  await writeGroups(writer, new Array(10).fill(10));
  const [name] = segments(folder) as [string];
  rmSync(join(folder, 'log', name));
  mkdirSync(join(folder, 'log', name.replace('.seg', suffix))); // it opens, and each read fails
  const reader = new AppendFileReader(folder);
  open.push(() => reader.close());
  await expect(readAll(reader, 0, 100)).rejects.toThrow('EISDIR');
});

it('goes on reading while segments are compressed under it', async () => {
  const folder = temporaryFolder();
  const writer = await writerOf(folder, { segmentBytesMax: 2_000, compress: true });
  const reader = new AppendFileReader(folder);
  open.push(() => reader.close());
  const found: number[] = [];
  for (let n = 0; n < 60; n++) {
    await writeGroups(writer, [10], n * 10);
    if (n % 7 === 0) for (const envelope of (await readAll(reader, found.length, writer.durableEnd)).envelopes) found.push(numberOf(envelope));
    if (n % 20 === 0) await writer.tidy();
  }
  expect(found).toEqual(count(found.length));
  expect(found.length).toBeGreaterThan(500);
});

it('cuts whole sealed segments by age and by size, never beyond what is allowed', async () => {
  const folder = temporaryFolder();
  let now = 1000 * dayMs;
  const writer = await writerOf(folder, { segmentBytesMax: 1 }, () => now);
  for (let n = 0; n < 10; n++) {
    await writeGroups(writer, [5], n * 5);
    now += dayMs;
  }
  expect(segments(folder)).toHaveLength(10);
  expect(await writer.cut({ allowedBelow: 0, now, horizonDays: 1 })).toBe(0);
  expect(await writer.cut({ allowedBelow: 50, now })).toBe(0);
  expect(await writer.cut({ allowedBelow: 12, now, horizonDays: 4 })).toBe(10);
  expect(await writer.cut({ allowedBelow: 50, now, horizonDays: 4 })).toBe(30);
  const bytes = segments(folder).reduce((sum, name) => sum + statSync(join(folder, 'log', name)).size, 0);
  expect(await writer.cut({ allowedBelow: 50, now, bytesMax: bytes * 0.6 })).toBe(40);
  expect(await writer.cut({ allowedBelow: 50, now, bytesMax: 0 })).toBe(45);
  const reader = new AppendFileReader(folder);
  open.push(() => reader.close());
  expect(await reader.start()).toBe(45);
  expect(await readAll(reader, 0, 50)).toMatchObject({ corrupt: 0, envelopes: { length: 5 } });
});

it('waits for others only while they come', async () => {
  const writer = await writerOf(temporaryFolder(), { lingerMsMax: 600_000, lingerRateMin: 0 });
  await writeGroups(writer, [1]);
  for (let n = 0; n < 20; n++) expect(await new Promise((resolve) => writer.append(draft(n), resolve))).toBe(n + 1);
});
