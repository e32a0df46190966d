/**
 * Detector: the heat of a transformer, from its oil and the load beside it, after IEC 60076-7 (table 4, and the constants of ONAN
 * distribution transformers in table 5). Said are a hot spot of 120 °C or more (the oil and what the load puts on top of it), oil
 * of 105 °C or more, and oil that is warmer than its load explains: the rise that the load makes is taken off it, and what is left
 * of a day, which is the air and how well it is cooled, is held against the twelve days before it and its own records. Without a
 * load the oil alone is judged.
 */

import { median } from '../../core/median.ts';
import { fromQuanta, toQuanta } from '../../core/quantity.ts';
import { dayMs, hourMs, minuteMs } from '../../core/time.ts';
import { keepRecord, limitOf, recordFloats } from '../learn/records.ts';
import { type DetectorState, type ReadingDetector, scoreOf, shownBeside } from './detector.ts';

/** °C that a normal cycle allows. */
const hotSpotMax = 120;
const oilMax = 105;
/** K of the hot spot over the oil and of the oil over the air at the rated load; exponents of winding and oil; loss ratio; time constants. */
const gradient = 23;
const oilRise = 55;
const windingExponent = 1.6;
const oilExponent = 0.8;
const lossRatio = 5;
const windingMs = 4 * minuteMs;
const oilMs = 180 * minuteMs;

/** Days that are judged, and those before that they are held against; of these so many at least. */
const days = 2;
const daysBefore = 12;
const daysBeforeMin = 10;
/** K. From summer to winter the air goes further, but not from one day to the next. */
const least = 12;
const offPart = 0.6;
/** What a day needs to count. */
const dayHoursMin = 18;
/** Over a longer gap nothing is known of the load. */
const gapMs = 3 * hourMs;

const ring = days + daysBefore;

interface Numbers {
  at?: number;
  /** The load that the winding feels and the rise of the oil that it makes, as they follow it: a share of the rated one, and K. */
  load?: number;
  rise?: number;
  day?: number;
  /** Over the day at hand: what is left of the oil, weighted by the time that it stood for, K · ms, and that time. */
  sum?: number;
  known?: number;
  /** Days in the ring. */
  count?: number;
  /** The last judgement of a day: K that it was warmer; absent: it was not unusual. */
  warmer?: number;
  warmerSince?: number;
}

export const transformerHeat: ReadingDetector = {
  kind: 'transformer-heat',
  sees: 'reading',
  doubts: 'consumption',
  numbersMax: 10,
  floats: ring + recordFloats,
  appliesTo: ({ quantity }) => quantity.name === 'oil_temperature',
  update(state: DetectorState & Numbers, floats, { at, value }, about) {
    if (value === null) return null;
    const oil = fromQuanta(about.rule.quantity, value);
    follow(state, floats, at, oil, shownBeside(about, 'load', at)?.value ?? null);
    const hotSpot = oil + gradient * (state.load ?? 0) ** windingExponent;
    const ratio = Math.max(hotSpot / hotSpotMax, oil / oilMax);
    const unusual = ratio >= 1 || state.warmer !== undefined;
    if (!unusual && state.openSince === undefined) return null;
    const isHot = ratio >= 1;
    return {
      unusual,
      score: !unusual ? 0 : isHot ? scoreOf(ratio) : 0.5,
      since: isHot ? at : (state.warmerSince ?? at),
      observed: value,
      expected: isHot ? null : toQuanta(about.rule.quantity, oil - (state.warmer ?? 0)),
      usual: null,
      code: oil >= oilMax ? 'oil' : isHot ? 'hot-spot' : 'warmer',
      values: { hotSpot: Math.round(hotSpot), kelvin: Math.round(state.warmer ?? 0), percent: Math.round(100 * (state.load ?? 0)) },
    };
  },
  reason({ code, observed, values: { hotSpot = 0, kelvin = 0, percent = 0 } }, show) {
    const oil = (language: 'fr' | 'en'): string => (observed === null ? '–' : show(observed, language));
    if (code === 'oil')
      return {
        fr: `Huile à ${oil('fr')} : l'IEC 60076-7 en admet ${oilMax} °C dans un cycle normal.`,
        en: `Oil at ${oil('en')}: IEC 60076-7 allows ${oilMax} °C in a normal cycle.`,
      };
    return code === 'hot-spot'
      ? {
          fr: `Point chaud à ${hotSpot} °C environ (huile à ${oil('fr')}, charge ${percent} %) : l'IEC 60076-7 en admet ${hotSpotMax} °C dans un cycle normal.`,
          en: `Hot spot at about ${hotSpot} °C (oil at ${oil('en')}, load ${percent} %): IEC 60076-7 allows ${hotSpotMax} °C in a normal cycle.`,
        }
      : {
          fr: `L'huile est plus chaude de ${kelvin} K que sa charge et les douze jours d'avant ne l'expliquent : refroidissement, niveau d'huile ou sonde.`,
          en: `The oil is ${kelvin} K warmer than its load and the twelve days before explain: cooling, oil level or the probe.`,
        };
  },
};

/** The rise of the oil over the air that a lasting load would make, K. */
const riseOf = (load: number): number => oilRise * ((1 + lossRatio * load ** 2) / (1 + lossRatio)) ** oilExponent;

const followed = (from: number, to: number, ms: number, constantMs: number): number => to + (from - to) * Math.exp(-ms / constantMs);

/** Takes a reading into the two models and into its day; a day that is over is judged. */
const follow = (state: DetectorState & Numbers, floats: Float32Array, at: number, oil: number, percent: number | null): void => {
  const ms = at - (state.at ?? Number.NEGATIVE_INFINITY);
  state.at = at;
  if (percent === null || ms > gapMs) {
    delete state.load;
    delete state.rise;
  }
  if (percent === null) return;
  const load = Math.abs(percent) / 100;
  state.load = followed(state.load ?? load, load, Math.min(ms, gapMs), windingMs);
  state.rise = followed(state.rise ?? riseOf(load), riseOf(load), Math.min(ms, gapMs), oilMs);
  const day = Math.floor(at / dayMs);
  if (state.day !== day) {
    if ((state.known ?? 0) >= dayHoursMin * hourMs) judgeDay(state, floats, at);
    Object.assign(state, { day, sum: 0, known: 0 });
  }
  if (ms > gapMs) return;
  state.sum = (state.sum ?? 0) + (oil - state.rise) * ms;
  state.known = (state.known ?? 0) + ms;
};

const judgeDay = (state: DetectorState & Numbers, floats: Float32Array, now: number): void => {
  const count = (state.count ?? 0) + 1;
  state.count = count;
  floats[(count - 1) % ring] = (state.sum ?? 0) / (state.known ?? 1);
  if (count < days + daysBeforeMin) return;
  const back = Array.from({ length: Math.min(count, ring) }, (_, n) => floats[(count - 1 - n) % ring] as number);
  // The cooler of the two: one hot day is the weather.
  const warmer = Math.min(...back.slice(0, days)) - (median(back.slice(days)) ?? 0);
  const limit = limitOf(floats, ring, now, least);
  const wasWarmer = state.warmer !== undefined;
  if (!wasWarmer) keepRecord(floats, ring, warmer, limit);
  if (warmer > limit * (wasWarmer ? offPart : 1)) {
    state.warmer = warmer;
    state.warmerSince ??= now - days * dayMs;
  } else {
    delete state.warmer;
    delete state.warmerSince;
  }
};
