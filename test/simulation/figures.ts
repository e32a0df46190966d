/**
 * Figures once more, straight from a key's readings: every pair is laid over every window by the rules that stand at the head of
 * `core/fold.ts`, with nothing of its code: no elements that merge, no open windows, no revision. Which readings there are is left to `books.ts`.
 */
import type { FoldRule } from '../../core/fold.ts';
import { Flag } from '../../core/reading.ts';
import { minuteMs } from '../../core/time.ts';
import type { Kept } from './books.ts';

export interface Figure {
  readonly start: number;
  readonly end: number;
  count: number;
  sum: number;
  unallocated: number;
  integral2: number;
  observedMs: number;
  min: number | null;
  max: number | null;
  first: Kept | null;
  last: Kept | null;
  changes: number;
  readonly sharesMs: number[];
  flags: number;
}

const hourMs = 60 * minuteMs;
const lifetime = 5;

/** 01:00 UTC of the last Sunday of a month: when the clocks of Europe change. */
const change = (year: number, month: number): number => {
  const last = new Date(Date.UTC(year, month + 1, 0, 1));
  return last.getTime() - last.getUTCDay() * 24 * hourMs;
};
const offsetMs = (at: number): number => {
  const year = new Date(at).getUTCFullYear();
  return at >= change(year, 2) && at < change(year, 9) ? 2 * hourMs : hourMs;
};
/** Midnight in Paris of a day. */
const midnight = (year: number, month: number, day: number): number => {
  const at = Date.UTC(year, month, day) - hourMs;
  return offsetMs(at - hourMs) === 2 * hourMs ? at - hourMs : at;
};

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The window of a level that holds `at`, by the civil calendar of Paris. */
const windowAt = (level: number, at: number): Span => {
  if (level >= lifetime) return { start: 0, end: Number.MAX_SAFE_INTEGER };
  const size = [minuteMs, 15 * minuteMs, hourMs][level];
  if (size !== undefined) return { start: at - (at % size), end: at - (at % size) + size };
  const local = new Date(at + offsetMs(at));
  const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()];
  return level === 3
    ? { start: midnight(year, month, day), end: midnight(year, month, day + 1) }
    : { start: midnight(year, month, 1), end: midnight(year, month + 1, 1) };
};

/** Figures by level, then by start. */
export type Figures = Map<number, Figure>[];

const widen = (figure: Figure, value: number): void => {
  figure.min = figure.min === null ? value : Math.min(figure.min, value);
  figure.max = figure.max === null ? value : Math.max(figure.max, value);
};

