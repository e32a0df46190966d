/**
 * The fold: readings of one key in event-time order become elements of windows, in whole numbers.
 *
 * A pair of neighbouring readings is cut at the boundaries of the key's finest windows, once and for all; each piece
 * belongs to one finest window. Every larger window is the plain sum of its children, plus what no child holds. So
 * grouping cannot matter: elements with `merge` and `emptyElement` are a monoid, and tests hold it to its laws.
 *
 * The rules, on which `octroi verify` rests its own recomputation:
 * - index: a pair at most `holdMs` apart shares its rise among the windows by the index at each boundary,
 *   floor(rise × elapsed / gap); the time between them is observed. A wider gap is not observed; its rise goes, as
 *   `unallocated`, to the smallest window that holds both readings, else to the key's lifetime.
 * - delta: [at, at + spanMs) goes to the smallest window that holds it, else to the lifetime; its span is observed, but for
 *   what the span of the reading before it reaches into.
 *   Where that is not the key's finest window it counts as `unallocated` there.
 * - linear gauge: a pair at most `holdMs` apart is a straight line; its value at a boundary is
 *   a + floor((b − a) × elapsed / gap). A null ends it.
 * - step gauge, state: a value holds until the next reading, at most `holdMs`, less the time in which no gate was open
 *   (live devices that do not buffer). A null ends it.
 * Sums of amounts stop at 2^53 − 1 quanta: more than any town uses, and never turned round.
 * What it leaves to others: which readings there are, when a window closes, and versions.
 */
import { plus } from './exact.ts';
import type { Element } from './pane.ts';
import { amountSumMax, type QuantityKind } from './quantity.ts';
import { Flag } from './reading.ts';
import { hourMs } from './time.ts';
import type { Interval, Level } from './window.ts';

/** How the readings of one key are folded; fixed when the key has its first reading. */
export interface FoldRule {
  readonly kind: QuantityKind;
  /** Step gauges and states. */
  readonly holds: boolean;
  readonly holdMs: number;
  /** index: the most it rises in an hour, quanta; null: not known. */
  readonly maxPerHour: number | null;
  /** index: the values at which the register starts again, quanta, rising. */
  readonly registerEnds: readonly number[];
  /** state: how many words. */
  readonly states: number;
  readonly finest: Level;
  readonly zone: string;
  /** The gate's own absence counts against what was held. */
  readonly live: boolean;
}

/** What the fold needs of a reading. Readings flagged `excluded` are never handed to it. */
export interface Point {
  readonly at: number;
  readonly spanMs: number;
  readonly value: number | null;
  readonly flags: number;
}

export type Closure = { readonly from: number; readonly to: number };

export const emptyElement = (window: Interval, states: number): Element => ({
  start: window.start,
  end: window.end,
  count: 0,
  sum: 0,
  unallocated: 0,
  integral2: 0,
  observedMs: 0,
  min: null,
  max: null,
  firstAt: null,
  firstValue: null,
  lastAt: null,
  lastValue: null,
  changes: 0,
  sharesMs: states > 0 ? new Array<number>(states).fill(0) : null,
  flags: 0,
});

/** True where nothing was reported and nothing observed: such a window has no pane. */
export const isEmpty = (element: Readonly<Element>): boolean =>
  element.count === 0 && element.observedMs === 0 && element.sum === 0 && element.unallocated === 0;

/** The 60 s allow for clocks and rounding where readings come quickly. */
const slackMs = 60_000;

/**
 * What a register rose by between two readings, quanta, and the flag that says how it was read. A fall is a rollover
 * where the register was within a hundredth of its end and the rise is possible; otherwise a reset, which counts
 * nothing. A rise faster than the type can is another meter, and counts nothing either: never negative, never a spike.
 */
export const rise = (rule: FoldRule, a: number, b: number, gapMs: number): { readonly amount: number; readonly flag: number } => {
  const most = rule.maxPerHour === null ? Number.POSITIVE_INFINITY : Math.floor((rule.maxPerHour * (gapMs + slackMs)) / hourMs) + 1;
  if (b >= a) return b - a <= most ? { amount: b - a, flag: 0 } : { amount: 0, flag: Flag.replaced };
  for (const end of rule.registerEnds) {
    if (a < end && a >= end * 0.99 && b <= end * 0.01 && end - a + b <= most) return { amount: end - a + b, flag: Flag.rollover };
  }
  return { amount: 0, flag: Flag.reset };
};

