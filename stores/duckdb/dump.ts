/** All rows of the DuckDB store as canonical lines, from one consistent view. The form of a line is `../dump.ts`. */
import type { DuckDBInstance } from '@duckdb/node-api';
import type { Alarm } from '../../core/alarm.ts';
import type { Anomaly, DeadLetter } from '../../core/reading.ts';
import type { RevisionTime } from '../../core/store.ts';
import type { Device } from '../../core/town.ts';
import { windowNames } from '../../core/window.ts';
import type { Closure } from '../commits.ts';
import {
  alarmLine,
  anomalyLine,
  closureLine,
  compareClosures,
  compareDeadLetters,
  compareDevices,
  compareOccurrences,
  compareRevisions,
  deadLetterLine,
  deviceLine,
  paneLine,
  readingLine,
  revisionLine,
} from '../dump.ts';
import type { KeyBook } from '../key-book.ts';
import { type Reader, reader, storeFailed } from './readers.ts';
import { paneFields, readBodies, readClosures, readingFields, readPanes, readReadings, readRevisions } from './rows.ts';
import { paneTables } from './schema.ts';

/** Rows by key in the order of its text, then by time and version. */
const orderedSql = (fields: string, table: string, time: string): string => `SELECT key, ${fields}
  FROM ${table} JOIN (SELECT key, row_number() OVER (ORDER BY subject, quantity) AS place FROM keys) USING (key) ORDER BY place, ${time}, version`;

async function* bodies<Row>(one: Reader, table: 'dead_letters' | 'anomalies' | 'alarms' | 'devices'): AsyncGenerator<Row> {
  for await (const chunk of one.chunks(`SELECT body FROM ${table}`, [])) yield* readBodies<Row>(chunk);
}

const gather = async <Row>(rows: AsyncIterable<Row>, compare: (a: Row, b: Row) => number): Promise<Row[]> => {
  const all: Row[] = [];
  for await (const row of rows) all.push(row);
  return all.sort(compare);
};

async function* lines(one: Reader, book: KeyBook): AsyncGenerator<string> {
  const keyOf = (id: number) => book.entries[id] as (typeof book.entries)[number];
  for await (const chunk of one.chunks(orderedSql(readingFields, 'readings', 'at_ms'), [])) yield* readReadings(chunk, keyOf).map(readingLine);
  for (const window of windowNames) {
    for await (const chunk of one.chunks(orderedSql(paneFields, paneTables[window], 'start_ms'), [])) yield* readPanes(chunk, window, keyOf).map(paneLine);
  }
  yield* (await gather(bodies<DeadLetter>(one, 'dead_letters'), compareDeadLetters)).map(deadLetterLine);
  yield* (await gather(bodies<Anomaly>(one, 'anomalies'), compareOccurrences)).map(anomalyLine);
  yield* (await gather(bodies<Alarm>(one, 'alarms'), compareOccurrences)).map(alarmLine);
  yield* (await gather(bodies<Device>(one, 'devices'), compareDevices)).map(deviceLine);
  const closures: Closure[] = [];
  for await (const chunk of one.chunks('SELECT log_offset, from_ms, to_ms FROM closures', [])) closures.push(...readClosures(chunk));
  yield* closures.sort(compareClosures).map(closureLine);
  const revisions: RevisionTime[] = [];
  for await (const chunk of one.chunks('SELECT log_offset, log_time FROM revisions', [])) revisions.push(...readRevisions(chunk));
  yield* revisions.sort(compareRevisions).map(revisionLine);
}

/** As `Store.dump`. Fails with `store-failed`. */
export async function* dump(instance: DuckDBInstance, book: KeyBook, file: string): AsyncGenerator<string> {
  const connection = await instance.connect();
  try {
    const one = reader(connection);
    await connection.run('BEGIN');
    yield* lines(one, book);
  } catch (error) {
    throw storeFailed(error, file);
  } finally {
    connection.closeSync();
  }
}
