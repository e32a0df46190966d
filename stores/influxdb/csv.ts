/** The annotated CSV that InfluxDB answers, as rows. Cells hold no line breaks: what may hold them is written as JSON. */

import { fail } from '../../core/failure.ts';

/** The cells of a line; quotes are doubled within quotes. */
const cellsOf = (line: string): string[] => {
  if (!line.includes('"')) return line.split(',');
  const cells: string[] = [];
  for (let at = 0; at <= line.length; ) {
    if (line[at] !== '"') {
      const end = line.indexOf(',', at);
      cells.push(end < 0 ? line.slice(at) : line.slice(at, end));
      at = end < 0 ? line.length + 1 : end + 1;
      continue;
    }
    let end = at + 1;
    for (;;) {
      end = line.indexOf('"', end);
      if (end < 0) throw fail('store-failed', 'InfluxDB broke off in the middle of a cell');
      if (line[end + 1] !== '"') break;
      end += 2;
    }
    cells.push(line.slice(at + 1, end).replaceAll('""', '"'));
    at = end + 2;
  }
  return cells;
};

/** A time of InfluxDB: nanoseconds since 1970. */
export const nanosIn = (text: string): bigint => {
  const fraction = text.slice(20, -1);
  return BigInt(Date.parse(`${text.slice(0, 19)}Z`)) * 1_000_000n + (fraction === '' ? 0n : BigInt(fraction.padEnd(9, '0')));
};

/** One row of an answer; a column that is absent reads as ''. */
export class Row {
  readonly #columns: ReadonlyMap<string, number>;
  readonly #cells: readonly string[];
  constructor(columns: ReadonlyMap<string, number>, cells: readonly string[]) {
    this.#columns = columns;
    this.#cells = cells;
  }
  text(column: string): string {
    return this.#cells[this.#columns.get(column) ?? -1] ?? '';
  }
  number(column: string): number {
    return Number(this.text(column));
  }
  is(column: string): boolean {
    return this.text(column) === 'true';
  }
  /** The millisecond of the row's time. */
  get at(): number {
    const text = this.text('_time');
    return Date.parse(`${text.slice(0, 19)}Z`) + (text.length > 20 ? Number(text.slice(20, -1).padEnd(3, '0').slice(0, 3)) : 0);
  }
  /** The nanoseconds below it: the version. */
  get version(): number {
    const text = this.text('_time');
    return text.length > 24 ? Number(text.slice(23, -1).padEnd(6, '0')) : 0;
  }
  get nanos(): bigint {
    return nanosIn(this.text('_time'));
  }
}

/** Rows of an answer as it comes, in chunks of any size. Fails with `store-failed` where InfluxDB says in the middle of it that it failed. */
export const rowReader = (): { push(text: string): Row[]; end(): Row[] } => {
  let rest = '';
  let columns: ReadonlyMap<string, number> | null = null;
  const take = (lines: readonly string[]): Row[] => {
    const rows: Row[] = [];
    for (const line of lines) {
      if (line === '') {
        columns = null;
        continue;
      }
      const cells = cellsOf(line);
      if (columns === null) columns = new Map(cells.map((name, place) => [name, place]));
      else if (columns.has('error')) throw fail('store-failed', `InfluxDB: ${new Row(columns, cells).text('error')}`);
      else rows.push(new Row(columns, cells));
    }
    return rows;
  };
  return {
    push(text) {
      const lines = (rest + text).split('\r\n');
      rest = lines.pop() ?? '';
      return take(lines);
    },
    end: () => take(rest === '' ? [] : [rest]),
  };
};
