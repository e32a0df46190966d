/**
 * The arithmetic of panes once more, as SQL: a second implementation, written from the rules (design §3, the head of
 * `core/fold.ts`) and not from the fold, so that the two can be held against each other. All figures are 128-bit
 * integers on the way. Which keys are taken at once, and what is done with differences, is left to `verify.ts`.
 *
 * It reads the temporary tables `rules` and `civil`. `shelf` holds the keys whose rows are taken from the store at once, and
 * `batch` those of them that are recomputed at once.
 */
import { amountSumMax } from '../../core/quantity.ts';
import { Flag } from '../../core/reading.ts';
import { hourMs } from '../../core/time.ts';
import { type WindowName, windowNames } from '../../core/window.ts';
import { paneTables } from './schema.ts';

export const tablesSql = [
  `CREATE OR REPLACE TEMP TABLE rules (key INTEGER, kind VARCHAR, holds INTEGER, hold_ms BIGINT, max_per_hour BIGINT, register_ends VARCHAR,
    states INTEGER, no_shares VARCHAR, finest INTEGER, zone VARCHAR, live INTEGER)`,
  'CREATE OR REPLACE TEMP TABLE civil (zone VARCHAR, day INTEGER, day_start BIGINT, day_end BIGINT, month_start BIGINT, month_end BIGINT)',
  'CREATE OR REPLACE TEMP TABLE batch (key INTEGER)',
  'CREATE OR REPLACE TEMP TABLE shelf (key INTEGER)',
  // Hours count from the start of the civil day; event times lie after 1970, so that % is a floor.
  `CREATE OR REPLACE TEMP MACRO window_start(level, t, day_start, month_start) AS CASE level
    WHEN 0 THEN t - t % 60000 WHEN 1 THEN t - t % 900000 WHEN 2 THEN t - (t - day_start) % 3600000 WHEN 3 THEN day_start ELSE month_start END`,
  `CREATE OR REPLACE TEMP MACRO window_end(level, t, day_start, day_end, month_end) AS CASE level
    WHEN 0 THEN t - t % 60000 + 60000 WHEN 1 THEN t - t % 900000 + 900000
    WHEN 2 THEN least(t - (t - day_start) % 3600000 + 3600000, day_end) WHEN 3 THEN day_end ELSE month_end END`,
  'CREATE OR REPLACE TEMP MACRO floor_div(a, b) AS ((a - ((a % b) + b) % b) // b)::HUGEINT',
];

/**
 * The rows of a shelf of keys, highest versions. Most rows have no other version, so that those that do are looked up: a window
 * over all of them would need twice the memory (13 million readings could not be verified in 48 MB).
 * @param at the column that is with `key` what versions are of
 */
const newestOf = (table: string, at: string): string => `SELECT rows.* FROM ${table} AS rows JOIN shelf USING (key) LEFT JOIN (
    SELECT key, ${at}, max(version) AS newest FROM ${table} JOIN shelf USING (key) WHERE version > 0 GROUP BY ALL
  ) AS changed USING (key, ${at}) WHERE version = coalesce(newest, 0)`;

/**
 * Statements that take the rows of a shelf of keys, ordered by key: the store keeps its rows in the order of time, so that each
 * look for some keys reads all of it.
 */
export const shelfSql = [
  `CREATE OR REPLACE TEMP TABLE taken_readings AS ${newestOf('readings', 'at_ms')} ORDER BY key`,
  `CREATE OR REPLACE TEMP TABLE taken_panes AS SELECT * FROM (${windowNames
    .map((window: WindowName, level) => `SELECT ${level} AS level, * FROM (${newestOf(paneTables[window], 'start_ms')})`)
    .join(' UNION ALL ')}) ORDER BY key`,
  'CREATE OR REPLACE TEMP TABLE taken_closures AS SELECT * FROM closures',
  'CREATE OR REPLACE TEMP TABLE taken_cuts AS SELECT key, list({from_ms: from_ms, to_ms: to_ms}) AS spans FROM cut_spans JOIN shelf USING (key) GROUP BY key',
];

/** From when to when the readings of a shelf lie, for each zone. */
export const takenSql = `SELECT zone, min(at_ms), max(at_ms + hold_ms) FROM taken_readings JOIN rules USING (key) GROUP BY zone`;

