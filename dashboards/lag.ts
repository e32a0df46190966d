/** Whether figures are those of now. */
import type { Status } from '../core/views.ts';

/** Fewer waiting envelopes, and a younger last one, are the ordinary moment between two commits. */
const behindFromEnvelopes = 5_000;
const behindFromMs = 15_000;

/** How long ago the last envelope that was processed came in, ms. */
export const lagMs = ({ logTime }: Status, now: number): number => (logTime === 0 ? 0 : Math.max(0, now - logTime));

export const isBehind = (status: Status, now: number): boolean => {
  const waiting = status.logEnd - status.position;
  return waiting > behindFromEnvelopes || (waiting > 0 && lagMs(status, now) > behindFromMs);
};
