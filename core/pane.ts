/** A pane: the aggregates of one key in one window, whole. */
import type { Exact } from './exact.ts';
import type { WindowName } from './window.ts';

/** What the fold keeps of one key in one interval. All figures are integers: quanta, ms, quanta × ms. */
export interface Element {
  /** Half-open interval, epoch ms. */
  start: number;
  end: number;
  /** Readings whose event time lies in the interval. */
  count: number;
  /** index, delta: the amount, quanta. Holds `unallocated`. */
  sum: number;
  /** index, delta: the part of `sum` that no smaller window holds. */
  unallocated: number;
  /** gauge: twice the time integral, quanta × ms (twice, so that trapezia stay whole). */
  integral2: Exact;
  /** Time that was observed, ms. */
  observedMs: number;
  /** gauge: extremes, quanta; null where nothing was observed. */
  min: number | null;
  max: number | null;
  /** First and last reading in the interval; null where there is none. */
  firstAt: number | null;
  firstValue: number | null;
  lastAt: number | null;
  lastValue: number | null;
  /** state: number of changes. */
  changes: number;
  /** state: ms in each state, in the order of the quantity's words; else null. */
  sharesMs: number[] | null;
  /** Union of the flags of what went in. */
  flags: number;
}

export interface Pane extends Readonly<Element> {
  readonly subject: string;
  readonly quantity: string;
  readonly window: WindowName;
  /** How many earlier panes there were for this key and window. */
  readonly version: number;
  /** Offset of the envelope whose processing produced it. */
  readonly revision: number;
}

/** The pane of a key. Field by field: a spread costs ten times as much, and every reading closes a window or so (`bench/`). */
export const paneOf = (subject: string, quantity: string, window: WindowName, element: Readonly<Element>, version: number, revision: number): Pane => ({
  subject,
  quantity,
  window,
  start: element.start,
  end: element.end,
  count: element.count,
  sum: element.sum,
  unallocated: element.unallocated,
  integral2: element.integral2,
  observedMs: element.observedMs,
  min: element.min,
  max: element.max,
  firstAt: element.firstAt,
  firstValue: element.firstValue,
  lastAt: element.lastAt,
  lastValue: element.lastValue,
  changes: element.changes,
  sharesMs: element.sharesMs,
  flags: element.flags,
  version,
  revision,
});

/** Share of the window that was observed, 0 to 1. */
export const coverage = (element: Readonly<Element>): number => Math.min(1, element.observedMs / (element.end - element.start));
