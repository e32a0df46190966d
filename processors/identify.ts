/** Operator identify: is this reading new, a repetition, or one that only the past can tell? */
import type { Point } from '../core/fold.ts';
import { Flag } from '../core/reading.ts';
import { isOnTime } from './key-fold.ts';
import { type KeyState, type SubjectState, unstampedMax } from './state.ts';

export type Identity = 'new' | 'duplicate' | 'behind';

/** The newest of its key is new; a repetition of one of the last few is known at once; the rest waits for `revise`. */
export const identify = (key: KeyState, point: Point): Identity => {
  if (isOnTime(key.fold, point.at)) return 'new';
  // A time that the device did not say tells nothing: `revise` finds a free one.
  if (key.waiting.length > 0 || (point.flags & Flag.unstamped) !== 0) return 'behind';
  for (let i = key.recent.length - 1; i >= 0; i--) {
    const seen = key.recent[i] as Point;
    if (seen.at === point.at) return sameValue(seen, point) ? 'duplicate' : 'behind';
  }
  return 'behind';
};

/** The span of an amount is the device's interval, or a profile's: changed there, it makes no other reading of what was sent. */
export const sameValue = (a: Point, b: Point): boolean => a.value === b.value;

/** FNV-1a over the payload, 32 bits, with its length above them. */
const payloadHash = (payload: Uint8Array): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < payload.length; i++) hash = Math.imul(hash ^ (payload[i] as number), 0x01000193);
  return (hash >>> 0) + payload.length * 2 ** 32;
};

/**
 * Tells an unstamped message from its repetition: the same payload among the subject's last 64, sent as DUP or with a
 * `seq`, is a repetition. The same payload without either is kept, and flagged.
 * @param arrivedAt log time at which it came: before `logTime` where it was kept as a dead letter, and is opened again
 * @returns `duplicate`, or the event time and flags to use
 */
export const identifyUnstamped = (
  subject: SubjectState,
  payload: Uint8Array,
  dup: boolean,
  hasSeq: boolean,
  arrivedAt: number,
  logTime: number,
): 'duplicate' | { at: number; flags: number } => {
  const hash = payloadHash(payload);
  const seen = subject.unstamped.includes(hash);
  if (seen && (dup || hasSeq)) return 'duplicate';
  subject.unstamped.push(hash);
  if (subject.unstamped.length > unstampedMax) subject.unstamped.shift();
  const at = arrivedAt < logTime ? arrivedAt : Math.max(logTime, subject.unstampedAt + 1);
  subject.unstampedAt = Math.max(at, subject.unstampedAt);
  return { at, flags: seen ? Flag.unidentified : 0 };
};
