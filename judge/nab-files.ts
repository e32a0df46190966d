/** Reads a folder in the layout of the Numenta Anomaly Benchmark: series and labelled windows. Detecting and scoring are left to others. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FailureError, fail } from '../core/failure.ts';

/** One series, and its windows as rows. */
export interface NabFile {
  /** Its path below `data/`. */
  readonly file: string;
  /** The time stamp of each row as epoch ms, read as if it were UTC: the files know no zone. */
  readonly at: Float64Array;
  readonly values: Float64Array;
  /** Rows of the first and the last of each window, both in it, in order and apart. */
  readonly windows: readonly (readonly [first: number, last: number])[];
}

/** Where windows are looked for: as in an excerpt, and as in the benchmark's own repository. */
const windowsFiles = ['windows.json', join('labels', 'combined_windows.json')];

const stamp = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(\.\d+)?$/;

const invalid = (message: string, where: string): FailureError => fail('nab-invalid', message, where);

/** Epoch ms of `2014-04-01 00:05:00`; NaN where it is none. */
const epochMs = (text: string): number => {
  const [, day, time] = stamp.exec(text) ?? [];
  return day === undefined ? Number.NaN : Date.parse(`${day}T${time}Z`);
};

const textOf = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

type Series = Pick<NabFile, 'at' | 'values'>;

const seriesOf = (text: string, where: string): Series => {
  const [head = '', ...lines] = text.trimEnd().split(/\r?\n/);
  if (head.trim() !== 'timestamp,value') throw invalid(`the first line is ${JSON.stringify(head.slice(0, 80))}, not timestamp,value`, `${where}:1`);
  const at = new Float64Array(lines.length);
  const values = new Float64Array(lines.length);
  for (const [row, line] of lines.entries()) {
    const [time = '', cell = '', more] = line.split(',');
    at[row] = epochMs(time.trim());
    values[row] = cell.trim() === '' ? Number.NaN : Number(cell);
    if (more !== undefined || !Number.isFinite(at[row]) || !Number.isFinite(values[row]))
      throw invalid(`${JSON.stringify(line.slice(0, 80))} is not a time stamp and a number`, `${where}:${row + 2}`);
  }
  return { at, values };
};

const windowOf = (pair: unknown, { at }: Series, where: string): readonly [number, number] => {
  const [from, to] = Array.isArray(pair) && pair.length === 2 ? pair.map((text) => epochMs(String(text))) : [];
  const first = at.findIndex((time) => time >= (from ?? Number.NaN));
  const last = at.findLastIndex((time) => time <= (to ?? Number.NaN));
  if (first < 0 || last < first) throw invalid(`${JSON.stringify(pair)} is not the first and the last time stamp of a window with rows`, where);
  return [first, last];
};

const windowsOf = (pairs: unknown, series: Series, where: string): NabFile['windows'] => {
  if (!Array.isArray(pairs)) throw invalid('no list of windows', where);
  const windows = pairs.map((pair) => windowOf(pair, series, where)).sort(([a], [b]) => a - b);
  if (windows.some(([first], i) => first <= (windows[i - 1]?.[1] ?? -1))) throw invalid('windows overlap', where);
  return windows;
};

/** The labels of a folder, and the path they were read from. */
const labelsOf = (dir: string): { readonly path: string; readonly labels: Record<string, unknown> } => {
  for (const name of windowsFiles) {
    const path = join(dir, name);
    const text = textOf(path);
    if (text === null) continue;
    try {
      const labels: unknown = JSON.parse(text);
      if (typeof labels === 'object' && labels !== null && !Array.isArray(labels)) return { path, labels: labels as Record<string, unknown> };
    } catch {
      // Said below, as for any other text that is no object.
    }
    throw invalid('not a JSON object of files and their windows', path);
  }
  throw invalid(`no ${windowsFiles.join(', no ')}`, dir);
};

/**
 * Every series that `windows.json` of a folder names (`data/<folder>/<file>.csv` with `timestamp,value`), in its order.
 * @throws FailureError `nab-invalid` with the file and line that is not as it should be
 */
export const nabFiles = (dir: string): NabFile[] => {
  const { path, labels } = labelsOf(dir);
  if (Object.keys(labels).length === 0) throw invalid('names no file', path);
  return Object.entries(labels).map(([file, pairs]) => {
    const source = join(dir, 'data', file);
    const text = textOf(source);
    if (text === null) throw invalid('cannot be read, and the windows name it', source);
    const series = seriesOf(text, source);
    return { file, ...series, windows: windowsOf(pairs, series, `${path}, ${file}`) };
  });
};
