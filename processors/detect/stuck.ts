/** Detector: a gauge that keeps exactly one value for longer than its type ever should. */
import type { Detector } from './detector.ts';

export const stuck: Detector = {
  kind: 'stuck',
  appliesTo: (rule) => rule.stuckAfterMs !== undefined,
  update(state, point, rule) {
    if (point.value === null || rule.stuckAfterMs === undefined) return null;
    if (state.value !== point.value || state.since === undefined) {
      state.value = point.value;
      state.since = point.at;
    }
    const lasts = point.at - state.since;
    return { unusual: lasts >= rule.stuckAfterMs, since: state.since, usual: null, values: { lasts } };
  },
  reason({ values }, observed, show) {
    const hours = Math.round((values.lasts ?? 0) / 360_000) / 10;
    const value = (language: 'fr' | 'en'): string => (observed === null ? '–' : show(observed, language));
    return {
      fr: `Exactement ${value('fr')} depuis ${String(hours).replace('.', ',')} h : le capteur semble figé.`,
      en: `Exactly ${value('en')} for ${hours} h: the sensor seems stuck.`,
    };
  },
};
