/**
 * Detector: a series that keeps one value for longer than it ever does at these hours of the week.
 * Method: integrated hazard. The share of hours that bring a change is learnt for each hour of working and of free days; hours that
 * pass without one add up to how unlikely that was (−ln of its chance), and that sum is held against its own records: of rests at
 * zero, and of standing at any other value, apart. And who never rested for long in the last weeks does not rest for many hours: a
 * boiler may in summer, which is no measure for winter. So a PV plant may rest at night, a boiler in summer, a car park on Sundays and a
 * coarse meter for hours. What its type forbids is told by `stuck.ts`.
 */
import { hourMs, weekMs } from '../../core/time.ts';
import type { Hour } from '../learn/hour.ts';
import { keepRecord, limitOfRuns, recordFloats } from '../learn/records.ts';
import { type DetectorState, type HourDetector, scoreOf } from './detector.ts';

/** Hours of working and of free days, each for a series at rest (zero) and for one that is not. */
const slots = 96;
/** Hours at rest that count as much as what is known of the others. */
const restHours = 72;
const rateWeight = 0.02;
/** A series that always changed may yet stand for an hour: no hour tells more than −ln of what is left. */
const rateMax = 0.98;
/** −ln of the chance that it stood so long by itself, at the least; a rest at zero needs more, for they come in flocks. */
const leastHazard = 15;
const leastOfRest = 25;
const hoursMin = 6;
const learnDays = 21;
/** Limit by which it learns while there is none: a run that was there while it learnt may have been a fault. */
const firstRecord = 0.75 * leastHazard;
/** What a series did at rest is forgotten in some weeks: a boiler rests in summer, and not in winter. */
const restsKept = 1 - 1 / 672;
/** What something unusual teaches, of what it would. */
const unusualEase = 0.25;

/** Longest rests at zero of this week and the four before, and the week at hand. */
const restWeeks = 5;
/** Who rested for no longer than this in them; so many hours at the least, and so many times the longest and one hour more. */
const shortRest = 5;
const longRest = 8;
const timesLonger = 2.5;
/** Hours that must have been seen, and of them with more than nothing. */
const restLearnHours = 1_008;
const workedHours = 504;

interface Rest {
  /** Hours at rest up to this one, over what they may be; 0 where rests are nothing unusual, or too little is known. */
  readonly ratio: number;
  /** Hours of the longest of the last weeks. */
  readonly longest: number;
}

const restOf = (state: DetectorState, floats: Float32Array, from: number, { value, start }: Hour): Rest => {
  const week = Math.floor(start / weekMs);
  const passed = Math.min(restWeeks, week - (floats[from + restWeeks] as number));
  for (let back = 0; back < passed; back++) floats[from + ((week - back) % restWeeks)] = 0;
  floats[from + restWeeks] = week;
  const before = state.rest ?? 0;
  state.rest = value === 0 ? before + 1 : 0;
  let longest = 0;
  for (let place = from; place < from + restWeeks; place++) longest = Math.max(longest, floats[place] as number);
  // A rest is known when it is over.
  const own = from + (week % restWeeks);
  if (value !== 0 && before > (floats[own] as number)) floats[own] = before;
  if (value !== 0) state.worked = Math.min((state.worked ?? 0) + 1, workedHours);
  const tells = longest <= shortRest && (state.hours ?? 0) >= restLearnHours && state.worked === workedHours;
  return { ratio: tells ? state.rest / Math.max(longRest, timesLonger * (longest + 1)) : 0, longest };
};

const noRest: Rest = { ratio: 0, longest: 0 };

const slotOf = ({ weekday, hourOfDay }: Hour): number => (weekday >= 5 ? 24 : 0) + hourOfDay;

/** Share of such hours that bring a change; for a series that never rested as for one that does not rest. */
const rateOf = (floats: Float32Array, slot: number, rests: number, resting: boolean): number => {
  const moving = floats[slot] as number;
  return resting ? ((floats[slot + 48] as number) * rests + moving * restHours) / (rests + restHours) : moving;
};

