/**
 * The windows that a revision touches, folded again by the same fold: the finest ones from their readings, the larger by
 * merging their children. Which readings there are is left to `revise.ts`.
 */
import type { FoldRule, Point } from '../core/fold.ts';
import { addAmount, emptyElement, foldWindow, isEmpty, merge, wholeAmount } from '../core/fold.ts';
import type { Element, Pane } from '../core/pane.ts';
import { type Calendar, type Interval, type Level, lifetime, windowName } from '../core/window.ts';
import { isLost } from './horizon.ts';
import { addToTotal, frontier } from './key-fold.ts';
import type { Revision } from './revise.ts';

/** Sums that the windows of a level gain beside their children, by start. */
type OwnSums = Map<number, { amount: number; observedMs: number }>;

/**
 * Folds again what a changed sequence of one key touches, and puts out what became of it.
 * @param spans in which the finest windows change
 * @param before the sequence as it was folded, with the neighbours of the range; `after`: as it is now
 */
export const refold = async (
  revision: Revision,
  civil: Calendar,
  spans: readonly Interval[],
  before: readonly Point[],
  after: readonly Point[],
): Promise<void> => {
  const { fold } = revision.state;
  const { rule } = fold;
  const own = ownChanges(rule, civil, before, after);
  let replaced = await foldFinest(revision, civil, spans, after);
  for (let level = (rule.finest + 1) as Level; level < lifetime; level++) {
    replaced = await mergeLevel(revision, civil, level, own.get(level) ?? new Map(), replaced);
  }
  const change = own.get(lifetime)?.get(0);
  if (change !== undefined) addAmount(fold.total, change, true);
  if (change !== undefined || replaced.size > 0) revision.emit(lifetime, fold.total);
};

/**
 * Merges the windows of one level again, from their children.
 * @param replaced the children that changed, by start
 * @returns the closed windows that changed, by start
 */
const mergeLevel = async (
  revision: Revision,
  civil: Calendar,
  level: Level,
  own: Readonly<OwnSums>,
  replaced: ReadonlyMap<number, Element>,
): Promise<Map<number, Element>> => {
  const { state, history, key, offset } = revision;
  const { rule } = state.fold;
  const windows = new Map<number, Interval>();
  for (const at of [...own.keys(), ...replaced.keys()]) {
    const window = civil.windowAt(level, at);
    windows.set(window.start, window);
  }
  const merged = new Map<number, Element>();
  if (windows.size === 0) return merged;
  const starts = [...windows.keys()].sort((a, b) => a - b);
  const from = starts[0] as number;
  const to = starts.at(-1) as number;
  const [children, kept] = await Promise.all([
    history.panes(key, windowName((level - 1) as Level), from, (windows.get(to) as Interval).end, offset),
    history.panes(key, windowName(level), from, to + 1, offset),
  ]);
  const stored = new Map(kept.map((pane) => [pane.start, pane]));
  const place = level - rule.finest;
  const open = state.fold.open[place] as Element;
  for (const start of starts) {
    const window = windows.get(start) as Interval;
    const isOpen = start === open.start;
    const old = isOpen ? open : (stored.get(start) ?? emptyElement(window, rule.states));
    const within = children.filter((child) => child.start >= start && child.start < window.end);
    const element = mergeChildren(old, window, rule, within, replaced, own.get(start) ?? { amount: 0, observedMs: 0 });
    if (isOpen) state.fold.open[place] = element;
    else if (putOut(revision, level, element, stored.get(start))) merged.set(start, element);
    if (level === lifetime - 1 && !isOpen) {
      addToTotal(state.fold, old, -1);
      addToTotal(state.fold, element, 1);
    }
  }
  return merged;
};

