/** What passing time does, a second at a time: revises, closes the windows of the silent, reopens what lay in the future, or waits for a device that is known now. */
import type { Envelope, Tick } from '../core/envelope.ts';
import { emptyOutputs, type Outputs } from '../core/store.ts';
import { dayMs, minuteMs } from '../core/time.ts';
import { textOf } from './decode.ts';
import { type Lost, union } from './horizon.ts';
import { noteRevisions } from './hours.ts';
import { judgeSilence } from './judge.ts';
import { judgedPerTickMax, judgedSpans, learnHulls, mark } from './mark.ts';
import type { Context } from './pipeline.ts';
import { reopenFuture, reopenKnown } from './reopen.ts';
import { revise, revisedKeysPerTickMax, revisedReadingsPerTickMax, revisedTogether } from './revise.ts';
import { emitTo, judgeClosed, settleSubject, settleUntil } from './settle.ts';
import { type GateState, isRevising, isSubjectRevising, type KeyState, type PipelineState, type SubjectState } from './state.ts';

/** An open gate ticks each second: a longer gap between two envelopes means that no gate was open in it, ms. */
export const openGapMaxMs = 5_000;
/** A step of the wall clock against the log's own time beyond it raises an alarm, ms. */
export const clockStepMaxMs = 60_000;
/** A gate that has not ticked for so long will not do so again under its name, ms. */
const goneMs = 7 * dayMs;

/** True where no gate was open between the last envelope and one at `logTime`: what was held into it is folded again. */
const isClosure = (state: PipelineState, logTime: number): boolean => state.logTime > 0 && logTime - state.logTime > openGapMaxMs;

/** True where processing the envelope reads the past. */
export const wantsPast = ({ state }: Context, envelope: Envelope): boolean =>
  envelope.kind === 'registry' ||
  envelope.kind === 'command' ||
  (envelope.kind === 'tick' &&
    (state.revising.size > 0 ||
      state.reopening.size > 0 ||
      isClosure(state, envelope.logTime) ||
      (state.futureNext !== null && state.futureNext <= envelope.logTime)));

export const passTime = (context: Context, envelope: Envelope, out: Outputs): Promise<void> | undefined => {
  const { state } = context;
  const before = state.tickAt;
  noteTick(context, envelope, out);
  const wakes = before === null || Math.floor(before / minuteMs) !== Math.floor(state.logTime / minuteMs);
  if (state.revising.size === 0 && state.reopening.size === 0 && (state.futureNext === null || state.futureNext > state.logTime)) {
    if (wakes) wakeSilent(context, envelope, out);
    return;
  }
  return (async () => {
    await reviseAll(context, envelope, out);
    if (state.futureNext !== null && state.futureNext <= state.logTime) await reopenFuture(context, envelope, out);
    if (state.reopening.size > 0) await reopenKnown(context, envelope, [], out);
    if (wakes) wakeSilent(context, envelope, out);
  })();
};

/** Moves the log time on to that of the next envelope; keeps the open time and the closures. */
export const passLogTime = ({ state }: Context, envelope: Envelope, out: Outputs): void => {
  const from = state.logTime;
  state.logTime = Math.max(from, envelope.logTime);
  const gap = from === 0 ? 0 : state.logTime - from;
  if (gap <= openGapMaxMs) {
    state.openMs += gap;
    return;
  }
  state.closures.push({ from, to: state.logTime });
  out.closures.push({ from, to: state.logTime, offset: envelope.offset });
  // A device whose clock is ahead may have been folded into the closure before it was known.
  // By name: the order of arrival is another one after a restore, and `revise` takes them in this order.
  for (const [name, { keys }] of [...state.subjects].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const key of keys.values()) {
      const { rule, last } = key.fold;
      if (!rule.holds || !rule.live || last === null || last.at <= from) continue;
      key.touched.push([from, last.at]);
      state.revising.add(name);
      state.changed.add(name);
    }
  }
};

/** Keeps the gate's counters, and watches its clock. */
const noteTick = ({ state }: Context, envelope: Envelope, out: Outputs): void => {
  const tick = JSON.parse(textOf(envelope.payload)) as Tick;
  const gate = tick.gate ?? '';
  const last = lastTickOf(state, gate);
  const gap = last.tickAt === null ? 0 : state.logTime - last.tickAt;
  const step = stepOf(last, tick, gap);
  if (Math.abs(step) > clockStepMaxMs) {
    // Log time may stand still between two steps: each has a time of its own.
    state.clockStepAt = Math.max(state.logTime, (state.clockStepAt ?? 0) + 1);
    out.anomalies.push(clockStep(step, state.clockStepAt, envelope.offset));
  }
  state.counters.qos0Dropped += tick.qos0Dropped - last.qos0Dropped;
  if (state.gates[gate] === undefined) forgetGone(state);
  state.gates[gate] = { tickAt: state.logTime, wallAt: tick.wall, upAt: tick.up ?? null, qos0Dropped: tick.qos0Dropped };
  state.tickAt = state.logTime;
};

/** Clocks and counters are a gate's own: what another one says is not held against it. A snapshot of an earlier program knows of one gate, without a name. */
const lastTickOf = ({ gates, tickAt, wallAt, upAt, counters }: PipelineState, gate: string): GateState =>
  gates[gate] ?? (gate === '' ? { tickAt, wallAt, upAt, qos0Dropped: counters.qos0Dropped } : { tickAt: null, wallAt: null, upAt: null, qos0Dropped: 0 });

/** A gate among many takes a new name each time it opens: those that are long gone are not kept for ever. */
const forgetGone = ({ gates, logTime }: PipelineState): void => {
  for (const [name, { tickAt }] of Object.entries(gates)) if (name !== '' && tickAt !== null && logTime - tickAt > goneMs) delete gates[name];
};

