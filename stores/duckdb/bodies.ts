/**
 * Rows that are found by their small columns, and then fetched whole. A sort or a window over the bodies takes all of DuckDB's memory once there
 * are some tens of thousands (measured), and with it the commit that runs beside.
 */
import { cellsOf } from './columns.ts';
import type { Reader } from './readers.ts';

/** Rows whose bodies are fetched at once. */
const bodiesAtOnce = 128;

/** The parsed bodies of these rows, in their order, a few at a time: whoever has enough stops. */
export async function* bodiesAt<Row>(reader: Reader, table: 'anomalies' | 'dead_letters', rowIds: readonly number[]): AsyncGenerator<Row[]> {
  const sql = `SELECT rowid, body FROM ${table} WHERE rowid IN (SELECT unnest(from_json($1, '["BIGINT"]')))`;
  for (let from = 0; from < rowIds.length; from += bodiesAtOnce) {
    const asked = rowIds.slice(from, from + bodiesAtOnce);
    const texts = new Map<number, string>();
    for await (const chunk of reader.chunks(sql, [JSON.stringify(asked)])) {
      const [id, body] = [cellsOf(chunk, 0), cellsOf(chunk, 1)];
      for (let row = 0; row < chunk.rowCount; row++) texts.set(id.number(row), body.text(row));
    }
    yield asked.map((rowId) => JSON.parse(texts.get(rowId) as string) as Row);
  }
}
