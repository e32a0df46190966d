/** The queries of the DuckDB store. Values go as parameters; what differs by window comes from fixed maps. */
import type { Alarm } from '../../core/alarm.ts';
import type { Pane } from '../../core/pane.ts';
import { type Anomaly, Flag, type Reading } from '../../core/reading.ts';
import { type Books, emptyLedger, type Ledger, type Store, type StoreQueries, type Written } from '../../core/store.ts';
import { type WindowName, windowNames } from '../../core/window.ts';
import type { KeyBook } from '../key-book.ts';
import { occurrenceCursor, page, parseOccurrenceCursor } from '../paging.ts';
import { highestVersions } from '../series.ts';
import { bodiesAt } from './bodies.ts';
import { type Cells, cellsOf } from './columns.ts';
import { letters } from './letters.ts';
import { neighbourhood } from './neighbourhood.ts';
import type { Parameter, Reader, Readers } from './readers.ts';
import { paneFields, readBodies, readingFields, readPanes, readReadings, readRevisions } from './rows.ts';
import { paneTables } from './schema.ts';

type PerWindow = Readonly<Record<WindowName, string>>;
const perWindow = (sqlOf: (table: string) => string): PerWindow =>
  Object.fromEntries(windowNames.map((window) => [window, sqlOf(paneTables[window])])) as Record<WindowName, string>;

const panesSql = perWindow(
  (table) => `SELECT key, ${paneFields} FROM ${table} WHERE key = $1 AND start_ms >= $2 AND start_ms < $3 AND revision < $4 ORDER BY start_ms, version`,
);
const versionsSql = perWindow((table) => `SELECT key, ${paneFields} FROM ${table} WHERE key = $1 AND start_ms = $2 ORDER BY version`);
/** The place of the key in the list that was asked for comes with each row: it orders them, and names the key. */
const panesOfSql = perWindow(
  (table) => `SELECT place, ${paneFields} FROM ${table} JOIN (SELECT unnest($1::INTEGER[]) AS key, unnest($2::INTEGER[]) AS place) USING (key)
    WHERE start_ms >= $3 AND start_ms < $4 ORDER BY place, start_ms, version`,
);
/**
 * Versions are looked up for those that are shown alone: of all in the range, millions of them, they would not fit in memory. Where the
 * horizon cut, a correction may be left without what it corrected.
 */
const readingsSql = `WITH inside AS (SELECT at_ms, version FROM readings WHERE key = $1 AND at_ms >= $2 AND at_ms < $3),
  shown AS (
    SELECT at_ms FROM (SELECT at_ms FROM inside WHERE version = 0 ORDER BY at_ms LIMIT $4)
    UNION SELECT at_ms FROM inside JOIN cut_spans ON cut_spans.key = $1 AND at_ms >= from_ms AND at_ms < to_ms WHERE version > 0
    ORDER BY at_ms LIMIT $4
  )
  SELECT key, ${readingFields} FROM readings JOIN shown USING (at_ms) WHERE key = $1
  QUALIFY row_number() OVER (PARTITION BY at_ms ORDER BY version DESC) = 1 ORDER BY at_ms`;
/** A field as a body has it; null: any. Bodies are not read as JSON for it, which takes four times as long: a quotation mark inside a text has a backslash before it. */
const fieldText = (name: string, value: string | undefined): string | null => (value === undefined ? null : `${JSON.stringify(name)}:${JSON.stringify(value)}`);
const anomaliesSql = `WITH newest AS (SELECT id, max(version) AS version FROM anomalies WHERE ($1::VARCHAR IS NULL OR subject = $1) GROUP BY id)
  SELECT anomalies.rowid FROM anomalies JOIN newest USING (id, version)
  WHERE ($2::BIGINT IS NULL OR (until_ms IS NULL) = ($2 = 1)) AND (since_ms < $3 OR (since_ms = $3 AND id > $4)) AND ($6::BIGINT IS NULL OR since_ms < $6)
    AND ($7::VARCHAR IS NULL OR contains(body, $7)) AND ($8::VARCHAR IS NULL OR contains(body, $8))
  ORDER BY since_ms DESC, id LIMIT $5`;
