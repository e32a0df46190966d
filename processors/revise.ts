/**
 * Operator revise: readings that arrived behind the watermark are identified against the past, and the windows that
 * they touch are folded again by the same fold: the finest ones from their readings, the larger by merging.
 * The only operator that reads the past, through the port `History`.
 */
import type { Closure, FoldRule, Point } from '../core/fold.ts';
import { addAmount, emptyElement, foldWindow, isEmpty, merge, wholeAmount } from '../core/fold.ts';
import type { Element, Pane } from '../core/pane.ts';
import { type DeadLetter, Flag, type Reading } from '../core/reading.ts';
import type { History, Key } from '../core/store.ts';
import { type Calendar, calendar, type Interval, type Level, lifetime, windowName } from '../core/window.ts';
import { beyondHorizon, isLost, type Lost } from './horizon.ts';
import { sameValue } from './identify.ts';
import { addToTotal, append, frontier } from './key-fold.ts';
import { type Counters, isExcluded, type KeyState, type Waiting } from './state.ts';

/** Keys that are revised at one tick; the others wait for the next. */
export const revisedKeysPerTickMax = 2_000;
/** Waiting readings further apart than this, or further than this from the first, are revised at separate ticks, ms. */
const clusterGapMs = 86_400_000;
const clusterReachMs = 3 * clusterGapMs;

export interface Revision {
  readonly key: Key;
  readonly state: KeyState;
  readonly closures: readonly Closure[];
  readonly counters: Counters;
  /** Offset of the tick: only rows below it are the past. */
  readonly offset: number;
  readonly history: History;
  readonly readings: Reading[];
  readonly panes: Pane[];
  readonly deadLetters: DeadLetter[];
  readonly logTime: number;
  /** Something of the key or its device was judged before: only then is it told what changed. */
  readonly isJudged: boolean;
  /** Puts out a window that closes on the way. */
  readonly emit: (level: Level, element: Element) => void;
}

/**
 * Revises one cluster of a key: one range of its past. What is further away stays waiting.
 * @returns the spans in which readings or stored figures changed: what was judged there has another basis now; none where nothing was judged
 */
export const revise = async (revision: Revision): Promise<Lost[]> => {
  const { state, history, key, offset } = revision;
  const { rule } = state.fold;
  const civil = calendar(rule.zone);
  const cluster = takeCluster(state);
  const from = civil.windowAt(rule.finest, cluster.from - rule.holdMs).start;
  const to = civil.windowAt(rule.finest, cluster.to + rule.holdMs).end;
  let past = await history.neighbourhood(key, from, to, offset);
  if (past.next !== null && marksNext(rule)) {
    past = await history.neighbourhood(key, from, civil.windowAt(rule.finest, past.next.at).end, offset);
  }

  const frame = (points: readonly Point[]): Point[] => [...(past.previous ? [past.previous] : []), ...points, ...(past.next ? [past.next] : [])];
  const before = frame(past.inside.filter((point) => !isExcluded(point)));
  const { current, changed, ahead } = identifyWaiting(revision, civil, cluster.waiting, past.inside, before);
  const after = frame([...current.values()].filter((point) => !isExcluded(point) && !ahead.has(point.at)).sort((a, b) => a.at - b.at));

  const spans: Interval[] = cluster.touched.map(([start, end]) => ({ start, end }));
  for (const at of changed) if (!ahead.has(at)) spans.push(...touchedSpans(rule, at, before), ...touchedSpans(rule, at, after));
  const panesBefore = revision.panes.length;
  if (spans.length > 0) {
    await foldAgain(revision, civil, spans, before, after);
    const { last } = state.fold;
    const newest = after.at(-1);
    if (last !== null && (changed.has(last.at) || (newest !== undefined && newest.at > last.at))) {
      state.fold.last = newest === undefined ? null : asPoint(newest);
    }
  }
  const figures = revision.panes.slice(panesBefore);
  for (const at of [...ahead].sort((a, b) => a - b)) appendAhead(revision, current.get(at) as Reading);
  state.recent = [];
  if (!revision.isJudged) return [];
  const refolded = cluster.touched.filter(([start, end]) => figures.some((pane) => isFinest(pane, rule) && pane.start < end && pane.end > start));
  return [...refolded, ...[...changed].map((at): Lost => [at, judgedUntil(rule, at, after)])];
};

