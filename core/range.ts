/** How far a value lies outside everything that was seen before it. When that is unusual is left to those who ask. */

/** How far beyond its range a value may go, as a share of that range. */
export const valueShare = 0.03;
/** Of the limit, where the past knows no range at all. */
export const ratioFromNothing = 10;

/**
 * How far a value lies beyond the range so far, in limits; the range then holds it.
 * @param ranges the lowest and the highest of each range, NaN before its first value @param place which of the ranges
 * @param share of the range: the limit @param value NaN teaches nothing
 */
export const beyondRange = (ranges: Float64Array | Float32Array, place: number, share: number, value: number): number => {
  if (Number.isNaN(value)) return 0;
  const low = ranges[2 * place] as number;
  const high = ranges[2 * place + 1] as number;
  if (value >= low && value <= high) return 0;
  ranges[2 * place] = value < low ? value : Number.isNaN(low) ? value : low;
  ranges[2 * place + 1] = value > high ? value : Number.isNaN(high) ? value : high;
  if (Number.isNaN(low)) return 0;
  const beyond = value > high ? value - high : low - value;
  return high > low ? beyond / (high - low) / share : ratioFromNothing;
};
