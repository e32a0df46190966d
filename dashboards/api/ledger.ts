/** GET /api/v1/ledger: the books, with the rows counted against them. */
import { z } from 'zod';
import { books } from '../books.ts';
import { route } from './route.ts';

const counts = z.record(z.string(), z.number());

export const ledger = route({
  url: '/api/v1/ledger',
  summary: 'What came in against what became of it; the same JSON as `octroi ledger --json`',
  answer: z.object({ envelopes: counts, readings: counts, recount: counts, qos0_dropped: z.number(), unidentified: z.number(), balanced: z.boolean() }),
  handle: ({ views }) => books(views),
});
