/** Detector: a value outside the plausible range of its type. */
import { toQuanta } from '../../core/quantity.ts';
import { Flag } from '../../core/reading.ts';
import { type ReadingDetector, scoreOf } from './detector.ts';

export const outOfRange: ReadingDetector = {
  kind: 'out-of-range',
  sees: 'reading',
  doubts: 'data',
  numbersMax: 0,
  floats: 0,
  appliesTo: (rule) => rule.plausible !== undefined,
  update(state, _floats, { at, value, flags }, { rule }) {
    const unusual = (flags & Flag.implausible) !== 0;
    if (value === null || rule.plausible === undefined || (!unusual && state.openSince === undefined)) return null;
    const [low, high] = [toQuanta(rule.quantity, rule.plausible[0]), toQuanta(rule.quantity, rule.plausible[1])];
    const beyond = Math.max(value - high, low - value) / (high - low);
    return {
      unusual,
      score: unusual ? scoreOf(1 + beyond) : 0,
      since: at,
      observed: value,
      expected: null,
      usual: [low, high],
      code: 'out-of-range',
      values: {},
    };
  },
  reason({ usual, observed }, show) {
    const [low, high] = usual ?? [0, 0];
    const value = (language: 'fr' | 'en'): string => (observed === null ? '–' : show(observed, language));
    return {
      fr: `${value('fr')} : hors de la plage plausible, de ${show(low, 'fr')} à ${show(high, 'fr')}. Non compté dans les totaux.`,
      en: `${value('en')} is outside the plausible range, ${show(low, 'en')} to ${show(high, 'en')}. Kept out of totals.`,
    };
  },
};
