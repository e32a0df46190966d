/** Detector: a value outside the plausible range of its type. */
import { toQuanta } from '../../core/quantity.ts';
import { Flag } from '../../core/reading.ts';
import type { Detector } from './detector.ts';

export const outOfRange: Detector = {
  kind: 'out-of-range',
  appliesTo: (rule) => rule.plausible !== undefined,
  update(_state, point, rule) {
    if (point.value === null || rule.plausible === undefined) return null;
    const [low, high] = rule.plausible;
    return {
      unusual: (point.flags & Flag.implausible) !== 0,
      since: point.at,
      usual: [toQuanta(rule.quantity, low), toQuanta(rule.quantity, high)],
      values: {},
    };
  },
  reason({ usual }, observed, show) {
    const [low, high] = usual ?? [0, 0];
    const value = (language: 'fr' | 'en'): string => (observed === null ? '–' : show(observed, language));
    return {
      fr: `${value('fr')} : hors de la plage plausible, de ${show(low, 'fr')} à ${show(high, 'fr')}. Non compté dans les totaux.`,
      en: `${value('en')} is outside the plausible range, ${show(low, 'en')} to ${show(high, 'en')}. Kept out of totals.`,
    };
  },
};
