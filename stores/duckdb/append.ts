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

const fillChunk = <Row>(columns: readonly Column<Row>[], rows: readonly Row[], from: number): DuckDBDataChunk => {
  const count = Math.min(chunkRowsMax, rows.length - from);
  const chunk = DuckDBDataChunk.create(
    columns.map((column) => column.type),
    count,
  );
  for (const [i, column] of columns.entries()) column.fill(chunk, i, rows, from, count);
  return chunk;
};

/** An appender of the table; `columns` in the table's order. */
export const openAppender = async <Row>(connection: DuckDBConnection, table: string, columns: readonly Column<Row>[]): Promise<Appender<Row>> => {
  const appender: DuckDBAppender = await connection.createAppender(table);
  return {
    append(rows) {
      if (rows.length === 0) return;
      for (let from = 0; from < rows.length; from += chunkRowsMax) appender.appendDataChunk(fillChunk(columns, rows, from));
      appender.flushSync();
    },
    close: () => appender.closeSync(),
  };
};
