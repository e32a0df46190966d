/** Puts what is refused into the books, as a dead letter. What is refused is left to those who read, and opening it again to `reopen.ts`. */
import type { Envelope } from '../core/envelope.ts';
import { type Failure, failures } from '../core/failure.ts';
import { deadLetterExcerptChars, deadLetterTopicCharsMax } from '../core/reading.ts';
import type { Outputs } from '../core/store.ts';
import type { Context } from './pipeline.ts';
import { revisionOf } from './state.ts';

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
    revision: revisionOf(context.state),
  });
  if (cause.code === 'future' && at !== null) context.state.futureNext = Math.min(context.state.futureNext ?? at, at);
};