/** An alarm may have thousands of versions: bodies are read of those that are shown alone. */
const alarmsSql = `WITH newest AS (SELECT id, max(version) AS version, any_value(since_ms) AS since_ms, arg_max(is_open, version) AS is_open FROM alarms GROUP BY id),
  shown AS (SELECT id, version, since_ms FROM newest WHERE ($1::BIGINT IS NULL OR is_open = $1) AND (since_ms < $2 OR (since_ms = $2 AND id > $3))
    ORDER BY since_ms DESC, id LIMIT $4)
  SELECT body FROM alarms JOIN shown USING (id, version) ORDER BY shown.since_ms DESC, id`;
const labelledSql = `WITH newest AS (SELECT id, max(version) AS version, any_value(since_ms) AS since_ms, arg_max(is_open, version) AS is_open FROM alarms GROUP BY id)
  SELECT body FROM alarms JOIN newest USING (id, version) WHERE ($1::BIGINT IS NULL OR newest.is_open = $1)
    AND (newest.since_ms < $2 OR (newest.since_ms = $2 AND id > $3)) AND contains(body, '"verdict":"')
  ORDER BY newest.since_ms DESC, id LIMIT $4`;
const alarmSql = 'SELECT body FROM alarms WHERE id = $1 AND log_offset < $2 ORDER BY version DESC LIMIT 1';
const judgedSql = `SELECT body FROM (
    SELECT * FROM anomalies WHERE subject = $1 AND since_ms <= $3 AND log_offset < $4 QUALIFY row_number() OVER (PARTITION BY id ORDER BY version DESC) = 1
  ) WHERE (until_ms IS NULL OR until_ms >= $2) AND (since_ms > $5 OR (since_ms = $5 AND id > $6)) ORDER BY since_ms, id LIMIT $7`;
/** Offsets pass 32 bits, and so go as JSON. */
const offsetList = (parameter: string): string => `SELECT unnest(from_json(${parameter}, '["BIGINT"]'))`;
const revisionTimesSql = `SELECT log_offset, log_time FROM revisions WHERE log_offset IN (${offsetList('$1')}) ORDER BY log_offset`;
/** Rows come in the order of their revision: a stretch of them is found by the minima and maxima of the row groups. */
const isReopened = 'log_offset IN (SELECT log_offset FROM dead_letters WHERE version > 0 AND subject = $5)';
const isImported = `flags & ${Flag.imported} <> 0`;
const writtenSql = `SELECT revision, count(*), count(*) FILTER (version > 0), count(*) FILTER (${isReopened}), count(*) FILTER (${isImported}),
    count(*) FILTER (version = 0 AND NOT (${isImported}) AND NOT (${isReopened})), min(at_ms), max(at_ms)
  FROM readings WHERE key = $1 AND at_ms >= $2 AND at_ms < $3 AND revision >= $6 AND revision <= $7 AND revision IN (${offsetList('$4')})
  GROUP BY revision ORDER BY revision`;
const recountSql = `SELECT (SELECT count(*) FROM readings WHERE version = 0) + (SELECT stored FROM cut_rows),
  (SELECT count(*) FROM readings WHERE version > 0) + (SELECT corrected FROM cut_rows),
  (SELECT count(*) FROM dead_letters WHERE version = 0) - (SELECT count(*) FROM dead_letters WHERE version > 0),
  (SELECT ledger FROM progress)`;

/** A run begins where the reading before lies further away than the key's gap. */
const runsSql = `WITH old AS (
    SELECT place, at_ms, CASE WHEN at_ms - lag(at_ms) OVER of_key <= gap_ms THEN 0 ELSE 1 END AS begins
    FROM readings JOIN (SELECT unnest($1::INTEGER[]) AS key, unnest($2::INTEGER[]) AS place, unnest(from_json($3, '["BIGINT"]')) AS gap_ms) USING (key)
    WHERE revision < $4 WINDOW of_key AS (PARTITION BY place ORDER BY at_ms)
  ), numbered AS (SELECT place, at_ms, sum(begins) OVER (PARTITION BY place ORDER BY at_ms ROWS UNBOUNDED PRECEDING) AS run FROM old)
  SELECT place, min(at_ms), max(at_ms), count(*) FROM numbered GROUP BY place, run ORDER BY place, run`;

