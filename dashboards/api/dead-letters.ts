/** GET /api/v1/dead-letters: refused readings with what was sent and why it was refused. */
import { z } from 'zod';
import { type FailureCode, failures } from '../../core/failure.ts';
import type { DeadLetter } from '../../core/reading.ts';
import { iso } from '../moment.ts';
import { cursor, limit, name, next, route, shownMoment } from './route.ts';

export const shownDeadLetter = (letter: DeadLetter) => ({
  device: letter.subject,
  envelope: letter.offset,
  item: letter.item,
  code: letter.code,
  message: letter.message,
  field: letter.field === '' ? null : letter.field,
  remedy: failures[letter.code].remedy,
  topic: letter.topic,
  sender: letter.sender,
  logged: iso(letter.logTime),
  at: letter.at === null || Math.abs(letter.at) > 8.64e15 ? null : iso(letter.at),
  payload: letter.payload,
  reopened: letter.version === 1,
});

export const deadLetters = route({
  url: '/api/v1/dead-letters',
  summary: 'Refused readings with their payload, newest first',
  query: z.object({
    device: name.optional(),
    code: z.enum(Object.keys(failures) as [FailureCode, ...FailureCode[]]).optional(),
    limit: limit.default(100),
    after: cursor.optional(),
  }),
  answer: z.object({
    dead_letters: z.array(
      z.looseObject({ device: z.string(), envelope: z.number(), code: z.string(), message: z.string(), payload: z.string(), logged: shownMoment }),
    ),
    next,
  }),
  async handle({ views }, { query: { device, code, limit: rows, after } }) {
    const page = await views.deadLetters({
      limit: rows,
      ...(device === undefined ? {} : { subject: device }),
      ...(code === undefined ? {} : { code }),
      ...(after === undefined ? {} : { after }),
    });
    return { dead_letters: page.rows.map(shownDeadLetter), next: page.next };
  },
});
