/** Chance that can be repeated: numbers drawn from a seed, a name and a place in time. It keeps no state. */

/** FNV-1a of a text, 32 bits. */
export const hashText = (text: string, seed = 0): number => {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
};

/** The finaliser of MurmurHash3: every bit of the input reaches every bit of the result. */
const mix = (input: number): number => {
  let h = input >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

/** A number in [0, 1) for a key and an integer place. */
export const chance = (key: number, place = 0): number => mix(key ^ Math.imul(place | 0, 0x9e3779b1)) / 2 ** 32;

/** A number in [low, high). */
export const between = (key: number, place: number, low: number, high: number): number => low + (high - low) * chance(key, place);

/** Smooth noise in [-1, 1]: chance at whole multiples of `periodMs`, eased between them. */
export const drift = (key: number, at: number, periodMs: number): number => {
  const place = Math.floor(at / periodMs);
  const x = at / periodMs - place;
  const ease = x * x * (3 - 2 * x);
  const a = chance(key, place);
  const b = chance(key, place + 1);
  return 2 * (a + (b - a) * ease) - 1;
};
