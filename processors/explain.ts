/** Receipts: the same fold once more over the readings behind one window, and the spans in which nothing was observed. */
import type { Closure, FoldRule } from '../core/fold.ts';
import type { Closing } from '../core/month.ts';
import type { Element } from '../core/pane.ts';
import type { Reading } from '../core/reading.ts';
import type { Key, Store } from '../core/store.ts';
import { type Receipt, receiptReadingsMax, type ShownPane, type Views } from '../core/views.ts';
import { calendar, type Interval, type Level, levelOf, type WindowName } from '../core/window.ts';
import { changesOf } from './changes.ts';
import { append, keyFold, peek, settle } from './key-fold.ts';
import { receiptGaps } from './receipt-gaps.ts';
import { isExcluded } from './state.ts';

/**
 * Folds one window from its readings.
 * @param readings those in the window, and the nearest before and after it that take part
 * @param now log time: how far the last value is known to hold
 * @returns null where nothing is known of the window
 */
export const foldOne = (
  rule: FoldRule,
  readings: readonly Reading[],
  level: Level,
  span: Interval,
  closures: readonly Closure[],
  now: number,
): Element | null => {
  const fold = keyFold(rule);
  let found: Element | null = null;
  const emit = (closed: Level, element: Element): void => {
    if (closed === level && element.start === span.start) found = element;
  };
  for (const reading of readings) if (!isExcluded(reading)) append(fold, reading, closures, emit);
  settle(fold, Math.min(now, span.end), closures, emit);
  if (found !== null) return found;
  return peek(fold, now, closures).find((open) => open.level === level && open.element.start === span.start)?.element ?? null;
};

/** Spans of [start, end) in which the readings leave the quantity unknown. */
export const gapsOf = (
  rule: FoldRule,
  readings: readonly Reading[],
  { start, end }: Interval,
  closures: readonly Closure[],
): { from: number; to: number }[] => {
  const gaps: { from: number; to: number }[] = [];
  let known = start;
  const observe = (from: number, to: number): void => {
    if (to <= known) return;
    if (from > known) gaps.push({ from: known, to: Math.min(from, end) });
    known = Math.max(known, to);
  };
  for (const [from, to] of observedSpans(
    rule,
    readings.filter((reading) => !isExcluded(reading)),
    closures,
  ))
    if (from < end && to > start) observe(from, to);
  if (known < end) gaps.push({ from: known, to: end });
  return gaps;
};

const observedSpans = (rule: FoldRule, readings: readonly Reading[], closures: readonly Closure[]): [from: number, to: number][] =>
  readings.flatMap((a, i): [number, number][] => {
    const b = readings[i + 1];
    if (rule.kind === 'delta') return [[a.at, a.at + a.spanMs]];
    if (a.value === null) return [];
    if (rule.holds) return open(a.at, Math.min(b?.at ?? Number.MAX_SAFE_INTEGER, a.at + rule.holdMs), rule.live ? closures : []);
    return b === undefined || b.value === null || b.at - a.at > rule.holdMs ? [] : [[a.at, b.at]];
  });

/** [from, to) without the closures. */
const open = (from: number, to: number, closures: readonly Closure[]): [from: number, to: number][] => {
  const spans: [number, number][] = [];
  let at = from;
  for (const closure of closures) {
    if (closure.to <= at || closure.from >= to) continue;
    if (closure.from > at) spans.push([at, closure.from]);
    at = closure.to;
  }
  if (at < to) spans.push([at, to]);
  return spans;
};

/** The receipt of one figure; null where the key has no reading. */
export const receipt = async (
  store: Store,
  rule: FoldRule | undefined,
  key: Key,
  window: WindowName,
  at: number,
  closing: Closing,
): Promise<Receipt | null> => {
  if (rule === undefined) return null;
  const now = closing.logTime;
  const level = levelOf(window);
  const span = calendar(rule.zone).windowAt(level, at);
  const { previous, inside, next } = await store.neighbourhood(key, span.start, span.end, Number.MAX_SAFE_INTEGER);
  const readings = [...(previous ? [previous] : []), ...inside, ...(next ? [next] : [])];
  const closures = store.closures();
  const versions = await store.paneVersions(key, window, span.start);
  // Fewer readings than the pane counts: the others were cut at the horizon, and the fold over the rest would mislead.
  const isWhole = inside.filter((reading) => !isExcluded(reading)).length >= (versions.at(-1)?.count ?? 0);
  const refolded = isWhole ? foldOne(rule, readings, level, span, closures, now) : null;
  return {
    key,
    window,
    ...span,
    rule,
    versions,
    changes: await changesOf(store, key, rule, versions, closing.closesAfterDays, isWhole),
    closing,
    readings: readings.slice(0, receiptReadingsMax),
    more: readings.length > receiptReadingsMax,
    gaps: receiptGaps({ gaps: gapsOf(rule, readings, { start: span.start, end: Math.min(span.end, now) }, closures), readings, rule, now }),
    refolded: refolded === null ? null : { ...key, window, ...refolded },
  };
};

/** Adds the open windows that a question covers to the closed ones, in the order of its keys. */
export const withOpen = (
  query: Parameters<Views['panes']>[0],
  closed: readonly Omit<ShownPane, 'open'>[],
  openOf: (subject: string) => readonly Omit<ShownPane, 'open'>[],
): ShownPane[] => {
  const shown: ShownPane[] = [];
  let place = 0;
  for (const { subject, quantity } of query.keys) {
    for (let pane = closed[place]; pane !== undefined && pane.subject === subject && pane.quantity === quantity; pane = closed[++place])
      shown.push({ ...pane, open: false });
    for (const pane of openOf(subject)) {
      if (pane.quantity === quantity && pane.window === query.window && pane.start >= query.from && pane.start < query.to) shown.push({ ...pane, open: true });
    }
  }
  return shown;
};
