/** The curve around something unusual: what was seen, and what the four weeks before it had at the same hours. What it is called and how it looks is left to the page. */
import type { Quantity } from '../../../core/quantity.ts';
import { fromQuanta } from '../../../core/quantity.ts';
import type { Anomaly } from '../../../core/reading.ts';
import type { Key } from '../../../core/store.ts';
import { dayMs, hourMs } from '../../../core/time.ts';
import type { ShownPane } from '../../../core/views.ts';
import { type Interval, levelOf } from '../../../core/window.ts';
import { panesByKey } from '../../figures/energy.ts';
import { windowsIn } from '../../moment.ts';
import { meanOf, share } from '../../present.ts';
import type { AroundModel, AroundRow, WeeksKnown } from '../alarm-models.ts';
import { fairCoverage } from '../thresholds.ts';
import { sameMoment, sameStart } from './days.ts';
import type { Source } from './source.ts';

/** What lasts longer is shown by days. */
const hourlyMsMax = 16 * dayMs;
/** And no more of it than this. */
const shownMsMax = 400 * dayMs;
const weeks = 4;
/** Of the four weeks so many must be known for an expectation. */
const weeksMin = 3;

/** Per hour for an amount, else the mean; null where nothing was seen. */
const rateOf = (quantity: Quantity, pane: ShownPane | undefined): number | null => {
  if (pane === undefined || pane.observedMs === 0) return null;
  if (quantity.kind === 'gauge') return meanOf(quantity, pane);
  return fromQuanta(quantity, pane.sum - pane.unallocated) / (pane.observedMs / hourMs);
};

const coverageOf = (pane: ShownPane | undefined): number => (pane === undefined ? 0 : share(Math.min(1, pane.observedMs / (pane.end - pane.start))));

const rounded = (value: number): number => Math.round(value * 1e4) / 1e4;
const medianOf = (sorted: readonly number[]): number => {
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = [sorted[sorted.length % 2 === 1 ? middle : middle - 1], sorted[middle]];
  return (low + high) / 2;
};

/** The same hour of the weeks before, by the clock on the wall: no week in which it already lasted, and none whose clocks left the hour out. */
const before = (zone: string, start: number, begin: number): number[] => {
  let first = Math.max(1, Math.floor((start - begin) / (7 * dayMs)));
  while (sameMoment(zone, start, 7 * first) >= begin) first++;
  return Array.from({ length: weeks }, (_, n) => sameStart(zone, start, 7 * (first + n))).filter((at) => at !== null);
};

/** What the detector expected, over the hours that it judged. */
const expectedAt = ({ since, expected }: Anomaly, judgedMs: number, { start }: Interval): number | null =>
  expected === undefined || expected === null || judgedMs === 0 || start < since || start >= since + judgedMs ? null : expected;

/** @param counts how many weeks each hour knows */
const weeksKnown = (counts: readonly number[]): WeeksKnown => {
  const enough = counts.filter((count) => count >= weeksMin);
  const most = Math.max(0, ...counts);
  return { least: Math.min(most, ...enough), most };
};

export interface Asked {
  readonly key: Key;
  readonly quantity: Quantity;
  readonly zone: string;
  /** Of the key: its finest window. */
  readonly finest: number;
  /** When it began, and when it ended or now, epoch ms. */
  readonly begin: number;
  readonly end: number;
  readonly anomaly: Anomaly | null;
  /** How much of it the detector's figures are about, ms; 0: they cannot be compared with the curve. */
  readonly judgedMs: number;
}

/** From a day before to a day after, or now. A state has no curve. @returns null where there is none */
export const loadAround = async (
  { views, now }: Pick<Source, 'views' | 'now'>,
  { key, quantity, zone, finest, begin, end, anomaly, judgedMs }: Asked,
): Promise<AroundModel | null> => {
  if (quantity.kind === 'state') return null;
  const from = begin - dayMs;
  const to = Math.min(now, end + dayMs, from + shownMsMax);
  const window = finest <= levelOf('PT1H') && to - from <= hourlyMsMax ? 'PT1H' : 'P1D';
  const windows = windowsIn(window, zone, from, to, shownMsMax / dayMs + 1);
  const first = sameMoment(zone, from, 7 * weeks + 1);
  const [own = []] = [...(await panesByKey(views, [key], window, first, to)).values()];
  const byStart = new Map(own.map((pane) => [pane.start, pane]));
  // Everything that was ever seen is a range for all hours alike.
  const ever = anomaly?.kind === 'new-extreme' && judgedMs > 0 ? anomaly.usual : null;
  /** What the weeks before had at the same hour, as far as they are known, the lowest first. */
  const weekly = windows.map((one) =>
    before(zone, one.start, begin)
      .map((start) => byStart.get(start))
      .filter((then) => coverageOf(then) >= fairCoverage)
      .flatMap((then) => rateOf(quantity, then) ?? [])
      .sort((a, b) => a - b),
  );
  const rows = windows.map((one, place): AroundRow => {
    const pane = byStart.get(one.start);
    const known = weekly[place] ?? [];
    const [low, high] = [known[0], known.at(-1)];
    const range = known.length < weeksMin || low === undefined || high === undefined ? null : ([rounded(low), rounded(high)] as const);
    const value = rateOf(quantity, pane);
    return {
      ...one,
      value: value === null ? null : rounded(value),
      usual: ever ?? range,
      middle: range === null ? null : rounded(medianOf(known)),
      expected: anomaly === null ? null : expectedAt(anomaly, judgedMs, one),
      coverage: coverageOf(pane),
      open: pane?.open ?? false,
      unusual: one.start < end && one.end > begin,
    };
  });
  return { window, rows, range: ever === null ? 'weeks' : 'ever', weeks: weeksKnown(weekly.map(({ length }) => length)), begin, end };
};

/**
 * How much more or less was used while it lasted than at the same hours of the four weeks before (their median).
 * @returns canonical unit and hours; null where an hour of it, or of those weeks, was not seen well enough, or none is over
 */
export const differenceOf = ({ rows, begin, end }: AroundModel): { readonly amount: number; readonly hours: number } | null => {
  const inside = rows.filter((row) => row.start >= begin && row.end <= end && !row.open);
  let [amount, hours] = [0, 0];
  for (const { start, end: stop, value, middle, coverage } of inside) {
    if (value === null || middle === null || coverage < fairCoverage) return null;
    hours += (stop - start) / hourMs;
    amount += ((value - middle) * (stop - start)) / hourMs;
  }
  return hours === 0 ? null : { amount: rounded(amount), hours };
};
