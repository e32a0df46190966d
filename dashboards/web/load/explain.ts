/** Receipts: of one pane, and of a sum over meters and days. */
import { carrierNames } from '../../../core/device-type.ts';
import { fail } from '../../../core/failure.ts';
import type { Element } from '../../../core/pane.ts';
import { coverage } from '../../../core/pane.ts';
import { fromQuanta, type Quantity } from '../../../core/quantity.ts';
import { flagNames } from '../../../core/reading.ts';
import type { Change } from '../../../core/views.ts';
import { type WindowName, windowNames } from '../../../core/window.ts';
import { keyName } from '../../directory.ts';
import { type Meter, metersOf, panesByKey, periodFigures } from '../../figures/energy.ts';
import { isPrivate, isPublic, shownSites } from '../../figures/residential.ts';
import { adjustedKeysMax } from '../../limits.ts';
import { momentOf, windowsIn } from '../../moment.ts';
import { amountOf, meanOf, share, sharesOf, shownValue } from '../../present.ts';
import type { ReceiptChange, ReceiptModel, ReceiptPane, SumModel } from '../models.ts';
import { today } from './days.ts';
import { monthModel, wholeMonth } from './months.ts';
import { siteShown } from './site.ts';
import type { Source } from './source.ts';

const readingsShown = 500;
const rowsShown = 1_000;
const sumDaysMax = 400;

export interface ReceiptQuestion {
  readonly device: string;
  readonly quantity: string;
  readonly window: string;
  readonly at: string;
}

const paneLine = (quantity: Quantity, pane: Readonly<Element> & { readonly version?: number; readonly revision?: number }): ReceiptPane => {
  const shares = quantity.kind === 'state' ? sharesOf(quantity, pane) : null;
  const amounts = quantity.kind === 'index' || quantity.kind === 'delta';
  return {
    value: quantity.kind === 'state' ? null : amounts ? amountOf(quantity, pane) : meanOf(quantity, pane),
    text:
      shares === null
        ? null
        : Object.entries(shares)
            .map(([word, part]) => `${word} ${Math.round(part * 100)} %`)
            .join(', '),
    unallocated: amounts ? fromQuanta(quantity, pane.unallocated) : null,
    coverage: share(coverage(pane)),
    count: pane.count,
    flags: flagNames(pane.flags),
    version: pane.version ?? null,
    revision: pane.revision ?? null,
  };
};

const changeLine = (quantity: Quantity, { old, new: present, at, why, isAdjustment }: Change): ReceiptChange => ({
  at,
  old: old === null ? null : paneLine(quantity, old),
  new: paneLine(quantity, present),
  why,
  isAdjustment,
});

/** @throws FailureError `not-found` where there is nothing, or a home stands behind it; `bad-request` */
export const loadReceipt = async ({ views, directory }: Source, question: ReceiptQuestion): Promise<ReceiptModel> => {
  const device = directory.device(question.device);
  if (isPrivate(directory, device.id)) throw fail('not-found', 'homes are only shown in groups', 'device');
  const quantity = directory.quantity(question.quantity);
  const window = windowNames.find((name) => name === question.window && name !== 'P') as WindowName | undefined;
  if (window === undefined) throw fail('bad-request', `"${question.window}" is no window`, 'window');
  const receipt = await views.explain({ subject: device.id, quantity: quantity.name }, window, momentOf(question.at, 'at', directory.zoneOf(device)));
  if (receipt === null) throw fail('not-found', `"${device.id}" has no reading of "${quantity.name}"`, 'quantity');
  return {
    device: device.id,
    label: quantity.label,
    quantity: quantity.name,
    unit: quantity.unit,
    window,
    start: receipt.start,
    end: receipt.end,
    kind: quantity.kind,
    holdMs: receipt.rule.holdMs,
    versions: receipt.versions.map((pane) => paneLine(quantity, pane)),
    month: window === 'P1M' ? monthModel(receipt, receipt.closing) : null,
    changes: receipt.changes.map((change) => changeLine(quantity, change)),
    refolded: receipt.refolded === null ? null : paneLine(quantity, receipt.refolded),
    readings: receipt.readings
      .slice(0, readingsShown)
      .map(({ at, value, flags, version, offset }) => ({ at, value: shownValue(quantity, value), flags: flagNames(flags), version, envelope: offset })),
    more: Math.max(0, receipt.readings.length - readingsShown),
    gaps: receipt.gaps,
  };
};

/** The month that the range is, with what changed it after it was closed; null where it is none. */
const monthOf = async ({ views, directory }: Source, meters: readonly Meter[], from: number, to: number): Promise<SumModel['month']> => {
  const span = wholeMonth(directory.town.zone, from, to);
  if (span === null) return null;
  const [closing, found] = await Promise.all([views.closing(), views.adjustments(meters.slice(0, adjustedKeysMax), from)]);
  const adjustments = found.map((change) => {
    const { subject, quantity } = change.new;
    return { device: subject, quantity, ...changeLine(directory.quantity(quantity), change) };
  });
  return { ...monthModel(span, closing), adjustments: adjustments.sort((a, b) => (a.at ?? 0) - (b.at ?? 0)) };
};

/** The sum of a site, or of the town's own sites, over some days: every pane that went into it. */
export const loadSum = async (source: Source, question: { site?: string | undefined; from: string; to: string }): Promise<SumModel> => {
  const { views, directory, now } = source;
  const { zone, tariffs, co2 } = directory.town;
  const site = question.site === undefined ? null : siteShown(directory, question.site);
  const sites = site === null ? shownSites(directory).filter(isPublic) : [site];
  const meters = sites.flatMap((one) => metersOf(directory, one));
  const from = today(zone, momentOf(question.from, 'from', zone)).start;
  const to = today(zone, momentOf(question.to, 'to', zone)).end;
  if (from >= to) throw fail('bad-request', 'the range ends before it begins', 'from');
  const days = windowsIn('P1D', zone, from, to, sumDaysMax);
  const panes = await panesByKey(views, meters, 'P1D', from, to);
  const rows = meters.flatMap(({ subject, quantity, carrier }) => {
    const own = new Map((panes.get(keyName({ subject, quantity })) ?? []).map((pane) => [pane.start, pane]));
    return days.map(({ start }) => {
      const pane = own.get(start);
      return {
        device: subject,
        quantity: pane?.quantity ?? quantity,
        carrier,
        window: 'P1D',
        start,
        kWh: pane === undefined ? null : amountOf(directory.quantity(quantity), pane),
        coverage: pane === undefined ? 0 : share(Math.min(1, pane.observedMs / Math.max(1, Math.min(pane.end, now) - pane.start))),
        version: pane?.version ?? null,
      };
    });
  });
  return {
    site: site === null ? null : { id: site.id, name: site.name },
    figures: periodFigures(directory, meters, panes, from, to, now),
    factors: carrierNames.map((carrier) => ({ carrier, eur: tariffs?.[`${carrier}EurPerKWh`] ?? null, grams: co2?.[`${carrier}GPerKWh`] ?? null })),
    rows: rows.slice(0, rowsShown),
    more: Math.max(0, rows.length - rowsShown),
    month: await monthOf(source, meters, from, to),
  };
};
