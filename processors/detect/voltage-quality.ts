/**
 * Detector: the voltage of a low-voltage phase against EN 50160:2010, 4.2.2: of the means of ten minutes of a week 95 % lie within
 * 230 V ± 10 %, and all of them within + 10 and − 15 %. A mean beyond is said at once, and over after an hour without another;
 * more than 5 % of a week's 1,008 means outside are said as soon as there are so many, and as long as seven days hold them.
 */
import { toQuanta } from '../../core/quantity.ts';
import { Flag } from '../../core/reading.ts';
import { dayMs, hourMs, minuteMs } from '../../core/time.ts';
import { type DetectorState, type Judgement, type ReadingDetector, scoreOf } from './detector.ts';

const nominal = 230;
const within = [0.9 * nominal, 1.1 * nominal] as const;
const lowest = 0.85 * nominal;
const slotMs = 10 * minuteMs;
const weekDays = 7;
const outsideMax = 0.05 * ((weekDays * dayMs) / slotMs);

/** Means outside on each of the days, then which days these are. */
const daysAt = weekDays;

/** The sum and the count of the ten minutes at hand, in quanta, and the end of the last ones beyond. */
interface Numbers {
  slot?: number;
  sum?: number;
  count?: number;
  beyondAt?: number;
}

export const voltageQuality: ReadingDetector = {
  kind: 'voltage-quality',
  sees: 'reading',
  doubts: 'consumption',
  numbersMax: 4,
  floats: 2 * weekDays,
  appliesTo: ({ quantity }) => /^voltage_l[123]$/.test(quantity.name),
  update(state: DetectorState & Numbers, floats, { at, value, flags }, { rule: { quantity } }) {
    if (value === null || (flags & Flag.excluded) !== 0) return null;
    const slot = Math.floor(at / slotMs);
    const judgement = state.slot === undefined || state.slot === slot ? null : closeSlot(state, floats, (volts) => toQuanta(quantity, volts));
    if (state.slot !== slot) Object.assign(state, { slot, sum: 0, count: 0 });
    state.sum = (state.sum ?? 0) + value;
    state.count = (state.count ?? 0) + 1;
    return judgement;
  },
  reason({ code, observed, values: { times = 0 } }, show) {
    const seen = (language: 'fr' | 'en'): string => (observed === null ? '–' : show(observed, language));
    return code === 'beyond'
      ? {
          fr: `${seen('fr')} en moyenne sur dix minutes : hors des limites de l'EN 50160 (230 V +10/−15 %).`,
          en: `${seen('en')} as the mean of ten minutes: beyond the limits of EN 50160 (230 V +10/−15 %).`,
        }
      : {
          fr: `En sept jours ${times} moyennes de dix minutes hors de 230 V ± 10 % (l'EN 50160 en admet 5 %, soit 50) ; la dernière : ${seen('fr')}.`,
          en: `In seven days ${times} means of ten minutes outside 230 V ± 10 % (EN 50160 allows 5 %, which is 50); the last one: ${seen('en')}.`,
        };
  },
};

/** The judgement of the ten minutes that are over. */
const closeSlot = (state: DetectorState & Numbers, floats: Float32Array, quanta: (volts: number) => number): Judgement => {
  const { slot = 0, sum = 0, count = 1 } = state;
  const start = slot * slotMs;
  const mean = Math.round(sum / count);
  const [low, high] = [quanta(within[0]), quanta(within[1])];
  const day = Math.floor(start / dayMs);
  const place = day % weekDays;
  if (floats[daysAt + place] !== day) floats[place] = 0;
  floats[daysAt + place] = day;
  if (mean < low || mean > high) floats[place] = (floats[place] as number) + 1;
  let times = 0;
  for (let n = 0; n < weekDays; n++) if ((floats[daysAt + n] as number) > day - weekDays) times += floats[n] as number;
  const isBeyond = mean < quanta(lowest) || mean > high;
  if (isBeyond) state.beyondAt = start + slotMs;
  const lasts = state.openSince !== undefined && start - (state.beyondAt ?? Number.NEGATIVE_INFINITY) < hourMs;
  const off = Math.max(mean - high, quanta(lowest) - mean, 0) / (high - low);
  return {
    unusual: isBeyond || lasts || times > outsideMax,
    score: scoreOf(isBeyond ? 1 + off : Math.max(times / outsideMax, lasts ? 1 : 0)),
    since: start,
    observed: mean,
    expected: null,
    usual: [low, high],
    code: isBeyond || lasts ? 'beyond' : 'often',
    values: { times },
  };
};
