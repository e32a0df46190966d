/**
 * The door by which closed hours come to the detectors: each once, in order, with its final value, which is the one that it has a
 * grace after its end. What later revisions make of it changes no judgement. What is said of an hour is left to `judge.ts`.
 */
import type { Element, Pane } from '../core/pane.ts';
import { minuteMs } from '../core/time.ts';
import type { Level } from '../core/window.ts';
import type { KeyState } from './state.ts';

/** How long after its end, in the key's own event time, an hour may still change before it is judged, ms. */
export const hourGraceMs = 15 * minuteMs;
/** Hours of a key that wait at the most; of more the oldest are not judged. */
export const hoursWaitingMax = 100;
const hourLevel: Level = 2;

/** Notes a window of a key that closed; all but hours pass by. */
export const noteClosed = (key: KeyState, level: Level, element: Readonly<Element>): void => {
  if (level !== hourLevel || element.start < (key.seenUntil ?? 0)) return;
  const { hours } = key;
  const last = hours.at(-1);
  // On time they come in order; what a revision closes ahead of them is put in its place.
  if (last === undefined || last.start < element.start) hours.push({ ...element });
  else noteRevised(key, element);
  if (hours.length > hoursWaitingMax) hours.shift();
};

/** Notes what a revision made of an hour that no detector has seen yet. */
const noteRevised = ({ hours }: KeyState, element: Readonly<Element>): void => {
  const place = hours.findIndex(({ start }) => start >= element.start);
  if (place < 0) hours.push({ ...element });
  else hours.splice(place, hours[place]?.start === element.start ? 1 : 0, { ...element });
};

/** Notes the revised hours among a key's panes. */
export const noteRevisions = (key: KeyState, panes: readonly Pane[], from: number): void => {
  for (let place = from; place < panes.length; place++) {
    const { subject: _, quantity: __, window, version: ___, revision: ____, ...element } = panes[place] as Pane;
    if (window === 'PT1H' && element.start >= (key.seenUntil ?? 0) && isNearHour(key, element.start)) noteRevised(key, element);
  }
};

/** Only what waits can still change: an hour that was never closed on time is old history, and is not judged. */
const isNearHour = ({ hours }: KeyState, start: number): boolean => hours.some((one) => one.start === start);

/** Takes out the hours that are final when the key's time is `now`. */
export const takeFinal = (key: KeyState, now: number): readonly Element[] => {
  const { hours } = key;
  const [first] = hours;
  if (first === undefined || first.end + hourGraceMs > now) return [];
  const open = hours.findIndex(({ end }) => end + hourGraceMs > now);
  const taken = open < 0 ? hours.splice(0) : hours.splice(0, open);
  key.seenUntil = (taken.at(-1) as Element).end;
  return taken;
};
