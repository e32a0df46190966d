/** One site over a range of days: totals, load curve, the week before, heat map, meters. The same rows feed chart, table and CSV. */
import { type CarrierName, carrierNames } from '../../../core/device-type.ts';
import { fail } from '../../../core/failure.ts';
import { coverage } from '../../../core/pane.ts';
import { fromQuanta } from '../../../core/quantity.ts';
import { flagNames } from '../../../core/reading.ts';
import { dayMs, hourMs } from '../../../core/time.ts';
import type { Site } from '../../../core/town.ts';
import type { ShownPane } from '../../../core/views.ts';
import { type Interval, levelOf } from '../../../core/window.ts';
import { type Directory, keyName } from '../../directory.ts';
import { amount, type Meter, metersOf, type Panes, panesByKey, periodFigures } from '../../figures/energy.ts';
import { isResidential } from '../../figures/residential.ts';
import { civilDay, momentOf, windowsIn } from '../../moment.ts';
import { amountOf, share } from '../../present.ts';
import type { Comparison, CurveRow, HeatDay, SiteModel } from '../models.ts';
import { anomalyLine } from './anomalies.ts';
import { dayBefore, lastWholeHour, sameMoment, sameStart, today } from './days.ts';
import { loadMonths } from './months.ts';
import { siteHead } from './site-head.ts';
import type { Source } from './source.ts';

const defaultDays = 7;
const rangeDaysMax = 1_100;
const heatDaysMax = 62;
const rowsMax = 5_000;
const compareDays = 7;
const anomaliesShown = 10;

export interface SiteQuestion {
  readonly id: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly carrier?: string | undefined;
}

/** The first of the last days on which something is known: a site of three days is not shown as four of nothing. */
const firstKnown = async ({ views }: Source, meters: readonly Meter[], week: Interval, last: Interval): Promise<Interval> => {
  const panes = await panesByKey(views, meters, 'P1D', week.start, last.end);
  const known = [...panes.values()].flat().filter(({ observedMs }) => observedMs > 0);
  const start = known.reduce((least, pane) => Math.min(least, pane.start), Number.MAX_SAFE_INTEGER);
  return known.find((pane) => pane.start === start) ?? week;
};

/** Whole civil days, the last one inclusive; default a week up to today. @throws FailureError `bad-request`, `too-wide` */
const daysAsked = async (source: Source, meters: readonly Meter[], { from, to }: SiteQuestion): Promise<{ first: Interval; last: Interval }> => {
  const { directory, now } = source;
  const { zone } = directory.town;
  const last = to === undefined || to === '' ? today(zone, now) : today(zone, momentOf(to, 'to', zone));
  const first =
    from === undefined || from === ''
      ? await firstKnown(source, meters, dayBefore(zone, last, defaultDays - 1), last)
      : today(zone, momentOf(from, 'from', zone));
  if (first.start > last.start) throw fail('bad-request', 'the range ends before it begins', 'from');
  if (last.end - first.start > rangeDaysMax * dayMs) throw fail('too-wide', `more than ${rangeDaysMax} days`, 'from');
  return { first, last };
};

const curveWindows = ['PT15M', 'PT1H', 'P1D'] as const satisfies readonly SiteModel['window'][];

/** As fine as the range allows, and no finer than the meter that reports least often: in less, their sum is not known. */
const windowFor = (directory: Directory, meters: readonly Meter[], from: number, to: number): Pick<SiteModel, 'window' | 'isCoarse'> => {
  const wanted = to - from <= 8.5 * dayMs ? 'PT15M' : to - from <= heatDaysMax * dayMs ? 'PT1H' : 'P1D';
  const finest = Math.max(0, ...meters.map(({ device, quantity }) => directory.finestOf(device, quantity)));
  const window = curveWindows.find((name) => levelOf(name) >= Math.max(levelOf(wanted), finest)) ?? 'P1D';
  return { window, isCoarse: window !== wanted };
};

