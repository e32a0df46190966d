/** Closes windows and puts them out, whoever finds that their time has come: a reading, a tick, or the end of an import. When that is, is left to them. */
import { type Element, paneOf } from '../core/pane.ts';
import type { Outputs } from '../core/store.ts';
import { type Level, lifetime, windowName } from '../core/window.ts';
import { noteClosed } from './hours.ts';
import { aboutOf } from './judge.ts';
import { judgeHours } from './judge-hours.ts';
import { type Emit, frontier, settle } from './key-fold.ts';
import type { Context } from './pipeline.ts';
import type { KeyState, SubjectState } from './state.ts';

/** Puts out the closed windows of one key. A window that closes here has its first pane. */
export const emitTo =
  (subject: string, quantity: string, key: KeyState, revision: number, out: Outputs): Emit =>
  (level: Level, element: Element) => {
    if (level === lifetime && key.fold.rule.kind !== 'index' && key.fold.rule.kind !== 'delta') return;
    noteClosed(key, level, element);
    const version = level === lifetime ? key.fold.totalVersions++ : 0;
    out.panes.push(paneOf(subject, quantity, windowName(level), element, version, revision));
  };

/** Judges the hours of a key that closed without a reading, or behind one. */
export const judgeClosed = ({ registry, state }: Context, name: string, quantity: string, key: KeyState, now: number, offset: number, out: Outputs): void => {
  const declared = key.hours.length === 0 ? undefined : registry.find(name);
  const rule = declared?.type.rules.get(quantity);
  if (declared === undefined || rule === undefined) return;
  const keys = state.subjects.get(name)?.keys ?? new Map();
  judgeHours(key, now, aboutOf(declared, rule, key.fold.rule, { solar: state.solar, keys }), { subject: name, offset, anomalies: out.anomalies });
  state.changed.add(name);
};

/** Closes the windows of a subject's keys that end at or before `until(key)`. */
export const settleSubject = (context: Context, name: string, subject: SubjectState, offset: number, until: (key: KeyState) => number, out: Outputs): void => {
  for (const [quantity, key] of subject.keys) {
    const before = frontier(key.fold);
    settle(key.fold, until(key), context.state.closures, emitTo(name, quantity, key, offset, out));
    if (frontier(key.fold) !== before) context.state.changed.add(name);
    judgeClosed(context, name, quantity, key, until(key), offset, out);
  }
};

/** What a key's windows may close at: a line or a register may still be closed by a reading within the hold time. */
export const settleUntil = ({ fold: { rule } }: KeyState, until: number): number => (rule.holds || rule.kind === 'delta' ? until : until - rule.holdMs);

/** Closes every window of a subject up to the civil month of its last reading: an import has ended. */
export const settleAll = (context: Context, name: string, subject: SubjectState, offset: number, out: Outputs): void => {
  settleSubject(context, name, subject, offset, (key) => Math.min(key.fold.open.at(-1)?.end ?? 0, settleUntil(key, context.state.logTime)), out);
};
