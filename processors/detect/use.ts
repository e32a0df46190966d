/**
 * Detector: more or less than usual over a day, three days or a week; each part of the day by a little; a free day like a working one.
 * Method: at the end of each civil day the mean of one and of three days against the median of working and free days of the
 * four weeks before, as a share; that of a free day alone; and that of the part of the day which rose least, over three and seven
 * days: what is left on burns at all hours. Each width and direction against its own records. A working day that runs as a free one is held against free days.
 */
import { dayMs } from '../../core/time.ts';
import { type Days, type Difference, dayFloats, differenceOf, keepDay, medianOf } from '../learn/days.ts';
import { keepRecord, limitOf, recordFloats } from '../learn/records.ts';
import { type DetectorState, type HourDetector, type Judgement, scoreOf } from './detector.ts';

/** Night, morning, afternoon, evening; after the mean of the whole day. */
const parts = 4;
const figures = 1 + parts;
const partHours = 24 / parts;
/** A part with less than this share of the day's mean tells nothing. */
const partMin = 0.1;

interface Measure {
  readonly code: 'day' | 'parts' | 'free';
  readonly width: number;
  /** Smallest share that is ever said. */
  readonly least: number;
}
const measures: readonly Measure[] = [
  { code: 'day', width: 1, least: 0.2 },
  { code: 'day', width: 3, least: 0.12 },
  { code: 'free', width: 1, least: 0.15 },
  { code: 'parts', width: 3, least: 0.08 },
  { code: 'parts', width: 7, least: 0.06 },
];
/** Those before the parts have a record of more and one of less; the parts of more alone. */
const bothWays = measures.length - 2;
const hoursMin = 18;
/** It is over when all measures are within this part of their limits. */
const offPart = 0.6;
/** Limit by which it learns while there is none: a meter that begins to count, or comes back to life, is no record. */
const firstLimit = 0.5;
const daysMin = 21;
/** A working day runs as a free one where it is so much nearer to it. */
const nearerPart = 0.5;

/** Sums and hours of the parts of the day at hand, then the days, then the records. */
const daysAt = 2 * parts;
const recordsAt = daysAt + dayFloats(figures);

export const use: HourDetector = {
  kind: 'use',
  sees: 'hour',
  doubts: 'consumption',
  needsUsual: true,
  numbersMax: 5,
  floats: recordsAt + (bothWays + measures.length) * recordFloats,
  appliesTo: ({ quantity }) => quantity.kind !== 'state' && quantity.unit !== 'Cel' && quantity.step !== true,
  // What feeds in goes by the weather, not by the week.
  isFor: ({ produces }) => produces !== true,
  learning: ({ days = 0 }) => (days < daysMin ? { days, of: daysMin } : null),
  update(state, floats, { value, day, weekday, holiday, hourOfDay, start }) {
    let judgement: Judgement | null = null;
    if (state.day !== day) {
      if (state.day !== undefined && (state.hours ?? 0) >= hoursMin) judgement = closeDay(state, floats, start);
      state.day = day;
      state.hours = 0;
      state.free = weekday >= 5 ? 1 : 0;
      state.holiday = holiday ? 1 : 0;
      floats.fill(0, 0, daysAt);
    }
    if (value === null) return judgement;
    state.hours = (state.hours ?? 0) + 1;
    const part = Math.floor(hourOfDay / partHours);
    floats[part] = (floats[part] as number) + value;
    floats[parts + part] = (floats[parts + part] as number) + 1;
    return judgement;
  },
  reason({ observed, expected, code, values: { days = 1, percent = 0 } }, show) {
    const [seen, wanted] = [observed ?? 0, expected ?? 0];
    const sign = percent > 0 ? '+' : '−';
    const more = code.startsWith('more');
    const span = { fr: days === 1 ? 'Hier' : `En ${days} jours`, en: days === 1 ? 'Yesterday' : `In ${days} days` };
    const by = { fr: `${sign}${Math.abs(percent)} %`, en: `${sign}${Math.abs(percent)} %` };
    const than = `${show(seen, 'fr')} par heure au lieu d'environ ${show(wanted, 'fr')}`;
    const thanEn = `${show(seen, 'en')} an hour instead of about ${show(wanted, 'en')}`;
    if (code.includes('parts'))
      return {
        fr: `${span.fr}, ${than} (${by.fr}), à toute heure du jour et de la nuit : ${more ? 'plus' : 'moins'} que jamais par rapport aux semaines d'avant.`,
        en: `${span.en} ${thanEn} (${by.en}), at all hours of day and night: ${more ? 'more' : 'less'} than ever, against the weeks before.`,
      };
    if (code.includes('free'))
      return {
        fr: `${span.fr}, jour de repos, ${than} (${by.fr}) : ${more ? 'plus' : 'moins'} que jamais un jour de repos.`,
        en: `${span.en}, a day off, ${thanEn} (${by.en}): ${more ? 'more' : 'less'} than ever on a day off.`,
      };
    return {
      fr: `${span.fr}, ${than} (${by.fr}) : ${more ? 'plus' : 'moins'} que jamais par rapport aux semaines d'avant.`,
      en: `${span.en} ${thanEn} (${by.en}): ${more ? 'more' : 'less'} than ever, against the weeks before.`,
    };
  },
};

