/** Chance from a seed: the same numbers on every machine, one stream a part of the world. What it decides is left to the parts. */

export interface Chance {
  /** A whole number, 0 <= n < 2^32. */
  word(): number;
  /** A whole number, 0 <= n < end. */
  below(end: number): number;
  /** A whole number, from <= n <= to. */
  between(from: number, to: number): number;
  /** True that often: 0 never, 1 always. */
  hit(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
}

/** FNV-1a of a text, 32 bits. */
const textHash = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
};

/** The generator sfc32 (PractRand's small fast counter), seeded with the world's seed and the name of the part. */
export const chance = (seed: number, part: string): Chance => {
  let a = seed >>> 0;
  let b = textHash(part);
  let c = Math.floor(seed / 2 ** 32) >>> 0;
  let counter = 1;
  const word = (): number => {
    const t = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) word();
  const below = (end: number): number => Math.floor((word() / 2 ** 32) * end);
  return {
    word,
    below,
    between: (from, to) => from + below(to - from + 1),
    hit: (probability) => word() < probability * 2 ** 32,
    pick: (list) => list[below(list.length)] as (typeof list)[number],
  };
};
