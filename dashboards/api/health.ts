/** GET /health/ready: 200 where the plant answers and keeps up. */
import { z } from 'zod';
import { fail } from '../../core/failure.ts';
import { readyLagMax } from '../limits.ts';
import { route } from './route.ts';

export const ready = route({
  url: '/health/ready',
  summary: 'Whether the plant answers and keeps up with the log; 503 where it does not',
  answer: z.object({ status: z.literal('ready'), lag: z.number().describe('envelopes that wait'), trouble: z.string().nullable() }),
  async handle({ views }) {
    const { position, logEnd, trouble, silentMs } = await views.status();
    if (silentMs > 0) throw fail('unavailable', `the plant's thread has not answered for ${Math.round(silentMs / 1000)} s`);
    const lag = logEnd - position;
    if (lag > readyLagMax) throw fail('unavailable', `${lag} envelopes wait; ready below ${readyLagMax}`);
    if (trouble !== null) throw fail('unavailable', trouble);
    return { status: 'ready', lag, trouble };
  },
});
