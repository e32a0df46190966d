/**
 * `octroi verify`: every pane that is stored, highest version, beside what separate SQL makes of the stored readings.
 * It knows nothing of the pipeline. A plant at work may go on beside it; readings that wait for a tick are not in it yet.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Temporal } from 'temporal-polyfill';
import type { FoldRule } from '../core/fold.ts';
import type { Key, Store } from '../core/store.ts';
import { dayMs } from '../core/time.ts';
import { type Level, type WindowName, windowName } from '../core/window.ts';
import { copied } from './copied.ts';
import { type Cells, cellsOf } from './duckdb/columns.ts';
import { verifyMemoryMb, verifyMemoryMbMax, verifyRowBytes } from './duckdb/limits.ts';
import { type Parameter, type Reader, reader, storeFailed } from './duckdb/readers.ts';
import { countsSql, examplesSql, extentsSql, shelfSql, stepsSql, tablesSql, takenSql } from './duckdb/verify-sql.ts';
import { type DuckDbStore, isDuckDb } from './duckdb.ts';

export interface Verified {
  /** Panes that were compared, and closed windows that should have one. */
  readonly compared: number;
  readonly different: number;
  /** The first differences, at most `examplesMax`. */
  readonly examples: readonly {
    readonly subject: string;
    readonly quantity: string;
    readonly window: WindowName;
    readonly start: number;
    readonly differences: string;
  }[];
  /** Keys that have readings. */
  readonly keys: number;
  /** Those of them whose rule is not known any more; their panes were not compared. */
  readonly unknownKeys: number;
  /** False where it was ended before it was done. */
  readonly complete: boolean;
}

/** How far a verification is: rows of readings and panes that were looked at, and all of them. */
export interface VerifyProgress {
  readonly done: number;
  readonly of: number;
}

export interface VerifyOptions {
  /** Ends it early. */
  readonly signal?: AbortSignal;
  readonly progress?: (progress: VerifyProgress) => void;
}

type RuleOf = (key: Key) => FoldRule | undefined;

const examplesMax = 20;
/**
 * Readings and stored panes of the keys that are recomputed at once; only a single key with more than that is taken whole. What is built of
 * them stays a fraction of the memory, which the plant's commits share.
 */
const batchRowsMax = 50_000;
/** Rows of the keys that are taken from the store at once; what is taken lies beside it on the disk meanwhile, some 150 bytes a row. */
const shelfRowsMax = 1_000_000;

/** How many readings and panes there are of one key. */
interface Extent {
  readonly id: number;
  readonly rows: number;
}

type Run = (sql: string, parameters?: readonly Parameter[]) => Promise<void>;

const runner =
  ({ chunks }: Reader, signal: AbortSignal | undefined): Run =>
  async (sql, parameters = []) => {
    signal?.throwIfAborted(); // an interruption reaches only a statement that runs
    for await (const _ of chunks(sql, parameters));
  };

const extentsOf = async ({ chunks }: Reader): Promise<Extent[]> => {
  const extents: Extent[] = [];
  for await (const chunk of chunks(extentsSql, [])) {
    const [id, rows] = [cellsOf(chunk, 0), cellsOf(chunk, 1)];
    for (let row = 0; row < chunk.rowCount; row++) extents.push({ id: id.number(row), rows: rows.number(row) });
  }
  return extents;
};

/** Rows of `civil` for the days that hold [from, to) in the zone. */
const daysOf = (zone: string, from: number, to: number): string[] => {
  const rows: string[] = [];
  const startOf = (date: Temporal.PlainDate): number => date.toZonedDateTime({ timeZone: zone }).epochMilliseconds;
  const dateAt = (at: number): Temporal.PlainDate => Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate();
  const last = dateAt(to);
  for (let date = dateAt(from), day = 0; Temporal.PlainDate.compare(date, last) <= 0; date = date.add({ days: 1 }), day++) {
    const month = date.with({ day: 1 });
    const bounds = [startOf(date), startOf(date.add({ days: 1 })), startOf(month), startOf(month.add({ months: 1 }))];
    rows.push(JSON.stringify({ zone, day, day_start: bounds[0], day_end: bounds[1], month_start: bounds[2], month_end: bounds[3] }));
  }
  return rows;
};

