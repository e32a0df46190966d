/**
 * Detector: a charge point whose state and power say different things: it charges and nothing flows, or power flows though it is
 * free or out of order; and one that stays out of order.
 */
import { dayMs, hourMs, minuteMs } from '../../core/time.ts';
import { type ReadingDetector, scoreOf, shownBeside } from './detector.ts';

/** W; below the first nothing flows, above the second something does. */
const idleMax = 50;
const flowingMin = 500;

interface Fault {
  readonly code: string;
  readonly lastsMs: number;
}
/** Vehicles rest while their own schedule says so. */
const noPower: Fault = { code: 'no-power', lastsMs: 3 * hourMs };
const unsaidPower: Fault = { code: 'unsaid-power', lastsMs: 15 * minuteMs };
const outOfOrder: Fault = { code: 'out-of-order', lastsMs: dayMs };
const faults = [noPower, unsaidPower, outOfOrder];

/** A gap so long begins anew. */
const gapMs = 3 * hourMs;

const faultOf = (state: string | undefined, power: number | null): Fault | null => {
  if (state === 'charging') return power !== null && Math.abs(power) < idleMax ? noPower : null;
  if (state === 'finished') return null;
  if (power !== null && power > flowingMin) return unsaidPower;
  return state === 'out_of_order' ? outOfOrder : null;
};

export const charger: ReadingDetector = {
  kind: 'charger',
  sees: 'reading',
  doubts: 'consumption',
  numbersMax: 3,
  floats: 0,
  appliesTo: ({ quantity }) => quantity.name === 'charging',
  update(state, _floats, { at, value }, about) {
    if (value === null) return null;
    const fault = faultOf(about.rule.quantity.states?.[value], shownBeside(about, 'active_power', at)?.value ?? null);
    const place = fault === null ? -1 : faults.indexOf(fault);
    if (state.fault !== place || at - (state.at ?? at) > gapMs) {
      state.fault = place;
      state.since = at;
    }
    state.at = at;
    const lasts = at - (state.since ?? at);
    const unusual = fault !== null && lasts >= fault.lastsMs;
    if (!unusual && state.openSince === undefined) return null;
    return {
      unusual,
      score: fault === null ? 0 : scoreOf(lasts / fault.lastsMs),
      since: state.since ?? at,
      observed: value,
      expected: null,
      usual: null,
      code: fault?.code ?? 'over',
      values: { minutes: Math.round(lasts / minuteMs) },
    };
  },
  reason({ code, values: { minutes = 0 } }) {
    const hours = Math.round(minutes / 60);
    if (code === 'no-power')
      return {
        fr: `La borne dit charger depuis ${hours} h, et rien ne passe : câble, contacteur ou véhicule.`,
        en: `The charge point has said to charge for ${hours} h, and nothing flows: cable, contactor or vehicle.`,
      };
    return code === 'unsaid-power'
      ? {
          fr: `De la puissance passe depuis ${minutes} min, et la borne se dit libre ou hors service : compteur, contacteur ou état.`,
          en: `Power has flowed for ${minutes} min, and the charge point says that it is free or out of order: meter, contactor or state.`,
        }
      : { fr: `Hors service depuis ${hours} h.`, en: `Out of order for ${hours} h.` };
  },
};
