/**
 * Detector: a linear gauge that moves much further between two readings than it usually does.
 * Method: the exponentially weighted mean of |step|, and of its deviation; unusual beyond mean + 12 deviations, after 50 steps,
 * and beyond 1.4 times the largest step that it remembers: what goes on and off every day is said once at the most.
 * Rule for small steps: one below a hundredth of the plausible range of the quantity (the error that a sensor of class 1 may
 * have at full scale) is no jump, however still it was before. A quantity that rests, such as the power of the sun at night, has
 * next to no usual step, and would jump with the first watts of the day.
 */
import type { QuantityRule } from '../../core/device-type.ts';
import { toQuanta } from '../../core/quantity.ts';
import { Flag } from '../../core/reading.ts';
import { dayMs } from '../../core/time.ts';
import { type ReadingDetector, scoreOf } from './detector.ts';

const learnSteps = 50;
const weight = 0.02;
const deviations = 12;
/** Of the largest step in memory, and how much of that a day forgets. */
const ofLargest = 1.4;
const forgottenADay = 0.01;
/** Of the plausible range. */
const smallestShare = 0.01;

/** The largest step that is never a jump, quanta; 0 where no range is known. */
const smallest = ({ quantity, plausible }: QuantityRule): number =>
  plausible === undefined ? 0 : smallestShare * (toQuanta(quantity, plausible[1]) - toQuanta(quantity, plausible[0]));

export const jump: ReadingDetector = {
  kind: 'jump',
  sees: 'reading',
  doubts: 'data',
  numbersMax: 6,
  floats: 0,
  appliesTo: ({ quantity }) => quantity.kind === 'gauge' && quantity.step !== true,
  update(state, _floats, point, { rule }) {
    if (point.value === null || (point.flags & Flag.excluded) !== 0) return null;
    const before = state.value;
    const days = (point.at - (state.at ?? point.at)) / dayMs;
    state.value = point.value;
    state.at = point.at;
    if (before === undefined) return null;
    const step = Math.abs(point.value - before);
    const steps = state.steps ?? 0;
    const mean = state.mean ?? step;
    const spread = state.spread ?? step;
    const largest = (state.largest ?? 0) * Math.max(0, 1 - forgottenADay * days);
    const limit = Math.max(mean + deviations * spread + 1, ofLargest * largest);
    state.largest = Math.max(largest, step);
    state.steps = steps + 1;
    // An unusual step teaches no more than the largest usual one.
    const most = Math.max(limit, smallest(rule));
    const learnt = steps < learnSteps ? step : Math.min(step, most);
    state.mean = mean + weight * (learnt - mean);
    state.spread = spread + weight * (Math.abs(learnt - mean) - spread);
    if (steps < learnSteps || (step <= most && state.openSince === undefined)) return null;
    const values = { before, limit: Math.round(limit) };
    // No range of values: from where it was, each value within a usual step would be as usual as where it is.
    return { unusual: step > most, score: scoreOf(step / most), since: point.at, observed: point.value, expected: null, usual: null, code: 'jump', values };
  },
  reason({ values: { before = 0, limit = 0 }, observed }, show) {
    const value = observed ?? before;
    const [from, to, step, usual] = [before, value, Math.abs(value - before), limit];
    const falls = value < before;
    return {
      fr: `${falls ? 'Tombé' : 'Monté'} de ${show(step, 'fr')} en un pas, de ${show(from, 'fr')} à ${show(to, 'fr')} ; d'ordinaire un pas fait ${show(usual, 'fr')} au plus.`,
      en: `${falls ? 'Fell' : 'Rose'} by ${show(step, 'en')} in one step, from ${show(from, 'en')} to ${show(to, 'en')}; a step usually is ${show(usual, 'en')} at the most.`,
    };
  },
};
