/** Whole numbers of any size: a number while it is safe, a BigInt beyond 2^53; one normal form, so that equal values are equal. */
export type Exact = number | bigint;

export const normal = (value: bigint): Exact => {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
};

/** a + b without rounding. Both must be whole. */
export const plus = (a: Exact, b: Exact): Exact => {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return normal(BigInt(a) + BigInt(b));
};

/** a / b as a floating number, to the nearest that doubles allow. */
export const ratio = (a: Exact, b: number): number => Number(a) / b;
