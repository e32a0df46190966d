/** Readings and panes as the API shows them: canonical units, words, RFC 3339; a gap is null. */
import { ratio } from '../core/exact.ts';
import { type Closing, closesAt, monthState } from '../core/month.ts';
import { coverage, type Element } from '../core/pane.ts';
import { fromQuanta, type Quantity } from '../core/quantity.ts';
import { flagNames, type Reading } from '../core/reading.ts';
import type { Change } from '../core/views.ts';
import type { Interval, WindowName } from '../core/window.ts';
import { iso } from './moment.ts';

export const shownValue = (quantity: Quantity, quanta: number | null): number | string | null =>
  quanta === null ? null : (quantity.states?.[quanta] ?? fromQuanta(quantity, quanta));

export const shownReading = (quantity: Quantity, { at, spanMs, value, flags, version }: Reading) => ({
  at: iso(at),
  ...(spanMs > 0 ? { until: iso(at + spanMs) } : {}),
  value: shownValue(quantity, value),
  flags: flagNames(flags),
  version,
});

/** The amount of a window, canonical unit; null where nothing is known of it. Seen time, or a register's rise across a gap, is knowledge. */
export const amountOf = (quantity: Quantity, pane: Readonly<Element>): number | null =>
  pane.observedMs === 0 && pane.unallocated === 0 ? null : fromQuanta(quantity, pane.sum);

/** The time-weighted mean of a gauge, canonical unit; null where nothing was observed. */
export const meanOf = (quantity: Quantity, pane: Readonly<Element>): number | null =>
  pane.observedMs === 0 ? null : fromQuanta(quantity, ratio(pane.integral2, 2 * pane.observedMs));

const extreme = (quantity: Quantity, value: number | null): number | null => (value === null ? null : fromQuanta(quantity, value));

/** Shares of the observed time, 0 to 1, by the state's word; null where nothing was observed. */
export const sharesOf = (quantity: Quantity, pane: Readonly<Element>): Record<string, number> | null =>
  pane.observedMs === 0 || pane.sharesMs === null
    ? null
    : Object.fromEntries((quantity.states ?? []).map((word, i) => [word, (pane.sharesMs?.[i] ?? 0) / pane.observedMs]));

/** What the pane says, by the quantity's kind. */
export const figuresOf = (quantity: Quantity, pane: Readonly<Element>) => {
  switch (quantity.kind) {
    case 'index':
    case 'delta':
      return { sum: amountOf(quantity, pane), unallocated: fromQuanta(quantity, pane.unallocated) };
    case 'gauge':
      return { mean: meanOf(quantity, pane), min: extreme(quantity, pane.min), max: extreme(quantity, pane.max) };
    case 'state':
      return { shares: sharesOf(quantity, pane), changes: pane.changes };
  }
};

const nothing = (quantity: Quantity) => {
  switch (quantity.kind) {
    case 'index':
    case 'delta':
      return { sum: null, unallocated: 0 };
    case 'gauge':
      return { mean: null, min: null, max: null };
    case 'state':
      return { shares: null, changes: 0 };
  }
};

const span = ({ start, end }: Interval) => ({ start: iso(start), end: iso(end) });

/** Four digits say more than any coverage needs. */
export const share = (part: number): number => Math.round(part * 10_000) / 10_000;

export const shownPane = (
  quantity: Quantity,
  pane: Readonly<Element> & { readonly open?: boolean; readonly version?: number; readonly revision?: number },
) => ({
  ...span(pane),
  ...figuresOf(quantity, pane),
  coverage: share(coverage(pane)),
  count: pane.count,
  open: pane.open ?? false,
  flags: flagNames(pane.flags),
  version: pane.version ?? null,
  revision: pane.revision ?? null,
});

/** Whether a civil month may still change without a word, and when that ends; null for other windows. */
export const shownMonth = (window: WindowName, span: Interval, closing: Closing) =>
  window === 'P1M' ? { state: monthState(span, closing), closes: iso(closesAt(span, closing)) } : null;

/** One revision of a figure: old, new, why, when. */
export const shownChange = (quantity: Quantity, { old, new: present, at, why, readings, isAdjustment }: Change) => ({
  version: present.version,
  revision: present.revision,
  at: at === null ? null : iso(at),
  old: old === null ? null : { ...figuresOf(quantity, old), coverage: share(coverage(old)) },
  new: { ...figuresOf(quantity, present), coverage: share(coverage(present)) },
  why,
  readings,
  adjustment: isAdjustment,
});

/** A window of which nothing is stored: null, never 0. */
export const shownGap = (quantity: Quantity, window: Interval) => ({
  ...span(window),
  ...nothing(quantity),
  coverage: 0,
  count: 0,
  open: false,
  flags: [] as string[],
  version: null,
  revision: null,
});
