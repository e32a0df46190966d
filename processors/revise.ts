/**
 * Operator revise: readings that arrived behind the watermark are identified against the past, which it reads through the
 * port `History`. Folding the windows that they touch again is left to `refold.ts`.
 */
import type { Closure, FoldRule, Point } from '../core/fold.ts';
import { countBelow } from '../core/order.ts';
import type { Element, Pane } from '../core/pane.ts';
import { type DeadLetter, Flag, type Reading } from '../core/reading.ts';
import type { History, Key } from '../core/store.ts';
import { dayMs } from '../core/time.ts';
import { type Calendar, calendar, type Interval, type Level, windowName } from '../core/window.ts';
import { beyondHorizon, isLost, type Lost } from './horizon.ts';
import { sameValue } from './identify.ts';
import { append, frontier } from './key-fold.ts';
import { refold } from './refold.ts';
import { type Counters, isExcluded, type KeyState, type Waiting } from './state.ts';

/** Keys that are revised at one tick; the others wait for the next. */
export const revisedKeysPerTickMax = 2_000;
/** Readings that one tick revises, of one key and of all together; the others wait for the next. */
export const revisedReadingsPerTickMax = 50_000;
/** Waiting readings further apart than this, or further than this from the first, are revised at separate ticks, ms. */
const clusterGapMs = dayMs;
const clusterReachMs = 3 * clusterGapMs;
/** Event time that the revisions beside each other take in together at the most, ms, where one alone takes less: the past of as much is in memory. */
const reachTogetherMaxMs = 2 * clusterReachMs;

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
    await refold(revision, civil, spans, before, after);
    const { last } = state.fold;
    const newest = after.at(-1);
    if (last === null || changed.has(last.at) || (newest !== undefined && newest.at > last.at)) {
      state.fold.last = newest === undefined ? null : asPoint(newest);
    }
  }
  const figures = revision.panes.slice(panesBefore);
  for (const at of [...ahead].sort((a, b) => a - b)) appendAhead(revision, current.get(at) as Reading);
  // What another value was given is another reading now; repetitions of the others are still told by them.
  state.recent = state.recent.filter(({ at }) => !changed.has(at));
  if (!revision.isJudged) return [];
  const refolded = cluster.touched.filter(([start, end]) => figures.some((pane) => isFinest(pane, rule) && pane.start < end && pane.end > start));
  return [...refolded, ...[...changed].map((at): Lost => [at, judgedUntil(rule, at, after)])];
};

const isFinest = ({ window }: Pane, { finest }: FoldRule): boolean => window === windowName(finest);

/** How many points, which are in order, are before `at`. */
const countBefore = (points: readonly Point[], at: number): number => countBelow(points.length, (place) => (points[place] as Point).at < at);
const previousOf = (points: readonly Point[], at: number): Point | undefined => points[countBefore(points, at) - 1];
const nextOf = (points: readonly Point[], at: number): Point | undefined => points[countBefore(points, at + 1)];

/** The next reading was judged beside the one at `at`; a held value reaches as far as it holds. */
const judgedUntil = ({ holds, holdMs }: FoldRule, at: number, points: readonly Point[]): number => nextOf(points, at)?.at ?? (holds ? at + holdMs : at);

const appendAhead = ({ state, closures, emit }: Revision, point: Reading): void => {
  const maxAt = Math.max(state.fold.maxAt, point.at);
  const missed = append(state.fold, asPoint(point), closures, emit);
  state.fold.maxAt = maxAt;
  if (missed !== null) state.touched.push([missed, frontier(state.fold)]);
};

const asPoint = ({ at, spanMs, value, flags }: Point): Point => ({ at, spanMs, value, flags });

/** The event time that one revision of a key may take in, ms. */
const reachMs = ({ waiting, touched }: KeyState): number => {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { at } of waiting) [from, to] = [Math.min(from, at), Math.max(to, at)];
  for (const [start, end] of touched) [from, to] = [Math.min(from, start), Math.max(to, end)];
  return Math.min(to - from, reachTogetherMaxMs);
};

