/**
 * Columns of DuckDB's data chunks as typed arrays, both ways. A BIGINT is written and read as two 32-bit halves, since a
 * BigInt a cell costs more than all the rest (figures in `bench/store.json`). What the columns mean is left to `rows.ts`.
 */
import { BIGINT, type DuckDBDataChunk, type DuckDBType, INTEGER, VARCHAR } from '@duckdb/node-api';
import { type Exact, normal } from '../../core/exact.ts';

/** What the vectors of the pinned version hold, and its own types keep private. */
interface RawVector<Items> {
  readonly items: Items;
  readonly validity: { readonly data: BigUint64Array | null };
  setItem(place: number, value: string | null): void;
  getItem(place: number): unknown;
  flush(): void;
}

const twoTo32 = 4_294_967_296;
const twoTo53 = 9_007_199_254_740_992;

const rawVector = <Items>(chunk: DuckDBDataChunk, column: number): RawVector<Items> => chunk.getColumnVector(column) as unknown as RawVector<Items>;

const bytesOf = (words: BigUint64Array): Uint8Array => new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
const halvesOf = (items: BigInt64Array): Int32Array => new Int32Array(items.buffer, items.byteOffset, items.length * 2);

/** Marks cells of one vector as null; the first one makes the vector's own mask. */
const nullMarker = (vector: RawVector<unknown>): ((place: number) => void) => {
  let mask: Uint8Array | null = null;
  return (place) => {
    if (mask === null) {
      vector.setItem(place, null);
      if (vector.validity.data !== null) mask = bytesOf(vector.validity.data);
    } else mask[place >> 3] = (mask[place >> 3] as number) & ~(1 << (place & 7));
  };
};

/** Writes one column of a chunk: the cells of rows [from, from + count). */
type Fill<Row> = (chunk: DuckDBDataChunk, column: number, rows: readonly Row[], from: number, count: number) => void;

export interface Column<Row> {
  readonly type: DuckDBType;
  readonly fill: Fill<Row>;
}

/** A 64-bit column. */
export const bigInts = <Row>(cellOf: (row: Row) => Exact | null): Column<Row> => ({
  type: BIGINT,
  fill(chunk, column, rows, from, count) {
    const vector = rawVector<BigInt64Array>(chunk, column);
    const markNull = nullMarker(vector);
    const halves = halvesOf(vector.items);
    for (let i = 0; i < count; i++) {
      const cell = cellOf(rows[from + i] as Row);
      if (cell === null) markNull(i);
      else if (typeof cell === 'bigint') vector.items[i] = cell;
      else {
        halves[2 * i] = cell | 0;
        halves[2 * i + 1] = Math.floor(cell / twoTo32);
      }
    }
    vector.flush();
  },
});

/** A 32-bit column without nulls. */
export const integers = <Row>(cellOf: (row: Row) => number): Column<Row> => ({
  type: INTEGER,
  fill(chunk, column, rows, from, count) {
    const vector = rawVector<Int32Array>(chunk, column);
    for (let i = 0; i < count; i++) vector.items[i] = cellOf(rows[from + i] as Row);
    vector.flush();
  },
});

/** A column of text. */
export const texts = <Row>(cellOf: (row: Row) => string | null): Column<Row> => ({
  type: VARCHAR,
  fill(chunk, column, rows, from, count) {
    const vector = rawVector<never>(chunk, column);
    const markNull = nullMarker(vector);
    for (let i = 0; i < count; i++) {
      const cell = cellOf(rows[from + i] as Row);
      if (cell === null) markNull(i);
      else vector.setItem(i, cell);
    }
    vector.flush();
  },
});

/** Reads the cells of one column of a result. */
export interface Cells {
  number(row: number): number;
  nullable(row: number): number | null;
  exact(row: number): Exact;
  text(row: number): string;
  textOrNull(row: number): string | null;
}

/** The cells of one column; BIGINT and INTEGER as numbers, VARCHAR as text. */
export const cellsOf = (chunk: DuckDBDataChunk, column: number): Cells => {
  const vector = rawVector<BigInt64Array | Int32Array | undefined>(chunk, column);
  const { items } = vector;
  const mask = vector.validity.data === null ? null : bytesOf(vector.validity.data);
  const isNull = (row: number): boolean => mask !== null && ((mask[row >> 3] as number) & (1 << (row & 7))) === 0;
  const halves = items instanceof BigInt64Array ? halvesOf(items) : null;
  const number = (row: number): number =>
    halves === null ? ((items as Int32Array)[row] as number) : (halves[2 * row + 1] as number) * twoTo32 + ((halves[2 * row] as number) >>> 0);
  /** Within 2^53 by its upper half alone. */
  const isSmall = (row: number): boolean => halves === null || Math.abs(halves[2 * row + 1] as number) < twoTo53 / twoTo32;
  return {
    number,
    nullable: (row) => (isNull(row) ? null : number(row)),
    exact: (row) => (isSmall(row) ? number(row) : normal((items as BigInt64Array)[row] as bigint)),
    text: (row) => vector.getItem(row) as string,
    textOrNull: (row) => (isNull(row) ? null : (vector.getItem(row) as string)),
  };
};
