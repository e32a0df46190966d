/** The reader of benchmark folders: what it takes, and what it says of each thing that is wrong. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { nabFiles } from '../../judge/nab-files.ts';

const made: string[] = [];
afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true });
});

const rows = ['timestamp,value', '2014-04-01 00:00:00,20.5', '2014-04-01 00:05:00,21', '2014-04-01 00:10:00,-1e3', ''].join('\n');
const labels = { 'a/one.csv': [['2014-04-01 00:05:00.000000', '2014-04-01 00:10:00.000000']] };

/** A folder with one series; `windows` null: without labels. */
const folder = (windows: unknown = labels, csv = rows, name = 'windows.json'): string => {
  const dir = mkdtempSync(join(tmpdir(), 'octroi-nab-'));
  made.push(dir);
  for (const sub of [['data', 'a'], ['labels']]) mkdirSync(join(dir, ...sub), { recursive: true });
  writeFileSync(join(dir, 'data', 'a', 'one.csv'), csv);
  if (windows !== null) writeFileSync(join(dir, name), typeof windows === 'string' ? windows : JSON.stringify(windows));
  return dir;
};

test('a series and its windows, as rows', () => {
  const expected = [
    {
      file: 'a/one.csv',
      at: Float64Array.of(1396310400000, 1396310700000, 1396311000000),
      values: Float64Array.of(20.5, 21, -1000),
      windows: [[1, 2]],
    },
  ];
  expect(nabFiles(folder())).toEqual(expected);
  expect(nabFiles(folder(labels, rows.replaceAll('\n', '\r\n'), 'labels/combined_windows.json'))).toEqual(expected);
  expect(nabFiles(folder({ 'a/one.csv': [] }))[0]?.windows).toEqual([]);
});

test.each([
  ['no folder of that kind', () => folder(null), /no windows\.json/],
  ['windows that are no JSON', () => folder('{'), /not a JSON object.*windows\.json/],
  ['windows that are a list', () => folder([]), /not a JSON object/],
  ['windows of nothing', () => folder({}), /names no file/],
  ['windows that are no list', () => folder({ 'a/one.csv': 3 }), /no list of windows.*one\.csv/],
  ['a file that is not there', () => folder({ 'a/two.csv': [] }), /cannot be read.*two\.csv/],
  ['a window that is no pair', () => folder({ 'a/one.csv': [['2014-04-01 00:05:00']] }), /is not the first and the last/],
  ['a window without rows', () => folder({ 'a/one.csv': [['2015-04-01 00:05:00', '2015-04-02 00:05:00']] }), /is not the first and the last/],
  ['windows that overlap', () => folder({ 'a/one.csv': [...labels['a/one.csv'], ...labels['a/one.csv']] }), /overlap/],
  ['another header', () => folder(labels, 'time;value\n'), /first line is "time;value".*one\.csv:1/],
  ['an empty file', () => folder(labels, ''), /first line is ""/],
  ['a cell that is no number', () => folder(labels, `${rows}2014-04-01 00:15:00,\n`), /"2014-04-01 00:15:00," is not a time stamp and a number.*one\.csv:5/],
  ['a time that is none', () => folder(labels, `${rows}2014-13-01 00:15:00,1\n`), /is not a time stamp.*one\.csv:5/],
  ['a column too many', () => folder(labels, `${rows}2014-04-01 00:15:00,1,2\n`), /is not a time stamp.*one\.csv:5/],
])('%s is refused with its place', (_what, make, message) => {
  expect(() => nabFiles(make())).toThrow(/^nab-invalid: /);
  expect(() => nabFiles(make())).toThrow(message);
});
