/** Detector: a gauge that keeps exactly one value for longer than its type ever should. */
import { type ReadingDetector, scoreOf } from './detector.ts';

export const stuck: ReadingDetector = {
  kind: 'stuck',
  sees: 'reading',
  doubts: 'data',
  numbersMax: 2,
  floats: 0,
  appliesTo: (rule) => rule.stuckAfterMs !== undefined,
  update(state, _floats, { at, value }, { rule }) {
    if (value === null || rule.stuckAfterMs === undefined) return null;
    if (state.value !== value || state.since === undefined) {
      state.value = value;
      state.since = at;
    }
    const lasts = at - state.since;
    const unusual = lasts >= rule.stuckAfterMs;
    if (!unusual && state.openSince === undefined) return null;
    const score = scoreOf(lasts / rule.stuckAfterMs);
    return { unusual, score, since: state.since, observed: value, expected: null, usual: null, code: 'stuck', values: { lasts } };
  },
  reason({ values, observed }, show) {
    const hours = Math.round((values.lasts ?? 0) / 360_000) / 10;
    const value = (language: 'fr' | 'en'): string => (observed === null ? '–' : show(observed, language));
    return {
      fr: `Exactement ${value('fr')} depuis ${String(hours).replace('.', ',')} h : le capteur semble figé.`,
      en: `Exactly ${value('en')} for ${hours} h: the sensor seems stuck.`,
    };
  },
};
