/** Shares and rates with the range in which the truth lies in 95 of 100 cases. */

export interface Ranged {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const z = 1.959964;

/** A share of `total`, after Wilson (1927); null of nothing. */
export const share = (count: number, total: number): Ranged | null => {
  if (total === 0) return null;
  const p = count / total;
  const spread = z * Math.sqrt((p * (1 - p)) / total + z ** 2 / (4 * total ** 2));
  const scale = 1 + z ** 2 / total;
  const middle = p + z ** 2 / (2 * total);
  return { value: p, low: Math.max(0, (middle - spread) / scale), high: Math.min(1, (middle + spread) / scale) };
};

/** Events by an amount of time, as of a Poisson process, by the approximation of Byar; null of no time. */
export const rate = (count: number, time: number): Ranged | null => {
  if (!(time > 0)) return null;
  const low = count === 0 ? 0 : count * (1 - 1 / (9 * count) - z / (3 * Math.sqrt(count))) ** 3;
  const more = count + 1;
  return { value: count / time, low: low / time, high: (more * (1 - 1 / (9 * more) + z / (3 * Math.sqrt(more))) ** 3) / time };
};
