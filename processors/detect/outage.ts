/**
 * Detector: next to nothing for hours, where something is always used.
 * Method: hours in a row with less than a tenth of what is expected, against the longest such runs of the series itself: who often
 * rests may rest. That the value stands still as well is told by `stuck-series.ts`, later.
 */
import { hourMs } from '../../core/time.ts';
import { keepRecord, limitOfRuns, recordFloats } from '../learn/records.ts';
import { type HourDetector, over, scoreOf } from './detector.ts';

const nothing = 0.1;
/** Of the mean size: what is expected of an hour must be so much for it to count. */
const expectedMin = 0.1;
const leastHours = 2.5;
/** A series that is so often next to nothing may be so again: share of its hours, over some months. */
const shareMax = 0.02;
const shareWeight = 1 / 2_000;

export const outage: HourDetector = {
  kind: 'outage',
  sees: 'hour',
  doubts: 'data',
  needsUsual: true,
  numbersMax: 3,
  floats: recordFloats,
  appliesTo: ({ quantity }) => quantity.kind === 'index' || quantity.kind === 'delta' || (quantity.kind === 'gauge' && quantity.unit === 'W'),
  update(state, floats, { value, usual, start, end }) {
    const open = state.openSince !== undefined;
    if (usual === null) return open ? over(start) : null;
    if (value === null || usual.expected < expectedMin * usual.size) return null;
    const gone = Math.abs(value) < nothing * usual.expected;
    const share = state.share ?? 0;
    state.share = share + ((gone ? 1 : 0) - share) * shareWeight;
    const before = state.run ?? 0;
    const run = gone ? Math.min(before + 1, 10_000) : 0;
    if (run === 1 || state.since === undefined) state.since = start;
    state.run = run;
    const limit = limitOfRuns(floats, 0, start, leastHours);
    // A run is known when it is over.
    if (!gone && before > 0) keepRecord(floats, 0, before, Number.isFinite(limit) ? limit : 2 * leastHours);
    return {
      unusual: run > limit && (open || share < shareMax),
      score: scoreOf(run / limit),
      since: state.since,
      observed: value,
      expected: usual.expected,
      usual: null,
      code: 'nothing',
      values: { hours: Math.round((end - state.since) / hourMs) },
    };
  },
  reason({ observed, expected, values: { hours = 0 } }, show) {
    const [value, wanted] = [observed ?? 0, expected ?? 0];
    return {
      fr: `Presque rien depuis ${hours} h : ${show(value, 'fr')} en une heure, environ ${show(wanted, 'fr')} attendus. Coupure, appareil arrêté ou capteur en panne.`,
      en: `Next to nothing for ${hours} h: ${show(value, 'en')} in an hour, about ${show(wanted, 'en')} expected. A cut, a machine that stands, or a sensor that failed.`,
    };
  },
};
