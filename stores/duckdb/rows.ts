/** How rows map to the columns of the tables and back. The tables are in `schema.ts`, the typed arrays in `columns.ts`. */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { Alarm } from '../../core/alarm.ts';
import type { Pane } from '../../core/pane.ts';
import type { Anomaly, DeadLetter, Reading } from '../../core/reading.ts';
import type { Key, RevisionTime, Span } from '../../core/store.ts';
import type { Device } from '../../core/town.ts';
import type { WindowName } from '../../core/window.ts';
import type { Closure } from '../commits.ts';
import type { KeyBook, KeyEntry } from '../key-book.ts';
import { bigInts, type Cells, type Column, cellsOf, integers, texts } from './columns.ts';

export const keyColumns: readonly Column<KeyEntry>[] = [integers((key) => key.id), texts((key) => key.subject), texts((key) => key.quantity)];

/** In the order of the table. */
export const readingColumns = (book: KeyBook): readonly Column<Reading>[] => [
  integers((row) => book.of(row.subject, row.quantity).id),
  bigInts((row) => row.at),
  bigInts((row) => row.spanMs),
  bigInts((row) => row.value),
  integers((row) => row.flags),
  integers((row) => row.version),
  bigInts((row) => row.offset),
  bigInts((row) => row.revision),
];

/** What `readReadings` expects, in this order, after the key or its place. */
export const readingFields = 'at_ms, span_ms, value, flags, version, log_offset, revision';

/** Reads the cells of all columns of a chunk. */
const columnsOf = (chunk: DuckDBDataChunk): Cells[] => Array.from({ length: chunk.columnCount }, (_, column) => cellsOf(chunk, column));

/** Rows of a result whose first column finds the key (its id, or its place in a list) and whose others are `readingFields`. */
export const readReadings = (chunk: DuckDBDataChunk, keyOf: (cell: number) => Key): Reading[] => {
  const [key, at, span, value, flags, version, offset, revision] = columnsOf(chunk) as [Cells, Cells, Cells, Cells, Cells, Cells, Cells, Cells];
  return Array.from({ length: chunk.rowCount }, (_, row) => {
    const { subject, quantity } = keyOf(key.number(row));
    return {
      subject,
      quantity,
      at: at.number(row),
      spanMs: span.number(row),
      value: value.nullable(row),
      flags: flags.number(row),
      offset: offset.number(row),
      revision: revision.number(row),
      version: version.number(row),
    };
  });
};

export const paneColumns = (book: KeyBook): readonly Column<Pane>[] => [
  integers((row) => book.of(row.subject, row.quantity).id),
  bigInts((row) => row.start),
  bigInts((row) => row.end),
  bigInts((row) => row.count),
  bigInts((row) => row.sum),
  bigInts((row) => row.unallocated),
  bigInts((row) => row.integral2),
  bigInts((row) => row.observedMs),
  bigInts((row) => row.min),
  bigInts((row) => row.max),
  bigInts((row) => row.firstAt),
  bigInts((row) => row.firstValue),
  bigInts((row) => row.lastAt),
  bigInts((row) => row.lastValue),
  bigInts((row) => row.changes),
  texts((row) => (row.sharesMs === null ? null : JSON.stringify(row.sharesMs))),
  integers((row) => row.flags),
  integers((row) => row.version),
  bigInts((row) => row.revision),
];

/** What `readPanes` expects, in this order, after the key or its place. */
export const paneFields =
  'start_ms, end_ms, readings, amount, unallocated, integral2, observed_ms, low, high, first_at, first_value, last_at, last_value, changes, shares_ms, flags, version, revision';

/** Rows of a result whose first column finds the key and whose others are `paneFields`. */
export const readPanes = (chunk: DuckDBDataChunk, window: WindowName, keyOf: (cell: number) => Key): Pane[] => {
  const cells = columnsOf(chunk);
  const cell = (column: number): Cells => cells[column] as Cells;
  return Array.from({ length: chunk.rowCount }, (_, row) => {
    const { subject, quantity } = keyOf(cell(0).number(row));
    const shares = cell(15).textOrNull(row);
    return {
      subject,
      quantity,
      window,
      start: cell(1).number(row),
      end: cell(2).number(row),
      count: cell(3).number(row),
      sum: cell(4).number(row),
      unallocated: cell(5).number(row),
      integral2: cell(6).exact(row),
      observedMs: cell(7).number(row),
      min: cell(8).nullable(row),
      max: cell(9).nullable(row),
      firstAt: cell(10).nullable(row),
      firstValue: cell(11).nullable(row),
      lastAt: cell(12).nullable(row),
      lastValue: cell(13).nullable(row),
      changes: cell(14).number(row),
      sharesMs: shares === null ? null : (JSON.parse(shares) as number[]),
      flags: cell(16).number(row),
      version: cell(17).number(row),
      revision: cell(18).number(row),
    };
  });
};

export const deadLetterColumns: readonly Column<DeadLetter>[] = [
  bigInts((row) => row.offset),
  bigInts((row) => row.item),
  integers((row) => row.version),
  bigInts((row) => row.revision),
  texts((row) => row.subject),
  texts((row) => row.code),
  bigInts((row) => row.at),
  bigInts((row) => row.logTime),
  texts((row) => JSON.stringify(row)),
];

export const anomalyColumns: readonly Column<Anomaly>[] = [
  texts((row) => row.id),
  integers((row) => row.version),
  bigInts((row) => row.since),
  bigInts((row) => row.until),
  texts((row) => row.subject),
  texts((row) => JSON.stringify(row)),
  bigInts((row) => row.offset),
];

export const alarmColumns: readonly Column<Alarm>[] = [
  texts((row) => row.id),
  integers((row) => row.version),
  bigInts((row) => row.since),
  integers((row) => (row.state === 'normal' ? 0 : 1)),
  texts((row) => JSON.stringify(row)),
  bigInts((row) => row.offset),
];

export const deviceColumns: readonly Column<Device>[] = [texts((row) => row.id), texts((row) => JSON.stringify(row))];

export const closureColumns: readonly Column<Closure>[] = [bigInts((row) => row.offset), bigInts((row) => row.from), bigInts((row) => row.to)];

export const revisionColumns: readonly Column<RevisionTime>[] = [bigInts((row) => row.offset), bigInts((row) => row.logTime)];

export const spanColumns = (book: KeyBook): readonly Column<Span>[] => [
  integers((row) => book.of(row.subject, row.quantity).id),
  bigInts((row) => row.from),
  bigInts((row) => row.to),
];

/** The parsed JSON of a result's only column; it was written by this program. */
export const readBodies = <Row>(chunk: DuckDBDataChunk): Row[] => {
  const body = cellsOf(chunk, 0);
  return Array.from({ length: chunk.rowCount }, (_, row) => JSON.parse(body.text(row)) as Row);
};

export const readClosures = (chunk: DuckDBDataChunk): Closure[] => {
  const [offset, from, to] = columnsOf(chunk) as [Cells, Cells, Cells];
  return Array.from({ length: chunk.rowCount }, (_, row) => ({ from: from.number(row), to: to.number(row), offset: offset.number(row) }));
};

export const readRevisions = (chunk: DuckDBDataChunk): RevisionTime[] => {
  const [offset, logTime] = columnsOf(chunk) as [Cells, Cells];
  return Array.from({ length: chunk.rowCount }, (_, row) => ({ offset: offset.number(row), logTime: logTime.number(row) }));
};
