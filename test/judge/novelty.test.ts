/** The general judge of novelty: no row ever learns of a later one, each channel finds what it is for, and odd series hurt nothing. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { nabFiles } from '../../judge/nab-files.ts';
import { type Novelty, noveltyState, updateNovelty } from '../../judge/novelty.ts';
import { scoresOf } from '../../judge/online.ts';

interface Series {
  readonly at: Float64Array;
  readonly values: Float64Array;
}

const quarterMs = 900_000;

/** A random number in [−1, 1) by row: the same for the same row and seed. */
const noise = (row: number, seed: number): number => {
  const mixed = Math.imul(row + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
  const more = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return ((more ^ (more >>> 13)) >>> 0) / 2 ** 31 - 1;
};

/** A meter of four readings an hour: a daily wave around 100 with noise, and what `change` makes of a row. */
const meter = (rows: number, change: (value: number, row: number) => number = (value) => value, seed = 1): Series => ({
  at: Float64Array.from({ length: rows }, (_, row) => row * quarterMs),
  values: Float64Array.from({ length: rows }, (_, row) => change(100 + 30 * Math.sin((row / 96) * 2 * Math.PI) + 4 * noise(row, seed), row)),
});

const cut = ({ at, values }: Series, rows: number): Series => ({ at: at.slice(0, rows), values: values.slice(0, rows) });

const online = (): ((at: number, value: number) => number) => {
  const state = noveltyState();
  return (at, value) => updateNovelty(state, at, value).score;
};
const judged = (series: Series): Float64Array => scoresOf(online, series);

/** What is said of a series from a row on. */
const said = ({ at, values }: Series, from = 0): (Novelty & { row: number })[] => {
  const state = noveltyState();
  return Array.from(values, (value, row) => ({ row, ...updateNovelty(state, at[row] as number, value) })).filter(({ row, score }) => row >= from && score > 0);
};

/** Rows whose score changes when the rows behind `share` of the series are cut. */
const changed = (judge: (series: Series) => Float64Array, series: Series, share: number): number => {
  const rows = Math.round(share * series.values.length);
  const whole = judge(series);
  return judge(cut(series, rows)).reduce((count, score, row) => count + (Object.is(score, whole[row]) ? 0 : 1), 0);
};

const eventful = (seed: number): Series =>
  meter(3000, (value, row) => (row > 2700 ? 3 * value : row % 700 === 0 ? value + 90 : row > 1500 && row < 1560 ? 70 : value), seed);

test('the score of a row never changes when later rows are cut', () => {
  for (const seed of [1, 2, 3]) {
    expect(judged(eventful(seed)).some((score) => score > 0)).toBe(true);
    for (const share of [0.2, 0.55, 0.93]) expect(changed(judged, eventful(seed), share)).toBe(0);
  }
});

test('that check sees a judge which knows the maximum, the number of rows, or the next row', () => {
  const peeks: ((series: Series) => Float64Array)[] = [
    ({ values }) => {
      const highest = Math.max(...values);
      return values.map((value) => value / highest);
    },
    (series) => judged(series).map((score, row) => (row < 0.15 * series.values.length ? 0 : score + 1)),
    (series) =>
      judged({ at: series.at, values: series.values.map((value, row) => series.values[row + 1] ?? value) }).map(
        (score, row) => score + (series.values[row + 1] ?? 0),
      ),
  ];
  for (const peek of peeks) expect(changed(peek, eventful(1), 0.55)).toBeGreaterThan(0);
});

const nab = resolve(import.meta.dirname, '../../../shared/nab');

test.skipIf(!existsSync(nab))('nor on real series (needs ../shared/nab)', () => {
  for (const series of nabFiles(nab)) expect([series.file, changed(judged, series, 0.6)]).toEqual([series.file, 0]);
});

test('a quiet series is left alone once it is known', () => {
  expect(said(meter(4000), 2000).length).toBeLessThanOrEqual(2);
});

/** No day in it: noise of ±4 around 100. */
const steady = (change: (value: number, row: number) => number): Series => meter(2000, (_, row) => change(100 + 4 * noise(row, 1), row));

/** High and low by turns, of 20 or 40 rows by chance; from row 1500 on of 12: the same values, levels and volatility. */
const pump = ((): Series => {
  const high: boolean[] = [];
  for (let turn = 0; high.length < 1500; turn++) high.push(...Array<boolean>(noise(turn, 3) > 0 ? 20 : 40).fill(turn % 2 === 0));
  const before = high[1499] === true;
  return meter(2000, (_, row) =>
    (row < 1500 ? high[row] === true : (Math.floor((row - 1500) / 12) % 2 === 0) !== before) ? 130 + noise(row, 1) : 100 + noise(row, 1),
  );
})();

test.each([
  ['value', steady((value, row) => (row === 1500 ? 130 : value)), 1500],
  ['value', steady((value, row) => (row === 1500 ? -50 : value)), 1500],
  // Within all that was ever seen, at an hour when it never was.
  ['residual', meter(2000, (value, row) => (row === 1512 ? 129 : row % 96 < 8 ? 72 : value)), 1512],
  ['level', steady((value, row) => (row >= 1500 && row < 1512 ? 103.9 : value)), 1500],
  ['volatility', steady((value, row) => (row >= 1500 && row < 1600 ? 100 : value)), 1500],
  ['pattern', pump, 1500],
])('a change of the %s is found, and named', (channel, series, row) => {
  expect(said(cut(series, row), row - 120)).toEqual([]);
  const found = said(series, row)[0];
  expect(found?.channel).toBe(channel);
  expect((found?.row ?? 0) - row).toBeLessThan(60);
});

test('after an alarm nothing is said for 120 rows, and nothing in the first 151', () => {
  const wild = meter(700, (_, row) => 1.04 ** row);
  const rows = said(wild).map(({ row }) => row);
  expect(rows[0]).toBe(151);
  rows.slice(1).forEach((row, i) => {
    expect(row - (rows[i] as number)).toBeGreaterThanOrEqual(120);
  });
});

test('what is six times as far beyond its limit as the last alarm is said behind it', () => {
  const rowsOf = (second: number): number[] =>
    said(
      steady((value, row) => (row === 1500 ? 112 : row === 1530 ? second : value)),
      1400,
    ).map(({ row }) => row);
  expect(rowsOf(130)).toEqual([1500]);
  expect(rowsOf(400)).toEqual([1500, 1530]);
});

test('further beyond the limit is a higher score, of 0.5 to 1', () => {
  const scores = [150, 300, 3000].map(
    (peak) =>
      said(
        meter(2000, (value, row) => (row === 1500 ? peak : value)),
        1500,
      )[0]?.score ?? 0,
  );
  expect(scores).toEqual([...scores].sort((a, b) => a - b));
  expect(scores[0]).toBeGreaterThanOrEqual(0.5);
  expect(scores[2]).toBeLessThanOrEqual(1);
});

test('constant, endless and impossible values: no exception, no alarm, nothing learnt', () => {
  expect(said(meter(2000, () => 42))).toEqual([]);
  expect(said(meter(2000, () => 0))).toEqual([]);
  const holes = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300];
  const state = noveltyState();
  for (const value of holes) expect(updateNovelty(state, 0, value)).toEqual({ score: 0, channel: null });
  expect(state).toEqual(noveltyState());
  for (const at of [Number.NaN, -1, -8.64e15, 8.64e15]) expect(updateNovelty(state, at, 1).score).toBe(0);
  for (const { score } of said(meter(2000, (_, row) => (row % 2 === 0 ? Number.MAX_SAFE_INTEGER : -Number.MAX_SAFE_INTEGER))))
    expect(score).toBeLessThanOrEqual(1);
});

test('the memory of a series is bounded, and can be copied', () => {
  const state = noveltyState();
  const bytes = (): number =>
    Object.values(state).reduce((sum: number, value: number | Float64Array | Float32Array) => sum + (typeof value === 'number' ? 8 : value.byteLength), 0);
  expect(bytes()).toBe(11_168);
  const { at, values } = eventful(1);
  values.forEach((value, row) => {
    updateNovelty(state, at[row] as number, value);
  });
  expect(bytes()).toBe(11_168);
  const copy = structuredClone(state);
  for (let row = 0; row < 500; row++) {
    const value = noise(row, 7) * row;
    expect(updateNovelty(copy, row, value)).toEqual(updateNovelty(state, row, value));
  }
});
