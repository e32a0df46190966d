/**
 * Detector: a solar plant that falls behind the others of the town: a string lost, dirt, a shadow of its own. Clouds are above all
 * of them, so what a plant gave over a day, as a share of a clear sky's (Haurwitz), against the median of the other plants tells
 * what is its own, also in weeks without one clear hour. Method: the logarithm of that ratio, its median over five days against
 * its median over the weeks before, held against its own records. A day is judged a day after its end, when the others have told
 * of it; it counts where the hours of the sun were seen and the others gave half of their best in the middle.
 * Where the town has three other plants at least, in the same partition of the log; else nothing is said.
 */
import { median } from '../../core/median.ts';
import { clearSky, sunPosition } from '../../core/sun.ts';
import { dayMs, hourMs } from '../../core/time.ts';
import { keepRecord, limitOf, recordFloats } from '../learn/records.ts';
import { type About, type DetectorState, type HourDetector, type Judgement, over, scoreOf } from './detector.ts';

/** Days whose median is judged, and days before them that it is held against. */
const days = 5;
const daysBefore = 12;
/** Of those before, so many at least. */
const daysBeforeMin = 10;
/** Lower the sun tells little. */
const lowestDeg = 10;
/** Of the hours of the sun so much must be seen. */
const seenMin = 0.8;
/** On darker days, by what the others gave of their best, a ratio tells little. */
const othersMin = 0.5;
/** Of its best a day forgets so much. */
const forgotten = 0.003;
const least = 0.05;
const offPart = 0.6;

const ring = days + daysBefore;
/** The logarithms, their days, then the record. */
const daysAt = ring;
const recordAt = 2 * ring;

/** What is kept beside the floats. `sum`, `clear`, `seen`: power, that of a clear sky, and hours, of the day at hand. */
interface Numbers {
  day?: number;
  sum?: number;
  clear?: number;
  seen?: number;
  best?: number;
  /** Of the last day that counted: its number, and what it gave of a clear sky. */
  lastDay?: number;
  lastShare?: number;
  /** Days in the ring since it began. */
  count?: number;
}

export const solarPeers: HourDetector = {
  kind: 'solar-peers',
  sees: 'hour',
  doubts: 'consumption',
  needsUsual: false,
  numbersMax: 8,
  floats: recordAt + recordFloats,
  appliesTo: ({ quantity }) => quantity.kind === 'gauge' && quantity.unit === 'W',
  isFor: ({ place, peers }) => place !== undefined && peers !== undefined,
  update(state: DetectorState & Numbers, floats, { value, start, end }, about) {
    const { place } = about;
    if (place === undefined) return null;
    const day = localDay(start, place);
    let judgement: Judgement | null = null;
    if (state.day !== day) {
      if (state.day !== undefined) judgement = closeDay(state, floats, start, about);
      Object.assign(state, { day, sum: 0, clear: 0, seen: 0 });
    }
    const { elevationDeg } = sunPosition((start + end) / 2, place[0], place[1]);
    if (value === null || elevationDeg < lowestDeg) return judgement;
    state.sum = (state.sum ?? 0) + value;
    state.clear = (state.clear ?? 0) + clearSky(elevationDeg);
    state.seen = (state.seen ?? 0) + 1;
    return judgement;
  },
  reason({ observed, expected, values: { percent = 0, others = 0 } }, show) {
    const [seen, wanted] = [observed ?? 0, expected ?? 0];
    return {
      fr: `En ${days} jours, ${percent} % de moins que ne le laissaient attendre ${others} autres installations de la ville (${show(seen, 'fr')} au lieu de ${show(wanted, 'fr')} pour 1 000 W/m²) : chaîne de modules perdue, saleté ou ombre propre à celle-ci.`,
      en: `In ${days} days ${percent} % less than ${others} other plants of the town made one expect (${show(seen, 'en')} instead of ${show(wanted, 'en')} for 1,000 W/m²): a string lost, dirt, or a shadow on this one alone.`,
    };
  },
};

type Place = readonly [lon: number, lat: number];

const localDay = (at: number, [lon]: Place): number => Math.floor((at + (lon / 360) * dayMs) / dayMs);

/** Hours of a local day in whose middle the sun is high enough. */
const sunHours = (day: number, [lon, lat]: Place): number => {
  const first = Math.ceil((day * dayMs - (lon / 360) * dayMs) / hourMs) * hourMs;
  let count = 0;
  for (let hour = 0; hour < 24; hour++) if (sunPosition(first + (hour + 0.5) * hourMs, lon, lat).elevationDeg >= lowestDeg) count++;
  return count;
};

/** What a plant gave of a clear sky on the day that ends; null where too little was seen of it, or it gave nothing, which others say. */
const shareOf = ({ day = 0, sum = 0, clear = 0, seen = 0 }: Numbers, place: Place): number | null =>
  seen === 0 || seen < seenMin * sunHours(day, place) || sum <= 0 ? null : sum / clear;

const closeDay = (state: DetectorState & Numbers, floats: Float32Array, now: number, { place = [0, 0], peers }: About): Judgement | null => {
  const { day = 0, lastDay, lastShare } = state;
  const judgement = lastDay === undefined || lastShare === undefined ? null : judgeDay(state, floats, now, lastDay, lastShare, peers);
  delete state.lastDay;
  delete state.lastShare;
  const share = shareOf(state, place);
  if (share === null) return judgement;
  state.best = Math.max((state.best ?? 0) * (1 - forgotten), share);
  peers?.tell(day, share / state.best);
  state.lastDay = day;
  state.lastShare = share;
  return judgement;
};

/** The place in the ring of the day that is so many days before the newest. */
const placeOf = (count: number, before: number): number => (count - 1 - before) % ring;

const judgeDay = (state: DetectorState & Numbers, floats: Float32Array, now: number, day: number, share: number, peers: About['peers']): Judgement | null => {
  const others = peers?.others(day) ?? null;
  if (others === null || others.median < othersMin) return null;
  const count = (state.count ?? 0) + 1;
  state.count = count;
  floats[placeOf(count, 0)] = Math.log(share / others.median);
  floats[daysAt + placeOf(count, 0)] = day;
  const open = state.openSince !== undefined;
  if (count < days + daysBeforeMin) return open ? over(now) : null;
  const middleOf = (newest: number, oldest: number): number =>
    median(Array.from({ length: oldest - newest }, (_, n) => floats[placeOf(count, newest + n)] as number)) ?? 0;
  const lack = 1 - Math.exp(middleOf(0, days) - middleOf(days, Math.min(count, ring)));
  const limit = limitOf(floats, recordAt, now, least);
  if (!open) keepRecord(floats, recordAt, lack, limit);
  const ratio = lack / limit;
  return {
    unusual: ratio > (open ? offPart : 1),
    score: scoreOf(ratio),
    since: (floats[daysAt + placeOf(count, days - 1)] as number) * dayMs,
    observed: 1_000 * share,
    expected: (1_000 * share) / (1 - lack),
    usual: null,
    code: 'behind',
    values: { percent: Math.round(100 * lack), others: others.count },
  };
};
