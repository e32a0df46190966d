/** How well what was expected came true: the figures of ASHRAE Guideline 14 for baselines, and mean errors for forecasts. Who expects is left to the caller. */

/** Sums over pairs of what was seen and what was expected. */
export interface Sums {
  count: number;
  seen: number;
  error: number;
  square: number;
  absolute: number;
}

export const noSums = (): Sums => ({ count: 0, seen: 0, error: 0, square: 0, absolute: 0 });

export const addPair = (sums: Sums, seen: number, expected: number): void => {
  const error = seen - expected;
  sums.count++;
  sums.seen += seen;
  sums.error += error;
  sums.square += error * error;
  sums.absolute += Math.abs(error);
};

/** Coefficient of variation of the root mean square error, as a share of the mean; null of less than two pairs or a mean of nothing. */
export const cvRmse = ({ count, seen, square }: Sums): number | null => (count < 2 || seen <= 0 ? null : Math.sqrt(square / (count - 1)) / (seen / count));

/** Normalised mean bias error, as a share of the mean: above 0 where less was expected than came. */
export const nmbe = ({ count, seen, error }: Sums): number | null => (count < 2 || seen <= 0 ? null : error / ((count - 1) * (seen / count)));

/** Mean absolute error, in the unit of what was seen; null of nothing. */
export const meanError = ({ count, absolute }: Sums): number | null => (count === 0 ? null : absolute / count);
