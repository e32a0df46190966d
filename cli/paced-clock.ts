/** The clock that stamps the log: the machine's, but never slower than time itself passes. What a step of it means is left to the pipeline. */

/**
 * While a wall clock that was set back catches up, the log's own time goes on at the pace of the monotonic clock: a log time
 * that stood still would make every good stamp look as if it came from the future. After a step forwards that is taken
 * back, the log stays ahead until the gate opens again; nothing is refused for being behind.
 * @param wall epoch ms
 * @param monotonic ms
 */
export const pacedClock = (wall: () => number, monotonic: () => number): (() => number) => {
  let told = Number.NEGATIVE_INFINITY;
  let toldAt = monotonic();
  return () => {
    const now = monotonic();
    told = Math.max(wall(), told + now - toldAt);
    toldAt = now;
    return Math.floor(told);
  };
};
