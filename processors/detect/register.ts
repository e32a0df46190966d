/** Detector: a register that started again, or that rose faster than its type can: another meter, or a reset. A rollover at its last digit is as it should be. What it counted meanwhile is not guessed: see `rise` of the fold. */
import { rise } from '../../core/fold.ts';
import { Flag } from '../../core/reading.ts';
import type { ReadingDetector } from './detector.ts';

export const register: ReadingDetector = {
  kind: 'register',
  sees: 'reading',
  doubts: 'data',
  numbersMax: 2,
  floats: 0,
  appliesTo: ({ quantity }) => quantity.kind === 'index',
  update(state, _floats, { at, value, flags }, about) {
    if (value === null || (flags & Flag.excluded) !== 0) return null;
    const [before, beforeAt] = [state.value, state.at];
    state.value = value;
    state.at = at;
    if (before === undefined || beforeAt === undefined) return null;
    const open = state.openSince !== undefined;
    if (value >= before && !open && about.rule.maxPerHour === undefined) return null;
    const { flag } = rise(about.fold, before, value, at - beforeAt);
    const unusual = flag === Flag.reset || flag === Flag.replaced;
    if (!unusual && !open) return null;
    return {
      unusual,
      score: unusual ? 1 : 0,
      since: at,
      observed: value,
      expected: before,
      usual: null,
      code: flag === Flag.reset ? 'reset' : 'replaced',
      values: { before },
    };
  },
  reason({ observed, code, values: { before = 0 } }, show) {
    const [from, to] = [before, observed ?? 0];
    return code === 'reset'
      ? {
          fr: `L'index est revenu de ${show(from, 'fr')} à ${show(to, 'fr')} : remise à zéro ou autre compteur. Rien n'est compté pour ce pas.`,
          en: `The register went back from ${show(from, 'en')} to ${show(to, 'en')}: reset, or another meter. Nothing is counted for this step.`,
        }
      : {
          fr: `L'index est passé de ${show(from, 'fr')} à ${show(to, 'fr')}, plus vite que ce compteur ne peut : autre compteur. Rien n'est compté pour ce pas.`,
          en: `The register went from ${show(from, 'en')} to ${show(to, 'en')}, faster than this meter can: another meter. Nothing is counted for this step.`,
        };
  },
};
