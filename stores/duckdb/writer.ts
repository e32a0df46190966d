/** The one connection that writes: a commit is one transaction, all of it or nothing. What is new in it is left to the caller. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Pane } from '../../core/pane.ts';
import type { Cut, Ledger, Snapshot } from '../../core/store.ts';
import { type WindowName, windowNames } from '../../core/window.ts';
import type { NewRows } from '../commits.ts';
import type { KeyBook } from '../key-book.ts';
import { type Appender, openAppender } from './append.ts';
import { texts } from './columns.ts';
import { cutMemoryMb } from './limits.ts';
import type { WithMemory } from './memory.ts';
import { type Parameter, reader } from './readers.ts';
import {
  alarmColumns,
  anomalyColumns,
  closureColumns,
  deadLetterColumns,
  deviceColumns,
  keyColumns,
  paneColumns,
  readingColumns,
  revisionColumns,
  spanColumns,
} from './rows.ts';
import { paneTables } from './schema.ts';

/** What one transaction writes. */
export interface Transaction {
  readonly rows: NewRows;
  readonly progress: { readonly position: number; readonly logTime: number; readonly ledger: Ledger; readonly snapshotOffset: number };
  /** Scopes to replace. */
  readonly scopes: readonly Snapshot[];
}

export interface Writer {
  /** Writes all of it; rejects with what DuckDB threw, and then must not be used again. */
  write(transaction: Transaction): Promise<void>;
  close(): void;
}

/** Scopes of a snapshot that are copied at once: one may have 100 KB and more, and each copy stands in memory three times. */
const scopesAtOnce = 16;

/** Ids as one parameter: a statement for each of a thousand took a second. */
const given = `(SELECT unnest(from_json($1, '["VARCHAR"]')))`;

/** Deletes what will be written again: these tables keep one row an id. */
const replace = async <Row>(
  execute: (sql: string, parameters: readonly Parameter[]) => Promise<void>,
  sql: string,
  ids: readonly string[],
  rows: readonly Row[],
  appender: Appender<Row>,
) => {
  if (ids.length > 0) await execute(sql, [JSON.stringify(ids)]);
  appender.append(rows);
};

const isCutSql = `WHERE revision < $1 AND EXISTS (
  SELECT 1 FROM cut_spans WHERE cut_spans.key = readings.key AND readings.at_ms > from_ms AND readings.at_ms < to_ms)`;
const countCutSql = `SELECT count(*) FILTER (version = 0) AS stored, count(*) FILTER (version > 0) AS corrected FROM readings ${isCutSql}`;

/** Opens one appender a table. Keys that `book` gains are written with the rows that use them. */
export const openWriter = async (connection: DuckDBConnection, book: KeyBook, withMemory: WithMemory): Promise<Writer> => {
  const open = <Row>(table: string, columns: Parameters<typeof openAppender<Row>>[2], rowsMax?: number): Promise<Appender<Row>> =>
    openAppender(connection, table, columns, rowsMax);
  const keys = await open('keys', keyColumns);
  const readings = await open('readings', readingColumns(book));
  const panes = new Map<WindowName, Appender<Pane>>();
  for (const window of windowNames) panes.set(window, await open(paneTables[window], paneColumns(book)));
  const deadLetters = await open('dead_letters', deadLetterColumns);
  const anomalies = await open('anomalies', anomalyColumns);
  const alarms = await open('alarms', alarmColumns);
  const devices = await open('devices', deviceColumns);
  const closures = await open('closures', closureColumns);
  const revisions = await open('revisions', revisionColumns);
  const cutSpans = await open('cut_spans', spanColumns(book));
  const snapshots = await open('snapshots', [texts((one: Snapshot) => one.scope), texts((one: Snapshot) => one.body)], scopesAtOnce);
  const all = [keys, readings, ...panes.values(), deadLetters, anomalies, alarms, devices, closures, revisions, cutSpans, snapshots];
  let keysWritten = book.entries.length;

  const { chunks } = reader(connection);
  const execute = async (sql: string, parameters: readonly Parameter[]): Promise<void> => {
    for await (const _ of chunks(sql, parameters));
  };

  const appendPanes = (rows: readonly Pane[]): void => {
    const byWindow = new Map<WindowName, Pane[]>();
    for (const pane of rows) {
      const list = byWindow.get(pane.window);
      if (list === undefined) byWindow.set(pane.window, [pane]);
      else list.push(pane);
    }
    for (const [window, list] of byWindow) panes.get(window)?.append(list);
  };

  /** Rows of a key that came later, as corrections do, stay; so do the ends of each span, as neighbours of what lies outside. */
  const cut = async ({ before, spans }: Cut): Promise<void> => {
    await execute('DELETE FROM cut_spans', []);
    cutSpans.append(spans);
    await execute(`UPDATE cut_rows SET stored = cut_rows.stored + cut.stored, corrected = cut_rows.corrected + cut.corrected FROM (${countCutSql}) AS cut`, [
      before,
    ]);
    await execute(`DELETE FROM readings ${isCutSql}`, [before]);
  };

  const writeRows = async ({ rows, scopes, progress }: Transaction): Promise<void> => {
    readings.append(rows.readings);
    appendPanes(rows.panes);
    keys.append(book.entries.slice(keysWritten));
    deadLetters.append(rows.deadLetters);
    anomalies.append(rows.anomalies);
    alarms.append(rows.alarms);
    closures.append(rows.closures);
    revisions.append(rows.revisions);
    for (const one of rows.cuts) await cut(one);
    const changed = [...new Map(rows.devices.map((device) => [device.id, device])).values()];
    await replace(
      execute,
      `DELETE FROM devices WHERE id IN ${given}`,
      changed.map((device) => device.id),
      changed,
      devices,
    );
    await replace(
      execute,
      `DELETE FROM snapshots WHERE scope IN ${given}`,
      scopes.map((one) => one.scope),
      scopes,
      snapshots,
    );
    await execute('UPDATE progress SET log_position = $1, log_time = $2, ledger = $3, snapshot_offset = $4', [
      progress.position,
      progress.logTime,
      JSON.stringify(progress.ledger),
      progress.snapshotOffset,
    ]);
  };

  return {
    async write(transaction) {
      await withMemory(transaction.rows.cuts.length > 0 ? cutMemoryMb : 0, async () => {
        await connection.run('BEGIN');
        await writeRows(transaction);
        await connection.run('COMMIT');
      });
      keysWritten = book.entries.length;
    },
    close() {
      for (const appender of all) {
        try {
          appender.close();
        } catch {
          // After a failed transaction an appender has nothing left to hand over, and says so.
        }
      }
      connection.closeSync();
    },
  };
};