/** Readings that take part, each with the next of its key and the civil day that it lies in. */
const pointsSql = `CREATE OR REPLACE TEMP TABLE points AS
  WITH taking_part AS (
    SELECT key, at_ms AS a, span_ms, value::HUGEINT AS va, flags, lead(at_ms) OVER following AS b, lead(value::HUGEINT) OVER following AS vb,
      lag(CASE WHEN value IS NOT NULL THEN at_ms + span_ms END) OVER following AS seen_until
    FROM taken_readings JOIN batch USING (key) WHERE flags & ${Flag.excluded} = 0 WINDOW following AS (PARTITION BY key ORDER BY at_ms)
  ), ruled AS (SELECT * FROM taking_part JOIN rules USING (key))
  SELECT ruled.*, day, day_start, day_end, month_start, month_end FROM ruled ASOF JOIN civil ON ruled.zone = civil.zone AND a >= day_start`;

/** What a register rose by between a reading and the next, and the flag for it. */
const risesSql = `CREATE OR REPLACE TEMP TABLE rises AS
  WITH bounded AS (
    SELECT *, CASE WHEN max_per_hour IS NULL THEN 170141183460469231731687303715884105727::HUGEINT
        ELSE floor_div(max_per_hour::HUGEINT * (b - a + 60000), 3600000) + 1 END AS most,
      from_json(register_ends, '["BIGINT"]') AS ends
    FROM points WHERE kind = 'index' AND va IS NOT NULL AND vb IS NOT NULL
  ), ended AS (
    SELECT *, list_min(list_filter(ends, lambda e: va < e AND va * 100 >= e::HUGEINT * 99 AND vb * 100 <= e AND e - va + vb <= most)) AS rolled FROM bounded
  )
  SELECT key, a, b, hold_ms, day,
    CASE WHEN vb >= va THEN CASE WHEN vb - va <= most THEN vb - va ELSE 0 END WHEN rolled IS NOT NULL THEN rolled - va + vb ELSE 0 END AS amount,
    CASE WHEN vb >= va THEN CASE WHEN vb - va <= most THEN 0 ELSE ${Flag.replaced} END WHEN rolled IS NOT NULL THEN ${Flag.rollover} ELSE ${Flag.reset} END AS flag
  FROM ended`;

/** Spans that are observed between readings: [a, till) with what is needed to share it out. */
const spansSql = `CREATE OR REPLACE TEMP TABLE spans AS
  SELECT points.key, points.a, points.day AS first_day, points.b AS till, points.b - points.a AS gap, kind, holds, live, finest, zone, amount, NULL::HUGEINT AS va, NULL::HUGEINT AS vb
    FROM points JOIN rises USING (key, a) WHERE points.b - points.a <= points.hold_ms AND flag NOT IN (${Flag.reset}, ${Flag.replaced})
  UNION ALL SELECT key, a, day, b, b - a, kind, holds, live, finest, zone, NULL, va, vb
    FROM points WHERE kind = 'gauge' AND holds = 0 AND va IS NOT NULL AND vb IS NOT NULL AND b - a <= hold_ms
  UNION ALL SELECT key, a, day, least(coalesce(b, a + hold_ms), a + hold_ms), NULL, kind, holds, live, finest, zone, NULL, va, NULL
    FROM points WHERE holds = 1 AND va IS NOT NULL`;

/** No civil day is shorter: a span touches at most one day more for each, and one. */
const dayMsMin = 20 * hourMs;

/** Those spans cut at the boundaries of the finest windows: by civil day first, then within it. */
const piecesSql = `CREATE OR REPLACE TEMP TABLE pieces AS
  WITH days AS (
    SELECT *, unnest(generate_series(first_day, first_day + (till - a) // ${dayMsMin} + 1)) AS day FROM spans WHERE till > a
  ), by_day AS (
    SELECT days.* EXCLUDE (zone), day_start, day_end, month_start, greatest(a, day_start) AS p, least(till, day_end) AS q,
      CASE finest WHEN 0 THEN 60000 WHEN 1 THEN 900000 WHEN 2 THEN 3600000 ELSE day_end - day_start END AS size,
      CASE WHEN finest < 2 THEN 0 ELSE day_start END AS base
    FROM days JOIN civil USING (zone, day) WHERE day_start < till
  ), by_window AS (
    SELECT *, unnest(generate_series((p - base) // size, (q - 1 - base) // size)) AS place FROM by_day
  )
  SELECT row_number() OVER () AS id, key, a, till, gap, kind, holds, live, finest, amount, va, vb, day,
    CASE WHEN finest = 4 THEN month_start ELSE base + place * size END AS window_start,
    greatest(p, base + place * size) AS p, least(q, base + (place + 1) * size) AS q
  FROM by_window`;