/** floor(amount × elapsed / gap): the one function that interpolates; amount ≥ 0 or below. */
const share = (amount: number, elapsed: number, gap: number): number => {
  const product = amount * elapsed;
  if (Number.isSafeInteger(product)) return Math.floor(product / gap);
  const [exact, divisor] = [BigInt(amount) * BigInt(elapsed), BigInt(gap)];
  const quotient = exact / divisor;
  return Number(exact % divisor < 0n ? quotient - 1n : quotient);
};

/** Amounts added up, up to what a whole number holds: a device that sends nonsense without end gets this figure, and never one that turned round. */
export const plusAmount = (a: number, b: number): number => Math.max(-amountSumMax, Math.min(amountSumMax, a + b));

/** ms of [from, to) in which no gate was open; closures rise and do not overlap. */
const closedMs = (closures: readonly Closure[], from: number, to: number): number => {
  let sum = 0;
  for (let i = closures.length - 1; i >= 0; i--) {
    const closure = closures[i] as Closure;
    if (closure.to <= from) break;
    const overlap = Math.min(to, closure.to) - Math.max(from, closure.from);
    if (overlap > 0) sum += overlap;
  }
  return sum;
};

const widen = (element: Element, value: number): void => {
  if (element.min === null || value < element.min) element.min = value;
  if (element.max === null || value > element.max) element.max = value;
};

/** Adds a reading that lies in the element's interval. Readings come in event-time order. Amounts of a delta are left to `addAmount`. */
export const addReading = (element: Element, rule: FoldRule, point: Point): void => {
  element.count++;
  element.flags |= point.flags & ~Flag.late; // how a reading travelled is not the window's matter
  if (element.firstAt === null) {
    element.firstAt = point.at;
    element.firstValue = point.value;
  }
  element.lastAt = point.at;
  element.lastValue = point.value;
  if (rule.kind === 'gauge' && point.value !== null) widen(element, point.value);
};

/** Adds to a finest window what the pair of neighbours (a, b) contributes to it; without b, what a alone holds until `until`. */
export const addPair = (element: Element, rule: FoldRule, a: Point, b: Point | null, until: number, closures: readonly Closure[]): void => {
  switch (rule.kind) {
    case 'delta':
      return;
    case 'index':
      if (b !== null) addIndexPair(element, rule, a, b);
      return;
    case 'gauge':
      if (!rule.holds) {
        if (b !== null) addLine(element, rule, a, b);
        return;
      }
  }
  if (rule.kind === 'state' && b !== null && b.at >= element.start && b.at < element.end && a.value !== null && b.value !== null && a.value !== b.value) {
    element.changes++;
  }
  addHeld(element, rule, a, Math.min(b === null ? until : b.at, a.at + rule.holdMs), closures);
};

const addIndexPair = (element: Element, rule: FoldRule, a: Point, b: Point): void => {
  const gap = b.at - a.at;
  if (a.value === null || b.value === null) return;
  const { amount, flag } = rise(rule, a.value, b.value, gap);
  if (b.at >= element.start && b.at < element.end) element.flags |= flag;
  if (gap > rule.holdMs || flag === Flag.reset || flag === Flag.replaced) return;
  const from = Math.max(a.at, element.start);
  const to = Math.min(b.at, element.end);
  if (to <= from) return;
  element.sum = plusAmount(element.sum, (to === b.at ? amount : share(amount, to - a.at, gap)) - share(amount, from - a.at, gap));
  element.observedMs += to - from;
};

const addLine = (element: Element, rule: FoldRule, a: Point, b: Point): void => {
  const gap = b.at - a.at;
  const from = Math.max(a.at, element.start);
  const to = Math.min(b.at, element.end);
  if (gap > rule.holdMs || to <= from || a.value === null || b.value === null) return;
  const low = a.value + share(b.value - a.value, from - a.at, gap);
  const high = to === b.at ? b.value : a.value + share(b.value - a.value, to - a.at, gap);
  element.integral2 = plus(element.integral2, (low + high) * (to - from));
  element.observedMs += to - from;
  widen(element, low);
  widen(element, high);
};

