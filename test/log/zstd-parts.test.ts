import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { readSegment } from '../../log/segment.ts';
import { zstdParts } from '../../log/zstd-parts.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const blockBytes = 128 * 1024;
const path = join(temporaryFolder(), '00000000000000000000.seg.zst');

const text = Buffer.from(Array.from({ length: 9_000 }, (_, n) => `${createHash('sha1').update(`${n}`).digest('hex')} and some filling`).join(''));
const noise = randomBytes(400_000);
const packed = (bytes: Buffer, checksum = 1): Buffer => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: checksum } });
const skippable = (bytes: Buffer): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a53, 0);
  head.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
};

const partsOf = async (bytes: Buffer): Promise<Buffer[]> => {
  writeFileSync(path, bytes);
  const handle = await open(path);
  const parts: Buffer[] = [];
  for await (const part of zstdParts(handle)) parts.push(Buffer.from(part));
  await handle.close();
  return parts;
};

const unpacked = (bytes: Buffer): Promise<Buffer> => {
  writeFileSync(path, bytes);
  return readSegment({ firstOffset: 0, path, compressed: true });
};

const files: Record<string, { readonly bytes: Buffer; readonly plain: Buffer }> = {
  'packed blocks': { bytes: packed(text), plain: text },
  'no checksum': { bytes: packed(text, 0), plain: text },
  'raw blocks': { bytes: packed(noise), plain: noise },
  'blocks of one byte, repeated': { bytes: packed(Buffer.alloc(1_000_000, 7)), plain: Buffer.alloc(1_000_000, 7) },
  'an empty frame': { bytes: packed(Buffer.alloc(0)), plain: Buffer.alloc(0) },
  'several frames': { bytes: Buffer.concat([packed(text.subarray(0, 5)), packed(Buffer.alloc(0), 0), packed(text.subarray(5))]), plain: text },
  'skippable frames': {
    bytes: Buffer.concat([skippable(noise), packed(text.subarray(0, 200_000)), skippable(Buffer.alloc(0)), packed(text.subarray(200_000)), skippable(text)]),
    plain: text,
  },
};

it.each(Object.entries(files))('gives every byte of %s once, in parts that unpack to what was packed', async (_, { bytes, plain }) => {
  const parts = await partsOf(bytes);
  expect(Buffer.concat(parts).equals(bytes)).toBe(true);
  expect(Math.max(...parts.map(({ length }) => length))).toBeLessThanOrEqual(blockBytes + 3);
  expect((await unpacked(bytes)).equals(plain)).toBe(true);
});

it('yields of a damaged file whatever its parts before the damage unpack to', async () => {
  const { bytes } = files['raw blocks'] as { bytes: Buffer };
  const parts = await partsOf(bytes);
  // What opens the frame; three whole blocks and a short one; the checksum.
  expect(parts.map(({ length }) => length).slice(1)).toEqual([blockBytes + 3, blockBytes + 3, blockBytes + 3, noise.length - 3 * blockBytes + 3, 4]);
  const from = (part: number): number => parts.slice(0, part).reduce((sum, { length }) => sum + length, 0);
  for (const block of [1, 2, 3, 4]) {
    const damaged = Buffer.from(bytes);
    damaged.fill(0xff, from(block), from(block) + 3); // no such kind of block
    const before = noise.subarray(0, (block - 1) * blockBytes);
    expect((await unpacked(damaged)).equals(before), `block ${block}`).toBe(true);
  }
});

it('ends with the file, wherever it is cut off', async () => {
  const { bytes } = files['several frames'] as { bytes: Buffer };
  const lengths = [...Array.from({ length: 60 }, (_, n) => n), 1_000, 70_000, bytes.length - 5, bytes.length - 1];
  for (const length of lengths) {
    const found = await unpacked(bytes.subarray(0, length));
    expect(found.equals(text.subarray(0, found.length)), `${length} bytes`).toBe(true);
  }
});

it('takes what is no zstd file for damage', async () => {
  for (const bytes of [text, noise, Buffer.alloc(5_000), Buffer.alloc(5_000, 0xff)]) expect(await unpacked(bytes)).toHaveLength(0);
});
