/**
 * Detector: a solar plant that gives less than its own best under the same sun: a string lost, dirt, shade, a power limit.
 * Method: the mean power of each hour over that of a clear sky at this place (Haurwitz, by the height of the sun). Its best over
 * five days against the best of the weeks before them, hour by hour of the day: clouds never reach it, and one clear hour in five
 * days is enough. An hour counts that was seen under a high sun on four of the five: in autumn evenings go, and are no loss. The
 * upper quartile of these shares is what the whole plant lost, the lowest three hours in a row what shade or a limit took; each
 * against its own records. Where no place is declared nothing is said. That nothing comes at all is left to `outage.ts`.
 */
import { clearSky, sunPosition } from '../../core/sun.ts';
import { dayMs, hourMs } from '../../core/time.ts';
import { keepRecord, limitOf, recordFloats } from '../learn/records.ts';
import { type DetectorState, type HourDetector, type Judgement, over, scoreOf } from './detector.ts';

const hours = 24;
/** Days whose best is judged. */
const days = 5;
/** An hour is judged that was seen on so many of them: one dark day is no five. */
const daysMin = 4;
/** Lower the sun tells little. */
const lowestDeg = 10;
/** Of the best of old a day forgets so much. */
const forgotten = 0.003;
const learnDays = 21;
/** What lasts so long is taken for its best: meanwhile nothing else is said of consumption. */
const lastingDays = 28;
/** An hour that was seen stands at this at the least: 0 is none. */
const seenAtAll = 1e-6;
/** An hour of the day counts that gives so much of the best one. */
const hourMin = 0.15;
const hoursMin = 4;
const inRow = 3;
const leastWhole = 0.06;
const leastPart = 0.15;
const offPart = 0.6;

const bestAt = days * hours;
const recordsAt = bestAt + hours;

export const solarYield: HourDetector = {
  kind: 'solar-yield',
  sees: 'hour',
  doubts: 'consumption',
  needsUsual: false,
  numbersMax: 4,
  floats: recordsAt + 2 * recordFloats,
  appliesTo: ({ quantity }) => quantity.kind === 'gauge' && quantity.unit === 'W',
  isFor: ({ place, produces }) => place !== undefined && produces === true,
  learning: ({ seen = 0 }) => (seen < learnDays ? { days: seen, of: learnDays } : null),
  update(state, floats, { value, start, end }, { place }) {
    if (place === undefined) return null;
    const { elevationDeg } = sunPosition((start + end) / 2, place[0], place[1]);
    const day = Math.floor((start + (place[0] / 360) * dayMs) / dayMs);
    let judgement: Judgement | null = null;
    if (state.day !== day) {
      if (state.day !== undefined) judgement = closeDay(state, floats, start, place[0]);
      turnTo(state, floats, day);
    }
    if (value === null || elevationDeg < lowestDeg) return judgement;
    const hour = Math.floor(start / hourMs) % hours;
    floats[(day % days) * hours + hour] = Math.max(seenAtAll, value / clearSky(elevationDeg));
    return judgement;
  },
  reason({ observed, expected, code, values: { percent = 0, from = 0 } }, show) {
    const [seen, wanted] = [observed ?? 0, expected ?? 0];
    return code === 'whole'
      ? {
          fr: `En ${days} jours, ${percent} % de moins que le meilleur des semaines d'avant sous le même soleil (${show(seen, 'fr')} au lieu de ${show(wanted, 'fr')} pour 1 000 W/m²) : chaîne de modules perdue, saleté ou neige.`,
          en: `In ${days} days ${percent} % less than the best of the weeks before under the same sun (${show(seen, 'en')} instead of ${show(wanted, 'en')} for 1,000 W/m²): a string lost, dirt or snow.`,
        }
      : {
          fr: `En ${days} jours, ${percent} % de moins que le meilleur des semaines d'avant sous le même soleil, ${inRow} heures à partir de ${from} h UTC : ombre ou puissance bridée.`,
          en: `In ${days} days ${percent} % less than the best of the weeks before under the same sun, in the ${inRow} hours from ${from}:00 UTC: shade, or a limited power.`,
        };
  },
};

