/**
 * Detector: a unit or scale error. For hours on end the value is what was expected times 10, 100, 1000 or √3, or divided by it.
 * Method: the decimal logarithm of value over expectation; the smallest of three hours in a row, and the mean of a day, against
 * their own records, and near one of the factors. Other factors are left to the detectors of consumption. And amounts of a fraction
 * of the smallest ever seen that was not nothing: so a meter that rests and leaps by itself is seen to count in MWh.
 */
import { dayMs, hourMs } from '../../core/time.ts';
import type { Hour } from '../learn/hour.ts';
import { keepRecord, limitOf, recordFloats } from '../learn/records.ts';
import type { Usual } from '../learn/usual.ts';
import { type DetectorState, type HourDetector, type Judgement, over, scoreOf } from './detector.ts';

const factors = [10, 100, 1000, Math.sqrt(3)] as const;
/** How near the logarithm must be to a factor's: over hours, over a day. */
const nearHours = 0.15;
/** What is only scaled keeps its shape: how far hours in a row may differ, and how many of a day's must be how near to its mean. */
const evenHours = 0.35;
const evenDay = 0.07;
const evenShare = 0.6;
/** A scale that is wrong is so from one hour to the next: of the day before, this part of it at the most. */
const onsetPart = 0.4;
const nearDay = 0.035;
const runHours = 3;
const dayHours = 24;
const keptHours = 2 * dayHours;
const leastHours = 0.6;
const leastDay = 0.19;
/** From one day to the next less is known to lie apart: the usual moves slower than a scale. */
const leastStep = 0.15;
/** Of the mean size: below it a ratio says nothing. */
const sizeMin = 0.1;
const offAfter = 3;
/** So many times smaller than the smallest amount, so many hours that were not nothing in a row, once so many are known. */
const timesSmaller = 5;
const smallHours = 3;
const smallLearnHours = 504;
/** What lasts so long is the smallest from now on. */
const smallLastsMs = 14 * dayMs;
/** Places in its floats behind the logarithms of the last hours and of the last two days: the records of hours in a row, of days and of steps. */
const runAt = runHours + keptHours;
const dayAt = runAt + recordFloats;
const stepAt = dayAt + recordFloats;

/** Mean of the logarithms of a day. @param until the place behind its last hour */
const meanOf = (floats: Float32Array, until: number): number => {
  let sum = 0;
  for (let place = until - dayHours; place < until; place++) sum += floats[runHours + (place % keptHours)] as number;
  return sum / dayHours;
};

const isEven = (floats: Float32Array, until: number, mean: number): boolean => {
  let near = 0;
  for (let place = until - dayHours; place < until; place++) if (Math.abs((floats[runHours + (place % keptHours)] as number) - mean) < evenDay) near++;
  return near >= evenShare * dayHours;
};

/** How far the last day lies from the one before, where both kept their shape; 0 where they did not: what is not expected well makes steps by itself. */
const stepOf = (floats: Float32Array, until: number, mean: number): number => {
  if (until < keptHours) return 0;
  const before = meanOf(floats, until - dayHours);
  return isEven(floats, until, mean) && isEven(floats, until - dayHours, before) ? mean - before : 0;
};

/** The factor that a logarithm stands for, signed by its direction; 0: none. */
const factorOf = (log: number, near: number, from: number): number => {
  const found = factors.find((factor) => Math.abs(Math.abs(log) - Math.log10(factor)) <= near && Math.log10(factor) >= from);
  return found === undefined ? 0 : log > 0 ? found : -found;
};

const named = (factor: number): string => (Math.abs(factor) < 5 ? '√3' : String(Math.abs(factor)));

