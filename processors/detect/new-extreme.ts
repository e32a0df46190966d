/**
 * Detector: an hour outside everything that was ever seen of the series, or outside what the same hours were in the weeks before.
 * Method: the value channel of `judge/novelty.ts`, on hours (its other channels find next to nothing more on real meters, or, as patterns
 * do, say too much); and the logarithm of the value over the highest of these hours, or under the lowest, against its own records:
 * who rests and leaps by himself does so at his own hours, and no more than so far.
 */
import { beyondRange, valueShare } from '../../core/range.ts';
import { keepRecord, limitOf, recordFloats } from '../learn/records.ts';
import { beyondSameHours, sameHourFloats } from '../learn/same-hours.ts';
import { type DetectorState, type HourDetector, scoreOf } from './detector.ts';

const hoursMin = 504;
/** Share of its range by which what feeds in must leave it, where others need `valueShare`: in spring each clear day is the best so far. */
const seasonShare = 0.15;
/** Logarithms that are never said, above the highest and under the lowest: half as much again, and a third. */
const leastUp = 0.4;
const leastDown = 1;
/** Beyond its own records by so much: such hours are many, and each can be one. */
const ofRecords = 1.25;
/** Limits by which it learns while there are none. */
const firstUp = 1;
const firstDown = 3;

const everFloats = 2;
const upAt = everFloats + sameHourFloats;
const downAt = upAt + recordFloats;

/** How far it is beyond what these hours were, in limits. */
interface OfWeeks {
  readonly ratio: number;
  readonly code: 'highest-weeks' | 'lowest-weeks';
  readonly usual: readonly [low: number, high: number];
}

const ofWeeks = (state: DetectorState, floats: Float32Array, value: number, hourOfDay: number, at: number): OfWeeks | null => {
  const found = beyondSameHours(state, floats.subarray(everFloats, upAt), value, hourOfDay, at);
  const limits = [limitOf(floats, upAt, at, leastUp), limitOf(floats, downAt, at, leastDown)] as const;
  if (found === null) return null;
  if (state.openSince === undefined) {
    keepRecord(floats, upAt, found.up, Number.isFinite(limits[0]) ? limits[0] : firstUp);
    keepRecord(floats, downAt, found.down, Number.isFinite(limits[1]) ? limits[1] : firstDown);
  }
  const [up, down] = [found.up / (ofRecords * limits[0]), found.down / (ofRecords * limits[1])];
  return { ratio: Math.max(up, down), code: up > down ? 'highest-weeks' : 'lowest-weeks', usual: [found.low, found.high] };
};

export const newExtreme: HourDetector = {
  kind: 'new-extreme',
  sees: 'hour',
  doubts: 'consumption',
  needsUsual: false,
  numbersMax: 4,
  floats: downAt + recordFloats,
  appliesTo: ({ quantity }) => quantity.kind !== 'state',
  learning: ({ hours = 0 }) => (hours < hoursMin ? { days: Math.floor(hours / 24), of: hoursMin / 24 } : null),
  update(state, floats, { value, start, hourOfDay }, { rule, produces }) {
    if (value === null) return null;
    if (state.hours === undefined) floats.fill(Number.NaN, 0, everFloats);
    state.hours = Math.min((state.hours ?? 0) + 1, 2 * hoursMin);
    const [low, high] = [floats[0] as number, floats[1] as number];
    const ever = beyondRange(floats, 0, produces === true ? seasonShare : valueShare, value);
    // Of what feeds in, weeks are weather.
    const hasFactors = produces !== true && value >= 0 && rule.quantity.unit !== 'Cel' && rule.quantity.step !== true;
    const weeks = hasFactors ? ofWeeks(state, floats, value, hourOfDay, start) : null;
    const ratio = Math.max(ever, weeks?.ratio ?? 0);
    const open = state.openSince !== undefined;
    if (state.hours < hoursMin || (ratio < 1 && !open)) return null;
    const byWeeks = weeks !== null && weeks.ratio > ever;
    return {
      unusual: ratio >= 1,
      score: scoreOf(ratio),
      since: start,
      observed: value,
      expected: null,
      usual: byWeeks ? weeks.usual : [low, high],
      code: byWeeks ? weeks.code : value > high ? 'highest' : 'lowest',
      values: {},
    };
  },
  reason({ observed, usual, code }, show) {
    const value = observed ?? 0;
    const isMore = code.startsWith('highest');
    const edge = (isMore ? usual?.[1] : usual?.[0]) ?? value;
    const [fr, en] = [`${show(value, 'fr')} en une heure`, `${show(value, 'en')} in an hour`];
    const [most, least] = [
      { fr: `${show(edge, 'fr')} au plus`, en: `${show(edge, 'en')} at the most` },
      { fr: `${show(edge, 'fr')} au moins`, en: `${show(edge, 'en')} at the least` },
    ];
    const bound = isMore ? most : least;
    if (code.endsWith('-weeks'))
      return {
        fr: `${fr} ; à ces heures du jour, ${bound.fr} depuis quatre semaines, et jamais un tel saut.`,
        en: `${en}; at these hours of the day ${bound.en} for four weeks, and never such a step.`,
      };
    return {
      fr: `${fr} : ${isMore ? 'plus' : 'moins'} que jamais ; jusqu'ici ${bound.fr}.`,
      en: `${en}: ${isMore ? 'more' : 'less'} than ever; so far ${bound.en}.`,
    };
  },
};
