/**
 * Detector: an hour far from what was expected of it, further than ever.
 * Method: the difference to the expectation (hour of the week, moved by the last hours) over its usual spread at that time of
 * day, upwards and downwards each against its own records; the mean of that over some hours, whatever its direction; how far
 * the values go to and fro from hour to hour, of their mean size; and how far an hour stood above the two beside it.
 */
import { hourMs } from '../../core/time.ts';
import type { Hour } from '../learn/hour.ts';
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
/** How far one hour stands above the two beside it, natural logarithm, at the least; what is smaller than this part of the mean size counts as that. */
const leastPeak = 0.5;
const smallPart = 0.5;
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

/** How far the hour before stood above the one before it and this one; 0 where it did not, or an hour is missing. */
const peakOf = (state: DetectorState, { value, start, end }: Hour, size: number): number => {
  if (value === null || size <= 0) return 0;
  const log = Math.log(Math.max(value, smallPart * size));
  const isNext = state.end === start;
  const middle = isNext ? (state.log ?? log) : log;
  const before = isNext ? (state.logBefore ?? middle) : log;
  state.end = end;
  state.logBefore = middle;
  state.log = log;
  return Math.max(0, middle - Math.max(before, log));
};

export const unusualHour: HourDetector = {
  kind: 'unusual-hour',
  sees: 'hour',
  doubts: 'consumption',
  needsUsual: true,
  numbersMax: 8,
  floats: 5 * recordFloats,
  appliesTo: ({ quantity }) => quantity.kind !== 'state',
  // What feeds in goes by the weather, not by the week.
  isFor: ({ produces }) => produces !== true,
  update(state, floats, hour) {
    const { value, usual, holiday, start, end } = hour;
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
    const hourBefore = state.last ?? value;
    const turn = usual.size > 0 ? turning(state, value) / usual.size : 0;
    const turnLimit = limitOf(floats, 3 * recordFloats, start, leastTurn);
    const peak = peakOf(state, hour, usual.size);
    const peakLimit = limitOf(floats, 4 * recordFloats, start, leastPeak);
    const wildness = Math.max(Math.abs(away) > leastRough ? rough / roughLimit : 0, turn / turnLimit);
    const wild = wildness > 1;
    const isPeak = peak > peakLimit;
    const beyond = Math.abs(away) > limit || wild || isPeak;
    if (!open) {
      keepRecord(floats, from, Math.abs(away), limit);
      keepRecord(floats, 2 * recordFloats, rough, roughLimit);
      keepRecord(floats, 3 * recordFloats, turn, turnLimit);
      keepRecord(floats, 4 * recordFloats, peak, peakLimit);
    }
    state.calm = beyond ? 0 : Math.min((state.calm ?? offAfter) + 1, offAfter);
    const reach = Number.isFinite(limit) ? limit * usual.spread : 0;
    return {
      unusual: beyond || (open && state.calm < offAfter),
      score: scoreOf(Math.max(Math.abs(away) / limit, wild ? wildness : 0, peak / peakLimit)),
      since: end - (isPeak ? 2 : 1) * hourMs,
      observed: isPeak ? hourBefore : value,
      expected: isPeak ? null : usual.near,
      usual: isPeak ? null : [usual.near - reach, usual.near + reach],
      code: isPeak ? 'peak' : wild && Math.abs(away) <= limit ? 'wild' : away > 0 ? 'high' : 'low',
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
    if (code === 'peak')
      return {
        fr: `${show(value, 'fr')} en une heure, bien plus que l'heure d'avant et l'heure d'après : jamais un pic aussi isolé dans cette série.`,
        en: `${show(value, 'en')} in an hour, far more than the hour before and the hour after: never so lone a peak in this series.`,
      };
    const edge = (code === 'high' ? usual?.[1] : usual?.[0]) ?? wanted;
    return {
      fr: `${show(value, 'fr')} en une heure, environ ${show(wanted, 'fr')} attendus ; jamais ${code === 'high' ? 'au-dessus de' : 'au-dessous de'} ${show(edge, 'fr')} à cette heure (écart ${spreads} fois l'habituel).`,
      en: `${show(value, 'en')} in an hour, about ${show(wanted, 'en')} expected; never ${code === 'high' ? 'above' : 'below'} ${show(edge, 'en')} at this hour (${spreads} times the usual difference).`,
    };
  },
};
