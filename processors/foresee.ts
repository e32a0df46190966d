/**
 * Asks memory for what the next envelopes will need, and changes nothing. A device that speaks once a second has left the processor's
 * caches when it speaks again. As its reading is processed, one part of its state leads to the next, and each is waited for alone;
 * asked for side by side, as here, the waits of many keys overlap (figures in `bench/README.md`).
 */
import type { Envelope } from '../core/envelope.ts';
import type { KeyState, PipelineState } from './state.ts';

/** Envelopes foreseen at once: what they need must still be near when their turn comes. */
export const foreseenMax = 16;

/** @returns a sum over what was asked for, to be kept: a compiler leaves out what nobody uses */
export const foresee = ({ subjects }: PipelineState, envelopes: readonly Envelope[], from: number): number => {
  const keys: KeyState[] = [];
  const until = Math.min(from + foreseenMax, envelopes.length);
  for (let place = from; place < until; place++) {
    const subject = subjects.get((envelopes[place] as Envelope).subject);
    if (subject !== undefined) for (const key of subject.keys.values()) keys.push(key);
  }
  let sum = 0;
  // One pass a step away from the key: what a pass asks for does not wait for each other.
  for (const { fold, recent, hours } of keys) sum += fold.maxAt + recent.length + hours.length;
  for (const { fold } of keys) sum += fold.open.length + (fold.last?.at ?? 0);
  for (const { fold } of keys) sum += fold.open[0]?.end ?? 0;
  for (const { fold } of keys) sum += (fold.open[0]?.start ?? 0) + (fold.open[0]?.changes ?? 0);
  return sum;
};
