/** The way of a message or an import through the operators: decode, validate, identify, fold, judge. */
import type { Envelope } from '../core/envelope.ts';
import { type Failure, failure, failures } from '../core/failure.ts';
import type { Point } from '../core/fold.ts';
import { type Element, paneOf } from '../core/pane.ts';
import { deadLetterExcerptChars, deadLetterTopicCharsMax, Flag, firstItem, lettersPerEnvelopeMax, wholeEnvelope } from '../core/reading.ts';
import type { Outputs } from '../core/store.ts';
import { type Level, lifetime, windowName } from '../core/window.ts';
import { type Candidate, decodeImport, decodeMessage, textOf } from './decode.ts';
import { noteClosed } from './hours.ts';
import { identify, identifyUnstamped } from './identify.ts';
import { aboutOf, judgeSilence } from './judge.ts';
import { judgeHours } from './judge-hours.ts';
import { type Emit, frontier, settle } from './key-fold.ts';
import { takeOnTime } from './one-key.ts';
import type { Context } from './pipeline.ts';
import { pushPlaces } from './places.ts';
import { foldRule } from './registry.ts';
import { type KeyState, keyState, type SubjectState, subjectState } from './state.ts';
import { type Measured, validate } from './validate.ts';

/** Puts out the closed windows of one key. A window that closes here has its first pane. */
export const emitTo =
  (subject: string, quantity: string, key: KeyState, revision: number, out: Outputs): Emit =>
  (level: Level, element: Element) => {
    if (level === lifetime && key.fold.rule.kind !== 'index' && key.fold.rule.kind !== 'delta') return;
    noteClosed(key, level, element);
    const version = level === lifetime ? key.fold.totalVersions++ : 0;
    out.panes.push(paneOf(subject, quantity, windowName(level), element, version, revision));
  };

/** Offset of the envelope at hand: a reopened message has a lower one of its own. */
const revisionOf = ({ state }: Context): number => state.end - 1;

/** A copy: a slice would keep the whole payload in memory until its commit. */
const startOf = (payload: string): string => JSON.parse(JSON.stringify(payload.slice(0, deadLetterExcerptChars)));

/** Writes one refused reading, or one envelope that could not be decoded, into the books. */
export const bury = (context: Context, envelope: Envelope, item: number, cause: Failure, at: number | null, payload: string, out: Outputs): void => {
  const { counters } = context.state;
  counters.accepted++;
  counters.deadLetter++;
  const canReopen = failures[cause.code].class === 'retryable';
  const isLong = payload.length > deadLetterExcerptChars;
  out.deadLetters.push({
    subject: envelope.subject,
    offset: envelope.offset,
    item,
    code: cause.code,
    message: cause.message,
    field: cause.where ?? '',
    topic: envelope.topic.slice(0, deadLetterTopicCharsMax),
    sender: envelope.sender,
    logTime: context.state.logTime,
    at,
    payload: isLong ? startOf(payload) : payload,
    ...(isLong && canReopen ? { payloadChars: payload.length } : {}),
    ...(envelope.dup && canReopen ? { dup: true } : {}),
    version: 0,
    revision: revisionOf(context),
  });
  if (cause.code === 'future' && at !== null) context.state.futureNext = Math.min(context.state.futureNext ?? at, at);
};

/** Notes that a subject was heard: its silence ends. */
const arrive = (context: Context, subject: SubjectState, envelope: Envelope, out: Outputs): void => {
  const { state } = context;
  subject.arrivedAt = state.logTime;
  subject.arrivedOpen = state.openMs;
  state.changed.add(envelope.subject);
  if (subject.silentSince !== null) {
    judgeSilence(subject, false, state.logTime, { subject: envelope.subject, offset: revisionOf(context), anomalies: out.anomalies });
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
    pushPlaces(context, [decoded.adopted], envelope.offset, out);
  }
  const subject = subjectState(context.state, envelope.subject);
  arrive(context, subject, envelope, out);
  const [first] = decoded.candidates;
  let unstamped: ReturnType<typeof identifyUnstamped> | undefined;
  if (decoded.candidates.some(({ ts }) => ts === undefined || ts === null)) {
    unstamped = identifyUnstamped(subject, envelope.payload, envelope.dup, first?.seq !== undefined, envelope.logTime, context.state.logTime);
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
    } else if ((validated.flags & Flag.unstamped) === 0 || unstamped === undefined) {
      accept(context, envelope, item, subject, candidate, flags === 0 ? validated : { ...validated, flags: validated.flags | flags }, out);
    } else if (unstamped === 'duplicate') {
      context.state.counters.accepted++;
      context.state.counters.duplicate++;
    } else {
      if ((unstamped.flags & Flag.unidentified) !== 0) context.state.counters.unidentified++;
      accept(context, envelope, item, subject, candidate, { ...validated, at: unstamped.at, flags: validated.flags | unstamped.flags }, out);
    }
  }
  if (rest !== undefined) bury(context, envelope, rest.item, standsFor(rest.cause, forGood - lettersPerEnvelopeMax), null, text(), out);
};

/** The cause of the first of so many readings that one dead letter stands for; the books count it as one. */
const standsFor = (cause: Failure, readings: number): Failure => ({
  ...cause,
  message: `${cause.message}; this letter stands for ${readings} refused readings of its message`,
});

/** A row of an import that lies ahead does not wait for its time: it would come back as a message, without its span. It can be imported again. */
const refusedForGood = (cause: Failure): Failure => (cause.code === 'future' ? { ...cause, code: 'time-out-of-range' } : cause);

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

/** One reading: identified, stored, folded, judged; or kept until the next tick. */
const accept = (context: Context, envelope: Envelope, item: number, subject: SubjectState, { declared }: Candidate, measured: Measured, out: Outputs): void => {
  const { state, registry } = context;
  const quantity = measured.rule.quantity.name;
  const key = keyState(subject, quantity, () => foldRule(declared, measured.rule, registry.zoneOf(declared.device)));
  const point: Point = { at: measured.at, spanMs: measured.spanMs, value: measured.value, flags: measured.flags };
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
      state.counters.accepted++;
      state.counters.stored++;
      out.readings.push({
        subject: envelope.subject,
        quantity,
        at: point.at,
        spanMs: point.spanMs,
        value: point.value,
        flags: point.flags,
        offset: envelope.offset,
        revision: revisionOf(context),
        version: 0,
      });
      const to = { subject: envelope.subject, offset: revisionOf(context), anomalies: out.anomalies };
      const emit = emitTo(envelope.subject, quantity, key, revisionOf(context), out);
      const missed = takeOnTime(key, point, aboutOf(declared, measured.rule, key.fold.rule), state.closures, emit, to);
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
    bury(context, envelope, wholeEnvelope, decoded.refused, null, textOf(envelope.payload), out);
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

/** Judges the hours of a key that closed without a reading, or behind one. */
export const judgeClosed = ({ registry, state }: Context, name: string, quantity: string, key: KeyState, now: number, offset: number, out: Outputs): void => {
  const declared = key.hours === undefined ? undefined : registry.find(name);
  const rule = declared?.type.rules.get(quantity);
  if (declared === undefined || rule === undefined) return;
  judgeHours(key, now, aboutOf(declared, rule, key.fold.rule), { subject: name, offset, anomalies: out.anomalies });
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
