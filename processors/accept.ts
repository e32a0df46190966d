/** The way of a message or an import through the operators: decode, validate, identify, fold, judge. */
import type { Envelope } from '../core/envelope.ts';
import { type Failure, failure, failures } from '../core/failure.ts';
import { Flag, firstItem, lettersPerEnvelopeMax, wholeEnvelope } from '../core/reading.ts';
import type { Outputs } from '../core/store.ts';
import { bury } from './bury.ts';
import { type Candidate, decodeImport, decodeMessage, textOf } from './decode.ts';
import { identify, identifyUnstamped } from './identify.ts';
import { aboutOf, judgeSilence, type Verdicts } from './judge.ts';
import { frontier } from './key-fold.ts';
import { takeOnTime } from './one-key.ts';
import type { Context } from './pipeline.ts';
import { pushPlaces } from './places.ts';
import { foldRule } from './registry.ts';
import { emitTo } from './settle.ts';
import { freshKey, revisionOf, type SubjectState, subjectState } from './state.ts';
import { type Measured, validate } from './validate.ts';

/** Notes that a subject was heard: its silence ends. */
const arrive = ({ state }: Context, subject: SubjectState, envelope: Envelope, out: Outputs): void => {
  subject.arrivedAt = state.logTime;
  subject.arrivedOpen = state.openMs;
  state.changed.add(envelope.subject);
  if (subject.silentSince !== null) {
    judgeSilence(subject, false, state.logTime, { subject: envelope.subject, offset: revisionOf(state), anomalies: out.anomalies });
  }
};

/** True while dead letters of its subject are still to be opened: a message that overtook them would be taken for the older one. */
const isHeld = ({ state }: Context, { subject, offset }: Envelope): boolean => {
  if (!state.reopening.has(subject)) return false;
  state.reopening.set(subject, offset);
  return true;
};

/** @param item what it is of its envelope: all of it, or one reading that is opened again @param waited it is a dead letter that is opened again */
export const acceptMessage = (context: Context, envelope: Envelope, out: Outputs, item: number = wholeEnvelope, waited = false): undefined => {
  if (!waited && isHeld(context, envelope)) {
    bury(
      context,
      envelope,
      item,
      failure('unknown-device', `what "${envelope.subject}" sent before it was known comes first`),
      null,
      textOf(envelope.payload),
      out,
    );
    return;
  }
  const decoded = decodeMessage(envelope, context.registry, context.types, waited);
  if ('refused' in decoded) {
    bury(context, envelope, item, decoded.refused, null, textOf(envelope.payload), out);
    return;
  }
  if (decoded.adopted !== undefined) {
    out.devices.push(decoded.adopted);
    pushPlaces(context, [decoded.adopted], revisionOf(context.state), out);
  }
  const subject = subjectState(context.state, envelope.subject);
  arrive(context, subject, envelope, out);
  const { seq = null } = decoded.candidates[0] ?? {};
  let unstamped: ReturnType<typeof identifyUnstamped> | undefined;
  if (decoded.candidates.some(({ ts }) => ts === undefined || ts === null)) {
    unstamped = identifyUnstamped(subject, envelope.payload, envelope.dup, seq !== null, envelope.logTime, context.state.logTime);
  }
  acceptAll(context, envelope, subject, decoded.candidates, unstamped, { flags: 0, itemFirst: Math.max(item, firstItem) }, out);
};

/** @param each `flags`: added to every reading; `itemFirst`: place of the first in the envelope */
const acceptAll = (
  context: Context,
  envelope: Envelope,
  subject: SubjectState,
  candidates: readonly Candidate[],
  unstamped: ReturnType<typeof identifyUnstamped> | undefined,
  { flags, itemFirst }: { readonly flags: number; readonly itemFirst: number },
  out: Outputs,
): void => {
  const text = textOnce(envelope);
  const arrival: Arrival = {
    context,
    envelope,
    subject,
    to: { subject: envelope.subject, offset: revisionOf(context.state), anomalies: out.anomalies },
    out,
  };
  let forGood = 0;
  let rest: { readonly item: number; readonly cause: Failure } | undefined;
  for (let place = 0; place < candidates.length; place++) {
    const candidate = candidates[place] as Candidate;
    const item = itemFirst + place;
    const validated = validate(candidate, context.state.logTime);
    if ('refused' in validated) {
      const cause = envelope.kind === 'import' ? refusedForGood(validated.refused) : validated.refused;
      // What waits for its time must be opened one by one, and imports are told cell by cell.
      const isCounted = envelope.kind !== 'import' && failures[cause.code].class === 'permanent';
      if (isCounted && ++forGood > lettersPerEnvelopeMax) rest ??= { item, cause };
      else bury(context, envelope, item, cause, validated.at, nativeText(candidate, text), out);
    } else if ((validated.point.flags & Flag.unstamped) === 0 || unstamped === undefined) {
      accept(arrival, item, candidate, flags === 0 ? validated : flagged(validated, flags));
    } else if (unstamped === 'duplicate') {
      context.state.counters.accepted++;
      context.state.counters.duplicate++;
    } else {
      if ((unstamped.flags & Flag.unidentified) !== 0) context.state.counters.unidentified++;
      accept(arrival, item, candidate, flagged(validated, unstamped.flags, unstamped.at));
    }
  }
  if (rest !== undefined) bury(context, envelope, rest.item, standsFor(rest.cause, forGood - lettersPerEnvelopeMax), null, text(), out);
};

