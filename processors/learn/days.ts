/**
 * The last four weeks of one figure a day, and how the newest days differ from those before: a median of days of the same sort,
 * which a week of holidays does not move and the season moves with it.
 */

/** Days that are kept. */
export const daysKept = 28;
/** Single-precision numbers: of each day the figure, and whether the day was free. */
export const dayFloats = 2 * daysKept;
/** Days of the same sort that a median needs. */
const sameMin = 4;

export interface Difference {
  /** Mean of the newest days, and what was usual for them. */
  readonly seen: number;
  readonly usual: number;
  /** Their difference as a share of what is usual, or of the mean size of all days where that is next to nothing. */
  readonly share: number;
}

/** Keeps the figure of a day. @param count days kept before it, ever */
export const keepDay = (floats: Float32Array, from: number, count: number, figure: number, free: boolean): void => {
  const place = from + 2 * (count % daysKept);
  floats[place] = figure;
  floats[place + 1] = free ? 1 : 0;
};

/**
 * How the newest `width` days differ from those of the same sort before them.
 * @param count days kept, ever
 * @returns null where too few are known
 */
export const differenceOf = (floats: Float32Array, from: number, count: number, width: number): Difference | null => {
  const kept = Math.min(count, daysKept);
  const before: [number[], number[]] = [[], []];
  let size = 0;
  for (let back = width; back < kept; back++) {
    const place = from + 2 * ((count - 1 - back) % daysKept);
    before[floats[place + 1] === 1 ? 1 : 0].push(floats[place] as number);
    size += Math.abs(floats[place] as number);
  }
  const medians = before.map((figures) => middle(figures));
  let [seen, usual] = [0, 0];
  for (let back = 0; back < width; back++) {
    const place = from + 2 * ((count - 1 - back) % daysKept);
    const median = medians[floats[place + 1] === 1 ? 1 : 0] as number | null;
    if (median === null) return null;
    seen += (floats[place] as number) / width;
    usual += median / width;
  }
  const scale = Math.max(Math.abs(usual), (0.25 * size) / (kept - width));
  return scale > 0 ? { seen, usual, share: (seen - usual) / scale } : null;
};

const middle = (figures: number[]): number | null => {
  if (figures.length < sameMin) return null;
  figures.sort((a, b) => a - b);
  const half = figures.length >> 1;
  return figures.length % 2 === 1 ? (figures[half] as number) : ((figures[half - 1] as number) + (figures[half] as number)) / 2;
};
