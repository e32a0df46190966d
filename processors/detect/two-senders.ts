/**
 * Detector: two senders under one name. Between the readings of an interval others come, and the values go to and fro between two
 * series. Method: each reading lies one interval behind the last but one and near to it, and nearer in time and further in value
 * from the last; so many times in a row. And at the usual pace: each reading turns back from the last by more than half of the
 * larger, more times in a row than this series ever did by itself, and often enough.
 */
import { Flag } from '../../core/reading.ts';
import { keepRecord, limitOfRuns, recordFloats } from '../learn/records.ts';
import { type DetectorState, type ReadingDetector, scoreOf } from './detector.ts';

const runMin = 8;
const intervalSlack = 0.2;
/** Within so much of its own series, of the distance to the other. */
const nearShare = 0.6;
/** Two meters differ by more than the last digit: share of the larger value. */
const apartShare = 0.05;
/** Of the larger of two readings in a row by which they differ, and of the mean size which the larger has, at the least. */
const turnShare = 0.5;
const sizeShare = 0.2;
const sizeWeight = 0.002;
/** Turns in a row at the least. */
const turnsMin = 10;

/** Turns in a row up to this reading. */
const turnsOf = (state: DetectorState, value: number, last: number): number => {
  const size = state.size ?? Math.abs(value);
  state.size = size + sizeWeight * (Math.min(Math.abs(value), 4 * size) - size);
  const larger = Math.max(Math.abs(value), Math.abs(last));
  const far = Math.abs(value - last) > turnShare * larger && larger > sizeShare * size;
  const way = far ? Math.sign(value - last) : 0;
  const turned = way !== 0 && way === -(state.way ?? 0);
  state.way = way;
  return turned ? Math.min((state.turns ?? 0) + 1, 1_000) : 0;
};

export const twoSenders: ReadingDetector = {
  kind: 'two-senders',
  sees: 'reading',
  doubts: 'data',
  numbersMax: 9,
  floats: recordFloats,
  appliesTo: ({ quantity }) => quantity.kind !== 'state' && quantity.step !== true,
  update(state, floats, { at, value, flags }, { intervalMs }) {
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
    const before = state.turns ?? 0;
    const turns = turnsOf(state, value, value1);
    state.turns = turns;
    const limit = limitOfRuns(floats, 0, at, turnsMin);
    // A run is known when it is over.
    if (turns === 0 && before > 0) keepRecord(floats, 0, before, Number.isFinite(limit) ? limit : turnsMin);
    const alternates = turns > limit;
    // Once seen it lasts as long as others come between.
    const unusual = run >= runMin || alternates || (state.openSince !== undefined && (run > 0 || turns > 0));
    if (!unusual && state.openSince === undefined) return null;
    if (alternates && run < runMin) {
      return {
        unusual,
        score: scoreOf(turns / limit),
        since: at - turns * intervalMs,
        observed: value,
        expected: value1,
        usual: null,
        code: 'alternating',
        values: { other: value1, turns },
      };
    }
    return { unusual, score: scoreOf(run / runMin), since, observed: value, expected: value1, usual: null, code: 'interleaved', values: { other: value1 } };
  },
  reason({ observed, code, values: { other = 0, turns = 0 } }, show) {
    if (code === 'alternating')
      return {
        fr: `${turns} relevés de suite vont et viennent, l'un vers ${show(observed ?? 0, 'fr')}, le suivant vers ${show(other, 'fr')}, comme jamais dans cette série : deux émetteurs portent sans doute le même identifiant, ou le capteur est en panne.`,
        en: `${turns} readings in a row go to and fro, one near ${show(observed ?? 0, 'en')}, the next near ${show(other, 'en')}, as never in this series: most likely two senders have the same id, or the sensor has failed.`,
      };
    return {
      fr: `Des relevés de deux séries alternent sous ce nom, l'une vers ${show(observed ?? 0, 'fr')}, l'autre vers ${show(other, 'fr')} : deux émetteurs portent sans doute le même identifiant.`,
      en: `Readings of two series alternate under this name, one near ${show(observed ?? 0, 'en')}, the other near ${show(other, 'en')}: most likely two senders have the same id.`,
    };
  },
};
