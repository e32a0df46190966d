/**
 * Detector: street lights that burn by day, or that stay dark at an hour of the night at which they burn.
 * Method: the height of the sun over the place of the cabinet, and the share of its dark moments in which it is lit, learnt for
 * each hour: a town that switches its lights off at night may go on doing so. Where no place is declared nothing is said. What
 * the lamps draw is left to the detectors of consumption.
 */

import { sunPosition } from '../../core/sun.ts';
import { hourMs, minuteMs } from '../../core/time.ts';
import { calendar } from '../../core/window.ts';
import { wallHour } from '../learn/hour.ts';
import { type ReadingDetector, scoreOf } from './detector.ts';

/** Height of the sun, degrees: above the first it is day, below the second night (civil twilight ends at −6). */
const dayDeg = 5;
const nightDeg = -7;
const lastsMs = 45 * minuteMs;
/** A gap so long begins anew. */
const gapMs = 3 * hourMs;
const hours = 24;
/** Of the dark moments of an hour so many must be known, and this share of them lit. */
const knownMin = 60;
const litMin = 0.9;
const weight = 0.01;

export const lighting: ReadingDetector = {
  kind: 'lighting',
  sees: 'reading',
  doubts: 'consumption',
  numbersMax: 3,
  floats: 2 * hours,
  appliesTo: ({ quantity }) => quantity.kind === 'state' && quantity.name === 'lighting',
  update(state, floats, { at, value }, { fold, place }) {
    if (value === null || place === undefined) return null;
    const { elevationDeg } = sunPosition(at, place[0], place[1]);
    const day = calendar(fold.zone).windowAt(3, at);
    const hour = wallHour(Math.floor((at - day.start) / hourMs), (day.end - day.start) / hourMs);
    const lit = value > 0;
    const known = floats[hours + hour] as number;
    const habit = floats[hour] as number;
    const isLate = elevationDeg < nightDeg && !lit && known >= knownMin && habit >= litMin;
    const isWrong = (elevationDeg > dayDeg && lit) || isLate;
    if (!isWrong || at - (state.at ?? at) > gapMs) delete state.since;
    state.at = at;
    if (isWrong) state.since ??= at;
    if (elevationDeg < nightDeg) {
      floats[hour] = habit + Math.max(weight, 1 / (known + 1)) * ((lit ? 1 : 0) - habit);
      floats[hours + hour] = Math.min(known + 1, 1_000);
    }
    const lasts = at - (state.since ?? at);
    if (!isWrong && state.openSince === undefined) return null;
    return {
      unusual: isWrong && lasts >= lastsMs,
      score: isWrong ? scoreOf(lasts / lastsMs) : 0,
      since: state.since ?? at,
      observed: value,
      expected: lit ? 0 : null,
      usual: null,
      code: lit ? 'by-day' : 'by-night',
      values: { minutes: Math.round(lasts / minuteMs), degrees: Math.round(elevationDeg) },
    };
  },
  reason({ code, values: { minutes = 0, degrees = 0 } }) {
    return code === 'by-day'
      ? {
          fr: `L'éclairage brûle en plein jour depuis ${minutes} min (soleil à ${degrees}° au-dessus de l'horizon) : horloge, cellule ou marche forcée.`,
          en: `The lights have burnt by day for ${minutes} min (the sun ${degrees}° above the horizon): clock, light cell, or forced on.`,
        }
      : {
          fr: `L'éclairage est éteint depuis ${minutes} min alors qu'il fait nuit et qu'il brûle d'ordinaire à cette heure : disjoncteur, horloge ou cellule.`,
          en: `The lights have been off for ${minutes} min though it is night and they usually burn at this hour: breaker, clock or light cell.`,
        };
  },
};