/** Parts keys with something behind into those that are revised beside each other, in their order. @param most as `History.together` */
export function* revisedTogether<One>(all: readonly One[], stateOf: (one: One) => KeyState, most = 1): Generator<One[]> {
  let some: One[] = [];
  let reach = 0;
  for (const one of all) {
    const own = reachMs(stateOf(one));
    if (some.length === most || (some.length > 0 && reach + own > reachTogetherMaxMs)) {
      yield some;
      [some, reach] = [[], 0];
    }
    some.push(one);
    reach += own;
  }
  if (some.length > 0) yield some;
}

interface Cluster {
  readonly from: number;
  readonly to: number;
  readonly waiting: readonly Waiting[];
  readonly touched: readonly [number, number][];
}

/** Takes the waiting readings and touched spans around the first of them, in the order in which they came. */
const takeCluster = (state: KeyState): Cluster => {
  const now = state.waiting.slice(0, revisedReadingsPerTickMax);
  const times = [...now.map(({ at }) => [at, at] as const), ...state.touched].sort((a, b) => a[0] - b[0]);
  const [seedFrom, seedTo] = (state.waiting[0] === undefined ? state.touched[0] : [state.waiting[0].at, state.waiting[0].at]) as readonly [number, number];
  let from = seedFrom;
  let to = seedTo;
  for (const [start, end] of times) if (start >= from && start <= Math.min(to + clusterGapMs, seedTo + clusterReachMs)) to = Math.max(to, end);
  for (const [start, end] of times.reverse()) if (end <= to && end >= Math.max(from - clusterGapMs, seedFrom - clusterReachMs)) from = Math.min(from, start);
  const inside = (start: number, end: number): boolean => start >= from && end <= to;
  const waiting = now.filter(({ at }) => inside(at, at));
  const touched = state.touched.filter(([start, end]) => inside(start, end));
  state.waiting = [...now.filter(({ at }) => !inside(at, at)), ...state.waiting.slice(now.length)];
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

/**
 * The first time from `at` on that no reading has.
 * @param passed by time that was looked at, one from which to go on: what stands in a row is passed once, not by each that comes
 */
const firstFree = (taken: ReadonlyMap<number, Reading>, passed: Map<number, number>, at: number): number => {
  const after = (time: number): number => passed.get(time) ?? time + 1;
  let free = at;
  while (taken.has(free)) free = after(free);
  for (let time = at; time < free; ) {
    const next = after(time);
    passed.set(time, free);
    time = next;
  }
  return free;
};

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
  const passed = new Map<number, number>();
  for (const one of waiting) {
    const at = (one.flags & Flag.unstamped) === 0 ? one.at : firstFree(current, passed, one.at);
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
    if (known !== undefined && known.offset > one.offset) {
      // An older value, from a dead letter that was opened late: the newer one corrects it, as it would have in their order.
      const corrected = { ...known, revision: revision.offset, version };
      readings.push(corrected);
      current.set(at, corrected);
      continue;
    }
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

/** True where a reading leaves its mark in the window of the next one, however far: a change of state, a register's reset, a span that reaches into it. */
const marksNext = (rule: FoldRule): boolean => rule.kind !== 'gauge';

/** The spans in which a window changes when the reading at `at` comes, goes or changes between these neighbours. */
const touchedSpans = (rule: FoldRule, at: number, points: readonly Point[]): Interval[] => {
  const [previous, next] = [previousOf(points, at), nextOf(points, at)];
  const start = previous !== undefined && at - previous.at <= rule.holdMs ? previous.at : at;
  const heldTo = rule.holds ? at + rule.holdMs : at;
  if (next === undefined) return [{ start, end: heldTo + 1 }];
  const end = next.at - at <= rule.holdMs ? next.at : Math.min(next.at, heldTo);
  const spans = [{ start, end: end + 1 }];
  if (marksNext(rule)) spans.push({ start: next.at, end: next.at + 1 });
  return spans;
};