/** Mean of the day at hand, then of its parts; a part without an hour has that of the day. */
const figuresOf = (floats: Float32Array): number[] => {
  let [sum, hours] = [0, 0];
  for (let part = 0; part < parts; part++) {
    sum += floats[part] as number;
    hours += floats[parts + part] as number;
  }
  const found = [sum / hours];
  for (let part = 0; part < parts; part++)
    found.push((floats[parts + part] as number) > 0 ? (floats[part] as number) / (floats[parts + part] as number) : sum / hours);
  return found;
};

/** True where a day with these figures is nearer to free days than to working ones, by far if it is no holiday, and below these. */
const runsFree = (days: Days, seen: readonly number[], holiday: boolean): boolean => {
  let [toFree, toWorking] = [0, 0];
  for (let figure = 1; figure < figures; figure++) {
    const [free, working] = [medianOf(days, 0, figure, true), medianOf(days, 0, figure, false)];
    if (free === null || working === null) return false;
    toFree += Math.abs((seen[figure] as number) - free);
    toWorking += Math.abs((seen[figure] as number) - working);
  }
  const working = medianOf(days, 0, 0, false);
  return working !== null && (seen[0] as number) < working && toFree < (holiday ? 1 : nearerPart) * toWorking;
};

/** Of the parts of the day the difference of that which rose least, where all rose. Less in all of them is a holiday, or frost that ended. */
const leastPart = (days: Days, width: number): Difference | null => {
  const whole = differenceOf(days, width);
  if (whole === null) return null;
  let share = Number.POSITIVE_INFINITY;
  let told = 0;
  for (let figure = 1; figure < figures; figure++) {
    const found = differenceOf(days, width, figure);
    if (found === null || Math.abs(found.usual) < partMin * Math.abs(whole.usual)) continue;
    told++;
    share = Math.min(share, found.share);
  }
  return told < 2 ? null : { ...whole, share: Math.max(0, share) };
};

const measured = ({ code, width }: Measure, days: Days, free: boolean): Difference | null => {
  if (code === 'parts') return leastPart(days, width);
  return code === 'free' && !free ? null : differenceOf(days, width);
};

const closeDay = (state: DetectorState, floats: Float32Array, now: number): Judgement | null => {
  const count = state.days ?? 0;
  const seen = figuresOf(floats);
  const before = { floats, from: daysAt, figures, count };
  const days = { ...before, count: count + 1 };
  const isOff = state.free === 1;
  keepDay(days, seen, isOff || runsFree(before, seen, state.holiday === 1));
  state.days = count + 1;
  const open = state.openSince !== undefined;
  let worst: { readonly ratio: number; readonly measure: Measure; readonly found: Difference | null } = {
    ratio: 0,
    measure: measures[0] as Measure,
    found: null,
  };
  for (const [i, measure] of measures.entries()) {
    const found = measured(measure, days, isOff);
    if (found === null) continue;
    const from = recordsAt + (i < bothWays ? 2 * i + (found.share > 0 ? 0 : 1) : bothWays + i) * recordFloats;
    const limit = limitOf(floats, from, now, measure.least);
    const ratio = Math.abs(found.share) / limit;
    if (!open) keepRecord(floats, from, Math.abs(found.share), Number.isFinite(limit) ? limit : firstLimit);
    if (ratio > worst.ratio) worst = { ratio, measure, found };
  }
  const { ratio, measure, found } = worst;
  if (found === null || count < daysMin) return null;
  const share = Math.round(100 * found.share);
  const word = found.share > 0 ? 'more' : 'less';
  return {
    unusual: ratio > (open ? offPart : 1),
    score: scoreOf(ratio),
    since: now - measure.width * dayMs,
    observed: found.seen,
    expected: found.usual,
    usual: null,
    code: measure.code === 'day' ? `${word}-${measure.width}d` : `${word}-${measure.code}-${measure.width}d`,
    values: { days: measure.width, percent: share },
  };
};
