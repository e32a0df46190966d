/** The part of `octroi judge` that holds what is expected against what came: the baseline of each building meter, and forecasts of car parks beside persistence and profile. Prints it, keeps it. */
import type { Point } from '../../core/fold.ts';
import { median } from '../../core/median.ts';
import { horizonsMs, occupancy } from '../../core/occupancy.ts';
import { quarterMs } from '../../core/time.ts';
import { addPair, cvRmse, meanError, nmbe, noSums, type Sums } from '../../judge/expectation.ts';
import { isHeldOut } from '../../judge/fault-report.ts';
import type { HourDetector } from '../../processors/detect/detector.ts';
import { detectors } from '../../processors/detect/registry.ts';
import { panelFrom } from '../../processors/judge.ts';
import { oneKey } from '../../processors/one-key.ts';
import type { KnownSeries } from './series.ts';

/** What a meter counts of a building. */
const ofBuildings = ['active_energy', 'gas_energy', 'heat_amount'];
/** A free count is relied on for so long, as the type of a car park says of its reports. */
const heldMs = 3 * quarterMs;

export interface BaselineLine {
  readonly series: string;
  readonly heldOut: boolean;
  /** Hours of the second half that were judged, and those whose data were in doubt. */
  readonly hours: number;
  readonly doubted: number;
  /** By the profile of the week, which knows nothing of the last hours, and one hour ahead; shares. */
  readonly cvRmse: number | null;
  readonly nmbe: number | null;
  readonly cvRmseNextHour: number | null;
  /** Share of hours next to nothing: where it is large no share of a mean says much. */
  readonly resting: number;
}

const baselineOf = (series: KnownSeries): BaselineLine => {
  const { about, points } = series;
  const from = (points[points.length >> 1] as Point).at;
  const [slow, next] = [noSums(), noSums()];
  let [doubted, resting] = [0, 0];
  const watch: HourDetector = {
    kind: 'use',
    sees: 'hour',
    doubts: 'consumption',
    needsUsual: true,
    numbersMax: 0,
    floats: 0,
    appliesTo: () => true,
    update(_state, _floats, { start, value, usual }) {
      if (start < from || usual === null) return null;
      if (value === null) {
        doubted++;
        return null;
      }
      addPair(slow, value, usual.expected);
      addPair(next, value, usual.near);
      if (Math.abs(value) < 0.05 * usual.size) resting++;
      return null;
    },
    reason: () => ({ fr: '', en: '' }),
  };
  const one = oneKey(about, undefined, panelFrom([...detectors, watch], about.rule));
  for (const point of points) one.take(point);
  return {
    series: series.name,
    heldOut: isHeldOut(series.device),
    hours: slow.count,
    doubted,
    cvRmse: cvRmse(slow),
    nmbe: nmbe(slow),
    cvRmseNextHour: cvRmse(next),
    resting: slow.count === 0 ? 0 : resting / slow.count,
  };
};

export interface ForecastLine {
  readonly series: string;
  readonly heldOut: boolean;
  /** Places; where none are declared the most that were ever free in the first half. */
  readonly capacity: number;
  readonly declared: boolean;
  /** By horizon; mean errors as shares of the capacity. */
  readonly horizons: readonly {
    readonly minutes: number;
    readonly count: number;
    readonly forecast: number;
    readonly persistence: number;
    readonly profile: number;
  }[];
}

interface Waiting {
  readonly horizon: number;
  readonly at: number;
  readonly forecast: number;
  readonly persistence: number;
  readonly profile: number;
}

