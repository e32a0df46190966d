/**
 * The scorer of the Numenta Anomaly Benchmark, exactly: for scores of any detector, what the best threshold of a profile earns.
 * Source: Lavin and Ahmad, "Evaluating real-time anomaly detection algorithms: the Numenta Anomaly Benchmark" (ICMLA 2015), and the
 * reference scorer's rules of rows and windows. Detecting, and reading files, are left to others.
 */

/** What a profile pays for; fractions of a window. */
export interface Profile {
  readonly name: 'standard' | 'reward_low_FP' | 'reward_low_FN';
  readonly found: number;
  readonly missed: number;
  readonly falseAlarm: number;
}

export const profiles: readonly Profile[] = [
  { name: 'standard', found: 1, missed: 1, falseAlarm: 0.11 },
  { name: 'reward_low_FP', found: 1, missed: 1, falseAlarm: 0.22 },
  { name: 'reward_low_FN', found: 1, missed: 2, falseAlarm: 0.11 },
];

/** One file: a score a row, and the labelled windows. */
export interface Scored {
  /** 0 to 1 a row; 1 is surest. */
  readonly scores: ArrayLike<number>;
  /** Rows of the first and the last of each window, both in it, in order. */
  readonly windows: readonly (readonly [first: number, last: number])[];
}

export interface NabScore {
  /** 0: nothing is ever said; 100: each window is found at its first row, and nothing else is said. */
  readonly score: number;
  /** Rows with at least this score are alarms. */
  readonly threshold: number;
  readonly windowsFound: number;
  readonly windows: number;
  readonly falseRows: number;
}

const probationShare = 0.15;
const probationRowsMax = 750;
/** From so many window widths on a false alarm costs all. */
const widthsMax = 3;

/** Rows at the start that are not judged, in windows neither. */
const probationRows = (rows: number): number => Math.min(Math.floor(probationShare * rows), probationRowsMax);

const sigmoid = (x: number): number => (x >= widthsMax ? -1 : 2 / (1 + Math.exp(5 * x)) - 1);

/** Rows of a file that have the same score and lie in the same window, or outside. */
interface Said {
  readonly score: number;
  /** Place among the file's judged windows; −1 outside. */
  readonly window: number;
  /** What saying them earns: the best of a window, the sum outside. */
  readonly earns: number;
  readonly rows: number;
}

/** What can be earned on one file under one profile. */
export interface Earnings {
  readonly said: readonly Said[];
  /** Windows that can be found. */
  readonly windows: number;
}

/** The windows that reach beyond the rows that are not judged. */
const judgedWindows = ({ scores, windows }: Scored): readonly (readonly [number, number])[] =>
  windows.filter(([, last]) => last >= probationRows(scores.length));

/** Calls `each` with every judged row: its score, its window, and what it earns. */
const walk = (file: Scored, profile: Profile, each: (score: number, window: number, earns: number) => void): void => {
  const { scores } = file;
  const windows = judgedWindows(file);
  let next = 0;
  let before = file.windows.findLast(([, last]) => last < probationRows(scores.length));
  for (let i = probationRows(scores.length); i < scores.length; i++) {
    const window = windows[next];
    const score = scores[i] ?? 0;
    if (window !== undefined && i >= window[0]) {
      const [first, last] = window;
      const position = -(last - i + 1) / (last - first + 1);
      each(score, next, (sigmoid(position) * profile.found) / sigmoid(-1));
      if (i === last) {
        before = window;
        next++;
      }
    } else {
      const past = before === undefined ? Number.POSITIVE_INFINITY : (i - before[1]) / (before[1] - before[0]);
      each(score, -1, sigmoid(past) * profile.falseAlarm);
    }
  }
};

/** What can be earned on a file, by score. */
export const earningsOf = (file: Scored, profile: Profile): Earnings => {
  const windows = judgedWindows(file).length;
  // By window, the rows outside last; in each by score.
  const groups = Array.from({ length: windows + 1 }, () => new Map<number, Said>());
  walk(file, profile, (score, window, earns) => {
    const group = groups[window < 0 ? windows : window];
    const known = group?.get(score);
    if (known === undefined) group?.set(score, { score, window, earns, rows: 1 });
    else group?.set(score, { ...known, earns: window < 0 ? known.earns + earns : Math.max(known.earns, earns), rows: known.rows + 1 });
  });
  return { said: groups.flatMap((group) => [...group.values()]), windows };
};

/** All files' rows, the surest first, their windows numbered through. */
const ranked = (files: readonly Earnings[]): { readonly said: Said[]; readonly windows: number } => {
  const all: Said[] = [];
  let windows = 0;
  for (const file of files) {
    for (const said of file.said) all.push(said.window < 0 ? said : { ...said, window: windows + said.window });
    windows += file.windows;
  }
  all.sort((a, b) => b.score - a.score);
  return { said: all, windows };
};

/** What was earned so far, as the threshold sinks. */
class Sweep {
  readonly lowest: number;
  raw: number;
  found = 0;
  falseRows = 0;
  readonly #earned: Float64Array;
  readonly #missed: number;
  constructor(windows: number, profile: Profile) {
    this.#missed = -profile.missed;
    this.#earned = new Float64Array(windows).fill(this.#missed);
    this.lowest = this.#missed * windows;
    this.raw = this.lowest;
  }
  add({ window, earns, rows }: Said): void {
    if (window < 0) {
      this.raw += earns;
      this.falseRows += rows;
      return;
    }
    const known = this.#earned[window] ?? 0;
    if (known === this.#missed) this.found++;
    if (earns <= known) return;
    this.raw += earns - known;
    this.#earned[window] = earns;
  }
}

const result = ({ lowest, raw, found, falseRows }: Sweep, windows: number, profile: Profile, threshold: number): NabScore => {
  // Where there is no window nothing can be earned.
  const score = windows === 0 ? 0 : (100 * (raw - lowest)) / (profile.found * windows - lowest);
  return { score, threshold, windowsFound: found, windows, falseRows };
};

/** What a given threshold earns on these files; below 0 where false alarms cost more than was found. */
export const nabScoreAt = (files: readonly Earnings[], profile: Profile, threshold: number): NabScore => {
  const { said, windows } = ranked(files);
  const sweep = new Sweep(windows, profile);
  for (const one of said) if (one.score >= threshold) sweep.add(one);
  return result(sweep, windows, profile, threshold);
};

/** The best threshold for all these files together, and what it earns; Infinity where saying nothing is best. */
export const nabScore = (files: readonly Earnings[], profile: Profile): NabScore => {
  const { said, windows } = ranked(files);
  const sweep = new Sweep(windows, profile);
  let best = result(sweep, windows, profile, Number.POSITIVE_INFINITY);
  let raw = sweep.raw;
  for (const [place, one] of said.entries()) {
    sweep.add(one);
    // Rows of one score are said together, or not at all.
    if (said[place + 1]?.score === one.score || sweep.raw <= raw) continue;
    raw = sweep.raw;
    best = result(sweep, windows, profile, one.score);
  }
  return best;
};
