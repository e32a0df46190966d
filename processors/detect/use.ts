/**
 * Detector: more or less than usual over a day, three days or a week.
 * Method: at the end of each civil day the mean of one, three and seven days against the median of working and free days of the
 * four weeks before, as a share; each width and direction against its own records.
 */
import { dayMs } from '../../core/time.ts';
import { type Difference, dayFloats, differenceOf, keepDay } from '../learn/days.ts';
import { keepRecord, limitOf, recordFloats } from '../learn/records.ts';
import { type DetectorState, type HourDetector, type Judgement, scoreOf } from './detector.ts';

const widths = [1, 3, 7] as const;
/** Smallest share that is ever said, by width. */
const least = [0.2, 0.12, 0.1] as const;
const hoursMin = 18;
/** It is over when all widths are within this part of their limits. */
const offPart = 0.6;
const daysMin = 21;

export const use: HourDetector = {
  kind: 'use',
  sees: 'hour',
  doubts: 'consumption',
  needsUsual: true,
  numbersMax: 5,
  floats: dayFloats + 2 * widths.length * recordFloats,
  appliesTo: ({ quantity }) => quantity.kind !== 'state' && quantity.unit !== 'Cel' && quantity.step !== true,
  learning: ({ days = 0 }) => (days < daysMin ? { days, of: daysMin } : null),
  update(state, floats, { value, day, weekday, start }) {
    let judgement: Judgement | null = null;
    if (state.day !== day) {
      if (state.day !== undefined && (state.hours ?? 0) >= hoursMin) judgement = closeDay(state, floats, start);
      state.day = day;
      state.hours = 0;
      state.sum = 0;
      state.free = weekday >= 5 ? 1 : 0;
    }
    if (value === null) return judgement;
    state.hours = (state.hours ?? 0) + 1;
    state.sum = (state.sum ?? 0) + value;
    return judgement;
  },
  reason({ observed, expected, code, values: { days = 1, percent = 0 } }, show) {
    const [seen, wanted] = [observed ?? 0, expected ?? 0];
    const sign = percent > 0 ? '+' : '−';
    const more = code.startsWith('more');
    const span = { fr: days === 1 ? 'Hier' : `En ${days} jours`, en: days === 1 ? 'Yesterday' : `In ${days} days` };
    return {
      fr: `${span.fr}, ${show(seen, 'fr')} par heure au lieu d'environ ${show(wanted, 'fr')} (${sign}${Math.abs(percent)} %) : ${more ? 'plus' : 'moins'} que jamais par rapport aux semaines d'avant.`,
      en: `${span.en} ${show(seen, 'en')} an hour instead of about ${show(wanted, 'en')} (${sign}${Math.abs(percent)} %): ${more ? 'more' : 'less'} than ever, against the weeks before.`,
    };
  },
};

const closeDay = (state: DetectorState, floats: Float32Array, now: number): Judgement | null => {
  const count = state.days ?? 0;
  keepDay(floats, 0, count, (state.sum ?? 0) / (state.hours ?? 1), state.free === 1);
  state.days = count + 1;
  const open = state.openSince !== undefined;
  let worst: { readonly ratio: number; readonly width: number; readonly found: Difference | null } = { ratio: 0, width: 1, found: null };
  for (const [i, width] of widths.entries()) {
    const found = differenceOf(floats, 0, count + 1, width);
    if (found === null) continue;
    const from = dayFloats + (2 * i + (found.share > 0 ? 0 : 1)) * recordFloats;
    const limit = limitOf(floats, from, now, least[i] as number);
    const ratio = Math.abs(found.share) / limit;
    if (!open) keepRecord(floats, from, Math.abs(found.share), limit);
    if (ratio > worst.ratio) worst = { ratio, width, found };
  }
  const { ratio, width, found } = worst;
  if (found === null || count < daysMin) return null;
  const share = Math.round(100 * found.share);
  return {
    unusual: ratio > (open ? offPart : 1),
    score: scoreOf(ratio),
    since: now - width * dayMs,
    observed: found.seen,
    expected: found.usual,
    usual: null,
    code: `${found.share > 0 ? 'more' : 'less'}-${width}d`,
    values: { days: width, percent: share },
  };
};