export const stuckSeries: HourDetector = {
  kind: 'stuck-series',
  sees: 'hour',
  doubts: 'data',
  needsUsual: false,
  numbersMax: 10,
  floats: slots + 2 * recordFloats + restWeeks + 1,
  appliesTo: ({ quantity }) => quantity.kind !== 'state',
  learning: ({ hours = 0 }) => (hours < learnDays * 24 ? { days: Math.floor(hours / 24), of: learnDays } : null),
  update(state, floats, hour, { fold, rule }) {
    if (hour.value === null || hour.last === null) return null;
    const moved =
      fold.kind === 'index' ? hour.value !== 0 : hour.last !== state.last || hour.min !== hour.max || (fold.kind === 'delta' && hour.value !== state.value);
    const slot = slotOf(hour);
    const resting = state.value === 0;
    const rests = (state.rests ?? 0) * restsKept;
    const rate = rateOf(floats, slot, rests, resting);
    const known = Math.max(0, state.hours ?? 0);
    const fresh = state.last === undefined;
    state.last = hour.last;
    state.value = hour.value;
    state.hours = known + 1;
    if (fresh) return null;
    const [standing, rested] = [slots, slots + recordFloats];
    const limits = [limitOfRuns(floats, standing, hour.start, leastHazard), limitOfRuns(floats, rested, hour.start, leastOfRest)] as const;
    const limit = resting ? limits[1] : limits[0];
    if (moved || state.since === undefined) {
      // A run is known when it is over.
      keepRecord(floats, resting ? rested : standing, state.hazard ?? 0, Number.isFinite(limit) ? limit : firstRecord);
      state.since = hour.end;
      state.hazard = 0;
      state.expected = 0;
    } else {
      state.hazard = (state.hazard ?? 0) - Math.log(1 - Math.min(rate, rateMax));
      state.expected = (state.expected ?? 0) + rate;
    }
    const hazard = state.hazard ?? 0;
    const lasts = hour.end - state.since;
    // Of what holds until it changes zero is a state like others: a full car park.
    const rest = rule.quantity.step === true ? noRest : restOf(state, floats, slots + 2 * recordFloats, hour);
    const byHazard = hazard > limit && lasts >= hoursMin * hourMs;
    const unusual = byHazard || rest.ratio > 1;
    const own = slot + (resting ? 48 : 0);
    const weight = Math.max(rateWeight, 1 / ((resting ? rests : known) / 24 + 1)) * (unusual ? unusualEase : 1);
    floats[own] = (floats[own] as number) + weight * ((moved ? 1 : 0) - (floats[own] as number));
    state.rests = rests + (resting ? 1 : 0);
    const values = { lasts, expected: Math.round((state.expected ?? 0) * 10) / 10, longest: rest.longest };
    return {
      unusual,
      score: scoreOf(Math.max(hazard / limit, rest.ratio)),
      since: state.since,
      observed: hour.last,
      expected: null,
      usual: null,
      code: rest.ratio > 1 && !byHazard ? 'rest' : hour.last === 0 ? 'zero' : 'frozen',
      values,
    };
  },
  reason({ observed, values: { lasts = 0, expected = 0, longest = 0 }, code }, show) {
    const hours = Math.round(lasts / hourMs);
    if (code === 'rest')
      return {
        fr:
          longest === 0
            ? `Rien que zéro depuis ${hours} h, et pas une heure ainsi depuis un mois.`
            : `Rien que zéro depuis ${hours} h ; depuis un mois, jamais plus de ${longest} h de suite.`,
        en:
          longest === 0
            ? `Nothing but zero for ${hours} h, and not one such hour for a month.`
            : `Nothing but zero for ${hours} h; for a month never more than ${longest} h in a row.`,
      };
    const number = (value: number): string => String(value).replace('.', ',');
    const what = (language: 'fr' | 'en'): string => (observed === null ? '–' : show(observed, language));
    return code === 'zero'
      ? {
          fr: `Rien que zéro depuis ${hours} h ; dans ces heures, la valeur change d'ordinaire ${number(expected)} fois.`,
          en: `Nothing but zero for ${hours} h; in such hours the value usually changes ${expected} times.`,
        }
      : {
          fr: `Exactement ${what('fr')} depuis ${hours} h ; dans ces heures, la valeur change d'ordinaire ${number(expected)} fois.`,
          en: `Exactly ${what('en')} for ${hours} h; in such hours the value usually changes ${expected} times.`,
        };
  },
};