/** What leaves the judged days goes into the best of old; the new day begins empty. */
const turnTo = (state: DetectorState, floats: Float32Array, day: number): void => {
  const passed = Math.min(days, day - (state.day ?? day - 1));
  for (let one = day - passed + 1; one <= day; one++) {
    for (let hour = 0; hour < hours; hour++) {
      const place = (one % days) * hours + hour;
      floats[bestAt + hour] = Math.max((floats[bestAt + hour] as number) * (1 - forgotten), floats[place] as number);
      floats[place] = 0;
    }
  }
  state.day = day;
  state.seen = Math.min((state.seen ?? 0) + 1, 1_000);
};

/** An hour of the day: the best of the judged days and of old, over a clear sky. */
interface Share {
  /** UTC. */
  readonly hour: number;
  readonly now: number;
  readonly old: number;
  readonly share: number;
}

interface Lack {
  readonly whole: number;
  readonly part: number;
  /** First hour of the part, UTC. */
  readonly from: number;
  /** The hours that tell the two: the upper quartile, and the best of the part. */
  readonly wholeBy: Share;
  readonly partBy: Share;
}

const byShare = (a: Share, b: Share): number => a.share - b.share;

/** An hour of the day as it was seen; null where it does not count. @param highest the best of old of all hours */
const shareAt = (floats: Float32Array, hour: number, highest: number): Share | null => {
  const old = floats[bestAt + hour] as number;
  if (old <= hourMin * highest || old === 0) return null;
  let [now, seen] = [0, 0];
  for (let day = 0; day < days; day++) {
    const one = floats[day * hours + hour] as number;
    if (one > 0) seen++;
    now = Math.max(now, one);
  }
  return seen < daysMin ? null : { hour, now, old, share: now / old };
};

/** What the last days lacked of the best of old; null where too few hours tell. */
const lackOf = (floats: Float32Array, lon: number): Lack | null => {
  const highest = floats.subarray(bestAt, bestAt + hours).reduce((a, b) => Math.max(a, b), 0);
  // From local midnight on, so that no day is cut where UTC turns.
  const first = hours + Math.ceil((-lon / 360) * hours);
  const shares = Array.from({ length: hours }, (_, place) => shareAt(floats, (first + place) % hours, highest));
  const sorted = shares.filter((one) => one !== null).sort(byShare);
  const upper = sorted[Math.floor(0.75 * (sorted.length - 1))];
  if (sorted.length < hoursMin || upper === undefined) return null;
  let [part, from, partBy] = [0, 0, upper];
  for (let i = 0; i + inRow <= hours; i++) {
    // Neighbours on the clock: one that does not count parts them.
    const row = shares.slice(i, i + inRow).filter((one) => one !== null);
    const best = row.sort(byShare).at(-1);
    if (row.length < inRow || best === undefined || 1 - best.share <= part) continue;
    [part, from, partBy] = [1 - best.share, (first + i) % hours, best];
  }
  return { whole: Math.max(0, 1 - upper.share), part, from, wholeBy: upper, partBy };
};

/** Takes what the last days gave for the best. */
const settle = (floats: Float32Array): void => {
  for (let hour = 0; hour < hours; hour++) {
    const seen = shareAt(floats, hour, 0);
    if (seen !== null) floats[bestAt + hour] = Math.min(seen.old, seen.now);
  }
};

const closeDay = (state: DetectorState, floats: Float32Array, now: number, lon: number): Judgement | null => {
  const lack = (state.seen ?? 0) < learnDays ? null : lackOf(floats, lon);
  const open = state.openSince !== undefined;
  if (lack === null) return open ? over(now) : null;
  if (now - (state.openSince ?? now) >= lastingDays * dayMs) {
    settle(floats);
    return over(now);
  }
  const limits = [limitOf(floats, recordsAt, now, leastWhole), limitOf(floats, recordsAt + recordFloats, now, leastPart)] as const;
  if (!open) {
    keepRecord(floats, recordsAt, lack.whole, limits[0]);
    keepRecord(floats, recordsAt + recordFloats, lack.part, limits[1]);
  }
  const [whole, part] = [lack.whole / limits[0], lack.part / limits[1]];
  const ratio = Math.max(whole, part);
  const isWhole = whole >= part;
  const by = isWhole ? lack.wholeBy : lack.partBy;
  return {
    unusual: ratio > (open ? offPart : 1),
    score: scoreOf(ratio),
    since: now - days * dayMs,
    observed: 1_000 * by.now,
    expected: 1_000 * by.old,
    usual: null,
    code: isWhole ? 'whole' : 'part',
    values: { percent: Math.round(100 * (isWhole ? lack.whole : lack.part)), from: lack.from },
  };
};
