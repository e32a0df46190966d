/** The part of `octroi judge` that puts known faults into real series: runs the suite, prints it, keeps it. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type FaultReport, isHeldOut, type KindLine, reportOf } from '../../judge/fault-report.ts';
import { judgeSeries } from '../../judge/fault-suite.ts';
import type { Ranged } from '../../judge/rates.ts';
import { type Folder, someIn } from './series.ts';

/** Where series are looked for: beside the project. */
export const datasetsBeside = resolve(import.meta.dirname, '../../../shared/datasets');
/** Places for each kind of fault in each series. */
const places = 2;

export interface FaultsJudged {
  readonly skipped: Folder['skipped'];
  readonly series: number;
  readonly points: number;
  /** Half of the devices, on which the settings of the detectors were found. */
  readonly tried: FaultReport;
  /** The other half. */
  readonly held_out: FaultReport;
}

/** @throws FailureError as `someIn` */
export const judgeFaults = async (dir: string): Promise<FaultsJudged> => {
  const { series, skipped } = await someIn(dir);
  const results = series.map((one) => ({ one, result: judgeSeries(one, places) }));
  const half = (heldOut: boolean): FaultReport => reportOf(results.filter(({ one }) => isHeldOut(one.device) === heldOut).map(({ result }) => result));
  return { skipped, series: series.length, points: series.reduce((sum, { points }) => sum + points.length, 0), tried: half(false), held_out: half(true) };
};

const percent = (ranged: Ranged | null): string =>
  ranged === null ? '–' : `${Math.round(100 * ranged.value)} (${Math.round(100 * ranged.low)} to ${Math.round(100 * ranged.high)})`;
const number = (ranged: Ranged | null): string =>
  ranged === null ? '–' : `${ranged.value.toFixed(2)} (${ranged.low.toFixed(2)} to ${ranged.high.toFixed(2)})`;

const rowOf = (one: KindLine | undefined, twin: KindLine | undefined): string[] => [
  one?.kind ?? '',
  String(one?.injected ?? 0),
  percent(one?.found ?? null),
  percent(one?.withinDay ?? null),
  percent(one?.withinWeek ?? null),
  percent(one?.named ?? null),
  String(twin?.injected ?? 0),
  percent(twin?.found ?? null),
  percent(twin?.withinDay ?? null),
  percent(twin?.withinWeek ?? null),
];

const aligned = (table: readonly string[][]): string[] => {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  return table.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
};

const falseLines = (title: string, { falseAlarms, byClass, byDetector }: FaultReport): string[] => [
  `${title}: ${number(falseAlarms.all)} a series-month, median of the series ${falseAlarms.medianOfSeries?.toFixed(2) ?? '–'}, of the months ${falseAlarms.medianOfMonths ?? '–'}; ${falseAlarms.series} series, ${falseAlarms.months} months`,
  ...Object.entries(byClass).map(([name, one]) => `  ${name}: ${number(one.rate)}, median ${one.median?.toFixed(2) ?? '–'}, ${one.series} series`),
  `  said by: ${
    Object.entries(byDetector)
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', ') || 'nobody'
  }`,
];

export const faultsText = ({ skipped, series, points, tried, held_out }: FaultsJudged): string =>
  [
    ...skipped.map(({ file, why }) => `${file}: skipped, ${why}`),
    `${series} series, ${points} readings; the first half of each is there to learn. Shares in % (95 of 100).`,
    '',
    ...aligned([
      ['fault', 'tried on', 'found', 'in a day', 'in 7 days', 'named rightly', 'held out', 'found', 'in a day', 'in 7 days'],
      ...tried.kinds.map((line, place) => rowOf(line, held_out.kinds[place])),
      ...tried.groups.map((line, place) => rowOf(line, held_out.groups[place])),
    ]),
    ...[tried, held_out].map(
      ({ groups }, half) =>
        `Missed, and hour for hour as the weeks before, so that nobody could tell (${half === 0 ? 'tried on' : 'held out'}): ${groups.map(({ kind, missedAsUsual }) => `${kind} ${missedAsUsual}`).join(', ')}`,
    ),
    '',
    'Said of series without a fault, some of which are real events:',
    ...falseLines('tried on', tried),
    ...falseLines('held out', held_out),
  ].join('\n');

const rounded = (_: string, value: unknown): unknown => (typeof value === 'number' ? Math.round(value * 10_000) / 10_000 : value);

/** Keeps the figures beside the other measurements. */
export const keepFigures = (judged: object, path: string): void => writeFileSync(path, `${JSON.stringify(judged, rounded, 1)}\n`);