/** All figures of one key. @param readings those that take part, in event-time order */
export const figuresOf = (rule: FoldRule, readings: readonly Kept[], closures: readonly { readonly from: number; readonly to: number }[]): Figures => {
  const levels: Figures = Array.from({ length: lifetime + 1 }, () => new Map());
  const recent: (Figure | undefined)[] = [];
  const figureAt = (level: number, at: number): Figure => {
    const known = recent[level];
    if (known !== undefined && at >= known.start && at < known.end) return known;
    const { start, end } = windowAt(level, at);
    let figure = levels[level]?.get(start);
    if (figure === undefined) {
      const shares = new Array<number>(rule.states).fill(0);
      const empty = { count: 0, sum: 0, unallocated: 0, integral2: 0, observedMs: 0, min: null, max: null, first: null, last: null, changes: 0, flags: 0 };
      figure = { start, end, ...empty, sharesMs: shares };
      levels[level]?.set(start, figure);
    }
    recent[level] = figure;
    return figure;
  };
  const inAll = (at: number, add: (figure: Figure) => void): void => {
    for (let level = rule.finest as number; level <= lifetime; level++) add(figureAt(level, at));
  };
  const pieces = (from: number, to: number, add: (figure: Figure, start: number, end: number) => void): void => {
    for (let at = from; at < to; ) {
      const start = at;
      const end = Math.min(to, windowAt(rule.finest, at).end);
      inAll(at, (figure) => add(figure, start, end));
      at = end;
    }
  };
  const whole = (amount: number, observedMs: number, from: number, to: number): void => {
    let level = rule.finest as number;
    while (level < lifetime && to > windowAt(level, from).end) level++;
    for (let above = level; above <= lifetime; above++) {
      const figure = figureAt(above, from);
      figure.sum += amount;
      figure.observedMs += observedMs;
      if (above === level && (level > rule.finest || rule.kind === 'index')) figure.unallocated += amount;
    }
  };
  const closedMs = (from: number, to: number): number =>
    rule.live ? closures.reduce((sum, closure) => sum + Math.max(0, Math.min(to, closure.to) - Math.max(from, closure.from)), 0) : 0;

  const held = (a: Kept, until: number): void => {
    const { value } = a;
    if (value === null) return;
    pieces(a.at, Math.min(until, a.at + rule.holdMs), (figure, start, end) => {
      const ms = end - start - closedMs(start, end);
      if (ms === 0) return;
      figure.observedMs += ms;
      if (rule.kind === 'state') figure.sharesMs[value] = (figure.sharesMs[value] ?? 0) + ms;
      else {
        figure.integral2 += 2 * value * ms;
        widen(figure, value);
      }
    });
  };
  const register = (a: Kept, b: Kept): void => {
    if (a.value === null || b.value === null) return;
    const gap = b.at - a.at;
    const { amount, flag } = riseOf(rule, a.value, b.value, gap);
    inAll(b.at, (figure) => {
      figure.flags |= flag;
    });
    if (gap > rule.holdMs) {
      if (amount !== 0) whole(amount, 0, a.at, b.at + 1);
      return;
    }
    if (flag === Flag.reset || flag === Flag.replaced) return;
    const indexAt = (at: number): number => Math.floor((amount * (at - a.at)) / gap);
    pieces(a.at, b.at, (figure, start, end) => {
      figure.sum += indexAt(end) - indexAt(start);
      figure.observedMs += end - start;
    });
  };
  const line = (a: Kept, b: Kept): void => {
    const gap = b.at - a.at;
    const [low, high] = [a.value, b.value];
    if (low === null || high === null || gap > rule.holdMs) return;
    const valueAt = (at: number): number => low + Math.floor(((high - low) * (at - a.at)) / gap);
    pieces(a.at, b.at, (figure, start, end) => {
      figure.integral2 += (valueAt(start) + valueAt(end)) * (end - start);
      figure.observedMs += end - start;
      widen(figure, valueAt(start));
      widen(figure, valueAt(end));
    });
  };

  for (const [i, a] of readings.entries()) {
    const b = readings[i + 1];
    inAll(a.at, (figure) => {
      figure.count++;
      figure.flags |= a.flags;
      figure.first ??= a;
      figure.last = a;
      if (rule.kind === 'gauge' && a.value !== null) widen(figure, a.value);
    });
    if (rule.kind === 'delta') {
      const before = readings[i - 1];
      const alreadySeen = before === undefined || before.value === null ? 0 : Math.max(0, before.at + before.spanMs - a.at);
      if (a.value !== null) whole(a.value, Math.max(0, a.spanMs - alreadySeen), a.at, a.at + Math.max(1, a.spanMs));
    } else if (rule.holds) {
      held(a, b?.at ?? Number.MAX_SAFE_INTEGER);
      if (rule.kind === 'state' && b !== undefined && a.value !== null && b.value !== null && a.value !== b.value) {
        inAll(b.at, (figure) => {
          figure.changes++;
        });
      }
    } else if (b !== undefined) {
      if (rule.kind === 'index') register(a, b);
      else line(a, b);
    }
  }
  return levels;
};

const riseOf = (rule: FoldRule, a: number, b: number, gapMs: number): { amount: number; flag: number } => {
  const most = rule.maxPerHour === null ? Number.POSITIVE_INFINITY : Math.floor((rule.maxPerHour * (gapMs + minuteMs)) / hourMs) + 1;
  if (b >= a) return b - a > most ? { amount: 0, flag: Flag.replaced } : { amount: b - a, flag: 0 };
  const end = rule.registerEnds.find((one) => a >= 0.99 * one && a < one && b <= 0.01 * one && one - a + b <= most);
  return end === undefined ? { amount: 0, flag: Flag.reset } : { amount: end - a + b, flag: Flag.rollover };
};
