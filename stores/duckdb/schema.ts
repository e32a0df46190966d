/** The tables of the DuckDB store. What goes into them is left to `rows.ts`. */
import { type WindowName, windowNames } from '../../core/window.ts';

/** Counts changes of the tables that older programs cannot read. */
export const schemaVersion = 5;

/** The only table names that depend on input come from this map. */
export const paneTables: Readonly<Record<WindowName, string>> = {
  PT1M: 'panes_1_minute',
  PT15M: 'panes_15_minutes',
  PT1H: 'panes_hour',
  P1D: 'panes_day',
  P1M: 'panes_month',
  P: 'panes_lifetime',
};

/**
 * No table has a key or an index: they cost eight times the time of a write (facts measured before the design), and
 * rows come in the order of time, so that DuckDB's own minima and maxima a row group find a stretch of it.
 */
const tables = [
  'schema_version (version INTEGER NOT NULL)',
  'keys (key INTEGER NOT NULL, subject VARCHAR NOT NULL, quantity VARCHAR NOT NULL)',
  `readings (key INTEGER NOT NULL, at_ms BIGINT NOT NULL, span_ms BIGINT NOT NULL, value BIGINT, flags INTEGER NOT NULL, version INTEGER NOT NULL,
    log_offset BIGINT NOT NULL, revision BIGINT NOT NULL)`,
  ...windowNames.map(
    (window) => `${paneTables[window]} (key INTEGER NOT NULL, start_ms BIGINT NOT NULL, end_ms BIGINT NOT NULL, readings BIGINT NOT NULL,
    amount BIGINT NOT NULL, unallocated BIGINT NOT NULL, integral2 BIGINT NOT NULL, observed_ms BIGINT NOT NULL, low BIGINT, high BIGINT,
    first_at BIGINT, first_value BIGINT, last_at BIGINT, last_value BIGINT, changes BIGINT NOT NULL, shares_ms VARCHAR, flags INTEGER NOT NULL,
    version INTEGER NOT NULL, revision BIGINT NOT NULL)`,
  ),
  // Bodies are JSON: they hold whatever a device sent, which text in a column of its own would not survive (NUL, half of a surrogate pair).
  `dead_letters (log_offset BIGINT NOT NULL, item BIGINT NOT NULL, version INTEGER NOT NULL, revision BIGINT NOT NULL, subject VARCHAR NOT NULL,
    code VARCHAR NOT NULL, at_ms BIGINT, log_time BIGINT NOT NULL, body VARCHAR NOT NULL)`,
  `anomalies (id VARCHAR NOT NULL, version INTEGER NOT NULL, since_ms BIGINT NOT NULL, until_ms BIGINT, subject VARCHAR NOT NULL, body VARCHAR NOT NULL,
    log_offset BIGINT)`,
  'devices (id VARCHAR NOT NULL, body VARCHAR NOT NULL)',
  'closures (log_offset BIGINT NOT NULL, from_ms BIGINT NOT NULL, to_ms BIGINT NOT NULL)',
  'progress (log_position BIGINT NOT NULL, log_time BIGINT NOT NULL, ledger VARCHAR NOT NULL, snapshot_offset BIGINT NOT NULL)',
  'snapshots (scope VARCHAR NOT NULL, body VARCHAR NOT NULL)',
];

/** Came with version 2: where raw readings were cut at the horizon, and how many rows. */
const cutTables = [
  'cut_spans (key INTEGER NOT NULL, from_ms BIGINT NOT NULL, to_ms BIGINT NOT NULL)',
  'cut_rows (stored BIGINT NOT NULL, corrected BIGINT NOT NULL)',
];
const createCutTables: readonly string[] = [...cutTables.map((table) => `CREATE TABLE ${table}`), 'INSERT INTO cut_rows VALUES (0, 0)'];

/** Came with version 3: the log time of each revision that put out panes. */
const createRevisions = 'CREATE TABLE revisions (log_offset BIGINT NOT NULL, log_time BIGINT NOT NULL)';
/** So did the column by which past judgements are found; the bodies always held it. */
const addAnomalyOffsets: readonly string[] = [
  'ALTER TABLE anomalies ADD COLUMN log_offset BIGINT',
  "UPDATE anomalies SET log_offset = CAST(json_extract(body, '$.offset') AS BIGINT)",
];

/** Came with version 5. Whether it is open says `is_open`: 0 or 1. */
const createAlarms = `CREATE TABLE alarms (id VARCHAR NOT NULL, version INTEGER NOT NULL, since_ms BIGINT NOT NULL, is_open INTEGER NOT NULL,
    body VARCHAR NOT NULL, log_offset BIGINT NOT NULL)`;

/** Statements that bring a file of an older version to this one, but for the dead letters: see `shorten.ts`. */
export const upgradeStatements = (version: number): readonly string[] => [
  ...(version < 2 ? createCutTables : []),
  ...(version < 3 ? [createRevisions, ...addAnomalyOffsets] : []),
  ...(version < 5 ? [createAlarms] : []),
  `UPDATE schema_version SET version = ${schemaVersion}`,
];

/** From this version on dead letters keep only the start of a payload. */
export const shortLettersVersion = 4;

/** Statements that make a fresh file. */
export const createStatements: readonly string[] = [
  ...tables.map((table) => `CREATE TABLE ${table}`),
  ...createCutTables,
  createRevisions,
  createAlarms,
  `INSERT INTO schema_version VALUES (${schemaVersion})`,
  "INSERT INTO progress VALUES (0, 0, '', 0)",
];