const byStart = (panes: Panes, meters: readonly Meter[]): Map<number, { meter: Meter; pane: ShownPane }[]> =>
  Map.groupBy(
    meters.flatMap((meter) => (panes.get(keyName(meter)) ?? []).map((pane) => ({ meter, pane }))),
    ({ pane }) => pane.start,
  );

/** Mean power over the time that was observed, kW: what was not seen neither raises nor lowers it. */
const powerOf = (directory: Directory, { meter, pane }: { meter: Meter; pane: ShownPane }): number | null =>
  pane.observedMs === 0 ? null : fromQuanta(directory.quantity(meter.quantity), pane.sum - pane.unallocated) / (pane.observedMs / hourMs);

const rounded = (value: number | null): number | null => (value === null ? null : Math.round(value * 1e4) / 1e4);

/** The sum, or null where one of `meters` is not known: less than all of them would look like a saving. */
const whole = (values: readonly (number | null)[], meters: number): number | null =>
  values.length < meters ? null : values.reduce<number | null>((sum, value) => (sum === null || value === null ? null : sum + value), 0);

const rowOf = (directory: Directory, window: Interval, own: readonly { meter: Meter; pane: ShownPane }[], meters: number): Omit<CurveRow, 'beforeKW'> => ({
  ...window,
  kWh: rounded(
    whole(
      own.map(({ meter, pane }) => amountOf(directory.quantity(meter.quantity), pane)),
      meters,
    ),
  ),
  kW: rounded(
    whole(
      own.map((one) => powerOf(directory, one)),
      meters,
    ),
  ),
  coverage: meters === 0 ? 0 : share(own.reduce((sum, { pane }) => sum + coverage(pane), 0) / meters),
  open: own.some(({ pane }) => pane.open),
  flags: flagNames(own.reduce((bits, { pane }) => bits | pane.flags, 0)),
  version: own.reduce((highest, { pane }) => Math.max(highest, pane.version), 0),
});

/** The rows of a range, each with the same hour of the same weekday a week before. */
const curve = async (
  { views, directory, now }: Source,
  meters: readonly Meter[],
  window: SiteModel['window'],
  from: number,
  to: number,
): Promise<CurveRow[]> => {
  const { zone } = directory.town;
  const windows = windowsIn(window, zone, from, Math.min(to, Math.max(now, from)), rowsMax);
  const [ours, before] = await Promise.all([
    panesByKey(views, meters, window, from, to),
    panesByKey(views, meters, window, sameMoment(zone, from, compareDays), sameMoment(zone, Math.min(to, now), compareDays)),
  ]);
  const [present, past] = [byStart(ours, meters), byStart(before, meters)];
  return windows.map((one) => {
    const then = past.get(sameStart(zone, one.start, compareDays) ?? Number.NaN) ?? [];
    return {
      ...rowOf(directory, one, present.get(one.start) ?? [], meters.length),
      beforeKW: rowOf(directory, one, then, meters.length).kW,
    };
  });
};

const heatMap = (source: Source, meters: readonly Meter[], panes: Panes, from: number, to: number): HeatDay[] => {
  const { directory, now } = source;
  const { zone } = directory.town;
  const present = byStart(panes, meters);
  const days = windowsIn('P1D', zone, from, Math.min(to, now), heatDaysMax + 1);
  return days.map(({ start, end }) => ({
    date: civilDay(start, zone),
    start,
    // Hours to come are no gaps: they are not there.
    hours: windowsIn('PT1H', zone, start, Math.min(end, now), 25).map((hour) => {
      const { kWh, coverage: seen, open } = rowOf(directory, hour, present.get(hour.start) ?? [], meters.length);
      return { start: hour.start, kWh: open ? null : kWh, coverage: seen };
    }),
  }));
};