const bodies = async <Row>(reader: Reader, sql: string, parameters: readonly Parameter[]): Promise<Row[]> => {
  const rows: Row[] = [];
  for await (const chunk of reader.chunks(sql, parameters)) rows.push(...readBodies<Row>(chunk));
  return rows;
};

/** Panes of a result, at most one more than `limit` of highest versions. */
const readHighest = (panes: readonly Pane[], limit: number): Pane[] => {
  const rows: Pane[] = [];
  let last: Pane | undefined;
  for (const pane of panes) {
    const newerVersion =
      last !== undefined && pane.start === last.start && pane.subject === last.subject && pane.quantity === last.quantity && pane.version > last.version;
    if (newerVersion) rows.pop();
    else if (rows.length > limit) return rows;
    rows.push(pane);
    last = pane;
  }
  return rows;
};

/** The books that were committed with the rows, and the rows: one statement sees one moment. */
export const booksOf = (readers: Readers): Promise<Books> =>
  readers.use(async (reader) => {
    const [chunk] = await reader.all(recountSql, []);
    if (chunk === undefined) return { ledger: emptyLedger, recount: { stored: 0, corrected: 0, deadLetter: 0 } };
    const [stored = 0, corrected = 0, deadLetter = 0] = [0, 1, 2].map((column) => cellsOf(chunk, column).number(0));
    const ledger = cellsOf(chunk, 3).text(0);
    return { ledger: ledger === '' ? emptyLedger : (JSON.parse(ledger) as Ledger), recount: { stored, corrected, deadLetter } };
  });

