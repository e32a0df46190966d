/**
 * Detector: an hour far from what was expected of it, further than ever.
 * Method: the difference to the expectation (hour of the week, moved by the last hours) over its usual spread at that time of
 * day, upwards and downwards each against its own records.
 */
import { hourMs } from '../../core/time.ts';
import { keepRecord, limitOf, recordFloats } from '../learn/records.ts';
import { type HourDetector, over, scoreOf } from './detector.ts';

const leastSpreads = 7;
/** Usual hours after which it is over. */
const offAfter = 6;

export const unusualHour: HourDetector = {
  kind: 'unusual-hour',
  sees: 'hour',
  doubts: 'consumption',
  needsUsual: true,
  numbersMax: 1,
  floats: 2 * recordFloats,
  appliesTo: ({ quantity }) => quantity.kind !== 'state',
  update(state, floats, { value, usual, start, end }) {
    const open = state.openSince !== undefined;
    if (usual === null) return open ? over(start) : null;
    if (value === null) return null;
    const away = (value - usual.near) / usual.spread;
    const from = away > 0 ? 0 : recordFloats;
    const limit = limitOf(floats, from, start, leastSpreads);
    // The other direction's week goes on too.
    limitOf(floats, recordFloats - from, start, leastSpreads);
    const beyond = Math.abs(away) > limit;
    if (!open) keepRecord(floats, from, Math.abs(away), limit);
    state.calm = beyond ? 0 : Math.min((state.calm ?? offAfter) + 1, offAfter);
    const reach = Number.isFinite(limit) ? limit * usual.spread : 0;
    return {
      unusual: beyond || (open && state.calm < offAfter),
      score: scoreOf(Math.abs(away) / limit),
      since: end - hourMs,
      observed: value,
      expected: usual.near,
      usual: [usual.near - reach, usual.near + reach],
      code: away > 0 ? 'high' : 'low',
      values: { spreads: Math.round(Math.abs(away)) },
    };
  },
  reason({ observed, expected, usual, code, values: { spreads = 0 } }, show) {
    const [value, wanted] = [observed ?? 0, expected ?? 0];
    const edge = (code === 'high' ? usual?.[1] : usual?.[0]) ?? wanted;
    return {
      fr: `${show(value, 'fr')} en une heure, environ ${show(wanted, 'fr')} attendus ; jamais ${code === 'high' ? 'au-dessus de' : 'au-dessous de'} ${show(edge, 'fr')} à cette heure (écart ${spreads} fois l'habituel).`,
      en: `${show(value, 'en')} in an hour, about ${show(wanted, 'en')} expected; never ${code === 'high' ? 'above' : 'below'} ${show(edge, 'en')} at this hour (${spreads} times the usual difference).`,
    };
  },
};
