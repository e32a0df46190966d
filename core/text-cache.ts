/** Turns repeated UTF-8 bytes into one shared string; what the bytes mean is left to others. */
import { Buffer, isUtf8 } from 'node:buffer';

const slots = 1 << 14;
/** Longer texts are rare and not worth keeping. */
const cachedBytesMax = 256;

interface Entry {
  readonly bytes: Buffer;
  readonly text: string;
}

/**
 * A direct-mapped cache of at most 16,384 texts. Topics and subjects repeat, so a look-up (hash and compare) is cheaper than
 * decoding, and equal texts are the same string, whose own hash is computed once.
 */
export class TextCache {
  readonly #entries: (Entry | undefined)[] = new Array<Entry | undefined>(slots);

  /** The text of bytes [start, end); null where they are not well-formed UTF-8. */
  get(bytes: Buffer, start: number, end: number): string | null {
    if (end === start) return '';
    const length = end - start;
    if (length > cachedBytesMax) return decode(bytes, start, end);
    let hash = length;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
    const slot = (hash ^ (hash >>> 15)) & (slots - 1);
    const entry = this.#entries[slot];
    if (entry !== undefined && entry.bytes.length === length && same(entry.bytes, bytes, start)) return entry.text;
    const text = decode(bytes, start, end);
    if (text !== null) this.#entries[slot] = { bytes: Buffer.from(bytes.subarray(start, end)), text };
    return text;
  }
}

const same = (known: Buffer, bytes: Buffer, start: number): boolean => {
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
};

const decode = (bytes: Buffer, start: number, end: number): string | null => (isUtf8(bytes.subarray(start, end)) ? bytes.toString('utf8', start, end) : null);
