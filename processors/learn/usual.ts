/**
 * What a key usually does: the mean of each hour of the week, how far an hour strays from it, and a fast offset by which the
 * last hours differed. Learnt from hours that closed, robustly; what is unusual is left to the detectors.
 */
import type { DetectorState } from '../detect/detector.ts';
import type { Hour } from './hour.ts';

export interface Usual {
  /** Of this hour of the week, quanta: it follows a lasting change within some weeks. */
  readonly expected: number;
  /** The same, moved by what the last hours differed: the best guess for this hour. */
  readonly near: number;
  /** What `near` were if the day ran as a Sunday, quanta: it may, on a holiday and whenever a house is closed. On free days, and where no Sunday is known, `near` itself. */
  readonly closed: number;
  /** How far an hour at this time of day is from `near`, mean absolute deviation, quanta; never 0. */
  readonly spread: number;
  /** Mean of all hours of the week, absolute, quanta. */
  readonly size: number;
  /** What is expected of the hour of the week so many hours later, quanta; null where that was never seen. */
  readonly at: (shift: number) => number | null;
}

const week = 168;
const slots = 48;
const seenAt = week;
const spreadAt = 2 * week;
/** Single-precision numbers of the model: mean and count of each hour of the week, spread of each hour of working and of free days. */
export const usualFloats = 2 * week + slots;

/** Days that it learns before it says anything. */
export const learnDays = 21;
/** A lasting change is followed with this weight a week, once the mean of as many weeks is there. */
const weekWeight = 0.12;
const offsetWeight = 0.15;
const spreadWeight = 0.03;
const sizeWeight = 0.005;
/** A single hour teaches no more than so many spreads. */
const clipSpreads = 6;

const placeOf = ({ weekday, hourOfDay }: Pick<Hour, 'weekday' | 'hourOfDay'>): number => weekday * 24 + hourOfDay;
const slotOf = ({ weekday, hourOfDay }: Pick<Hour, 'weekday' | 'hourOfDay'>): number => spreadAt + (weekday >= 5 ? 24 : 0) + hourOfDay;

export const learntDays = (state: DetectorState): number => Math.floor((state.hours ?? 0) / 24);

/** The mean of an hour of the week `shift` hours away, quanta; null where that hour was never seen. */
const meanAt = (floats: Float32Array, hour: Pick<Hour, 'weekday' | 'hourOfDay'>, shift = 0): number | null => {
  const place = (placeOf(hour) + shift + week) % week;
  return (floats[seenAt + place] as number) > 0 ? (floats[place] as number) : null;
};

/** What is expected of an hour; null while it learns. */
export const usualOf = (state: DetectorState, floats: Float32Array, hour: Omit<Hour, 'usual'>): Usual | null => {
  const expected = meanAt(floats, hour);
  if (expected === null || learntDays(state) < learnDays) return null;
  const size = state.size ?? 0;
  const spread = Math.max(floats[slotOf(hour)] as number, 0.01 * size, 0.5);
  const offset = state.offset ?? 0;
  const sunday = hour.weekday >= 5 ? null : meanAt(floats, { weekday: 6, hourOfDay: hour.hourOfDay });
  // What was never below zero is not expected there: a boiler that stands still at noon does not feed in at night.
  const lowest = state.negative === 1 ? Number.NEGATIVE_INFINITY : 0;
  const moved = (mean: number): number => Math.max(lowest, mean + offset);
  return { expected, near: moved(expected), closed: moved(sunday ?? expected), spread, size, at: (shift) => meanAt(floats, hour, shift) };
};

/** Learns from an hour. @param ease 1: as usual; less where the hour is part of something unusual */
export const learnUsual = (state: DetectorState, floats: Float32Array, hour: Hour, ease: number): void => {
  const { value, usual } = hour;
  // Neither a Sunday nor its own weekday: it teaches neither.
  if (hour.holiday) state.hours = (state.hours ?? 0) + 1;
  if (value === null || hour.holiday) {
    state.offset = (state.offset ?? 0) * (1 - offsetWeight);
    return;
  }
  if (value < 0) state.negative = 1;
  const place = placeOf(hour);
  const seen = floats[seenAt + place] as number;
  const mean = seen > 0 ? (floats[place] as number) : value;
  const reach = usual === null ? Number.POSITIVE_INFINITY : clipSpreads * Math.max(usual.spread, Math.abs(floats[slotOf(hour)] as number));
  const stray = Math.max(-reach, Math.min(reach, value - mean));
  floats[place] = mean + ease * Math.max(weekWeight, 1 / (seen + 1)) * stray;
  floats[seenAt + place] = Math.min(seen + 1, 100);
  const offset = state.offset ?? 0;
  const missed = Math.min(Math.abs(value - (usual?.near ?? mean + offset)), reach);
  const slot = slotOf(hour);
  const slow = Math.max(spreadWeight, 1 / (seen * 5 + 2));
  if (seen > 0) floats[slot] = (floats[slot] as number) + ease * slow * (missed - (floats[slot] as number));
  state.offset = seen > 0 ? offset + offsetWeight * (stray - offset) : offset;
  state.hours = (state.hours ?? 0) + 1;
  state.size = (state.size ?? 0) + ease * Math.max(sizeWeight, 1 / state.hours) * (Math.abs(value) - (state.size ?? 0));
};

/** What lasted too long to be a fault is the usual from now on: the means move to where the last hours were, and follow quickly. */
export const moveUsual = (state: DetectorState, floats: Float32Array): void => {
  const offset = state.offset ?? 0;
  for (let place = 0; place < week; place++) {
    floats[place] = (floats[place] as number) + offset;
    floats[seenAt + place] = Math.min(floats[seenAt + place] as number, 1);
  }
  state.offset = 0;
};
