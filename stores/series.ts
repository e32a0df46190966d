/** Rows in the order of a time and, where that is equal, of their versions. What the rows mean is left to the stores. */
import { countBelow } from '../core/order.ts';

export interface Versioned {
  readonly version: number;
}

/** Drops all but the last row of each run of equal times. The rows come in the order of time and version. */
export const highestVersions = <Row>(rows: readonly Row[], timeOf: (row: Row) => number): Row[] =>
  rows.filter((row, i) => {
    const following = rows[i + 1];
    return following === undefined || timeOf(following) !== timeOf(row);
  });

/** Rows in a row: neighbours lie at most `gapMs` apart. Both ends are included. */
export interface Run {
  from: number;
  to: number;
  count: number;
}

/** The runs of rows that come in the order of their times. */
export const runsOf = (rows: Iterable<{ readonly at: number }>, gapMs: number): Run[] => {
  const runs: Run[] = [];
  for (const { at } of rows) {
    const last = runs.at(-1);
    if (last !== undefined && at - last.to <= gapMs) {
      last.to = at;
      last.count++;
    } else runs.push({ from: at, to: at, count: 1 });
  }
  return runs;
};

/** One growing series; rows arrive mostly in order. */
export interface Series<Row extends Versioned> {
  readonly rows: readonly Row[];
  insert(row: Row): void;
  /** Drops rows with from < time < to. @returns those that `drops` chose */
  drop(from: number, to: number, drops: (row: Row) => boolean): Row[];
  /** Place of the first row whose time is not below `time`. */
  seek(time: number): number;
  /** All versions with from <= time < to. */
  between(from: number, to: number): Row[];
}

/** An empty series of rows whose time is `timeOf(row)`. */
export const series = <Row extends Versioned>(timeOf: (row: Row) => number): Series<Row> => {
  const rows: Row[] = [];
  /** Place of the first row that `isBelow` refuses. */
  const partition = (isBelow: (row: Row) => boolean): number => countBelow(rows.length, (place) => isBelow(rows[place] as Row));
  const seek = (time: number): number => partition((row) => timeOf(row) < time);

  return {
    rows,
    insert(row) {
      const time = timeOf(row);
      const last = rows.at(-1);
      if (last === undefined || timeOf(last) < time) rows.push(row);
      else
        rows.splice(
          partition((one) => timeOf(one) < time || (timeOf(one) === time && one.version <= row.version)),
          0,
          row,
        );
    },
    drop(from, to, drops) {
      const start = partition((row) => timeOf(row) <= from);
      const inside = rows.slice(start, seek(to));
      rows.splice(start, inside.length, ...inside.filter((row) => !drops(row)));
      return inside.filter(drops);
    },
    seek,
    between: (from, to) => rows.slice(seek(from), seek(to)),
  };
};
