/**
 * The fold of one key as readings arrive in event-time order: open elements, one a window size, that close as time moves on.
 * Readings behind the last one, and windows that must be folded again, are left to `revise`.
 */
import type { Closure, FoldRule, Point } from '../core/fold.ts';
import { addAmount, addPair, addReading, emptyElement, isEmpty, merge, plusAmount, wholeAmount } from '../core/fold.ts';
import type { Element } from '../core/pane.ts';
import type { Calendar, Level } from '../core/window.ts';
import { allTime, calendar, lifetime } from '../core/window.ts';

/** What is known of a key besides its rows in the store. Plain data: it is its own snapshot. */
export interface KeyFold {
  readonly rule: FoldRule;
  /** Open elements from the finest window to the civil month; `[]` before the first reading. */
  open: Element[];
  /** The key's whole life: its closed months, and what no month holds. */
  total: Element;
  /** How many times `total` was put out. */
  totalVersions: number;
  /** The last reading that takes part in the fold. */
  last: Point | null;
  /** Highest event time of any reading, excluded ones too; -1 before the first. */
  maxAt: number;
}

export const keyFold = (rule: FoldRule): KeyFold => ({
  rule,
  open: [],
  total: emptyElement(allTime, rule.states),
  totalVersions: 0,
  last: null,
  maxAt: -1,
});

/** A closed window leaves here, finest first. */
export type Emit = (level: Level, element: Element) => void;

/** Everything before it is closed. */
export const frontier = (key: KeyFold): number => key.open[0]?.start ?? Number.NEGATIVE_INFINITY;

/** True where a reading at `at` can be added at once: it is the newest of its key, and its window is still open. */
export const isOnTime = (key: KeyFold, at: number): boolean => at > key.maxAt && at >= frontier(key);

/** The level at a place of `open`. */
const levelAt = (key: KeyFold, place: number): Level => (key.rule.finest + place) as Level;

const openAt = (key: KeyFold, at: number, civil: Calendar): void => {
  for (let level = key.rule.finest; level < lifetime; level++) key.open.push(emptyElement(civil.windowAt(level as Level, at), key.rule.states));
};

/** Adds a civil month's amounts to the key's whole life, or takes them back. */
export const addToTotal = ({ total }: KeyFold, month: Readonly<Element>, sign: 1 | -1): void => {
  total.sum = plusAmount(total.sum, sign * month.sum);
  total.count += sign * month.count;
  total.observedMs += sign * month.observedMs;
};

/** Closes every window that ends at or before `at`, finest first, and opens those that hold it. */
const moveTo = (key: KeyFold, at: number, civil: Calendar, emit: Emit): void => {
  for (let place = 0; place < key.open.length; place++) {
    const element = key.open[place] as Element;
    if (element.end > at) return;
    if (!isEmpty(element)) {
      emit(levelAt(key, place), element);
      const parent = key.open[place + 1];
      if (parent === undefined) {
        addToTotal(key, element, 1);
        emit(lifetime, key.total);
      } else merge(parent, element);
    }
    key.open[place] = emptyElement(civil.windowAt(levelAt(key, place), at), key.rule.states);
  }
};

/** Walks the finest windows up to the one that holds `at`, giving each its share of the pair (last, next). */
const walk = (key: KeyFold, next: Point | null, at: number, until: number, closures: readonly Closure[], emit: Emit): void => {
  const civil = calendar(key.rule.zone);
  const { last } = key;
  const gap = last === null || next === null ? 0 : next.at - last.at;
  const reaches = last !== null && (key.rule.holds || (next !== null && gap <= key.rule.holdMs && key.rule.kind !== 'delta'));
  const reach = reaches && last !== null ? last.at + key.rule.holdMs : Number.NEGATIVE_INFINITY;
  for (;;) {
    const element = key.open[0] as Element;
    if (last !== null) addPair(element, key.rule, last, next, until, closures);
    if (element.end > at) return;
    moveTo(key, element.end >= reach ? at : element.end, civil, emit);
  }
};

/**
 * Adds a reading that is on time.
 * @returns the time from which closed windows miss their share of the pair (last, point): they must be folded again up
 * to the frontier; or null
 */
export const append = (key: KeyFold, point: Point, closures: readonly Closure[], emit: Emit): number | null => {
  const { rule, last } = key;
  key.maxAt = point.at;
  if (key.open.length === 0) openAt(key, point.at, calendar(rule.zone));
  const closedBefore = frontier(key);
  const missed = last !== null && !rule.holds && rule.kind !== 'delta' && last.at < closedBefore && point.at - last.at <= rule.holdMs ? last.at : null;
  walk(key, point, point.at, point.at, closures, emit);
  addReading(key.open[0] as Element, rule, point);
  const whole = wholeAmount(rule, last, point);
  if (whole !== null) addWhole(key, whole, emit);
  key.last = point;
  return missed;
};

const addWhole = (key: KeyFold, whole: { amount: number; from: number; to: number; observedMs: number }, emit: Emit): void => {
  for (let place = 0; place < key.open.length; place++) {
    const element = key.open[place] as Element;
    if (whole.from < element.start || whole.to > element.end) continue;
    addAmount(element, whole, place > 0 || key.rule.kind === 'index');
    return;
  }
  addAmount(key.total, whole, true);
  emit(lifetime, key.total);
};

/** Notes a reading that takes no part in the fold. */
export const pass = (key: KeyFold, at: number): null => {
  key.maxAt = Math.max(key.maxAt, at);
  return null;
};

/** Closes the windows of a silent key that end at or before `until`; what its last reading still holds goes in. */
export const settle = (key: KeyFold, until: number, closures: readonly Closure[], emit: Emit): void => {
  const element = key.open[0];
  if (element === undefined || element.end > until) return;
  const civil = calendar(key.rule.zone);
  const start = civil.windowAt(key.rule.finest, until).start;
  walk(key, null, start, start, closures, emit);
};

/** The open elements as they would close now: for pages, never stored. */
export const peek = (key: KeyFold, now: number, closures: readonly Closure[]): { level: Level; element: Element }[] => {
  const copy: KeyFold = structuredClone({ ...key, rule: undefined as never });
  const view: KeyFold = { ...copy, rule: key.rule };
  const finest = view.open[0];
  if (finest === undefined) return [];
  if (view.last !== null && view.rule.holds) addPair(finest, view.rule, view.last, null, Math.max(now, view.last.at), closures);
  for (let place = 0; place + 1 < view.open.length; place++) merge(view.open[place + 1] as Element, view.open[place] as Element);
  return view.open.flatMap((element, place) => (isEmpty(element) ? [] : [{ level: levelAt(view, place), element }]));
};
