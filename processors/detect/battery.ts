/**
 * Detector: a battery whose state of charge does not follow the energy that goes in and out, or that holds less than it did.
 * Method: stretches of charging and of discharging, each with the power beside it added up; a stretch of 20 points or more tells
 * how many Wh a point is. The median of the last five is held against the best median ever: below 80 %, where its makers call a
 * battery worn, it is said. Energy for 20 points and more that moves the state of charge by less than a quarter of them is said
 * while it lasts.
 */

import { median } from '../../core/median.ts';
import { fromQuanta } from '../../core/quantity.ts';
import { hourMs, minuteMs } from '../../core/time.ts';
import { type DetectorState, type Judgement, over, type ReadingDetector, scoreOf, shownBeside } from './detector.ts';

/** Points of state of charge. */
const stretchMin = 20;
const movedMin = 0.25;
/** At the ends what flows is balance and losses. */
const lowEnd = 2;
const highEnd = 98;
/** A stretch that lasts longer holds too much of what gets lost. */
const stretchMsMax = 12 * hourMs;
const gapMs = 15 * minuteMs;
const stretches = 5;
const wornMax = 0.8;
const wornOff = 0.85;

interface Numbers {
  at?: number;
  /** The stretch at hand: when and with how many points it began, Wh so far (negative: out), and the points at its last reading. */
  from?: number;
  began?: number;
  energy?: number;
  points?: number;
  /** Stretches that told how many Wh a point is, and the best median of them. */
  count?: number;
  best?: number;
  /** What was last found: the median, and whether it is worn; absent: it was not. */
  worn?: number;
}

export const battery: ReadingDetector = {
  kind: 'battery',
  sees: 'reading',
  doubts: 'consumption',
  numbersMax: 8,
  floats: stretches,
  appliesTo: ({ quantity }) => quantity.name === 'state_of_charge',
  update(state: DetectorState & Numbers, floats, { at, value }, about) {
    const power = shownBeside(about, 'active_power', at)?.value ?? null;
    if (value === null || power === null) return null;
    const points = fromQuanta(about.rule.quantity, value);
    const ms = at - (state.at ?? at);
    state.at = at;
    const isEnd = points < lowEnd || points > highEnd;
    const hasTurned = power * (state.energy ?? 0) < 0;
    if (isEnd || hasTurned || ms > Math.max(gapMs, 3 * about.intervalMs) || at - (state.from ?? at) > stretchMsMax) endStretch(state, floats);
    if (!isEnd) {
      state.from ??= at;
      state.began ??= points;
      state.energy = (state.energy ?? 0) + (at === state.from ? 0 : (power * ms) / hourMs);
      state.points = points;
    }
    return judgementOf(state, at, value);
  },
  reason({ code, observed, values: { percent = 0, points = 0 } }, show) {
    const charge = (language: 'fr' | 'en'): string => (observed === null ? '–' : show(observed, language));
    return code === 'worn'
      ? {
          fr: `La batterie ne tient plus que ${percent} % de l'énergie d'autrefois par point de charge : cellules usées ou capteur de courant.`,
          en: `The battery holds no more than ${percent} % of the energy a point of charge once stood for: worn cells, or the current sensor.`,
        }
      : {
          fr: `De l'énergie pour ${points} points a passé, et l'état de charge n'a presque pas bougé (${charge('fr')}) : estimation figée ou capteur.`,
          en: `Energy for ${points} points has flowed, and the state of charge has hardly moved (${charge('en')}): a frozen estimate, or a sensor.`,
        };
  },
};

/** Closes the stretch at hand, and learns from it where it was long enough. */
const endStretch = (state: DetectorState & Numbers, floats: Float32Array): void => {
  const { began, energy = 0, points = 0 } = state;
  delete state.from;
  delete state.began;
  delete state.energy;
  delete state.points;
  const moved = points - (began ?? points);
  if (Math.abs(moved) < stretchMin || energy / moved <= 0) return;
  const count = (state.count ?? 0) + 1;
  state.count = count;
  floats[(count - 1) % stretches] = energy / moved;
  if (count < stretches) return;
  const held = median([...floats]) ?? 0;
  state.best = Math.max(state.best ?? 0, held);
  const share = held / state.best;
  if (share < (state.worn === undefined ? wornMax : wornOff)) state.worn = share;
  else delete state.worn;
};

/** @param charge quanta */
const judgementOf = (state: DetectorState & Numbers, at: number, charge: number): Judgement | null => {
  const { best, energy = 0, began = 0, points = began, worn, from = at } = state;
  const expected = best === undefined ? 0 : energy / best;
  const isFrozen = Math.abs(expected) >= stretchMin && (points - began) / expected < movedMin;
  if (!isFrozen && worn === undefined) return state.openSince === undefined ? null : over(at);
  return {
    unusual: true,
    score: isFrozen ? scoreOf(Math.abs(expected) / stretchMin) : scoreOf(wornMax / (worn ?? wornMax)),
    since: isFrozen ? from : at,
    observed: charge,
    expected: null,
    usual: null,
    code: isFrozen ? 'frozen' : 'worn',
    values: { percent: Math.round(100 * (worn ?? 1)), points: Math.round(Math.abs(expected)) },
  };
};
