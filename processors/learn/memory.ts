/** The memory of detectors as text, and back: numbers as they are, blocks of single-precision numbers in base64, all of a subject packed. */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

const mark = 'f32:';
const packedMark = 'zstd:';

/** A text as a shorter one: most of what a young series has learnt is zeros (32 KB become 0.5), and of an old one it grows by nothing. */
export const packed = (text: string): string => packedMark + zstdCompressSync(text).toString('base64');

/** The text in a packed one; earlier programs packed none. */
export const unpacked = (text: string): string =>
  text.startsWith(packedMark) ? zstdDecompressSync(Buffer.from(text.slice(packedMark.length), 'base64')).toString() : text;

/** For `JSON.stringify`: a block leaves as text. */
export const floatsOut = (value: unknown): unknown =>
  value instanceof Float32Array ? mark + Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') : value;

/** A block out of its text; of another length than it has now it is forgotten, and learnt anew. */
export const floatsBack = (text: unknown): Float32Array => {
  if (typeof text !== 'string' || !text.startsWith(mark)) return new Float32Array(0);
  const bytes = Buffer.from(text.slice(mark.length), 'base64');
  const floats = new Float32Array(bytes.byteLength >> 2);
  new Uint8Array(floats.buffer).set(bytes.subarray(0, floats.byteLength));
  return floats;
};