/** The asynchronous queries of the port `Store`; each fails with `store-failed`. */
export const queries = (readers: Readers, book: KeyBook): StoreQueries => ({
  ...letters(readers),
  async neighbourhood(key, from, to, before) {
    const entry = book.find(key);
    if (entry === undefined || entry.last === null) return { previous: null, inside: [], next: null };
    return readers.use((reader) => neighbourhood(reader, entry, from, to, before));
  },
  async panes(key, window, from, to, before) {
    const entry = book.find(key);
    if (entry === undefined) return [];
    return readers.use(async (reader) => {
      const rows: Pane[] = [];
      for await (const chunk of reader.chunks(panesSql[window], [entry.id, from, to, before])) rows.push(...readPanes(chunk, window, () => entry));
      return highestVersions(rows, (pane) => pane.start);
    });
  },
  judged: ({ subject, from, to, limit, after }, before) =>
    readers.use((reader) => bodies<Anomaly>(reader, judgedSql, [subject, from, to, before, after?.since ?? Number.MIN_SAFE_INTEGER, after?.id ?? '', limit])),
  async runs(keys, before) {
    const known = keys.flatMap((key) => {
      const entry = book.find(key);
      return entry === undefined ? [] : [{ id: entry.id, key }];
    });
    const parameters = [known.map(({ id }) => id), known.map((_, place) => place), JSON.stringify(known.map(({ key }) => key.gapMs)), before];
    return readers.use(async (reader) => {
      const runs: Awaited<ReturnType<Store['runs']>> = [];
      for await (const chunk of reader.chunks(runsSql, parameters)) {
        const [place, from, to, count] = [0, 1, 2, 3].map((column) => cellsOf(chunk, column)) as [Cells, Cells, Cells, Cells];
        for (let row = 0; row < chunk.rowCount; row++) {
          const { subject, quantity } = (known[place.number(row)] as (typeof known)[number]).key;
          runs.push({ subject, quantity, from: from.number(row), to: to.number(row), count: count.number(row) });
        }
      }
      return runs;
    });
  },
  recount: async () => (await booksOf(readers)).recount,
  async readings({ from, to, limit, after, ...key }) {
    const entry = book.find(key);
    if (entry === undefined) return { rows: [], next: null };
    const start = after === undefined ? from : Math.max(from, after + 1);
    return readers.use(async (reader) => {
      const rows: Reading[] = [];
      for await (const chunk of reader.chunks(readingsSql, [entry.id, start, to, limit + 1])) rows.push(...readReadings(chunk, () => entry));
      return page(rows, limit, (reading) => String(reading.at));
    });
  },
  async panesOf({ keys, window, from, to, limit }) {
    const entries = keys.flatMap((key) => book.find(key) ?? []);
    if (entries.length === 0) return [];
    const keyAt = (place: number) => entries[place] as (typeof entries)[number];
    const parameters = [entries.map((entry) => entry.id), entries.map((_, place) => place), from, to];
    return readers.use(async (reader) =>
      readHighest(
        (await reader.all(panesOfSql[window], parameters)).flatMap((chunk) => readPanes(chunk, window, keyAt)),
        limit,
      ),
    );
  },
  async paneVersions(key, window, start) {
    const entry = book.find(key);
    if (entry === undefined) return [];
    return readers.use(async (reader) => {
      const rows: Pane[] = [];
      for await (const chunk of reader.chunks(versionsSql[window], [entry.id, start])) rows.push(...readPanes(chunk, window, () => entry));
      return rows;
    });
  },
  async revisionTimes(offsets) {
    if (offsets.length === 0) return [];
    return readers.use(async (reader) => {
      const rows: ReturnType<typeof readRevisions> = [];
      for await (const chunk of reader.chunks(revisionTimesSql, [JSON.stringify(offsets)])) rows.push(...readRevisions(chunk));
      return rows;
    });
  },
  async written(key, from, to, revisions) {
    const entry = book.find(key);
    if (entry === undefined || revisions.length === 0) return [];
    const parameters = [entry.id, from, to, JSON.stringify(revisions), key.subject, Math.min(...revisions), Math.max(...revisions)];
    return readers.use(async (reader) => {
      const rows: Written[] = [];
      for await (const chunk of reader.chunks(writtenSql, parameters)) {
        const cells = Array.from({ length: chunk.columnCount }, (_, column) => cellsOf(chunk, column));
        for (let row = 0; row < chunk.rowCount; row++) {
          const [revision = 0, readings = 0, corrected = 0, reopened = 0, imported = 0, late = 0, first = 0, last = 0] = cells.map((cell) => cell.number(row));
          rows.push({ revision, readings, corrected, reopened, imported, late, from: first, to: last });
        }
      }
      return rows;
    });
  },
  async anomalies({ subject, quantity, kind, open, before, limit, after }) {
    const start = parseOccurrenceCursor(after);
    const wanted = open === undefined ? null : open ? 1 : 0;
    const asked = [subject ?? null, wanted, start.since, start.id, limit + 1, before ?? null, fieldText('kind', kind), fieldText('quantity', quantity)];
    const rows = await readers.use(async (reader) => {
      const rowIds: number[] = [];
      for await (const chunk of reader.chunks(anomaliesSql, asked)) {
        const ids = cellsOf(chunk, 0);
        for (let row = 0; row < chunk.rowCount; row++) rowIds.push(ids.number(row));
      }
      const found: Anomaly[] = [];
      for await (const some of bodiesAt<Anomaly>(reader, 'anomalies', rowIds)) found.push(...some);
      return found;
    });
    return page(rows, limit, occurrenceCursor);
  },
  async alarms({ open, labelled, limit, after }) {
    const start = parseOccurrenceCursor(after);
    const wanted = open === undefined ? null : Number(open);
    const rows = await readers.use((reader) =>
      bodies<Alarm>(reader, labelled === undefined ? alarmsSql : labelledSql, [wanted, start.since, start.id, limit + 1]),
    );
    return page(rows, limit, occurrenceCursor);
  },
  alarm: async (id, before) => (await readers.use((reader) => bodies<Alarm>(reader, alarmSql, [id, before])))[0] ?? null,
});