/** Rows as JSON, in one parameter. */
const insertSql = (table: 'rules' | 'civil' | 'batch', shape: string): string =>
  `INSERT INTO ${table} BY NAME SELECT unnest(from_json($1, '[${shape}]'), recursive := true)`;
const ruleShape =
  '{"key":"INTEGER","kind":"VARCHAR","holds":"INTEGER","hold_ms":"BIGINT","max_per_hour":"BIGINT","register_ends":"VARCHAR","states":"INTEGER","no_shares":"VARCHAR","finest":"INTEGER","zone":"VARCHAR","live":"INTEGER"}';
const civilShape = '{"zone":"VARCHAR","day":"INTEGER","day_start":"BIGINT","day_end":"BIGINT","month_start":"BIGINT","month_end":"BIGINT"}';

const ruleRow = (id: number, rule: FoldRule): string =>
  JSON.stringify({
    key: id,
    kind: rule.kind,
    holds: Number(rule.holds),
    hold_ms: rule.holdMs,
    max_per_hour: rule.maxPerHour,
    register_ends: JSON.stringify(rule.registerEnds),
    states: rule.states,
    no_shares: rule.states === 0 ? null : JSON.stringify(new Array(rule.states).fill(0)),
    finest: rule.finest,
    zone: rule.zone,
    live: Number(rule.live),
  });

/** Makes the tables, and writes the rules. */
const prepare = async (run: Run, rules: ReadonlyMap<number, FoldRule>): Promise<void> => {
  for (const sql of tablesSql) await run(sql);
  await run(insertSql('rules', ruleShape), [`[${[...rules].map(([id, rule]) => ruleRow(id, rule)).join(',')}]`]);
};

/** Writes every civil day that a reading which was taken, or what it holds, can touch. */
const setDays = async (run: Run, { chunks }: Reader): Promise<void> => {
  const days: string[] = [];
  for await (const chunk of chunks(takenSql, [])) {
    const [zone, from, to] = [0, 1, 2].map((column) => cellsOf(chunk, column)) as [Cells, Cells, Cells];
    for (let row = 0; row < chunk.rowCount; row++) days.push(...daysOf(zone.text(row), from.number(row), to.number(row) + dayMs));
  }
  await run('DELETE FROM civil');
  await run(insertSql('civil', civilShape), [`[${days.join(',')}]`]);
};

/** Keys in parts of at most so many rows, but for a single one with more. */
const partsOf = (extents: readonly Extent[], rowsMax: number): Extent[][] => {
  const parts: Extent[][] = [];
  let rows = Number.POSITIVE_INFINITY;
  for (const extent of extents) {
    if (rows + extent.rows > rowsMax) {
      parts.push([]);
      rows = 0;
    }
    parts.at(-1)?.push(extent);
    rows += extent.rows;
  }
  return parts;
};

const rowsOf = (extents: readonly Extent[]): number => extents.reduce((sum, { rows }) => sum + rows, 0);

const setKeys = async (run: Run, table: 'shelf' | 'batch', extents: readonly Extent[]): Promise<void> => {
  await run(`DELETE FROM ${table}`);
  await run(`INSERT INTO ${table} SELECT unnest($1::INTEGER[])`, [extents.map(({ id }) => id)]);
};

/** Memory that the largest batch needs, MB, as far as it is given. */
const memoryOf = (extents: readonly Extent[]): number => {
  const rows = extents.reduce((most, extent) => Math.max(most, extent.rows), batchRowsMax);
  return Math.min(verifyMemoryMbMax, verifyMemoryMb + Math.ceil((rows * verifyRowBytes) / 2 ** 20));
};

/** Recomputes key after key, and calls `compared` for each part. */
const compareAll = async (run: Run, one: Reader, extents: readonly Extent[], compared: (batch: readonly Extent[]) => Promise<void>): Promise<void> => {
  for (const shelf of partsOf(extents, shelfRowsMax)) {
    await run('BEGIN'); // one view of all that is taken
    await setKeys(run, 'shelf', shelf);
    for (const sql of shelfSql) await run(sql);
    await setDays(run, one); // of what was taken, which may reach further than what was there when the verification began
    await run('COMMIT');
    for (const batch of partsOf(shelf, batchRowsMax)) {
      await run('BEGIN'); // what it builds is freed with it
      await setKeys(run, 'batch', batch);
      for (const sql of stepsSql) await run(sql);
      await compared(batch);
      await run('COMMIT');
    }
  }
};

