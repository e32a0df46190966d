/**
 * Detector: an hour far from what was expected of it, further than ever.
 * Method: the difference to the expectation (hour of the week, moved by the last hours) over its usual spread at that time of
 * day, upwards and downwards each against its own records; the mean of that over some hours, whatever its direction; and how far
 * the values go to and fro from hour to hour, of their mean size.
 */
import { hourMs } from '../../core/time.ts';
import { keepRecord, limitOf, recordFloats } from '../learn/records.ts';
import type { Usual } from '../learn/usual.ts';
import { type DetectorState, type HourDetector, over, scoreOf } from './detector.ts';

const leastSpreads = 7;
/** Mean of how far the last hours lay, however they did, spreads. */
const roughHours = 6;
const roughMax = 30;
const leastRough = 4;
/** Mean of how far values turn back from hour to hour over so many hours, of their mean size, at the least. */
const turnHours = 8;
const leastTurn = 0.4;
/** Usual hours after which it is over. */
const offAfter = 6;

/** Of what may be expected what is nearest: a working day may run as a Sunday down to what that uses, and a holiday as either. */
const nearest = (value: number, { near, closed }: Usual, holiday: boolean): number =>
  closed < near || holiday ? Math.max(Math.min(near, closed), Math.min(Math.max(near, closed), value)) : near;

/** Mean of how far the last values turned back: of two steps in a row that go against each other, the smaller. */
const turning = (state: DetectorState, value: number): number => {
  const [step, before] = [value - (state.last ?? value), state.step ?? 0];
  const turned = step * before < 0 ? Math.min(Math.abs(step), Math.abs(before)) : 0;
  state.last = value;
  state.step = step;
  state.turn = (state.turn ?? 0) + (turned - (state.turn ?? 0)) / turnHours;
  return state.turn;
};

export const unusualHour: HourDetector = {
  kind: 'unusual-hour',
  sees: 'hour',
  doubts: 'consumption',
  needsUsual: true,
  numbersMax: 5,
  floats: 4 * recordFloats,
  appliesTo: ({ quantity }) => quantity.kind !== 'state',
  update(state, floats, { value, usual, holiday, start, end }) {
    const open = state.openSince !== undefined;
    if (usual === null) return open ? over(start) : null;
    if (value === null) return null;
    const away = (value - nearest(value, usual, holiday)) / usual.spread;
    const from = away > 0 ? 0 : recordFloats;
    const limit = limitOf(floats, from, start, leastSpreads);
    // The other direction's week goes on too.
    limitOf(floats, recordFloats - from, start, leastSpreads);
    // Hours that are all over the place, none of which need be a record.
    const rough = (state.rough ?? 0) + (Math.min(Math.abs(away), roughMax) - (state.rough ?? 0)) / roughHours;
    state.rough = rough;
    const roughLimit = limitOf(floats, 2 * recordFloats, start, leastRough);
    const turn = usual.size > 0 ? turning(state, value) / usual.size : 0;
    const turnLimit = limitOf(floats, 3 * recordFloats, start, leastTurn);
    const wildness = Math.max(Math.abs(away) > leastRough ? rough / roughLimit : 0, turn / turnLimit);
    const wild = wildness > 1;
    const beyond = Math.abs(away) > limit || wild;
    if (!open) {
      keepRecord(floats, from, Math.abs(away), limit);
      keepRecord(floats, 2 * recordFloats, rough, roughLimit);
      keepRecord(floats, 3 * recordFloats, turn, turnLimit);
    }
    state.calm = beyond ? 0 : Math.min((state.calm ?? offAfter) + 1, offAfter);
    const reach = Number.isFinite(limit) ? limit * usual.spread : 0;
    return {
      unusual: beyond || (open && state.calm < offAfter),
      score: scoreOf(Math.max(Math.abs(away) / limit, wild ? wildness : 0)),
      since: end - hourMs,
      observed: value,
      expected: usual.near,
      usual: [usual.near - reach, usual.near + reach],
      code: wild && Math.abs(away) <= limit ? 'wild' : away > 0 ? 'high' : 'low',
      values: { spreads: Math.round(Math.abs(away)) },
    };
  },
  reason({ observed, expected, usual, code, values: { spreads = 0 } }, show) {
    const [value, wanted] = [observed ?? 0, expected ?? 0];
    if (code === 'wild')
      return {
        fr: `${show(value, 'fr')} en une heure, environ ${show(wanted, 'fr')} attendus : depuis des heures les valeurs vont en tous sens, comme jamais dans cette série.`,
        en: `${show(value, 'en')} in an hour, about ${show(wanted, 'en')} expected: for hours the values have been all over the place, as never in this series.`,
      };
    const edge = (code === 'high' ? usual?.[1] : usual?.[0]) ?? wanted;
    return {
      fr: `${show(value, 'fr')} en une heure, environ ${show(wanted, 'fr')} attendus ; jamais ${code === 'high' ? 'au-dessus de' : 'au-dessous de'} ${show(edge, 'fr')} à cette heure (écart ${spreads} fois l'habituel).`,
      en: `${show(value, 'en')} in an hour, about ${show(wanted, 'en')} expected; never ${code === 'high' ? 'above' : 'below'} ${show(edge, 'en')} at this hour (${spreads} times the usual difference).`,
    };
  },
};