const forecastOf = ({ points, zone, about, name, device }: KnownSeries): ForecastLine => {
  const half = points.length >> 1;
  const from = (points[half] as Point).at;
  const highest = points.slice(0, half).reduce((most, { value }) => Math.max(most, value ?? 0), 0);
  const capacity = about.capacity ?? highest;
  const model = occupancy(zone, capacity);
  const sums = horizonsMs.map((): { readonly forecast: Sums; readonly persistence: Sums; readonly profile: Sums } => ({
    forecast: noSums(),
    persistence: noSums(),
    profile: noSums(),
  }));
  const waiting = new Map<number, Waiting[]>();
  let place = 0;
  const first = Math.ceil((points[0] as Point).at / quarterMs) * quarterMs;
  for (let at = first; at <= (points.at(-1) as Point).at; at += quarterMs) {
    while (place + 1 < points.length && (points[place + 1] as Point).at <= at) place++;
    const last = points[place] as Point;
    const value = at - last.at <= heldMs ? last.value : null;
    for (const one of waiting.get(at) ?? []) {
      const { forecast, persistence, profile } = sums[one.horizon] as (typeof sums)[number];
      if (value === null) continue;
      addPair(forecast, value, one.forecast);
      addPair(persistence, value, one.persistence);
      addPair(profile, value, one.profile);
    }
    waiting.delete(at);
    model.take(at, value);
    if (at < from || value === null) continue;
    for (const [horizon, ms] of horizonsMs.entries()) {
      const [forecast, profile] = [model.forecast(ms), model.profileAt(at + ms)];
      if (forecast === null || profile === null) continue;
      const list = waiting.get(at + ms) ?? [];
      waiting.set(at + ms, list);
      list.push({ horizon, at, forecast, persistence: value, profile });
    }
  }
  const shareOf = (one: Sums): number => (meanError(one) ?? 0) / capacity;
  return {
    series: name,
    heldOut: isHeldOut(device),
    capacity,
    declared: about.capacity !== undefined,
    horizons: sums.map(({ forecast, persistence, profile }, n) => ({
      minutes: (horizonsMs[n] as number) / 60_000,
      count: forecast.count,
      forecast: shareOf(forecast),
      persistence: shareOf(persistence),
      profile: shareOf(profile),
    })),
  };
};

export interface ModelsJudged {
  readonly baselines: readonly BaselineLine[];
  readonly forecasts: readonly ForecastLine[];
}

export const judgeModels = (series: readonly KnownSeries[]): ModelsJudged => ({
  baselines: series.filter((one) => one.class === 'meter' && ofBuildings.includes(one.quantity) && one.points.length > 1).map(baselineOf),
  forecasts: series.filter((one) => one.quantity === 'free_places' && one.points.length > 1).map(forecastOf),
});

const percent = (share: number | null): string => (share === null ? '–' : (100 * share).toFixed(1));

const half = (title: string, lines: readonly BaselineLine[]): string => {
  const of = (pick: (line: BaselineLine) => number | null): number | null => median(lines.flatMap((line) => pick(line) ?? []));
  return `${title}: ${lines.length} meters, median CV(RMSE) ${percent(of(({ cvRmse }) => cvRmse))} %, an hour ahead ${percent(of(({ cvRmseNextHour }) => cvRmseNextHour))} %; NMBE within 5 %: ${lines.filter(({ nmbe }) => Math.abs(nmbe ?? 1) <= 0.05).length}`;
};

export const modelsText = ({ baselines, forecasts }: ModelsJudged): string =>
  [
    'Baseline of each meter by the hour, second half; shares of its mean in %:',
    ...baselines.map(
      (one) =>
        `  ${one.series} (${one.heldOut ? 'held out' : 'tried on'}): CV(RMSE) ${percent(one.cvRmse)}, NMBE ${percent(one.nmbe)}, an hour ahead ${percent(one.cvRmseNextHour)}; ${one.hours} hours, ${one.doubted} in doubt, ${percent(one.resting)} next to nothing`,
    ),
    half(
      'tried on',
      baselines.filter(({ heldOut }) => !heldOut),
    ),
    half(
      'held out',
      baselines.filter(({ heldOut }) => heldOut),
    ),
    '',
    'Free places of car parks ahead, second half; mean error in % of the places, of forecast / persistence / profile:',
    ...forecasts.map(
      (one) =>
        `  ${one.series} (${one.heldOut ? 'held out' : 'tried on'}, ${one.capacity}${one.declared ? '' : ' at the most'} places): ${one.horizons
          .map(
            ({ minutes, forecast, persistence, profile }) =>
              `${minutes} min ${percent(forecast)} / ${percent(persistence)} / ${percent(profile)} (${persistence > 0 ? (forecast / persistence).toFixed(2) : '–'} of persistence)`,
          )
          .join('; ')}`,
    ),
  ].join('\n');