type Example = Verified['examples'][number];

const examplesOf = async ({ chunks }: Reader, keyOf: (id: number) => Key, limit: number): Promise<Example[]> => {
  const examples: Example[] = [];
  for await (const chunk of chunks(examplesSql, [limit])) {
    for (let row = 0; row < chunk.rowCount; row++) {
      const { subject, quantity } = keyOf(cellsOf(chunk, 0).number(row));
      const window = windowName(cellsOf(chunk, 1).number(row) as Level);
      examples.push({ subject, quantity, window, start: cellsOf(chunk, 2).number(row), differences: cellsOf(chunk, 3).text(row) });
    }
  }
  return examples;
};

const ended: Verified = { compared: 0, different: 0, examples: [], keys: 0, unknownKeys: 0, complete: false };

/** Verifies a copy: what lies on a server, or in memory, knows no SQL. */
const verifyCopy = async (store: Store, ruleOf: RuleOf, options: VerifyOptions): Promise<Verified> => {
  const folder = await mkdtemp(join(tmpdir(), 'octroi-verify-'));
  let copy: DuckDbStore | null = null;
  try {
    copy = await copied(store, join(folder, 'copy.duckdb'), options.signal);
    return await verifyInPlace(copy, ruleOf, options);
  } catch (error) {
    if (options.signal?.aborted === true) return ended;
    throw storeFailed(error, 'verify');
  } finally {
    await copy?.close();
    await rm(folder, { recursive: true, force: true });
  }
};

/**
 * Recomputes all panes from the stored readings and compares all figures.
 * @param store on DuckDB; any other is copied into a temporary file first, some 150 bytes a row
 * @param ruleOf how the readings of a key are folded; undefined where that is not known any more
 * @returns how many panes were compared and how many differ; rejects with `store-failed`
 */
export const verify = (store: Store, ruleOf: RuleOf, options: VerifyOptions = {}): Promise<Verified> =>
  isDuckDb(store) ? verifyInPlace(store, ruleOf, options) : verifyCopy(store, ruleOf, options);

const verifyInPlace = async (store: DuckDbStore, ruleOf: RuleOf, options: VerifyOptions): Promise<Verified> => {
  const connection = await store.connect();
  let extents: Extent[];
  try {
    extents = await extentsOf(reader(connection));
  } catch (error) {
    throw storeFailed(error, 'verify');
  } finally {
    connection.closeSync();
  }
  return store.withMemory(memoryOf(extents), () => verifyKeys(store, extents, ruleOf, options));
};

/** On a connection that ends with it: its temporary tables are freed before the memory goes back. */
const verifyKeys = async (store: DuckDbStore, extents: readonly Extent[], ruleOf: RuleOf, { signal, progress }: VerifyOptions): Promise<Verified> => {
  const connection = await store.connect();
  const one = reader(connection);
  const run = runner(one, signal);
  const end = (): void => connection.interrupt();
  signal?.addEventListener('abort', end);
  let [keys, unknownKeys, compared, different, done] = [0, 0, 0, 0, 0];
  const examples: Example[] = [];
  try {
    const keyOf = (id: number): Key => store.keyAt(id);
    const rules = new Map<number, FoldRule>();
    for (const { id } of extents) {
      const rule = ruleOf(keyOf(id));
      if (rule !== undefined) rules.set(id, rule);
    }
    await prepare(run, rules);
    const known = extents.filter(({ id }) => rules.has(id));
    keys = extents.length;
    unknownKeys = keys - known.length;
    await compareAll(run, one, known, async (batch) => {
      for await (const chunk of one.chunks(countsSql, [])) {
        compared += cellsOf(chunk, 0).number(0);
        different += cellsOf(chunk, 1).number(0);
      }
      if (examples.length < Math.min(different, examplesMax)) examples.push(...(await examplesOf(one, keyOf, examplesMax - examples.length)));
      done += rowsOf(batch);
      progress?.({ done, of: rowsOf(known) });
    });
    return { compared, different, examples, keys, unknownKeys, complete: true };
  } catch (error) {
    if (signal?.aborted === true) return { compared, different, examples, keys, unknownKeys, complete: false };
    throw storeFailed(error, 'verify');
  } finally {
    signal?.removeEventListener('abort', end);
    connection.closeSync();
  }
};