const isFinest = ({ window }: Pane, { finest }: FoldRule): boolean => window === windowName(finest);

/** The next reading was judged beside the one at `at`; a held value reaches as far as it holds. */
const judgedUntil = ({ holds, holdMs }: FoldRule, at: number, points: readonly Point[]): number =>
  points.find((point) => point.at > at)?.at ?? (holds ? at + holdMs : at);

const appendAhead = ({ state, closures, emit }: Revision, point: Reading): void => {
  const maxAt = Math.max(state.fold.maxAt, point.at);
  const missed = append(state.fold, asPoint(point), closures, emit);
  state.fold.maxAt = maxAt;
  if (missed !== null) state.touched.push([missed, frontier(state.fold)]);
};

const asPoint = ({ at, spanMs, value, flags }: Point): Point => ({ at, spanMs, value, flags });

interface Cluster {
  readonly from: number;
  readonly to: number;
  readonly waiting: readonly Waiting[];
  readonly touched: readonly [number, number][];
}

/** Takes the waiting readings and touched spans around the first of them. */
const takeCluster = (state: KeyState): Cluster => {
  const times = [...state.waiting.map(({ at }) => [at, at] as const), ...state.touched].sort((a, b) => a[0] - b[0]);
  const [seedFrom, seedTo] = (state.waiting[0] === undefined ? state.touched[0] : [state.waiting[0].at, state.waiting[0].at]) as readonly [number, number];
  let from = seedFrom;
  let to = seedTo;
  for (const [start, end] of times) if (start >= from && start <= Math.min(to + clusterGapMs, seedTo + clusterReachMs)) to = Math.max(to, end);
  for (const [start, end] of times.reverse()) if (end <= to && end >= Math.max(from - clusterGapMs, seedFrom - clusterReachMs)) from = Math.min(from, start);
  const inside = (start: number, end: number): boolean => start >= from && end <= to;
  const waiting = state.waiting.filter(({ at }) => inside(at, at));
  const touched = state.touched.filter(([start, end]) => inside(start, end));
  state.waiting = state.waiting.filter(({ at }) => !inside(at, at));
  state.touched = state.touched.filter(([start, end]) => !inside(start, end));
  return { from, to, waiting, touched };
};

interface Identified {
  /** The highest version at each event time of the range. */
  readonly current: Map<number, Reading>;
  readonly changed: Set<number>;
  /** Changed ones that are newer than all that was folded, in windows that are still open. */
  readonly ahead: Set<number>;
}

/** @param before what takes part in the fold so far, with the neighbours of the range */
const identifyWaiting = (
  revision: Revision,
  civil: Calendar,
  waiting: readonly Waiting[],
  inside: readonly Reading[],
  before: readonly Point[],
): Identified => {
  const { state, counters, key, readings } = revision;
  const { rule } = state.fold;
  const current = new Map(inside.map((reading) => [reading.at, reading]));
  const changed = new Set<number>();
  for (const one of waiting) {
    let { at } = one;
    if ((one.flags & Flag.unstamped) !== 0) while (current.has(at)) at++;
    const known = current.get(at);
    counters.accepted++;
    if (known !== undefined && sameValue(known, one)) {
      counters.duplicate++;
      continue;
    }
    // What a far neighbour would gain (a flag, a change of state) may be left out of its window; its own windows may not.
    if (state.lost !== undefined && isLost(state.lost, rule, civil, touchedSpans(rule, at, before)[0] as Interval)) {
      counters.deadLetter++;
      revision.deadLetters.push(beyondHorizon(key, one, rule, revision.logTime, revision.offset));
      continue;
    }
    if (known === undefined) counters.stored++;
    else counters.corrected++;
    const version = known === undefined ? 0 : known.version + 1;
    const reading: Reading = {
      ...key,
      at,
      spanMs: one.spanMs,
      value: one.value,
      flags: one.flags | Flag.late,
      offset: one.offset,
      revision: revision.offset,
      version,
    };
    readings.push(reading);
    current.set(at, reading);
    changed.add(at);
  }
  const { last } = state.fold;
  const open = frontier(state.fold);
  const ahead = new Set<number>();
  for (const at of changed) {
    if (at >= open && (last === null || at > last.at) && !isExcluded(current.get(at) as Reading)) ahead.add(at);
  }
  for (const at of changed) state.fold.maxAt = Math.max(state.fold.maxAt, at);
  return { current, changed, ahead };
};

