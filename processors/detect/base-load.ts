/**
 * Detector: a base load that rose: something was left on, or leaks, at night or at weekends.
 * Method: the mean of the three lowest hours of each civil day, over two and over five days, against the median of working and of
 * free days of the four weeks before, as a share; against its own records.
 */
import { dayMs } from '../../core/time.ts';
import { type Difference, dayFloats, differenceOf, keepDay } from '../learn/days.ts';
import { keepRecord, limitOf, recordFloats } from '../learn/records.ts';
import { type DetectorState, type HourDetector, type Judgement, scoreOf } from './detector.ts';

/** Lowest hours of a day. */
const lowest = 3;
const hoursMin = 18;
const widths = [2, 5] as const;
const least = [0.12, 0.08] as const;
const daysMin = 21;
const offPart = 0.5;
/** Limit by which it learns while there is none: a meter that comes back to life is no record. */
const firstLimit = 0.5;

const ringAt = lowest;
const recordsAt = ringAt + dayFloats(1);

export const baseLoad: HourDetector = {
  kind: 'base-load',
  sees: 'hour',
  doubts: 'consumption',
  needsUsual: true,
  numbersMax: 4,
  floats: recordsAt + widths.length * recordFloats,
  appliesTo: ({ quantity }) =>
    quantity.kind === 'index' ||
    quantity.kind === 'delta' ||
    (quantity.kind === 'gauge' && (quantity.unit === 'W' || quantity.unit === 'm3/h' || quantity.unit === '%')),
  learning: ({ days = 0 }) => (days < daysMin ? { days, of: daysMin } : null),
  update(state, floats, { value, day, weekday, start }) {
    let judgement: Judgement | null = null;
    if (state.day !== day) {
      if (state.day !== undefined && (state.hours ?? 0) >= hoursMin) judgement = closeDay(state, floats, start);
      state.day = day;
      state.hours = 0;
      state.free = weekday >= 5 ? 1 : 0;
    }
    if (value === null) return judgement;
    keepLow(floats, value, state.hours ?? 0);
    state.hours = (state.hours ?? 0) + 1;
    return judgement;
  },
  reason({ observed, expected, values: { percent = 0, days = 2 } }, show) {
    const [seen, wanted] = [observed ?? 0, expected ?? 0];
    return {
      fr: `Le talon (les trois heures les plus basses) est de ${show(seen, 'fr')} par heure au lieu de ${show(wanted, 'fr')} (+${percent} %), depuis ${days} jours : quelque chose reste allumé ou fuit.`,
      en: `The base load (the three lowest hours) is ${show(seen, 'en')} an hour instead of ${show(wanted, 'en')} (+${percent} %), for ${days} days: something is left on, or leaks.`,
    };
  },
};

/** Keeps the lowest values of the day, in rising order. */
const keepLow = (floats: Float32Array, value: number, count: number): void => {
  const known = Math.min(count, lowest);
  let place = known;
  while (place > 0 && value < (floats[place - 1] as number)) place--;
  if (place >= lowest) return;
  for (let i = Math.min(known, lowest - 1); i > place; i--) floats[i] = floats[i - 1] as number;
  floats[place] = value;
};

const closeDay = (state: DetectorState, floats: Float32Array, now: number): Judgement | null => {
  const count = state.days ?? 0;
  const days = { floats, from: ringAt, figures: 1, count: count + 1 };
  keepDay(days, [((floats[0] as number) + (floats[1] as number) + (floats[2] as number)) / lowest], state.free === 1);
  state.days = count + 1;
  const open = state.openSince !== undefined;
  let worst: { readonly ratio: number; readonly width: number; readonly found: Difference | null } = { ratio: 0, width: 2, found: null };
  for (const [i, width] of widths.entries()) {
    const found = differenceOf(days, width);
    if (found === null) continue;
    const from = recordsAt + i * recordFloats;
    const limit = limitOf(floats, from, now, least[i] as number);
    const share = found.usual > 0 ? Math.max(0, found.share) : 0;
    if (!open) keepRecord(floats, from, share, Number.isFinite(limit) ? limit : firstLimit);
    if (share / limit > worst.ratio) worst = { ratio: share / limit, width, found };
  }
  const { ratio, width, found } = worst;
  if (count < daysMin) return null;
  return {
    unusual: ratio > (open ? offPart : 1),
    score: scoreOf(ratio),
    since: now - width * dayMs,
    observed: found?.seen ?? null,
    expected: found?.usual ?? null,
    usual: null,
    code: `days-${width}`,
    values: { percent: Math.round(100 * (found?.share ?? 0)), days: width },
  };
};