const flagged = ({ rule, point }: Measured, flags: number, at: number = point.at): Measured => ({ rule, point: { ...point, at, flags: point.flags | flags } });

/** The cause of the first of so many readings that one dead letter stands for; the books count it as one. */
const standsFor = (cause: Failure, readings: number): Failure => ({
  ...cause,
  message: `${cause.message}; this letter stands for ${readings} refused readings of its message`,
});

/** What is imported does not wait, for its time or for its device: it would come back as a message, without its spans. It can be imported again. */
const refusedForGood = (cause: Failure): Failure => {
  if (cause.code === 'future') return { ...cause, code: 'time-out-of-range' };
  return cause.code === 'unknown-device' ? { ...cause, code: 'import-unknown-device' } : cause;
};

/** The payload as text, decoded when it is first asked for: thousands of readings may be refused in one envelope. */
const textOnce = ({ payload }: Envelope): (() => string) => {
  let text: string | undefined;
  return () => {
    text ??= textOf(payload);
    return text;
  };
};

/** The candidate alone, as a native message; the whole payload where it is nested too deeply to print. */
const nativeText = ({ ts, field, value }: Candidate, whole: () => string): string => {
  const isFlat = (part: unknown): boolean => typeof part !== 'object' || part === null;
  return isFlat(ts) && isFlat(value) ? JSON.stringify({ ts, values: { [field]: value } }) : whole();
};

/** What all readings of one envelope share. */
interface Arrival {
  readonly context: Context;
  readonly envelope: Envelope;
  readonly subject: SubjectState;
  readonly to: Verdicts;
  readonly out: Outputs;
}

/** One reading: identified, stored, folded, judged; or kept until the next tick. */
const accept = ({ context, envelope, subject, to, out }: Arrival, item: number, { declared }: Candidate, { rule, point }: Measured): void => {
  const { state, registry } = context;
  const quantity = rule.quantity.name;
  let key = subject.keys.get(quantity);
  if (key === undefined) {
    key = freshKey(foldRule(declared, rule, registry.zoneOf(declared.device)));
    subject.keys.set(quantity, key);
  }
  switch (identify(key, point)) {
    case 'behind':
      key.waiting.push({ ...point, offset: envelope.offset, item });
      state.revising.add(envelope.subject);
      return;
    case 'duplicate':
      state.counters.accepted++;
      state.counters.duplicate++;
      return;
    case 'new': {
      const { at, spanMs, value, flags } = point;
      const revision = revisionOf(state);
      state.counters.accepted++;
      state.counters.stored++;
      out.readings.push({ subject: envelope.subject, quantity, at, spanMs, value, flags, offset: envelope.offset, revision, version: 0 });
      const emit = emitTo(envelope.subject, quantity, key, revision, out);
      const missed = takeOnTime(key, point, aboutOf(declared, rule, key.fold.rule, { solar: state.solar, keys: subject.keys }), state.closures, emit, to);
      if (missed === null) return;
      key.touched.push([missed, frontier(key.fold)]);
      state.revising.add(envelope.subject);
    }
  }
};

/** Rows of history: the same way, but without stamps of the gate, and flagged `imported`. */
export const acceptImport = (context: Context, envelope: Envelope, out: Outputs): undefined => {
  const decoded = decodeImport(envelope, context.registry);
  if ('refused' in decoded) {
    bury(context, envelope, wholeEnvelope, refusedForGood(decoded.refused), null, textOf(envelope.payload), out);
    return;
  }
  const subject = subjectState(context.state, envelope.subject);
  arrive(context, subject, envelope, out);
  acceptAll(context, envelope, subject, decoded.candidates, undefined, { flags: Flag.imported, itemFirst: firstItem }, out);
  let item = firstItem + decoded.candidates.length;
  for (const { code, message, line, text } of decoded.rows?.refused ?? []) {
    const known = Object.hasOwn(failures, code) ? (code as Failure['code']) : 'bad-row';
    bury(context, envelope, item++, failure(known, message, `${decoded.rows?.source}:${line}`), null, text, out);
  }
};
