/** What stands in order. */

/** How many of the first `count` places hold what `isBelow` takes, where all that it takes stands before the rest: the place of the first that it refuses. */
export const countBelow = (count: number, isBelow: (place: number) => boolean): number => {
  let [from, to] = [0, count];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (isBelow(middle)) from = middle + 1;
    else to = middle;
  }
  return from;
};
