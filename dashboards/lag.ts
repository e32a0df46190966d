/** Whether figures are those of now, and what is said where they are not. */
import { type Failure, failure } from '../core/failure.ts';
import type { Status, Views } from '../core/views.ts';

/** Fewer waiting envelopes, and a younger last one, are the ordinary moment between two commits. */
const behindFromEnvelopes = 5_000;
const behindFromMs = 15_000;

/** How long ago the last envelope that was processed came in, ms. */
export const lagMs = ({ logTime }: Status, now: number): number => (logTime === 0 ? 0 : Math.max(0, now - logTime));

export const isBehind = (status: Status, now: number): boolean => {
  const waiting = status.logEnd - status.position;
  return waiting > behindFromEnvelopes || (waiting > 0 && lagMs(status, now) > behindFromMs);
};

/** A failure with how much waits in the log: what is not found may be in it, where processing is behind, and all that comes is, while the store does not answer. */
export const withLag = async (found: Failure, views: Pick<Views, 'status'>, clock: () => number): Promise<Failure> => {
  const { code, message, where } = found;
  if ((code !== 'not-found' && code !== 'store-unreachable') || message === '') return found;
  const status = await views.status().catch(() => null);
  if (status === null) return found;
  const waiting = status.logEnd - status.position;
  if (code === 'store-unreachable') return failure(code, `${message}; meanwhile messages are taken: ${waiting} wait in the log`, where);
  if (!isBehind(status, clock())) return found;
  return failure(code, `${message}; processing is ${waiting} messages behind, in which it may come`, where);
};