const addHeld = (element: Element, rule: FoldRule, a: Point, end: number, closures: readonly Closure[]): void => {
  const from = Math.max(a.at, element.start);
  const to = Math.min(end, element.end);
  if (to <= from || a.value === null) return;
  const ms = to - from - (rule.live ? closedMs(closures, from, to) : 0);
  if (ms <= 0) return;
  element.observedMs += ms;
  if (element.sharesMs !== null) {
    element.sharesMs[a.value] = (element.sharesMs[a.value] ?? 0) + ms;
  } else {
    element.integral2 = plus(element.integral2, 2 * a.value * ms);
    widen(element, a.value);
  }
};

/**
 * The amount that belongs to no single finest window, or to one as a whole: a delta; or the rise of an index across a
 * gap wider than `holdMs`. Null where there is none.
 */
export const wholeAmount = (rule: FoldRule, previous: Point | null, point: Point): { amount: number; from: number; to: number; observedMs: number } | null => {
  if (point.value === null) return null;
  if (rule.kind === 'delta') {
    const end = point.at + point.spanMs;
    const seenUntil = previous === null || previous.value === null ? point.at : Math.max(point.at, previous.at + previous.spanMs);
    return { amount: point.value, from: point.at, to: Math.max(point.at + 1, end), observedMs: Math.max(0, end - seenUntil) };
  }
  if (rule.kind !== 'index' || previous === null || previous.value === null || point.at - previous.at <= rule.holdMs) return null;
  const { amount } = rise(rule, previous.value, point.value, point.at - previous.at);
  return amount === 0 ? null : { amount, from: previous.at, to: point.at + 1, observedMs: 0 };
};

/** Adds such an amount to the window that holds it; `own` says that no smaller window does. */
export const addAmount = (element: Element, whole: { readonly amount: number; readonly observedMs: number }, own: boolean): void => {
  element.sum = plusAmount(element.sum, whole.amount);
  element.observedMs += whole.observedMs;
  if (own) element.unallocated = plusAmount(element.unallocated, whole.amount);
};

/** Adds a neighbouring or a contained interval's figures; the interval of `into` stays, and so does its own `unallocated`. */
export const merge = (into: Element, child: Readonly<Element>): void => {
  into.count += child.count;
  into.sum = plusAmount(into.sum, child.sum);
  into.integral2 = plus(into.integral2, child.integral2);
  into.observedMs += child.observedMs;
  if (child.min !== null) widen(into, child.min);
  if (child.max !== null) widen(into, child.max);
  if (child.firstAt !== null && (into.firstAt === null || child.firstAt < into.firstAt)) {
    into.firstAt = child.firstAt;
    into.firstValue = child.firstValue;
  }
  if (child.lastAt !== null && (into.lastAt === null || child.lastAt > into.lastAt)) {
    into.lastAt = child.lastAt;
    into.lastValue = child.lastValue;
  }
  into.changes += child.changes;
  if (into.sharesMs !== null && child.sharesMs !== null) {
    for (let i = 0; i < child.sharesMs.length; i++) into.sharesMs[i] = (into.sharesMs[i] ?? 0) + (child.sharesMs[i] ?? 0);
  }
  into.flags |= child.flags;
};

/**
 * One finest window from its readings.
 * @param points in event-time order, without excluded ones: those in the window, the nearest before it and after it
 * @param until how far the last reading's value is known to hold, epoch ms
 */
export const foldWindow = (rule: FoldRule, points: readonly Point[], window: Interval, until: number, closures: readonly Closure[]): Element => {
  const element = emptyElement(window, rule.states);
  for (let i = 0; i < points.length; i++) {
    const a = points[i] as Point;
    if (a.at >= window.end) break;
    const previous = i > 0 ? (points[i - 1] as Point) : null;
    if (a.at >= window.start) {
      addReading(element, rule, a);
      const whole = wholeAmount(rule, previous, a);
      if (whole !== null && whole.from >= window.start && whole.to <= window.end) addAmount(element, whole, rule.kind === 'index');
    }
    addPair(element, rule, a, points[i + 1] ?? null, until, closures);
  }
  return element;
};