/** The range against the week before, both cut at the last hour that is over. */
const comparison = async ({ views, directory, now }: Source, meters: readonly Meter[], from: number, to: number): Promise<Comparison | null> => {
  const { zone } = directory.town;
  const until = to <= now ? to : lastWholeHour(zone, now);
  if (until <= from || until - from > heatDaysMax * dayMs) return null;
  const then = {
    from: sameMoment(zone, from, compareDays),
    to: to <= now ? dayBefore(zone, today(zone, to - 1), compareDays).end : sameMoment(zone, until, compareDays),
  };
  const [ours, before] = await Promise.all([panesByKey(views, meters, 'PT1H', from, until), panesByKey(views, meters, 'PT1H', then.from, then.to)]);
  return {
    now: amount(directory, meters, ours, from, until, now),
    before: amount(directory, meters, before, then.from, then.to, now),
    until,
    beforeStart: then.from,
  };
};

const carrierAsked = (asked: string | undefined, present: readonly CarrierName[]): CarrierName => {
  const found = carrierNames.find((name) => name === asked);
  if (asked !== undefined && found === undefined) throw fail('bad-request', `"${asked}" is none of ${carrierNames.join(', ')}`, 'carrier');
  return found !== undefined && present.includes(found) ? found : (present[0] ?? 'electricity');
};

/** The site of a page: a home is not shown by itself. @throws FailureError `not-found` */
export const siteShown = (directory: Directory, id: string): Site => {
  const site = directory.site(id);
  if (isResidential(site)) throw fail('not-found', 'homes are only shown in groups', 'site');
  return site;
};

export const loadSite = async (source: Source, question: SiteQuestion): Promise<SiteModel> => {
  const { views, directory, now } = source;
  const { zone } = directory.town;
  const site = siteShown(directory, question.id);
  const meters = metersOf(directory, site);
  const present = carrierNames.filter((name) => meters.some(({ carrier }) => carrier === name));
  const carrier = carrierAsked(question.carrier, present);
  const own = meters.filter((meter) => meter.carrier === carrier);
  const { first, last } = await daysAsked(source, meters, question);
  const [from, to] = [first.start, last.end];
  const { window, isCoarse } = windowFor(directory, own, from, to);
  const heatFrom = Math.max(from, dayBefore(zone, last, heatDaysMax - 1).start);
  const devices = directory.devicesOf(site.id).map(({ id }) => id);
  const [days, rows, hours, compared, months, alarms, learning] = await Promise.all([
    panesByKey(views, meters, 'P1D', from, to),
    curve(source, own, window, from, to),
    panesByKey(views, own, 'PT1H', heatFrom, to),
    comparison(source, own, from, to),
    loadMonths(source, meters),
    Promise.all(devices.map((id) => views.anomalies({ subject: id, limit: anomaliesShown }))),
    views.learning(devices),
  ]);
  return {
    ...siteHead(directory, site),
    from: civilDay(from, zone),
    to: civilDay(last.start, zone),
    carrier,
    carriers: present,
    window,
    isCoarse,
    figures: periodFigures(directory, meters, days, from, to, now),
    comparison: compared,
    meters: meters.map((meter) => ({
      device: meter.subject,
      quantity: meter.quantity,
      carrier: meter.carrier,
      amount: amount(directory, [meter], days, from, to, now),
    })),
    rows,
    heat: isCoarse && window === 'P1D' ? [] : heatMap(source, own, hours, heatFrom, to),
    months,
    alarms: alarms
      .flatMap(({ rows: found }) => found.map((row) => anomalyLine(directory, row)))
      .sort((a, b) => b.since - a.since)
      .slice(0, anomaliesShown),
    learning: learning.map(({ subject, quantity, days: learnt, of }) => ({
      device: directory.find(subject)?.label ?? subject,
      quantity: directory.findQuantity(quantity)?.label ?? { fr: quantity, en: quantity },
      days: learnt,
      of,
    })),
  };
};
