/** Brings dead letters of before version 4 to their present form: only the start of a payload is kept. The rest is in the log, where `reopen` looks for it. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { failures } from '../../core/failure.ts';
import { type DeadLetter, deadLetterExcerptChars } from '../../core/reading.ts';
import { openAppender } from './append.ts';
import { cellsOf } from './columns.ts';
import { reader } from './readers.ts';
import { deadLetterColumns, readBodies } from './rows.ts';

/** Rows that are read at once: each may hold 256 KB, and DuckDB little more than 100 MB. */
const rowsAtOnce = 32;

/** Only those that could be reopened were kept whole. */
const couldReopen = `code IN (${Object.entries(failures)
  .flatMap(([code, row]) => (row.class === 'retryable' ? [`'${code}'`] : []))
  .join(', ')})`;

const shortened = (letter: DeadLetter): DeadLetter =>
  letter.payload.length <= deadLetterExcerptChars
    ? letter
    : { ...letter, payload: letter.payload.slice(0, deadLetterExcerptChars), payloadChars: letter.payload.length };

/** Writes the table of dead letters anew: a row group that held whole payloads could not be written again in DuckDB's memory. Within a transaction of the caller. */
export const shortenLetters = async (connection: DuckDBConnection): Promise<void> => {
  const { chunks } = reader(connection);
  await connection.run(`CREATE TABLE dead_letters_short AS SELECT * FROM dead_letters WHERE NOT (${couldReopen})`);
  let end = 0;
  for await (const chunk of chunks(`SELECT coalesce(max(rowid), -1) FROM dead_letters WHERE ${couldReopen}`, [])) end = cellsOf(chunk, 0).number(0) + 1;
  const appender = await openAppender(connection, 'dead_letters_short', deadLetterColumns);
  for (let from = 0; from < end; from += rowsAtOnce) {
    const sql = `SELECT body FROM dead_letters WHERE rowid >= $1 AND rowid < $2 AND ${couldReopen}`;
    for await (const chunk of chunks(sql, [from, from + rowsAtOnce])) appender.append(readBodies<DeadLetter>(chunk).map(shortened));
  }
  appender.close();
  await connection.run('DROP TABLE dead_letters');
  await connection.run('ALTER TABLE dead_letters_short RENAME TO dead_letters');
};
