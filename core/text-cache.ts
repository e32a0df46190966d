/** Turns repeated UTF-8 bytes into one shared value; what is made of the text is left to the caller. */
import { Buffer, isUtf8 } from 'node:buffer';

const slots = 1 << 14;
/** Longer texts are rare and not worth keeping. */
const cachedBytesMax = 256;

interface Entry<T> {
  readonly bytes: Buffer;
  readonly value: T;
}

/**
 * A cache of at most 16,384 texts, each in one of two slots. Topics repeat, so a look-up (hash and compare) is cheaper than decoding,
 * and equal texts are the same string, whose own hash is computed once.
 */
export class TextCache<T> {
  readonly #entries: (Entry<T> | undefined)[] = new Array<Entry<T> | undefined>(slots);
  readonly #make: (text: string) => T;

  /** @param make what is kept of a text; a function of the text alone */
  constructor(make: (text: string) => T) {
    this.#make = make;
  }

  /** What `make` gives for the text of bytes [start, end); null where they are not well-formed UTF-8. */
  get(bytes: Buffer, start: number, end: number): T | null {
    const length = end - start;
    if (length > cachedBytesMax) return this.#decode(bytes, start, end);
    const slot = hash(bytes, start, end) & (slots - 1);
    const first = this.#entries[slot];
    if (first !== undefined && same(first.bytes, bytes, start, length)) return first.value;
    const second = this.#entries[slot ^ 1];
    if (second !== undefined && same(second.bytes, bytes, start, length)) return second.value;
    const value = this.#decode(bytes, start, end);
    if (value === null) return null;
    this.#entries[slot ^ 1] = first;
    this.#entries[slot] = { bytes: ownCopy(bytes, start, end), value };
    return value;
  }

  #decode(bytes: Buffer, start: number, end: number): T | null {
    return isUtf8(bytes.subarray(start, end)) ? this.#make(bytes.toString('utf8', start, end)) : null;
  }
}

/** In memory of its own: a small `Buffer.from` lies in a pool, which one that is kept holds whole (64 KB a text, under topics that never repeat). */
const ownCopy = (bytes: Buffer, start: number, end: number): Buffer => {
  const copy = Buffer.allocUnsafeSlow(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
};

const hash = (bytes: Buffer, start: number, end: number): number => {
  let h = end - start;
  let i = start;
  for (const whole = end - 3; i < whole; i += 4) {
    h ^= (bytes[i] as number) | ((bytes[i + 1] as number) << 8) | ((bytes[i + 2] as number) << 16) | ((bytes[i + 3] as number) << 24);
    h = Math.imul(h ^ (h >>> 15), 0x9e3779b1);
  }
  for (; i < end; i++) h = Math.imul(h ^ (bytes[i] as number), 0x01000193);
  return h ^ (h >>> 13) ^ (h >>> 21);
};

const same = (known: Buffer, bytes: Buffer, start: number, length: number): boolean => {
  if (known.length !== length) return false;
  for (let i = 0; i < length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
};
