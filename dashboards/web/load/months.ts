/** Civil months: how final their figures are, and what changed them since. */
import { type Closing, closesAt, monthState } from '../../../core/month.ts';
import { calendar, type Interval, levelOf } from '../../../core/window.ts';
import { keyName } from '../../directory.ts';
import { amount, type Meter, panesByKey } from '../../figures/energy.ts';
import { civilDay } from '../../moment.ts';
import type { MonthModel, SiteModel } from '../models.ts';
import type { Source } from './source.ts';

const monthsShown = 6;
const month = levelOf('P1M');

export const monthModel = (span: Interval, closing: Closing): MonthModel => ({
  state: closing.logTime < span.end ? 'open' : monthState(span, closing),
  closes: closesAt(span, closing),
});

/** The civil month that [from, to) is, or null. */
export const wholeMonth = (zone: string, from: number, to: number): Interval | null => {
  const span = calendar(zone).windowAt(month, from);
  return span.start === from && span.end === to ? span : null;
};

/** The last months of some meters, newest first; none before the first that something is known of. */
export const loadMonths = async ({ views, directory, now }: Source, meters: readonly Meter[]): Promise<SiteModel['months']> => {
  const { zone } = directory.town;
  const spans = [calendar(zone).windowAt(month, now)];
  while (spans.length < monthsShown) spans.push(calendar(zone).windowAt(month, (spans.at(-1) as Interval).start - 1));
  const [panes, closing] = await Promise.all([panesByKey(views, meters, 'P1M', (spans.at(-1) as Interval).start, now), views.closing()]);
  const months = spans.map((span) => ({
    ...monthModel(span, closing),
    start: span.start,
    from: civilDay(span.start, zone),
    to: civilDay(span.end - 1, zone),
    amount: amount(directory, meters, panes, span.start, span.end, now),
    revised: meters.some((meter) => (panes.get(keyName(meter)) ?? []).some(({ start, version }) => start === span.start && version > 0)),
  }));
  return months.slice(0, months.findLastIndex((one) => one.amount.kWh !== null) + 1);
};