/** Judges an hour by its size alone; null where that tells nothing. */
const small = (state: DetectorState, { value, start, end }: Hour): Judgement | null => {
  if (value === null || value <= 0) return null;
  const smallest = state.smallest ?? value;
  const known = state.known ?? 0;
  state.known = Math.min(known + 1, smallLearnHours);
  const isSmall = known === smallLearnHours && value * timesSmaller < smallest && start - (state.smallSince ?? start) < smallLastsMs;
  if (!isSmall) {
    // A few small ones teach what is small.
    state.smallest = Math.min(smallest, value, state.smallSeen ?? value);
    const wasSaid = (state.small ?? 0) >= smallHours && state.openSince !== undefined;
    delete state.smallSeen;
    delete state.smallSince;
    state.small = 0;
    return wasSaid ? over(start) : null;
  }
  state.small = Math.min((state.small ?? 0) + 1, smallHours);
  state.smallSeen = Math.min(state.smallSeen ?? value, value);
  state.smallSince ??= start;
  if (state.small < smallHours) return null;
  const ratio = smallest / value;
  const hours = Math.round((end - state.smallSince) / hourMs);
  return {
    unusual: true,
    score: scoreOf(ratio / timesSmaller),
    since: state.smallSince,
    observed: value,
    expected: smallest,
    usual: null,
    code: 'small',
    values: { times: Math.floor(ratio), hours },
  };
};

/** The logarithm of value over expectation; what is nothing counts as a little, since a logarithm has to end. */
const logOf = (value: number, expected: number, { size }: Usual): number => Math.log10(Math.max(value, 0.0001 * size) / expected);

/** Keeps the logarithms of an hour, and at the end of each day the mean of the day. @returns how many hours were kept before it */
const keep = (state: DetectorState, floats: Float32Array, fast: number, slow: number): number => {
  const place = state.place ?? 0;
  if (place >= dayHours && place % dayHours === 0) {
    state.before = state.after ?? 0;
    state.after = meanOf(floats, place);
  }
  floats[place % runHours] = fast;
  floats[runHours + (place % keptHours)] = slow;
  state.place = place + 1;
  return place;
};

/** What one way of looking at the last hours found. */
interface Look {
  /** How far they lie from what was expected, as a logarithm, and the limit of its size. */
  readonly away: number;
  readonly limit: number;
  /** The factor that it stands for, as of `factorOf`. */
  readonly factor: number;
  /** How many hours were looked at. */
  readonly hours: number;
}

/** The nearest of the last hours in a row, all on one side. @param at start of the last one, epoch ms */
const byRun = (floats: Float32Array, at: number): Look => {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  let sign = 0;
  for (let i = 0; i < runHours; i++) {
    const one = floats[i] as number;
    if (sign !== 0 && Math.sign(one) !== sign) least = 0;
    sign = Math.sign(one);
    least = Math.min(least, Math.abs(one));
    most = Math.max(most, Math.abs(one));
  }
  const limit = limitOf(floats, runAt, at, leastHours);
  const isScaled = least > limit && most - least < evenHours;
  return { away: least, limit, factor: isScaled ? factorOf((sign * (least + most)) / 2, nearHours, 0.9) : 0, hours: runHours };
};

/** The mean of the last day, where the day before was nearer and the day kept its shape. */
const byDay = ({ before }: DetectorState, floats: Float32Array, until: number, at: number): Look => {
  const away = meanOf(floats, until);
  const limit = limitOf(floats, dayAt, at, leastDay);
  const size = Math.abs(away);
  const isScaled = size > limit && Math.abs(before ?? away) < onsetPart * size && isEven(floats, until, away);
  return { away, limit, factor: isScaled ? factorOf(away, nearDay, 0) : 0, hours: dayHours };
};

/** The last day against the one before: who was a little above or below what was expected is so still, on the other scale. */
const byStep = (floats: Float32Array, until: number, mean: number, at: number): Look => {
  const away = stepOf(floats, until, mean);
  const limit = limitOf(floats, stepAt, at, leastStep);
  return { away, limit, factor: Math.abs(away) > limit ? factorOf(away, nearDay, 0) : 0, hours: dayHours };
};