/** Folds the finest windows in the spans from their readings. @returns the closed ones that changed, by start */
const foldFinest = async (revision: Revision, civil: Calendar, spans: readonly Interval[], points: readonly Point[]): Promise<Map<number, Element>> => {
  const { state, history, key, offset, closures } = revision;
  const { rule } = state.fold;
  const open = state.fold.open[0];
  const closedUntil = frontier(state.fold);
  const windows = new Map<number, Interval>();
  for (const span of spans) {
    for (let window = civil.windowAt(rule.finest, span.start); window.start < span.end; window = civil.windowAt(rule.finest, window.end)) {
      if (open === undefined || window.start > open.start) break;
      if (isLost(state.lost, rule, civil, window)) continue;
      windows.set(window.start, window);
    }
  }
  const replaced = new Map<number, Element>();
  if (windows.size === 0) return replaced;
  const starts = [...windows.keys()].sort((a, b) => a - b);
  const stored = await history.panes(key, windowName(rule.finest), starts[0] as number, (starts.at(-1) as number) + 1, offset);
  const storedAt = new Map(stored.map((pane) => [pane.start, pane]));
  let first = 0;
  for (const start of starts) {
    while (first + 1 < points.length && (points[first + 1] as Point).at < start) first++;
    const element = foldWindow(
      rule,
      points.slice(first, endOf(points, first, windows.get(start) as Interval)),
      windows.get(start) as Interval,
      closedUntil,
      closures,
    );
    if (start === closedUntil) state.fold.open[0] = element;
    else if (putOut(revision, rule.finest, element, storedAt.get(start))) replaced.set(start, element);
  }
  return replaced;
};

/** Place after the first point at or beyond the window's end: the window's readings and their next neighbour. */
const endOf = (points: readonly Point[], first: number, window: Interval): number => {
  let end = first;
  while (end < points.length && (points[end] as Point).at < window.end) end++;
  return end + 1;
};

/** Puts out a new version of a closed window where it differs from the one stored. @returns whether it did */
const putOut = ({ key, offset, panes }: Revision, level: Level, element: Element, stored: Pane | undefined): boolean => {
  if (stored === undefined ? isEmpty(element) : sameElement(element, stored)) return false;
  panes.push({ ...key, window: windowName(level), ...element, version: stored === undefined ? 0 : stored.version + 1, revision: offset });
  return true;
};

const sameElement = (a: Element, b: Readonly<Element>): boolean => {
  for (const name of Object.keys(a) as (keyof Element)[]) {
    if (name === 'sharesMs' ? a.sharesMs?.join() !== b.sharesMs?.join() : a[name] !== b[name]) return false;
  }
  return true;
};

const mergeChildren = (
  old: Readonly<Element>,
  window: Interval,
  rule: FoldRule,
  children: readonly Pane[],
  replaced: ReadonlyMap<number, Element>,
  change: { readonly amount: number; readonly observedMs: number },
): Element => {
  const element = emptyElement(window, rule.states);
  const ownObservedMs = children.reduce((left, child) => left - child.observedMs, old.observedMs);
  const byStart = new Map<number, Readonly<Element>>(children.map((child) => [child.start, child]));
  for (const [start, child] of replaced) if (start >= window.start && start < window.end) byStart.set(start, child);
  for (const start of [...byStart.keys()].sort((a, b) => a - b)) merge(element, byStart.get(start) as Element);
  addAmount(element, { amount: old.unallocated + change.amount, observedMs: ownObservedMs + change.observedMs }, true);
  return element;
};

/** What the changed sequence gives to windows larger than the finest, and to the lifetime, beside what it gave before. */
const ownChanges = (rule: FoldRule, civil: Calendar, before: readonly Point[], after: readonly Point[]): Map<Level, OwnSums> => {
  const changes = new Map<Level, OwnSums>();
  const add = (points: readonly Point[], sign: 1 | -1): void => {
    for (const [i, point] of points.entries()) {
      const whole = wholeAmount(rule, points[i - 1] ?? null, point);
      // The first point's own pair lies outside the range, and is the same before and after.
      if (whole === null || (i === 0 && rule.kind === 'index')) continue;
      let level = rule.finest;
      let window = civil.windowAt(level, whole.from);
      while (level < lifetime && whole.to > window.end) window = civil.windowAt(++level as Level, whole.from);
      if (level === rule.finest) continue;
      const windows = changes.get(level) ?? (new Map() as OwnSums);
      const change = windows.get(window.start) ?? { amount: 0, observedMs: 0 };
      change.amount += sign * whole.amount;
      change.observedMs += sign * whole.observedMs;
      windows.set(window.start, change);
      changes.set(level, windows);
    }
  };
  add(before, -1);
  add(after, 1);
  for (const [level, windows] of changes) {
    for (const [start, change] of windows) if (change.amount === 0 && change.observedMs === 0) windows.delete(start);
    if (windows.size === 0) changes.delete(level);
  }
  return changes;
};
