/** What the DuckDB store keeps in memory, read when a file is opened. Keeping it current is left to `duckdb.ts`. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { fail } from '../../core/failure.ts';
import { emptyLedger, type Ledger } from '../../core/store.ts';
import type { Device } from '../../core/town.ts';
import type { Closure } from '../commits.ts';
import { type KeyBook, keyBook } from '../key-book.ts';
import { cellsOf } from './columns.ts';
import { reader } from './readers.ts';
import { readBodies, readClosures, readingFields, readReadings } from './rows.ts';
import { createStatements, schemaVersion, shortLettersVersion, upgradeStatements } from './schema.ts';
import { shortenLetters } from './shorten.ts';

export interface Loaded {
  readonly book: KeyBook;
  readonly devices: Map<string, Device>;
  readonly closures: Closure[];
  position: number;
  logTime: number;
  ledger: Ledger;
  snapshotOffset: number;
}

/** Makes the tables of a fresh file, and those that an older file lacks; fails with `newer-version` for a file that a later program wrote. */
export const prepareSchema = async (connection: DuckDBConnection, file: string): Promise<void> => {
  const { chunks } = reader(connection);
  let present = false;
  for await (const chunk of chunks("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'schema_version'", [])) present = cellsOf(chunk, 0).number(0) > 0;
  if (!present) {
    await connection.run(['BEGIN', ...createStatements, 'COMMIT'].join(';'));
    return;
  }
  let found = 0;
  for await (const chunk of chunks('SELECT version FROM schema_version', [])) {
    found = cellsOf(chunk, 0).number(0);
    if (found > schemaVersion) throw fail('newer-version', `the store has form ${found}, this program knows ${schemaVersion}`, file);
  }
  if (found === schemaVersion) return;
  await connection.run(['BEGIN', ...upgradeStatements(found)].join(';'));
  if (found < shortLettersVersion) await shortenLetters(connection);
  await connection.run('COMMIT');
};

const firstAndLastSql = `SELECT readings.key, ${readingFields}, first_ms
  FROM readings JOIN (SELECT key, min(at_ms) AS first_ms, max(at_ms) AS last_ms FROM readings GROUP BY key) AS bounds
    ON readings.key = bounds.key AND at_ms = last_ms`;

/** The column of `first_ms` in it. */
const firstColumn = 8;

/** Reads the dictionary, the latest readings, devices, closures and progress. */
export const load = async (connection: DuckDBConnection): Promise<Loaded> => {
  const { chunks } = reader(connection);
  const book = keyBook();
  const devices = new Map<string, Device>();
  const closures: Closure[] = [];
  const loaded: Loaded = { book, devices, closures, position: 0, logTime: 0, ledger: emptyLedger, snapshotOffset: 0 };

  for await (const chunk of chunks('SELECT subject, quantity FROM keys ORDER BY key', [])) {
    const [subject, quantity] = [cellsOf(chunk, 0), cellsOf(chunk, 1)];
    for (let row = 0; row < chunk.rowCount; row++) book.of(subject.text(row), quantity.text(row));
  }
  for await (const chunk of chunks(firstAndLastSql, [])) {
    const firstAt = cellsOf(chunk, firstColumn);
    for (const [row, reading] of readReadings(chunk, (id) => book.entries[id] ?? { subject: '', quantity: '' }).entries()) {
      const entry = book.of(reading.subject, reading.quantity);
      book.see(entry, reading);
      entry.firstAt = firstAt.number(row);
    }
  }
  for await (const chunk of chunks('SELECT body FROM devices', [])) for (const device of readBodies<Device>(chunk)) devices.set(device.id, device);
  for await (const chunk of chunks('SELECT log_offset, from_ms, to_ms FROM closures ORDER BY log_offset, from_ms', [])) closures.push(...readClosures(chunk));
  for await (const chunk of chunks('SELECT log_position, log_time, ledger, snapshot_offset FROM progress', [])) {
    loaded.position = cellsOf(chunk, 0).number(0);
    loaded.logTime = cellsOf(chunk, 1).number(0);
    const ledger = cellsOf(chunk, 2).text(0);
    if (ledger !== '') loaded.ledger = JSON.parse(ledger) as Ledger;
    loaded.snapshotOffset = cellsOf(chunk, 3).number(0);
  }
  return loaded;
};
