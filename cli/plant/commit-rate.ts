/** How fast the plant goes: what its commits of the last seconds brought. When to look is left to the caller. */

/** Commits older than that count no more, ms. */
const spanMs = 10_000;

/** What was processed up to a commit, since the log began. */
interface Mark {
  readonly envelopes: number;
  readonly readings: number;
}

export interface CommitRate {
  /** To be called at each commit. */
  mark(mark: Mark): void;
  /** A second, over the last commits; 0 where there was none for a while. */
  perSecond(of: keyof Mark): number;
}

/** @param clock epoch ms */
export const commitRate = (clock: () => number): CommitRate => {
  let marks: (Mark & { readonly at: number })[] = [];
  return {
    mark(mark) {
      const now = clock();
      marks = marks.filter(({ at }) => now - at <= spanMs);
      marks.push({ ...mark, at: now });
    },
    perSecond(of) {
      const [first, last] = [marks[0], marks.at(-1)];
      if (first === undefined || last === undefined || last.at === first.at || clock() - last.at > spanMs) return 0;
      return ((last[of] - first[of]) * 1000) / (last.at - first.at);
    },
  };
};
