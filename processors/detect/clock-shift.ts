/**
 * Detector: a clock that is off by whole hours, as after a summer-time mistake or with a wrong zone.
 * Method: how far the last days lie from the profile of the week, and from the same profile moved by up to six hours. Where a moved
 * one fits better, by more than it ever did in this series, the clock is off. The readings of a clock that is fast come with later
 * stamps: they look like the hours before. What feeds in is not judged: the sun keeps no summer time, so that its profile moves
 * against the wall clock by itself.
 */
import { dayMs, hourMs } from '../../core/time.ts';
import type { Hour } from '../learn/hour.ts';
import { keepRecord, limitOf, recordFloats } from '../learn/records.ts';
import type { Usual } from '../learn/usual.ts';
import { type DetectorState, type HourDetector, over, scoreOf } from './detector.ts';

const shiftMax = 6;
const shifts = 2 * shiftMax + 1;
/** Hours in which what was seen loses most of its weight. */
const memoryHours = 60;
const hoursMin = 36;
/** A moved profile is better by this share at the least, by one hour and by more. */
const leastByOne = 0.12;
const leastByMore = 0.2;
/** How far the level may differ and still be levelled. */
const scaleMax = 3;
/** Of the distance to a flat line. */
const ofFlat = 0.75;
/** After a day on which the clocks changed one that is off by an hour is likely: for so long a part of the limit will do. */
const changedMs = 10 * dayMs;
const changedPart = 0.6;
const offShare = 0.02;
/** A clock that is put on leaves a hole of just as many hours: for so long behind one a part of the limit will do for that shift. */
const holeKeptMs = 6 * dayMs;
const holePart = 0.3;
const holeForget = 0.3;
const holeFlat = 0.9;
const holeMin = 2;

/** Places in its floats, behind the distances to the profile, moved by so many hours, and to a flat line: the records of one hour, and of more. */
const flatAt = shifts;
const oneAt = flatAt + 1;
const moreAt = oneAt + recordFloats;

/** Notes when the clocks of the zone changed. @param day start of the civil day, epoch ms */
const noteDay = (state: DetectorState, day: number): void => {
  if (state.day !== undefined && (day - state.day) % dayMs !== 0) state.changedAt = day;
  state.day = day;
};

/** Notes hours that are missing before this one: most of what was seen before a hole is forgotten. */
const noteHole = (state: DetectorState, floats: Float32Array, { start, end }: Hour): void => {
  const hole = (start - (state.next ?? start)) / hourMs;
  state.next = end;
  if (hole < holeMin || hole > shiftMax) return;
  state.hole = hole;
  state.holeAt = start;
  for (let place = 0; place <= flatAt; place++) floats[place] = (floats[place] as number) * holeForget;
  state.seen = (state.seen ?? 0) * holeForget;
  state.wanted = (state.wanted ?? 0) * holeForget;
};

/** Adds an hour to the distances. @returns how many there were, up to a limit */
const addHour = (state: DetectorState, floats: Float32Array, value: number, usual: Usual): number => {
  const fade = 1 - 1 / memoryHours;
  // By its own height: a level that changed is no clock.
  state.seen = (state.seen ?? 0) * fade + value;
  state.wanted = (state.wanted ?? 0) * fade + usual.expected;
  const ratio = state.wanted / state.seen;
  const scale = ratio > 1 / scaleMax && ratio < scaleMax ? ratio : 1;
  for (let place = 0; place < shifts; place++) {
    const moved = usual.at(place - shiftMax) ?? usual.expected;
    floats[place] = (floats[place] as number) * fade + Math.min(Math.abs(value * scale - moved), 4 * usual.size);
  }
  floats[flatAt] = (floats[flatAt] as number) * fade + Math.abs(value * scale - state.wanted / memoryHours);
  state.hours = Math.min((state.hours ?? 0) + 1, 1_000);
  return state.hours;
};

/** The profile that fits best. */
interface Fit {
  /** Hours that it is moved by; 0: as it is. */
  readonly shift: number;
  /** Its distance, and how much nearer it is than the profile as it is, as a share of that one's distance. */
  readonly distance: number;
  readonly gain: number;
}

const bestFit = (floats: Float32Array): Fit => {
  const still = floats[shiftMax] as number;
  let best = shiftMax;
  for (let place = 0; place < shifts; place++) if ((floats[place] as number) < (floats[best] as number)) best = place;
  const distance = floats[best] as number;
  return { shift: best - shiftMax, distance, gain: still > 0 ? 1 - distance / still : 0 };
};

/** Limits of the gain: of one hour, and of more. @param at event time, epoch ms @param isHoled the hole behind which it comes is of as many hours */
const limitsOf = ({ changedAt = Number.NEGATIVE_INFINITY }: DetectorState, floats: Float32Array, at: number, isHoled: boolean): [one: number, more: number] => [
  (at - changedAt < changedMs ? changedPart : 1) * limitOf(floats, oneAt, at, leastByOne),
  (isHoled ? holePart : 1) * limitOf(floats, moreAt, at, leastByMore),
];

export const clockShift: HourDetector = {
  kind: 'clock-shift',
  sees: 'hour',
  doubts: 'data',
  needsUsual: true,
  numbersMax: 11,
  floats: moreAt + recordFloats,
  appliesTo: ({ quantity }) => quantity.kind !== 'state' && quantity.unit !== 'Cel',
  isFor: ({ produces }) => produces !== true,
  update(state, floats, hour) {
    const { value, usual, start, end, day } = hour;
    noteDay(state, day);
    const open = state.openSince !== undefined;
    if (usual === null) return open ? over(start) : null;
    if (value === null) return null;
    noteHole(state, floats, hour);
    if (addHour(state, floats, value, usual) < hoursMin) return null;
    const { shift, distance, gain } = bestFit(floats);
    if (shift !== state.shift) {
      state.shift = shift;
      state.since = start;
    }
    const since = state.since ?? start;
    const isHoled = start - (state.holeAt ?? Number.NEGATIVE_INFINITY) < holeKeptMs && -shift === state.hole;
    const [oneLimit, moreLimit] = limitsOf(state, floats, start, isHoled);
    const byOne = Math.abs(shift) === 1;
    const limit = byOne ? oneLimit : moreLimit;
    if (shift !== 0 && !open) keepRecord(floats, byOne ? oneAt : moreAt, gain, limit);
    // A profile that fits no better than a flat line tells nothing of a clock: a holiday is flat.
    const tells = distance < (isHoled ? holeFlat : ofFlat) * (floats[flatAt] as number);
    const begins = tells && gain > limit && end - since >= dayMs / 2;
    return {
      unusual: shift !== 0 && (open ? gain > offShare : begins),
      score: scoreOf(gain / limit),
      since: Math.max(0, since - dayMs),
      observed: null,
      expected: null,
      usual: null,
      code: byOne ? 'one-hour' : 'hours',
      values: { shift: -shift, better: Math.round(100 * gain), lasts: Math.round((end - since) / hourMs) },
    };
  },
  reason({ values: { shift = 0, better = 0 } }) {
    const hours = Math.abs(shift);
    return {
      fr: `Le profil de la semaine convient ${better} % mieux, décalé de ${hours} h : l'horloge semble ${shift > 0 ? 'avancer' : 'retarder'} de ${hours} h${hours === 1 ? " (heure d'été ?)" : ''}.`,
      en: `The profile of the week fits ${better} % better when moved by ${hours} h: the clock seems to be ${hours} h ${shift > 0 ? 'fast' : 'slow'}${hours === 1 ? ' (summer time?)' : ''}.`,
    };
  },
};
