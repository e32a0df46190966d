/**
 * The last four weeks of some figures a day, and how the newest days differ from those before: a median of days of the same sort,
 * which a week of holidays does not move and the season moves with it.
 */

/** Days that are kept. */
export const daysKept = 28;
/** Days of the same sort that a median needs. */
const sameMin = 4;

/** Where days are kept, and what of them. */
export interface Days {
  readonly floats: Float32Array;
  readonly from: number;
  /** Figures a day; beside them is kept whether the day was free. */
  readonly figures: number;
  /** Days kept, ever. */
  readonly count: number;
}

/** Single-precision numbers of days with so many figures. */
export const dayFloats = (figures: number): number => (figures + 1) * daysKept;

export interface Difference {
  /** Mean of the newest days, and what was usual for them. */
  readonly seen: number;
  readonly usual: number;
  /** Their difference as a share of what is usual, or of the mean size of all days where that is next to nothing. */
  readonly share: number;
}

const placeOf = ({ from, figures, count }: Days, back: number): number => from + (figures + 1) * ((count - 1 - back) % daysKept);

/** Keeps the figures of a day, the newest. @param days with this day in their count */
export const keepDay = (days: Days, figures: ArrayLike<number>, free: boolean): void => {
  const place = placeOf(days, 0);
  for (let i = 0; i < days.figures; i++) days.floats[place + i] = figures[i] as number;
  days.floats[place + days.figures] = free ? 1 : 0;
};

const isFree = (days: Days, back: number): boolean => days.floats[placeOf(days, back) + days.figures] === 1;

/** The median of a figure over days of a sort, the newest `width` left out; null where too few are known. */
export const medianOf = (days: Days, width: number, figure: number, free: boolean): number | null => {
  const kept = Math.min(days.count, daysKept);
  const found: number[] = [];
  for (let back = width; back < kept; back++) {
    if (isFree(days, back) === free) found.push(days.floats[placeOf(days, back) + figure] as number);
  }
  return middle(found);
};

/**
 * How a figure of the newest `width` days differs from that of the same sort of days before them.
 * @returns null where too few are known
 */
export const differenceOf = (days: Days, width: number, figure = 0): Difference | null => {
  const { floats, count } = days;
  const kept = Math.min(count, daysKept);
  let size = 0;
  for (let back = width; back < kept; back++) size += Math.abs(floats[placeOf(days, back) + figure] as number);
  const medians = [medianOf(days, width, figure, false), medianOf(days, width, figure, true)];
  let [seen, usual] = [0, 0];
  for (let back = 0; back < width; back++) {
    const median = medians[isFree(days, back) ? 1 : 0] as number | null;
    if (median === null) return null;
    seen += (floats[placeOf(days, back) + figure] as number) / width;
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
