/** Reopens dead letters whose cause has gone: the device is known now, or the time has come. */
import type { Envelope } from '../core/envelope.ts';
import { failure } from '../core/failure.ts';
import type { LogReader } from '../core/log.ts';
import { type DeadLetter, firstItem, payloadCharsOf } from '../core/reading.ts';
import type { History, Outputs } from '../core/store.ts';
import { acceptMessage } from './accept.ts';
import { bury } from './bury.ts';
import type { Context } from './pipeline.ts';

/** What one envelope reopens at the most; the rest follows at the ticks after it. */
export interface ReopenLimits {
  /** Dead letters. */
  readonly letters: number;
  /** Characters of their payloads; the letter that passes it is the last. */
  readonly chars: number;
  /** Places of the log that payloads are read at: each costs up to a segment. */
  readonly places: number;
}

export const reopenLimits: ReopenLimits = { letters: 5_000, chars: 2_097_152, places: 100 };

/** Envelopes between two payloads that are read through sooner than sought. */
const gapMax = 200;
/** Envelopes read at once. */
const readMax = 100;

/** Opens the dead letters of these devices, and what is left of those whose letters were more than one envelope may open. */
export const reopenKnown = async (context: Context, envelope: Envelope, subjects: Iterable<string>, out: Outputs): Promise<void> => {
  const { registry } = context;
  const { reopening } = context.state;
  for (const subject of subjects) reopening.set(subject, envelope.offset);
  // One that has left the town meanwhile waits on.
  for (const subject of [...reopening.keys()]) if (registry.find(subject) === undefined) reopening.delete(subject);
  if (reopening.size === 0) return;
  const openedTo = await reopen(context, envelope, { code: 'unknown-device', subjects: [...reopening.keys()] }, out);
  for (const [subject, last] of [...reopening]) if (last < openedTo) reopening.delete(subject);
};

/** Opens what lay ahead and does no longer. */
export const reopenFuture = async (context: Context, envelope: Envelope, out: Outputs): Promise<void> => {
  const { state, history } = context;
  if (Number.isFinite(await reopen(context, envelope, { code: 'future', atMax: state.logTime }, out))) return;
  const kept = await history.deadLetterEarliest({ code: 'future', atMin: state.logTime + 1 }, envelope.offset);
  const fresh = out.deadLetters.filter(({ code, version }) => code === 'future' && version === 0).map(({ at }) => at);
  const times = [kept, ...fresh].filter((at) => at !== null);
  state.futureNext = times.length === 0 ? null : Math.min(...times);
};

/**
 * Processes them in position order: their own position for identity, the reopener's for the revision of panes.
 * @returns the offset below which none is left
 */
const reopen = async (
  context: Context,
  envelope: Envelope,
  query: Pick<Parameters<History['deadLetters']>[0], 'code' | 'subjects' | 'atMax'>,
  out: Outputs,
): Promise<number> => {
  const { state, history, log, limits } = context;
  const found = await history.deadLetters({ ...query, limit: limits.letters, charsMax: limits.chars }, envelope.offset);
  const isCut = (letter: DeadLetter): boolean => letter.payloadChars !== undefined && letter.offset < state.cutBefore;
  const inLog = found.filter((letter) => letter.payloadChars !== undefined && !isCut(letter)).map(({ offset }) => offset);
  const { payloads, end } = await payloadsAt(log, inLog, limits.places);
  const letters = found.filter(({ offset }) => offset < end);
  for (const letter of letters) {
    out.deadLetters.push({ ...letter, version: 1, revision: envelope.offset });
    state.counters.accepted--;
    state.counters.deadLetter--;
    const payload = letter.payloadChars === undefined ? new TextEncoder().encode(letter.payload) : payloads.get(letter.offset);
    if (payload === undefined) bury(context, asMessage(letter, new Uint8Array()), letter.item, gone(letter), letter.at, letter.payload, out);
    else acceptMessage(context, asMessage(letter, payload), out, placeOf(letter), true);
  }
  const chars = letters.reduce((sum, letter) => sum + payloadCharsOf(letter), 0);
  const isAll = letters.length === found.length && found.length < limits.letters && chars < limits.chars;
  return isAll ? Number.POSITIVE_INFINITY : (letters.at(-1)?.offset ?? 0);
};

/** What lay ahead is one reading of its envelope: octroi once counted them from 0, which is the whole envelope now. */
const placeOf = ({ code, item }: DeadLetter): number => (code === 'future' ? Math.max(item, firstItem) : item);

const gone = ({ payloadChars, payload }: DeadLetter) =>
  failure('payload-gone', `of ${payloadChars} characters the first ${payload.length} are kept, and the log no longer holds the rest`);

/**
 * Whole payloads from the log. One that it lost, or that was cut, is missing.
 * @param offsets in order
 * @param placesMax how often the log is sought
 * @returns them, and the offset below which all were read
 */
const payloadsAt = async (
  log: Pick<LogReader, 'read'>,
  offsets: readonly number[],
  placesMax: number,
): Promise<{ payloads: ReadonlyMap<number, Uint8Array>; end: number }> => {
  const wanted = new Set(offsets);
  const payloads = new Map<number, Uint8Array>();
  const starts = offsets.filter((offset, place) => offset - (offsets[place - 1] ?? Number.NEGATIVE_INFINITY) > gapMax);
  for (const [place, start] of starts.slice(0, placesMax).entries()) {
    const last = offsets.findLast((offset) => offset < (starts[place + 1] ?? Number.POSITIVE_INFINITY)) ?? start;
    for await (const { envelopes } of log.read(start, last + 1, readMax)) {
      // A payload is a view of what the reader fills again.
      for (const { offset, payload } of envelopes) if (wanted.has(offset)) payloads.set(offset, payload.slice());
    }
  }
  return { payloads, end: starts[placesMax] ?? Number.POSITIVE_INFINITY };
};

/** The message as it was; an unstamped one keeps the time of its arrival. */
const asMessage = (letter: DeadLetter, payload: Uint8Array): Envelope => ({
  kind: 'message',
  partition: 0,
  offset: letter.offset,
  logTime: letter.logTime,
  subject: letter.subject,
  sender: letter.sender,
  topic: letter.topic,
  payload,
  qos: 1,
  dup: letter.dup === true,
  packetId: 0,
});