/** Time in which no gate was open does not count as observed for what live devices held. */
const closedSql = `CREATE OR REPLACE TEMP TABLE closed AS
  SELECT id, sum(least(q, to_ms) - greatest(p, from_ms)) AS closed_ms FROM pieces JOIN taken_closures AS closures ON from_ms < q AND to_ms > p
  WHERE holds = 1 AND live = 1 GROUP BY id`;

/** What each piece adds to its finest window. */
const figuresSql = `CREATE OR REPLACE TEMP TABLE figures AS
  WITH timed AS (SELECT pieces.*, q - p - coalesce(closed_ms, 0) AS ms FROM pieces LEFT JOIN closed USING (id)),
  lined AS (
    SELECT *, CASE WHEN holds = 0 AND kind = 'gauge' THEN va + floor_div((vb - va) * (p - a), gap) END AS low,
      CASE WHEN holds = 0 AND kind = 'gauge' THEN va + floor_div((vb - va) * (q - a), gap) END AS high
    FROM timed WHERE ms > 0
  )
  SELECT key, day, window_start, ms,
    CASE WHEN kind = 'index' THEN floor_div(amount * (q - a), gap) - floor_div(amount * (p - a), gap) ELSE 0 END AS amount,
    CASE WHEN low IS NOT NULL THEN (low + high) * ms WHEN kind = 'gauge' THEN 2 * va * ms ELSE 0 END AS integral2,
    CASE WHEN low IS NOT NULL THEN least(low, high) WHEN kind = 'gauge' THEN va END AS low,
    CASE WHEN low IS NOT NULL THEN greatest(low, high) WHEN kind = 'gauge' THEN va END AS high,
    CASE WHEN kind = 'state' THEN va END AS state
  FROM lined`;

/** Amounts that go to one window as a whole: deltas, and rises across a gap wider than the hold. \`level\` 5 is the key's lifetime. */
const wholesSql = `CREATE OR REPLACE TEMP TABLE wholes AS
  WITH amounts AS (
    SELECT key, a AS p, a + greatest(1, span_ms) AS q, va AS amount, greatest(0, a + span_ms - greatest(a, coalesce(seen_until, a))) AS ms, false AS is_index FROM points WHERE kind = 'delta' AND va IS NOT NULL
    UNION ALL SELECT key, a, b + 1, amount, 0, true FROM rises WHERE b - a > hold_ms AND amount <> 0
  ), placed AS (
    SELECT amounts.*, finest, day, coalesce(list_min(list_filter([0, 1, 2, 3, 4],
      lambda l: l >= finest AND q <= window_end(l, p, day_start, day_end, month_end))), 5) AS level
    FROM amounts JOIN points ON points.key = amounts.key AND points.a = amounts.p
  )
  SELECT key, p, day, amount, ms, level, CASE WHEN is_index OR level > finest THEN amount ELSE 0 END AS unallocated FROM placed`;

/** Finest windows: all that readings and pieces add. */
const cellsSql = `CREATE OR REPLACE TEMP TABLE cells AS
  WITH added AS (
    SELECT key, day, window_start(finest, a, day_start, month_start) AS window_start, 1 AS readings, 0 AS amount, 0 AS integral2, 0 AS ms,
      CASE WHEN kind = 'gauge' THEN va END AS low, CASE WHEN kind = 'gauge' THEN va END AS high, a AS first_at, a AS last_at, 0 AS changes,
      flags & ~${Flag.late} AS flags FROM points
    UNION ALL SELECT key, day, window_start, 0, amount, integral2, ms, low, high, NULL, NULL, 0, 0 FROM figures
    UNION ALL SELECT rises.key, following.day, window_start(finest, following.a, following.day_start, following.month_start), 0, 0, 0, 0, NULL, NULL, NULL, NULL, 0, flag
      FROM rises JOIN points AS following ON following.key = rises.key AND following.a = rises.b WHERE flag <> 0
    UNION ALL SELECT following.key, following.day, window_start(following.finest, following.a, following.day_start, following.month_start),
        0, 0, 0, 0, NULL, NULL, NULL, NULL, 1, 0
      FROM points AS changed JOIN points AS following ON following.key = changed.key AND following.a = changed.b
      WHERE changed.kind = 'state' AND changed.va <> following.va
  )
  SELECT key, day, window_start, sum(readings) AS readings, sum(amount) AS amount, sum(integral2) AS integral2, sum(ms) AS ms, min(low) AS low, max(high) AS high,
    min(first_at) AS first_at, max(last_at) AS last_at, sum(changes) AS changes, bit_or(flags) AS flags
  FROM added GROUP BY key, day, window_start`;

