/**
 * The horizon: raw readings that are old enough are cut, panes stay. A reading that would change a window whose raw
 * readings were cut is refused, since that window cannot be folded again. Which rows go is decided here, from the log
 * alone; when the log is cut is left to the gate.
 */
import type { Envelope } from '../core/envelope.ts';
import { failure } from '../core/failure.ts';
import type { FoldRule } from '../core/fold.ts';
import type { DeadLetter } from '../core/reading.ts';
import type { History, Key, Outputs, Span } from '../core/store.ts';
import { type Calendar, type Interval, windowNames } from '../core/window.ts';
import type { Context } from './pipeline.ts';
import type { KeyState, Waiting } from './state.ts';

/** A stretch of event time in which raw readings are missing; its ends themselves are kept, whether they take part in the fold or not. */
export type Lost = readonly [from: number, to: number];

/** Runs of fewer readings lose none: both ends of a span are kept. */
const runMin = 3;

/** The spans together, in order; those that lie at most `gapMs` apart become one. */
export const union = (spans: readonly Lost[], gapMs: number): Lost[] => {
  const joined: [number, number][] = [];
  for (const [from, to] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last !== undefined && from - last[1] <= gapMs) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
};

const touches = ([from, to]: Lost, [a, b]: Lost, gapMs: number): boolean => from - b <= gapMs && a - to <= gapMs;

/** Cuts the raw readings that envelopes below `before` wrote. Old history that came later is kept as long as any other reading. */
export const cutRaw = async ({ state, history }: Context, envelope: Envelope, before: number, out: Outputs): Promise<void> => {
  if (!Number.isSafeInteger(before) || before <= state.cutBefore || before > envelope.offset) return;
  state.cutBefore = before;
  const keys: (Key & { readonly gapMs: number })[] = [];
  for (const [subject, { keys: quantities }] of state.subjects)
    for (const [quantity, { fold }] of quantities) keys.push({ subject, quantity, gapMs: fold.rule.holdMs });
  const found = new Map<KeyState, Lost[]>();
  for (const { subject, quantity, from, to, count } of await history.runs(keys, before)) {
    const key = state.subjects.get(subject)?.keys.get(quantity);
    if (key === undefined) continue;
    const run: Lost = [from, to];
    if (key.lost?.some(([start, end]) => from >= start && to <= end)) continue; // what an earlier cut left
    const grows = key.lost?.some((lost) => touches(lost, run, key.fold.rule.holdMs)) ?? false;
    if (count < runMin && !grows) continue;
    found.set(key, [...(found.get(key) ?? []), run]);
  }
  const spans: Span[] = [];
  for (const [subject, { keys: quantities }] of state.subjects) {
    for (const [quantity, key] of quantities) {
      const runs = found.get(key);
      if (runs !== undefined) {
        key.lost = await join(history, { subject, quantity }, key, runs, envelope.offset);
        state.changed.add(subject);
      }
      for (const [from, to] of key.lost ?? []) spans.push({ subject, quantity, from, to });
    }
  }
  out.cuts.push({ offset: envelope.offset, before, spans });
};

/** What a key has lost with these runs: spans that hold none of them stay as they are. */
const join = async (history: History, key: Key, { fold, lost = [] }: KeyState, runs: readonly Lost[], offset: number): Promise<Lost[]> => {
  const joined: Lost[] = [];
  for (const span of union([...lost, ...runs], fold.rule.holdMs)) {
    const holds = ([from, to]: Lost): boolean => from >= span[0] && to <= span[1];
    joined.push(...(runs.some(holds) ? await partsOf(history, key, span, offset) : lost.filter(holds)));
  }
  return joined;
};

/**
 * A span, parted at the first and the last of its readings that take part in the fold: these are kept. A reading beyond the
 * span is folded beside them, and where the span ends with excluded readings, its end does not tell what was folded.
 */
const partsOf = async (history: History, key: Key, [from, to]: Lost, offset: number): Promise<Lost[]> => {
  const { next: first } = await history.neighbourhood(key, from, from, offset);
  const { previous: last } = await history.neighbourhood(key, to + 1, to + 1, offset);
  if (first === null || last === null || first.at > to) return [[from, to]];
  const parts = [from, first.at, last.at].map((start, i): Lost => [start, [first.at, last.at, to][i] as number]);
  const isStretch = ([start, end]: Lost): boolean => end > start;
  return parts.some(isStretch) ? parts.filter(isStretch) : [[from, to]];
};

/** True where a window of the finest size that the span touches has lost raw readings. */
export const isLost = (lost: readonly Lost[] | undefined, rule: FoldRule, civil: Calendar, span: Interval): boolean => {
  if (lost === undefined) return false;
  const { start } = civil.windowAt(rule.finest, span.start);
  const { end } = civil.windowAt(rule.finest, Math.max(span.start, span.end - 1));
  return lost.some(([from, to]) => from < end && to >= start);
};

/** The dead letter of a reading that came too late for good. */
export const beyondHorizon = (key: Key, one: Waiting, rule: FoldRule, logTime: number, revision: number): DeadLetter => {
  const { code, message } = failure('beyond-horizon', `the raw readings of its window (${windowNames[rule.finest]}) were cut`);
  return {
    subject: key.subject,
    offset: one.offset,
    item: one.item ?? 0,
    code,
    message,
    field: key.quantity,
    topic: '',
    sender: '',
    logTime,
    at: one.at,
    payload: JSON.stringify({ ts: one.at, quantity: key.quantity, quanta: one.value }),
    version: 0,
    revision,
  };
};
