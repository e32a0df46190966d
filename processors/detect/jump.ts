/**
 * Detector: a linear gauge that moves much further between two readings than it usually does.
 * Method: the exponentially weighted mean of |step|, and of its deviation; unusual beyond mean + 12 deviations, after 50 steps.
 */
import { Flag } from '../../core/reading.ts';
import type { Detector } from './detector.ts';

const learnSteps = 50;
const weight = 0.02;
const deviations = 12;

export const jump: Detector = {
  kind: 'jump',
  appliesTo: ({ quantity }) => quantity.kind === 'gauge' && quantity.step !== true,
  update(state, point) {
    if (point.value === null || (point.flags & Flag.excluded) !== 0) return null;
    const before = state.value;
    state.value = point.value;
    if (before === undefined) return null;
    const step = Math.abs(point.value - before);
    const steps = state.steps ?? 0;
    const mean = state.mean ?? step;
    const spread = state.spread ?? step;
    const limit = mean + deviations * spread + 1;
    state.steps = steps + 1;
    // An unusual step teaches no more than the largest usual one.
    const learnt = steps < learnSteps ? step : Math.min(step, limit);
    state.mean = mean + weight * (learnt - mean);
    state.spread = spread + weight * (Math.abs(learnt - mean) - spread);
    if (steps < learnSteps) return null;
    return { unusual: step > limit, since: point.at, usual: null, values: { before, limit: Math.round(limit) } };
  },
  reason({ values: { before = 0, limit = 0 } }, observed, show) {
    const value = observed ?? before;
    const [from, to, step, usual] = [before, value, Math.abs(value - before), limit];
    const falls = value < before;
    return {
      fr: `${falls ? 'Tombé' : 'Monté'} de ${show(step, 'fr')} en un pas, de ${show(from, 'fr')} à ${show(to, 'fr')} ; d'ordinaire un pas fait ${show(usual, 'fr')} au plus.`,
      en: `${falls ? 'Fell' : 'Rose'} by ${show(step, 'en')} in one step, from ${show(from, 'en')} to ${show(to, 'en')}; a step usually is ${show(usual, 'en')} at the most.`,
    };
  },
};