/** A row of \`cells\`, \`wholes\` or \`figures\` beside its key's rule and civil day, once for every level from \`least\` to the month. */
const atLevels = (table: string, least: string): string => `SELECT ${table}.* EXCLUDE (day), day_start, day_end, month_start, month_end,
    unnest(generate_series(${least}, 4)) AS at_level FROM ${table} JOIN rules USING (key) JOIN civil ON civil.zone = rules.zone AND civil.day = ${table}.day`;

/** Amounts added up, to what a whole number holds. */
const summed = (column: string): string => `least(greatest(sum(${column}), -${amountSumMax}), ${amountSumMax})`;

/** All windows up to the month. */
const expectedSql = `CREATE OR REPLACE TEMP TABLE expected AS
  WITH cell_levels AS (${atLevels('cells', 'finest')}), whole_levels AS (${atLevels('wholes', 'level')}), parts AS (
    SELECT key, at_level AS level, window_start(at_level, window_start, day_start, month_start) AS start_ms,
      window_end(at_level, window_start, day_start, day_end, month_end) AS end_ms,
      readings, amount, 0 AS unallocated, integral2, ms, low, high, first_at, last_at, changes, flags FROM cell_levels
    UNION ALL SELECT key, at_level, window_start(at_level, p, day_start, month_start), window_end(at_level, p, day_start, day_end, month_end),
      0, amount, CASE WHEN at_level = level THEN unallocated ELSE 0 END, 0, ms, NULL, NULL, NULL, NULL, 0, 0 FROM whole_levels WHERE level < 5
  ), windows AS (
    SELECT key, level, start_ms, end_ms, sum(readings) AS readings, ${summed('amount')} AS amount, ${summed('unallocated')} AS unallocated, sum(integral2) AS integral2,
      sum(ms) AS observed_ms, min(low) AS low, max(high) AS high, min(first_at) AS first_at, max(last_at) AS last_at, sum(changes) AS changes, bit_or(flags) AS flags
    FROM parts GROUP BY key, level, start_ms, end_ms
  )
  SELECT windows.*, first.va AS first_value, last.va AS last_value FROM windows
    LEFT JOIN points AS first ON first.key = windows.key AND first.a = first_at
    LEFT JOIN points AS last ON last.key = windows.key AND last.a = last_at`;

/** ms in each state, of every window where one was observed; as text, as the store writes them. */
const sharesSql = `CREATE OR REPLACE TEMP TABLE shares AS
  WITH stated AS (SELECT key, day, window_start, state, sum(ms) AS ms FROM figures WHERE state IS NOT NULL GROUP BY key, day, window_start, state),
  levels AS (${atLevels('stated', 'finest')}),
  summed AS (
    SELECT key, at_level AS level, window_start(at_level, window_start, day_start, month_start) AS start_ms, state, sum(ms) AS ms
    FROM levels GROUP BY ALL
  ), told AS (SELECT key, level, start_ms, map(list(state::INTEGER), list(ms::BIGINT)) AS by_state FROM summed GROUP BY key, level, start_ms)
  SELECT key, level, start_ms, to_json(list_transform(range(0, states), lambda s: coalesce(by_state[s::INTEGER], 0)))::VARCHAR AS shares_ms
  FROM told JOIN rules USING (key)`;

/** Every pane that is stored, all windows together. */
const storedSql = 'CREATE OR REPLACE TEMP TABLE stored AS SELECT taken_panes.* FROM taken_panes JOIN batch USING (key)';

/** How far each key's windows are closed: up to its last reading, whether their panes are there or not, and as far beyond it as one is stored that a tick closed. */
const frontierSql = `CREATE OR REPLACE TEMP TABLE frontier AS
  SELECT key, max(until) AS closed_until FROM (SELECT key, a AS until FROM points UNION ALL SELECT key, end_ms FROM stored WHERE level < 5) GROUP BY key`;

/** The lifetime, kept of amounts only: the civil months that are closed, and what no month holds. */
const lifetimeSql = `INSERT INTO expected
  WITH parts AS (
    SELECT key, readings, amount, 0 AS unallocated, observed_ms FROM expected JOIN frontier USING (key) JOIN rules USING (key)
      WHERE level = 4 AND end_ms <= closed_until AND kind IN ('index', 'delta')
    UNION ALL SELECT key, 0, amount, amount, ms FROM wholes WHERE level = 5
  )
  SELECT key, 5, 0, ${Number.MAX_SAFE_INTEGER}, sum(readings), ${summed('amount')}, ${summed('unallocated')}, 0, sum(observed_ms), NULL, NULL, NULL, NULL, 0, 0, NULL, NULL
  FROM parts GROUP BY key`;

