/**
 * Detector: two senders under one name. Between the readings of an interval others come, and the values go to and fro between two
 * series. Method: each reading lies one interval behind the last but one and near to it, and nearer in time and further in value
 * from the last; so many times in a row.
 */
import { Flag } from '../../core/reading.ts';
import { type ReadingDetector, scoreOf } from './detector.ts';

const runMin = 8;
const intervalSlack = 0.2;
/** Within so much of its own series, of the distance to the other. */
const nearShare = 0.6;
/** Two meters differ by more than the last digit: share of the larger value. */
const apartShare = 0.05;

export const twoSenders: ReadingDetector = {
  kind: 'two-senders',
  sees: 'reading',
  doubts: 'data',
  numbersMax: 6,
  floats: 0,
  appliesTo: ({ quantity }) => quantity.kind !== 'state' && quantity.step !== true,
  update(state, _floats, { at, value, flags }, { intervalMs }) {
    if (value === null || (flags & Flag.excluded) !== 0) return null;
    const { at1 = Number.NEGATIVE_INFINITY, at2 = Number.NEGATIVE_INFINITY, value1 = 0, value2 = 0 } = state;
    const interleaved = Math.abs(at - at2 - intervalMs) <= intervalSlack * intervalMs && at - at1 <= (1 - intervalSlack) * intervalMs;
    const apart = Math.abs(value - value1);
    const runs = interleaved && Math.abs(value - value2) < nearShare * apart && apart >= apartShare * Math.max(Math.abs(value), Math.abs(value1));
    const run = Math.min(runMin * 2, runs ? (state.run ?? 0) + 1 : Math.max(0, (state.run ?? 0) - 2));
    const since = runs && run > 1 ? (state.since ?? at) : at;
    if (Number.isFinite(at1)) {
      state.at2 = at1;
      state.value2 = value1;
    }
    state.at1 = at;
    state.value1 = value;
    state.run = run;
    state.since = since;
    // Once seen it lasts as long as others come between.
    const unusual = run >= runMin || (state.openSince !== undefined && run > 0);
    if (!unusual && state.openSince === undefined) return null;
    return { unusual, score: scoreOf(run / runMin), since, observed: value, expected: value1, usual: null, code: 'interleaved', values: { other: value1 } };
  },
  reason({ observed, values: { other = 0 } }, show) {
    return {
      fr: `Des relevés de deux séries alternent sous ce nom, l'une vers ${show(observed ?? 0, 'fr')}, l'autre vers ${show(other, 'fr')} : deux émetteurs portent sans doute le même identifiant.`,
      en: `Readings of two series alternate under this name, one near ${show(observed ?? 0, 'en')}, the other near ${show(other, 'en')}: most likely two senders have the same id.`,
    };
  },
};