/** It ends when value and expectation agree again for some hours. */
const whileOpen = (state: DetectorState, { start, value }: Hour, { expected }: Usual, slow: number): Judgement => {
  state.calm = Math.abs(slow - (state.stood ?? 0)) < leastDay ? (state.calm ?? 0) + 1 : 0;
  const isOver = state.calm >= offAfter;
  if (isOver) {
    delete state.calm;
    delete state.stood;
  }
  return { unusual: !isOver, score: isOver ? 0 : 0.5, since: start, observed: value, expected, usual: null, code: 'unit', values: {} };
};

export const unit: HourDetector = {
  kind: 'unit',
  sees: 'hour',
  doubts: 'data',
  needsUsual: true,
  numbersMax: 11,
  floats: stepAt + recordFloats,
  appliesTo: ({ quantity }) =>
    quantity.kind === 'index' || quantity.kind === 'delta' || (quantity.kind === 'gauge' && quantity.unit !== 'Cel' && quantity.step !== true),
  update(state, floats, hour) {
    const { value, usual, start, end } = hour;
    const open = state.openSince !== undefined;
    const bySize = small(state, hour);
    if (bySize !== null) return bySize;
    if (usual === null) return open ? over(start) : null;
    if (value === null || usual.near < sizeMin * usual.size || usual.expected < sizeMin * usual.size || value < 0) return null;
    // While it lasts the fast offset would take it for usual.
    const expected = open ? usual.expected : usual.near;
    const slow = logOf(value, usual.expected, usual);
    const place = keep(state, floats, logOf(value, expected, usual), slow);
    if (place < dayHours) return null;
    const run = byRun(floats, start);
    const day = byDay(state, floats, place + 1, start);
    const step = byStep(floats, place + 1, day.away, start);
    if (open) return whileOpen(state, hour, usual, slow);
    keepRecord(floats, runAt, run.away, run.limit);
    keepRecord(floats, dayAt, Math.abs(day.away), day.limit);
    keepRecord(floats, stepAt, Math.abs(step.away), step.limit);
    const { factor, away, limit, hours } = [run, day].find((look) => look.factor !== 0) ?? step;
    // Found by its step alone: it stood a little above or below before, and will again when it is over.
    if (run.factor === 0 && day.factor === 0 && factor !== 0) state.stood = day.away - step.away;
    return {
      unusual: factor !== 0,
      score: factor === 0 ? 0 : scoreOf(Math.max(1, Math.abs(away) / limit)),
      since: end - hours * (end - start),
      observed: value,
      expected,
      usual: null,
      code: 'unit',
      values: { factor, hours },
    };
  },
  reason({ observed, expected, code, values: { factor = 0, hours = 0, times = 0 } }, show) {
    const [value, wanted] = [observed ?? 0, expected ?? 0];
    if (code === 'small')
      return {
        fr: `${show(value, 'fr')} en une heure, depuis ${hours} h : ${times} fois moins que la plus petite quantité jamais vue (${show(wanted, 'fr')}) sans être nulle ; sans doute une erreur d'unité ou d'échelle.`,
        en: `${show(value, 'en')} in an hour, for ${hours} h: ${times} times less than the smallest amount ever seen (${show(wanted, 'en')}) without being nothing; most likely a wrong unit or scale.`,
      };
    const by = named(factor);
    return {
      fr: `${show(value, 'fr')} au lieu d'environ ${show(wanted, 'fr')}, depuis ${hours} h : ${factor > 0 ? `multiplié` : `divisé`} par ${by}, sans doute une erreur d'unité ou d'échelle.`,
      en: `${show(value, 'en')} instead of about ${show(wanted, 'en')}, for ${hours} h: ${factor > 0 ? 'multiplied' : 'divided'} by ${by}, most likely a wrong unit or scale.`,
    };
  },
};
