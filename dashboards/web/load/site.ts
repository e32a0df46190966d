/** One site over a range of days: totals, load curve, the week before, heat map, meters. The same rows feed chart, table and CSV. */
import { fail } from '../../../core/failure.ts';
import { flagNames } from '../../../core/reading.ts';
import type { Site } from '../../../core/town.ts';
import type { ShownPane } from '../../../core/views.ts';
import { calendar, type Interval } from '../../../core/window.ts';
import { type Directory, keyName } from '../../directory.ts';
import { amount, type CarrierName, carrierNames, type Meter, metersOf, type Panes, panesByKey, periodFigures } from '../../figures/energy.ts';
import { isResidential } from '../../figures/residential.ts';
import { civilDay, momentOf, windowsIn } from '../../moment.ts';
import { sumPanes } from '../../sums.ts';
import type { Comparison, CurveRow, HeatDay, SiteModel } from '../models.ts';
import { alarmLine } from './alarms.ts';
import { dayBefore, sameMoment, today } from './days.ts';
import type { Source } from './source.ts';

const dayMs = 86_400_000;
const defaultDays = 7;
const rangeDaysMax = 1_100;
const heatDaysMax = 62;
const rowsMax = 5_000;
const compareDays = 7;
const alarmsShown = 10;

export interface SiteQuestion {
  readonly id: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly carrier?: string | undefined;
}

/** Whole civil days, the last one inclusive; default a week up to today. @throws FailureError `bad-request`, `too-wide` */
const daysAsked = (zone: string, now: number, { from, to }: SiteQuestion): { first: Interval; last: Interval } => {
  const last = to === undefined || to === '' ? today(zone, now) : today(zone, momentOf(to, 'to', zone));
  const first = from === undefined || from === '' ? dayBefore(zone, last, defaultDays - 1) : today(zone, momentOf(from, 'from', zone));
  if (first.start > last.start) throw fail('bad-request', 'the range ends before it begins', 'from');
  if (last.end - first.start > rangeDaysMax * dayMs) throw fail('too-wide', `more than ${rangeDaysMax} days`, 'from');
  return { first, last };
};

const windowFor = (from: number, to: number): SiteModel['window'] => {
  if (to - from <= 8.5 * dayMs) return 'PT15M';
  return to - from <= heatDaysMax * dayMs ? 'PT1H' : 'P1D';
};

const byStart = (panes: Panes, meters: readonly Meter[]): Map<number, { meter: Meter; pane: ShownPane }[]> => {
  const found = new Map<number, { meter: Meter; pane: ShownPane }[]>();
  for (const meter of meters)
    for (const pane of panes.get(keyName(meter)) ?? []) {
      const same = found.get(pane.start);
      if (same === undefined) found.set(pane.start, [{ meter, pane }]);
      else same.push({ meter, pane });
    }
  return found;
};

/** Sum over the meters in one window: only a sum of all of them is comparable, so one that is missing makes it unknown in the curve. */
const rowOf = (directory: Directory, window: Interval, own: readonly { meter: Meter; pane: ShownPane }[], meters: number): Omit<CurveRow, 'beforeKW'> => {
  let kWh: number | null = null;
  let known = 0;
  let covered = 0;
  for (const { meter, pane } of own) {
    const { value, coverage } = sumPanes(directory.quantity(meter.quantity), [pane], 1);
    covered += coverage;
    if (value === null) continue;
    kWh = (kWh ?? 0) + value;
    known++;
  }
  const open = own.some(({ pane }) => pane.open);
  const whole = known === meters ? kWh : null;
  const hours = (window.end - window.start) / 3_600_000;
  return {
    ...window,
    kWh: whole === null ? null : Math.round(whole * 1e4) / 1e4,
    // An open window's amount is not yet that of its whole length.
    kW: whole === null || open ? null : Math.round((whole / hours) * 1e4) / 1e4,
    coverage: meters === 0 ? 0 : Math.round((covered / meters) * 1e4) / 1e4,
    open,
    flags: flagNames(own.reduce((bits, { pane }) => bits | pane.flags, 0)),
    version: own.reduce((highest, { pane }) => Math.max(highest, pane.version), 0),
  };
};

/** Days back as many civil days as `compareDays`: the row that stands at the same hour of the same weekday. */
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
    const then = past.get(sameMoment(zone, one.start, compareDays)) ?? [];
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
    hours: windowsIn('PT1H', zone, start, end, 25).map((hour) => {
      const { kWh, coverage, open } = rowOf(directory, hour, present.get(hour.start) ?? [], meters.length);
      return { start: hour.start, kWh: open ? null : kWh, coverage };
    }),
  }));
};

/** The range against the week before, both cut at the last hour that is over. */
const comparison = async ({ views, directory, now }: Source, meters: readonly Meter[], from: number, to: number): Promise<Comparison | null> => {
  const { zone } = directory.town;
  const until = to <= now ? to : calendar(zone).windowAt(2, now).start;
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
  const { zone, quarters } = directory.town;
  const site = siteShown(directory, question.id);
  const meters = metersOf(directory, site);
  const present = carrierNames.filter((name) => meters.some(({ carrier }) => carrier === name));
  const carrier = carrierAsked(question.carrier, present);
  const own = meters.filter((meter) => meter.carrier === carrier);
  const { first, last } = daysAsked(zone, now, question);
  const [from, to] = [first.start, last.end];
  const window = windowFor(from, to);
  const heatFrom = Math.max(from, dayBefore(zone, last, heatDaysMax - 1).start);
  const [days, rows, hours, compared, alarms] = await Promise.all([
    panesByKey(views, meters, 'P1D', from, to),
    curve(source, own, window, from, to),
    panesByKey(views, own, 'PT1H', heatFrom, to),
    comparison(source, own, from, to),
    Promise.all(directory.devicesOf(site.id).map(({ id }) => views.anomalies({ subject: id, limit: alarmsShown }))),
  ]);
  return {
    id: site.id,
    name: site.name,
    use: site.use ?? '',
    quarter: quarters.find(({ id }) => id === site.quarter)?.name ?? '',
    areaM2: site.areaM2 ?? null,
    from: civilDay(from, zone),
    to: civilDay(last.start, zone),
    carrier,
    carriers: present,
    window,
    figures: periodFigures(directory, meters, days, from, to, now),
    comparison: compared,
    meters: meters.map((meter) => ({
      device: meter.subject,
      quantity: meter.quantity,
      carrier: meter.carrier,
      amount: amount(directory, [meter], days, from, to, now),
    })),
    rows,
    heat: heatMap(source, own, hours, heatFrom, to),
    alarms: alarms
      .flatMap(({ rows: found }) => found.map((row) => alarmLine(directory, row)))
      .sort((a, b) => b.since - a.since)
      .slice(0, alarmsShown),
  };
};
