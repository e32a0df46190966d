/** What the fault suite found, counted: by kind of fault, and what was said of untouched series. */
import { median } from '../core/median.ts';
import { hourMs } from '../core/time.ts';
import { type Injected, monthMs, type SuiteResult, type Untouched } from './fault-suite.ts';
import { type FaultKind, faultKinds } from './faults.ts';
import { type Ranged, rate, share } from './rates.ts';

export interface KindLine {
  readonly kind: string;
  readonly group: FaultKind['group'];
  readonly injected: number;
  readonly found: Ranged | null;
  readonly withinDay: Ranged | null;
  readonly withinWeek: Ranged | null;
  /** Of those found, where one of the anomalies names it rightly. */
  readonly named: Ranged | null;
  /** Of those missed, how many nobody could tell by what was measured: see `as-usual.ts`. They are counted as missed all the same. */
  readonly missedAsUsual: number;
  /** Of those found, hours. */
  readonly medianHours: number | null;
}

export interface FaultReport {
  readonly kinds: readonly KindLine[];
  readonly groups: readonly KindLine[];
  /** On series without a fault, a series-month; the median is that of the series. */
  readonly falseAlarms: {
    readonly all: Ranged | null;
    readonly medianOfSeries: number | null;
    readonly medianOfMonths: number | null;
    readonly series: number;
    readonly months: number;
  };
  readonly byClass: Readonly<Record<string, { readonly rate: Ranged | null; readonly median: number | null; readonly series: number }>>;
  /** All of them, by what said it. */
  readonly byDetector: Readonly<Record<string, number>>;
}

const lineOf = (kind: string, group: FaultKind['group'], list: readonly Injected[]): KindLine => {
  const found = list.flatMap((one) => (one.found === null ? [] : [{ ...one.found, named: one.kind.named }]));
  const within = (hours: number): number => found.filter(({ afterMs }) => afterMs <= hours * hourMs).length;
  const middle = median(found.map(({ afterMs }) => afterMs / hourMs));
  return {
    kind,
    group,
    injected: list.length,
    found: share(found.length, list.length),
    withinDay: share(within(24), list.length),
    withinWeek: share(within(7 * 24), list.length),
    named: share(found.filter(({ by, named }) => by.some((kind) => named.includes(kind))).length, found.length),
    missedAsUsual: list.filter(({ asUsual, found: by }) => asUsual && by === null).length,
    medianHours: middle === null ? null : Math.round(middle * 10) / 10,
  };
};

/**
 * True for the half of the devices that the detectors were never tried on while they were made: by name, so that the halves of a
 * folder are the same for everybody.
 */
export const isHeldOut = (device: string): boolean => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < device.length; i++) hash = Math.imul(hash ^ device.charCodeAt(i), 0x01000193);
  return ((hash >>> 7) & 1) === 1;
};

/** How much was said in each whole month of a series. */
const monthCounts = ({ said, months, from }: Untouched): number[] =>
  Array.from({ length: Math.floor(months) }, (_, n) => said.filter(({ since }) => Math.floor((since - from) / monthMs) === n).length);

/** Counts what the series of a suite gave together. */
export const reportOf = (results: readonly SuiteResult[]): FaultReport => {
  const injected = results.flatMap((one) => one.injected);
  const untouched = results.flatMap((one) => one.untouched);
  const ratesOf = (list: typeof untouched) => ({
    rate: rate(
      list.reduce((sum, { said }) => sum + said.length, 0),
      list.reduce((sum, { months }) => sum + months, 0),
    ),
    median: median(list.map(({ said, months }) => said.length / months)),
    series: list.length,
  });
  const all = ratesOf(untouched);
  const classes = [...new Set(untouched.map((one) => one.class))].sort();
  const byDetector: Record<string, number> = {};
  for (const { said } of untouched) for (const { kind } of said) byDetector[kind] = (byDetector[kind] ?? 0) + 1;
  return {
    kinds: faultKinds.map(({ name, group }) =>
      lineOf(
        name,
        group,
        injected.filter(({ kind }) => kind.name === name),
      ),
    ),
    groups: (['gross', 'subtle'] as const).map((group) =>
      lineOf(
        group,
        group,
        injected.filter(({ kind }) => kind.group === group),
      ),
    ),
    falseAlarms: {
      all: all.rate,
      medianOfSeries: all.median,
      medianOfMonths: median(untouched.flatMap(monthCounts)),
      series: all.series,
      months: Math.round(untouched.reduce((sum, { months }) => sum + months, 0)),
    },
    byClass: Object.fromEntries(classes.map((name) => [name, ratesOf(untouched.filter((one) => one.class === name))])),
    byDetector: Object.fromEntries(Object.entries(byDetector).sort(([, a], [, b]) => b - a)),
  };
};
