/**
 * Detector: a transformer that carries more than its rated power, either way: for an hour, or for ten minutes more than 1.5 times
 * as much, the most that IEC 60076-7 (table 4, normal cyclic loading of distribution transformers) lets it. What that does to it
 * is judged in `transformer-heat.ts`.
 */
import { toQuanta } from '../../core/quantity.ts';
import { hourMs, minuteMs } from '../../core/time.ts';
import { type DetectorState, type Judgement, type ReadingDetector, scoreOf } from './detector.ts';

/** % of the rated power. */
const rated = 100;
const most = 150;
/** It is over below it. */
const off = 95;
const ratedMs = hourMs;
const mostMs = 10 * minuteMs;

/** Since when it is above each of the two. */
interface Numbers {
  since?: number;
  sinceMost?: number;
  at?: number;
}

export const overload: ReadingDetector = {
  kind: 'overload',
  sees: 'reading',
  doubts: 'consumption',
  numbersMax: 3,
  floats: 0,
  appliesTo: ({ quantity }) => quantity.name === 'load',
  update(state: DetectorState & Numbers, _floats, { at, value }, { rule: { quantity }, intervalMs }) {
    if (value === null) return null;
    const load = Math.abs(value);
    const above = (percent: number): boolean => load >= toQuanta(quantity, percent);
    const isCut = at - (state.at ?? at) > Math.max(3 * intervalMs, mostMs);
    state.at = at;
    if (!above(off) || isCut) delete state.since;
    if (above(rated)) state.since ??= at;
    if (!above(most) || isCut) delete state.sinceMost;
    if (above(most)) state.sinceMost ??= at;
    const { since = at, sinceMost = at } = state;
    const isMost = at - sinceMost >= mostMs;
    const unusual = isMost || at - since >= ratedMs || (state.openSince !== undefined && above(off));
    if (!unusual && state.openSince === undefined) return null;
    return judgementOf(unusual, isMost, isMost ? sinceMost : since, at, load, toQuanta(quantity, rated));
  },
  reason({ code, observed, values: { minutes = 0 } }, show) {
    const load = (language: 'fr' | 'en'): string => (observed === null ? '–' : show(observed, language));
    return code === 'most'
      ? {
          fr: `${load('fr')} de la puissance nominale depuis ${minutes} min : plus que l'IEC 60076-7 n'admet dans un cycle normal (150 %).`,
          en: `${load('en')} of the rated power for ${minutes} min: more than IEC 60076-7 allows in a normal cycle (150 %).`,
        }
      : {
          fr: `${load('fr')} de la puissance nominale, et au-dessus d'elle depuis ${minutes} min.`,
          en: `${load('en')} of the rated power, and above it for ${minutes} min.`,
        };
  },
};

const judgementOf = (unusual: boolean, isMost: boolean, since: number, at: number, load: number, most100: number): Judgement => ({
  unusual,
  score: unusual ? scoreOf(Math.max(load / most100, 1)) : 0,
  since,
  observed: load,
  expected: null,
  usual: [0, most100],
  code: isMost ? 'most' : 'rated',
  values: { minutes: Math.round((at - since) / minuteMs) },
});
