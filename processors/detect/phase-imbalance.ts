/**
 * Detector: the three phases of a device drift apart, or one is lost. Judged on the first phase, which sees the other two beside it.
 * Method: the largest deviation of a phase's hourly mean from the mean of the three, as a share of it (IEEE 1159's definition),
 * against its own records: who feeds single-phase homes is never even. Below 2 % of voltage (EN 50160, 4.2.4) and 30 % of current
 * nothing is said, nor of current while little flows.
 */
import { fromQuanta } from '../../core/quantity.ts';
import { hourMs } from '../../core/time.ts';
import { keepRecord, limitOf, recordFloats } from '../learn/records.ts';
import { type About, type DetectorState, type Judgement, type ReadingDetector, scoreOf, shownBeside } from './detector.ts';

const firstPhase = /^(current|voltage)_l1$/;
const voltageLeast = 0.02;
const currentLeast = 0.3;
/** Of the largest hour of a phase, of which an hour forgets so much; with less the deviation tells little. */
const flowingMin = 0.2;
const forgotten = 1e-4;
/** Of the largest phase: with less it is lost. */
const lostMax = 0.1;
const offPart = 0.7;

/** `one`, `two`, `three`: sums of the phases over the readings of the hour at hand, in the quantity's unit. */
interface Numbers {
  /** The last reading of the first phase, in its unit. */
  at?: number;
  own?: number;
  hour?: number;
  one?: number;
  two?: number;
  three?: number;
  count?: number;
  best?: number;
}

export const phaseImbalance: ReadingDetector = {
  kind: 'phase-imbalance',
  sees: 'reading',
  doubts: 'consumption',
  numbersMax: 8,
  floats: recordFloats,
  appliesTo: ({ quantity }) => firstPhase.test(quantity.name),
  update(state: DetectorState & Numbers, floats, { at, value }, about) {
    if (value === null) return null;
    const { quantity } = about.rule;
    const now = { at, value: fromQuanta(quantity, value) };
    const two = shownBeside(about, quantity.name.replace('l1', 'l2'), at);
    const three = shownBeside(about, quantity.name.replace('l1', 'l3'), at);
    // Where the others come behind it, they are still those of the message before.
    const before = { at: state.at ?? Number.NEGATIVE_INFINITY, value: state.own ?? 0 };
    const one = two !== null && Math.abs(two.at - before.at) < Math.abs(two.at - at) ? before : now;
    Object.assign(state, { at, own: now.value });
    if (two === null || three === null) return null;
    const hour = Math.floor(one.at / hourMs);
    const judgement = state.hour === hour ? null : closeHour(state, floats, about);
    if (state.hour !== hour) Object.assign(state, { hour, one: 0, two: 0, three: 0, count: 0 });
    state.one = (state.one ?? 0) + one.value;
    state.two = (state.two ?? 0) + two.value;
    state.three = (state.three ?? 0) + three.value;
    state.count = (state.count ?? 0) + 1;
    return judgement;
  },
  reason({ code, values: { percent = 0, one = 0, two = 0, three = 0 } }, show) {
    const phases = (language: 'fr' | 'en'): string => [one, two, three].map((phase, n) => `L${n + 1} ${show(phase, language)}`).join(', ');
    return code === 'lost'
      ? {
          fr: `Une phase ne porte presque plus rien (${phases('fr')}) : fusible, conducteur ou capteur.`,
          en: `One phase carries next to nothing (${phases('en')}): fuse, conductor or sensor.`,
        }
      : {
          fr: `Les trois phases s'écartent de ${percent} % de leur moyenne (${phases('fr')}), plus que jamais ici : charge monophasée, neutre ou fusible.`,
          en: `The three phases differ by ${percent} % from their mean (${phases('en')}), more than ever here: a single-phase load, the neutral or a fuse.`,
        };
  },
};

/** The judgement of the hour that is over; null where too little flowed in it, or it is still learning. */
const closeHour = (state: DetectorState & Numbers, floats: Float32Array, { rule: { quantity } }: About): Judgement | null => {
  const { hour = 0, count = 0 } = state;
  if (count === 0) return null;
  const phases = [state.one ?? 0, state.two ?? 0, state.three ?? 0].map((sum) => Math.abs(sum / count));
  const mean = phases.reduce((sum, phase) => sum + phase, 0) / phases.length;
  const largest = Math.max(...phases);
  state.best = Math.max((state.best ?? 0) * (1 - forgotten), largest);
  if (largest === 0 || largest < flowingMin * state.best) return null;
  const deviation = Math.max(...phases.map((phase) => Math.abs(phase - mean))) / mean;
  const limit = limitOf(floats, 0, hour * hourMs, quantity.unit === 'V' ? voltageLeast : currentLeast);
  const open = state.openSince !== undefined;
  if (!open) keepRecord(floats, 0, deviation, limit);
  const ratio = deviation / limit;
  const [one = 0, two = 0, three = 0] = phases.map((phase) => phase / quantity.quantum);
  return {
    unusual: ratio > (open ? offPart : 1),
    score: scoreOf(ratio),
    since: hour * hourMs,
    observed: null,
    expected: null,
    usual: null,
    code: Math.min(...phases) < lostMax * largest ? 'lost' : 'uneven',
    values: { percent: Math.round(100 * deviation), one, two, three },
  };
};