/**
 * How far the wall clock was set since the last tick, ms. Within one opening of the gate it is what the wall clock went more than
 * the clock that nobody sets; the time between two openings, and that of a log whose ticks do not say, cannot be told from a step forwards.
 */
const stepOf = ({ wallAt, upAt }: GateState, { wall, up }: Tick, gap: number): number => {
  if (wallAt === null) return 0;
  if (up !== undefined && upAt !== null && up > upAt) return wall - wallAt - (up - upAt);
  return gap > openGapMaxMs ? 0 : wall - wallAt - gap;
};

const clockStep = (step: number, logTime: number, offset: number): Outputs['anomalies'][number] => {
  const seconds = Math.round(step / 1000);
  return {
    id: `octroi//clock-step/${logTime}`,
    subject: 'octroi',
    quantity: '',
    kind: 'clock-step',
    since: logTime,
    until: logTime,
    observed: seconds,
    usual: null,
    reason: { fr: `L'horloge du serveur a sauté de ${seconds} s.`, en: `The server's clock stepped by ${seconds} s.` },
    offset,
    version: 0,
  };
};

/** A key with something behind, and what its revision puts out. */
interface Behind {
  readonly quantity: string;
  readonly state: KeyState;
  readonly out: Outputs;
  /** As `revise` returns it. */
  changed: readonly Lost[];
}

/** Subjects with something behind, oldest first, up to the limit of a tick, and their keys. */
const behind = ({ subjects, revising }: PipelineState): [name: string, subject: SubjectState, keys: Behind[]][] => {
  const found: ReturnType<typeof behind> = [];
  let keysLeft = revisedKeysPerTickMax;
  let readingsLeft = revisedReadingsPerTickMax;
  for (const name of revising) {
    const subject = subjects.get(name);
    if (subject === undefined || keysLeft <= 0 || readingsLeft <= 0) break;
    const revised = [...subject.keys].filter(([, key]) => isRevising(key));
    keysLeft -= revised.length;
    readingsLeft -= revised.reduce((sum, [, { waiting }]) => sum + waiting.length, 0);
    found.push([name, subject, revised.map(([quantity, state]): Behind => ({ quantity, state, out: emptyOutputs(), changed: [] }))]);
  }
  return found;
};

/**
 * Revises what is behind. Keys know nothing of each other, so several at a time ask for their past, and a store may answer them
 * together; each puts out for itself, and all that goes out in their order.
 */
const reviseAll = async (context: Context, envelope: Envelope, out: Outputs): Promise<void> => {
  const { state, history } = context;
  const { offset } = envelope;
  const found = behind(state);
  for (const [name, subject] of found) await learnHulls(context, name, subject, offset);
  const all = found.flatMap(([name, subject, keys]) => keys.map((key) => ({ name, subject, key })));
  for (const some of revisedTogether(all, ({ key }) => key.state, history.together)) {
    const revisions = some.map(async ({ name, subject, key }) => {
      const { quantity, state: ofKey, out: own } = key;
      const isJudged = ofKey.judged !== null || subject.silences !== null;
      const at = { key: { subject: name, quantity }, state: ofKey, closures: state.closures, counters: state.counters };
      const { readings, panes, deadLetters } = own;
      const emit = emitTo(name, quantity, ofKey, offset, own);
      key.changed = await revise({ ...at, offset, logTime: state.logTime, history, readings, panes, deadLetters, isJudged, emit });
    });
    await Promise.all(revisions);
  }

  let marksLeft = judgedPerTickMax;
  for (const [name, subject, keys] of found) {
    const spans: [quantity: string, ...Lost][] = [];
    for (const { quantity, state: key, out: own, changed } of keys) {
      for (const reading of own.readings) out.readings.push(reading);
      for (const pane of own.panes) out.panes.push(pane);
      for (const letter of own.deadLetters) out.deadLetters.push(letter);
      noteRevisions(key, own.panes, 0);
      judgeClosed(context, name, quantity, key, key.fold.maxAt, offset, out);
      for (const [from, to] of union(judgedSpans(subject, key, changed), 0)) spans.push([quantity, from, to]);
    }
    if (spans.length > 0) subject.unmarked = [...(subject.unmarked ?? []), { revision: offset, spans, after: null }];
    if (marksLeft > 0) marksLeft -= await mark(context, name, subject, offset, marksLeft, out);
    state.changed.add(name);
    if (!isSubjectRevising(subject)) state.revising.delete(name);
  }
  if (found.some(([, , keys]) => keys.some(({ out: { panes } }) => panes.length > 0))) out.revisions.push({ offset, logTime: state.logTime });
};

/** Closes the windows of subjects that went quiet, and judges silence. */
const wakeSilent = (context: Context, envelope: Envelope, out: Outputs): void => {
  const { state, registry } = context;
  for (const [name, subject] of state.subjects) {
    const declared = registry.find(name);
    if (declared === undefined) continue;
    const { allowedLatenessMs, silentAfterMs, type } = declared.type;
    const scale = (declared.device.intervalMs ?? type.intervalMs) / type.intervalMs;
    const latenessMs = allowedLatenessMs * scale;
    if (state.logTime - subject.arrivedAt >= latenessMs)
      settleSubject(context, name, subject, envelope.offset, (key) => settleUntil(key, state.logTime - latenessMs), out);
    if (
      silentAfterMs !== null &&
      declared.device.imported !== true &&
      subject.silentSince === null &&
      state.openMs - subject.arrivedOpen > silentAfterMs * scale
    ) {
      judgeSilence(subject, true, state.logTime, { subject: name, offset: envelope.offset, anomalies: out.anomalies });
      state.changed.add(name);
    }
  }
};