/** Statements that build what is compared, in order. */
export const stepsSql = [
  pointsSql,
  risesSql,
  spansSql,
  piecesSql,
  closedSql,
  figuresSql,
  wholesSql,
  cellsSql,
  expectedSql,
  sharesSql,
  storedSql,
  frontierSql,
  lifetimeSql,
];

/** Names of the compared figures: [in a pane, stored, recomputed where nothing was found]. */
const figures: readonly (readonly [name: string, column: string, absent: string])[] = [
  ['end', 'end_ms', 'stored.end_ms'],
  ['count', 'readings', '0'],
  ['sum', 'amount', '0'],
  ['unallocated', 'unallocated', '0'],
  ['integral2', 'integral2', '0'],
  ['observedMs', 'observed_ms', '0'],
  ['min', 'low', 'NULL'],
  ['max', 'high', 'NULL'],
  ['firstAt', 'first_at', 'NULL'],
  ['firstValue', 'first_value', 'NULL'],
  ['lastAt', 'last_at', 'NULL'],
  ['lastValue', 'last_value', 'NULL'],
  ['changes', 'changes', '0'],
  ['flags', 'flags', '0'],
];

/** The figures of a pane that is stored, each beside its recomputation, as SQL. */
const pairs = [
  ...figures.map(([name, column, absent]) => ({
    name,
    stored: `stored.${column}`,
    recomputed: `CASE WHEN expected.key IS NULL THEN ${absent} ELSE expected.${column} END`,
  })),
  { name: 'sharesMs', stored: 'stored.shares_ms', recomputed: 'coalesce(shares.shares_ms, rules.no_shares)' },
];
const differs = pairs.map(({ stored, recomputed }) => `${stored} IS DISTINCT FROM (${recomputed})`).join(' OR ');
const differences = pairs.map(
  ({ name, stored, recomputed }) => `CASE WHEN ${stored} IS DISTINCT FROM (${recomputed})
    THEN '${name}: ' || coalesce(${stored}::VARCHAR, 'null') || ', recomputed ' || coalesce((${recomputed})::VARCHAR, 'null') END`,
);

/** Every pane beside its recomputation. Windows that are not closed yet are left out, and so are those whose readings were cut at the horizon. */
const beside = `FROM stored FULL JOIN expected ON stored.key = expected.key AND stored.level = expected.level AND stored.start_ms = expected.start_ms
    JOIN rules ON rules.key = coalesce(stored.key, expected.key)
    LEFT JOIN frontier ON frontier.key = rules.key
    LEFT JOIN shares ON shares.key = expected.key AND shares.level = expected.level AND shares.start_ms = expected.start_ms
    LEFT JOIN taken_cuts AS cuts ON cuts.key = rules.key
  WHERE (stored.key IS NOT NULL
    OR ((expected.end_ms <= closed_until OR expected.level = 5) AND (expected.readings <> 0 OR expected.observed_ms <> 0 OR expected.amount <> 0 OR expected.unallocated <> 0)))
    AND (cuts.key IS NULL OR (coalesce(stored.level, expected.level) <> 5 AND len(list_filter(spans,
      lambda span: span.from_ms < coalesce(stored.end_ms, expected.end_ms) AND span.to_ms >= coalesce(stored.start_ms, expected.start_ms))) = 0))`;

export const countsSql = `SELECT count(*), count(*) FILTER (${differs}) ${beside}`;
/** The first that differ, in words. */
export const examplesSql = `SELECT rules.key, coalesce(stored.level, expected.level), coalesce(stored.start_ms, expected.start_ms),
    CASE WHEN stored.key IS NULL THEN 'there is no such pane' ELSE concat_ws('; ', ${differences.join(', ')}) END
  ${beside} AND (${differs}) ORDER BY 1, 2, 3 LIMIT $1`;

/** All rows of readings and panes of each key that has readings. */
export const extentsSql = `WITH touched AS (
    SELECT key, count(*) AS panes FROM (${Object.values(paneTables)
      .map((table) => `SELECT key FROM ${table}`)
      .join(' UNION ALL ')}) GROUP BY key
  ), read AS (SELECT key, count(*) AS readings FROM readings GROUP BY key)
  SELECT key, readings + coalesce(panes, 0) FROM read LEFT JOIN touched USING (key) ORDER BY key`;
