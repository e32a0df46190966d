/** Reopens dead letters whose cause has gone: the device is known now, or the time has come. */
import type { Envelope } from '../core/envelope.ts';
import type { DeadLetter } from '../core/reading.ts';
import type { Outputs } from '../core/store.ts';
import { acceptMessage } from './accept.ts';
import type { Context } from './pipeline.ts';

/** Dead letters that one envelope reopens at the most; the rest follow with the next tick, or the next adoption. */
export const reopenedPerEnvelopeMax = 100_000;

/** Processes them in position order: their own position for identity, the reopener's for the revision of panes. */
export const reopen = async (
  context: Context,
  envelope: Envelope,
  query:
    | { readonly code: 'future'; readonly atMax: number }
    | { readonly code: 'unknown-device'; readonly subject: string }
    | { readonly code: 'unknown-device'; readonly subjects: ReadonlySet<string> },
  out: Outputs,
): Promise<void> => {
  const { state, history } = context;
  const kept = await history.deadLetters({ ...query, limit: reopenedPerEnvelopeMax }, envelope.offset);
  for (const letter of kept) {
    if ('subjects' in query && !query.subjects.has(letter.subject)) continue;
    out.deadLetters.push({ ...letter, version: 1, revision: envelope.offset });
    state.counters.accepted--;
    state.counters.deadLetter--;
    acceptMessage(context, asMessage(letter), out, letter.item, true);
  }
  if (query.code === 'future' && kept.length < reopenedPerEnvelopeMax) state.futureNext = await nextFuture(context, envelope.offset, out);
};

/** The message as it was; an unstamped one keeps the time of its arrival. */
const asMessage = (letter: DeadLetter): Envelope => ({
  kind: 'message',
  partition: 0,
  offset: letter.offset,
  logTime: letter.logTime,
  subject: letter.subject,
  sender: letter.sender,
  topic: letter.topic,
  payload: new TextEncoder().encode(letter.payload),
  qos: 1,
  dup: false,
  packetId: 0,
});

/** The earliest event time still ahead among what was kept, old and new. */
const nextFuture = async ({ history }: Context, before: number, out: Outputs): Promise<number | null> => {
  const times = out.deadLetters.filter(({ code, version }) => code === 'future' && version === 0).map(({ at }) => at ?? Number.POSITIVE_INFINITY);
  const reopened = new Set(out.deadLetters.filter(({ version }) => version === 1).map(({ offset, item }) => `${offset}/${item}`));
  const kept = await history.deadLetters({ code: 'future', limit: reopenedPerEnvelopeMax }, before);
  for (const letter of kept) if (!reopened.has(`${letter.offset}/${letter.item}`)) times.push(letter.at ?? Number.POSITIVE_INFINITY);
  const earliest = Math.min(...times);
  return Number.isFinite(earliest) ? earliest : null;
};
