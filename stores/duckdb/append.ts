/** The writing side: rows into tables through one appender a table. Transactions are left to `duckdb.ts`. */
import { type DuckDBAppender, type DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import type { Column } from './columns.ts';

/** DuckDB's own vector size; a chunk holds no more rows. */
const chunkRowsMax = 2048;

/** Writes rows of one table. */
export interface Appender<Row> {
  /** Hands the rows to the open transaction. Synchronous: it takes about 1 µs a reading of the calling thread. */
  append(rows: readonly Row[]): void;
  close(): void;
}

const fillChunk = <Row>(columns: readonly Column<Row>[], rows: readonly Row[], from: number, count: number): DuckDBDataChunk => {
  const chunk = DuckDBDataChunk.create(
    columns.map((column) => column.type),
    count,
  );
  for (const [i, column] of columns.entries()) column.fill(chunk, i, rows, from, count);
  return chunk;
};

/**
 * An appender of the table; `columns` in the table's order.
 * @param rowsMax rows that are copied and handed over at once: fewer where a row may be large
 */
export const openAppender = async <Row>(
  connection: DuckDBConnection,
  table: string,
  columns: readonly Column<Row>[],
  rowsMax = Number.POSITIVE_INFINITY,
): Promise<Appender<Row>> => {
  const appender: DuckDBAppender = await connection.createAppender(table);
  const appendAll = (rows: readonly Row[], start: number, end: number): void => {
    for (let from = start; from < end; from += chunkRowsMax) appender.appendDataChunk(fillChunk(columns, rows, from, Math.min(chunkRowsMax, end - from)));
    appender.flushSync();
  };
  return {
    append(rows) {
      for (let from = 0; from < rows.length; from += rowsMax) appendAll(rows, from, Math.min(from + rowsMax, rows.length));
    },
    close: () => appender.closeSync(),
  };
};