/** True where a reading leaves its mark in the window of the next one, however far: a change of state, a register's reset. */
const marksNext = (rule: FoldRule): boolean => rule.kind === 'index' || rule.kind === 'state';

/** The spans in which a window changes when the reading at `at` comes, goes or changes between these neighbours. */
const touchedSpans = (rule: FoldRule, at: number, points: readonly Point[]): Interval[] => {
  const previous = points.findLast((point) => point.at < at);
  const next = points.find((point) => point.at > at);
  const start = previous !== undefined && at - previous.at <= rule.holdMs ? previous.at : at;
  const heldTo = rule.holds ? at + rule.holdMs : at;
  if (next === undefined) return [{ start, end: heldTo + 1 }];
  const end = next.at - at <= rule.holdMs ? next.at : Math.min(next.at, heldTo);
  const spans = [{ start, end: end + 1 }];
  if (marksNext(rule)) spans.push({ start: next.at, end: next.at + 1 });
  return spans;
};

/** Sums that a level's windows gain beside their children. */
type OwnChanges = Map<Level, Map<number, { amount: number; observedMs: number }>>;

const foldAgain = async (revision: Revision, civil: Calendar, spans: readonly Interval[], before: readonly Point[], after: readonly Point[]): Promise<void> => {
  const { state, history, key, offset } = revision;
  const { rule } = state.fold;
  const own = ownChanges(rule, civil, before, after);
  let replaced = await foldFinest(revision, civil, spans, after);
  for (let level = (rule.finest + 1) as Level; level < lifetime; level++) {
    const windows = new Map<number, Interval>();
    for (const at of [...(own.get(level)?.keys() ?? []), ...replaced.keys()]) {
      const window = civil.windowAt(level, at);
      windows.set(window.start, window);
    }
    if (windows.size === 0) {
      replaced = new Map();
      continue;
    }
    const starts = [...windows.keys()].sort((a, b) => a - b);
    const from = starts[0] as number;
    const to = starts.at(-1) as number;
    const children = await history.panes(key, windowName((level - 1) as Level), from, (windows.get(to) as Interval).end, offset);
    const stored = new Map((await history.panes(key, windowName(level), from, to + 1, offset)).map((pane) => [pane.start, pane]));
    const place = level - rule.finest;
    const open = state.fold.open[place] as Element;
    const merged = new Map<number, Element>();
    for (const start of starts) {
      const window = windows.get(start) as Interval;
      const isOpen = start === open.start;
      const old = isOpen ? open : (stored.get(start) ?? emptyElement(window, rule.states));
      const change = own.get(level)?.get(start) ?? { amount: 0, observedMs: 0 };
      const within = children.filter((child) => child.start >= start && child.start < window.end);
      const element = mergeChildren(old, window, rule, within, replaced, change);
      if (isOpen) state.fold.open[place] = element;
      else if (putOut(revision, level, element, stored.get(start))) merged.set(start, element);
      if (level === lifetime - 1 && !isOpen) {
        addToTotal(state.fold, old, -1);
        addToTotal(state.fold, element, 1);
      }
    }
    replaced = merged;
  }
  const change = own.get(lifetime)?.get(0);
  if (change !== undefined) addAmount(state.fold.total, change, true);
  if (change !== undefined || replaced.size > 0) revision.emit(lifetime, state.fold.total);
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
const ownChanges = (rule: FoldRule, civil: Calendar, before: readonly Point[], after: readonly Point[]): OwnChanges => {
  const changes: OwnChanges = new Map();
  const add = (points: readonly Point[], sign: 1 | -1): void => {
    for (const [i, point] of points.entries()) {
      const whole = wholeAmount(rule, points[i - 1] ?? null, point);
      // The first point's own pair lies outside the range, and is the same before and after.
      if (whole === null || (i === 0 && rule.kind === 'index')) continue;
      let level = rule.finest;
      let window = civil.windowAt(level, whole.from);
      while (level < lifetime && whole.to > window.end) window = civil.windowAt(++level as Level, whole.from);
      if (level === rule.finest) continue;
      const windows = changes.get(level) ?? new Map<number, { amount: number; observedMs: number }>();
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
