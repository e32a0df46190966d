/**
 * The part of `octroi judge` that holds solar plants against one another: made roofs under one made sky, since no data at hand have
 * several plants of one town. Each town is judged twice, untouched and with a fault in the second year of most of its plants.
 */
import type { QuantityRule } from '../../core/device-type.ts';
import { clearSky, sunPosition } from '../../core/sun.ts';
import { dayMs, hourMs } from '../../core/time.ts';
import { monthMs } from '../../judge/fault-suite.ts';
import { type Ranged, rate, share } from '../../judge/rates.ts';
import { aboutOf } from '../../processors/judge.ts';
import type { PeerDays } from '../../processors/learn/peers.ts';
import { oneKey } from '../../processors/one-key.ts';
import { type Declared, foldRule } from '../../processors/registry.ts';
import { between, drift, hashText } from '../../simulators/chance.ts';
import { townAt, weather } from '../../simulators/weather.ts';
import { types } from '../types.ts';

const began = Date.UTC(2024, 0, 1);
const days = 730;
const intervalMs = hourMs / 2;
const plantsPerTown = 10;
/** The settings of `solar-peers` were found on towns below it. */
const firstSeed = 1_000;
const rad = Math.PI / 180;

interface RoofFault {
  readonly name: string;
  readonly days: number;
  /** What is left of the power. @param day since it began */
  readonly left: (day: number, at: number) => number;
}

const roofFaults: readonly RoofFault[] = [
  { name: 'one string of eight lost for two weeks', days: 14, left: () => 7 / 8 },
  { name: 'two strings of eight lost for two weeks', days: 14, left: () => 6 / 8 },
  { name: 'half in the shade after noon for two weeks', days: 14, left: (_, at) => (at % dayMs > 12 * hourMs ? 0.5 : 1) },
  { name: 'soiling, 1 % a day for a month', days: 30, left: (day) => 1 - 0.01 * day },
];

interface Roof {
  readonly name: string;
  /** null: it stays whole. */
  readonly fault: RoofFault | null;
  readonly faultFrom: number;
  /** Power of the whole roof, W. */
  readonly watts: (at: number) => number;
}

/** A roof of 2 to 42 kW that looks somewhere between east-south-east and west-south-west, and has some clouds of its own. */
const roofOf = (seed: number, n: number, sky: ReturnType<typeof weather>): Roof => {
  const key = hashText(`roof ${n}`, seed);
  const tilt = between(key, 1, 10, 40) * rad;
  const azimuth = between(key, 2, 110, 250);
  const kilowatts = between(key, 3, 2, 42);
  const fault = roofFaults[n % (roofFaults.length + 1)] ?? null;
  return {
    name: `roof-${n}`,
    fault,
    faultFrom: began + Math.floor(between(key, 4, 400, 680)) * dayMs,
    watts(at) {
      const { elevationDeg, azimuthDeg } = sunPosition(at, townAt.lon, townAt.lat);
      if (elevationDeg <= 0) return 0;
      const cloud = Math.min(1, Math.max(0, sky(at).cloud + 0.15 * drift(key, at, hourMs)));
      const level = clearSky(elevationDeg) * (1 - 0.75 * cloud ** 2.4);
      const diffuse = 0.12 + 0.85 * cloud;
      const onto = Math.sin(elevationDeg * rad) * Math.cos(tilt) + Math.cos(elevationDeg * rad) * Math.sin(tilt) * Math.cos((azimuthDeg - azimuth) * rad);
      const direct = Math.min(4, Math.max(0, onto) / Math.max(0.1, Math.sin(elevationDeg * rad)));
      const noise = 1 + 0.02 * drift(key + 1, at, intervalMs);
      return level * ((1 - diffuse) * direct + (diffuse * (1 + Math.cos(tilt))) / 2) * kilowatts * noise;
    },
  };
};

interface Said {
  readonly kind: string;
  /** When it was said, epoch ms. */
  readonly at: number;
}

const leftOf = ({ fault, faultFrom }: Roof, at: number): number => {
  const day = Math.floor((at - faultFrom) / dayMs);
  return fault === null || day < 0 || day >= fault.days ? 1 : fault.left(day, at);
};

/** What the detectors of the pipeline say of each roof of a town. */
const saidOf = (roofs: readonly Roof[], powers: readonly Float64Array[], withFaults: boolean): Said[][] => {
  const solar: PeerDays = {};
  const keys = roofs.map(({ name }) => {
    const type = types.get('pv-inverter') as NonNullable<ReturnType<typeof types.get>>;
    const rule = type.rules.get('active_power') as QuantityRule;
    const declared = { device: { id: name, type: 'pv-inverter', intervalMs, imported: true }, type, place: [townAt.lon, townAt.lat] } as unknown as Declared;
    return { one: oneKey(aboutOf(declared, rule, foldRule(declared, rule, 'Europe/Paris'), { solar, keys: new Map() })), said: [] as Said[], known: 0 };
  });
  for (let step = 0; step < (days * dayMs) / intervalMs; step++) {
    const at = began + step * intervalMs;
    for (const [n, key] of keys.entries()) {
      const roof = roofs[n] as Roof;
      const watts = (powers[n] as Float64Array)[step] as number;
      key.one.take({ at, spanMs: 0, value: Math.round(watts * (withFaults ? leftOf(roof, at) : 1)), flags: 0 });
      const { anomalies } = key.one;
      for (; key.known < anomalies.length; key.known++) {
        const { kind, version } = anomalies[key.known] as (typeof anomalies)[number];
        if (version === 0) key.said.push({ kind, at });
      }
    }
  }
  return keys.map(({ said }) => said);
};

export interface RoofLine {
  readonly fault: string;
  readonly tried: number;
  readonly found: Ranged | null;
  readonly withinWeek: Ranged | null;
  /** Found by the comparison with others, whoever else did. */
  readonly byPeers: Ranged | null;
}

export interface RoofsJudged {
  readonly towns: number;
  readonly plants: number;
  readonly faults: readonly RoofLine[];
  /** On untouched plants, a plant-month, all and by detector. */
  readonly falseAlarms: { readonly all: Ranged | null; readonly byDetector: Readonly<Record<string, number>>; readonly months: number };
}

interface Trial {
  readonly fault: RoofFault;
  readonly found: readonly Said[];
  readonly faultFrom: number;
}

const trialsOf = (roofs: readonly Roof[], untouched: readonly Said[][], faulty: readonly Said[][]): Trial[] =>
  roofs.flatMap(({ fault, faultFrom }, n) => {
    if (fault === null) return [];
    const during = ({ at }: Said): boolean => at >= faultFrom && at < faultFrom + (fault.days + 1) * dayMs;
    const anyway = new Set((untouched[n] ?? []).filter(during).map(({ kind }) => kind));
    return [{ fault, faultFrom, found: (faulty[n] ?? []).filter((one) => during(one) && !anyway.has(one.kind)) }];
  });

const lineOf = (fault: RoofFault, trials: readonly Trial[]): RoofLine => {
  const own = trials.filter((one) => one.fault === fault);
  const having = (test: (said: Said, trial: Trial) => boolean): Ranged | null =>
    share(own.filter((trial) => trial.found.some((said) => test(said, trial))).length, own.length);
  return {
    fault: fault.name,
    tried: own.length,
    found: having(() => true),
    withinWeek: having(({ at }, { faultFrom }) => at < faultFrom + 7 * dayMs),
    byPeers: having(({ kind }) => kind === 'solar-peers'),
  };
};

/** @param towns how many are made, of ten plants each and two years */
export const judgeRoofs = (towns: number): RoofsJudged => {
  const trials: Trial[] = [];
  const untold: Said[] = [];
  for (let seed = firstSeed; seed < firstSeed + towns; seed++) {
    const sky = weather(seed);
    const roofs = Array.from({ length: plantsPerTown }, (_, n) => roofOf(seed, n, sky));
    const powers = roofs.map(({ watts }) => Float64Array.from({ length: (days * dayMs) / intervalMs }, (_, step) => watts(began + step * intervalMs)));
    const untouched = saidOf(roofs, powers, false);
    untold.push(...untouched.flat());
    trials.push(...trialsOf(roofs, untouched, saidOf(roofs, powers, true)));
  }
  const months = (towns * plantsPerTown * days * dayMs) / monthMs;
  const byDetector = Object.fromEntries(
    [...new Set(untold.map(({ kind }) => kind))].sort().map((kind) => [kind, untold.filter((one) => one.kind === kind).length]),
  );
  return {
    towns,
    plants: towns * plantsPerTown,
    faults: roofFaults.map((fault) => lineOf(fault, trials)),
    falseAlarms: { all: rate(untold.length, months), byDetector, months: Math.round(months) },
  };
};

const percent = (ranged: Ranged | null): string =>
  ranged === null ? '–' : `${Math.round(100 * ranged.value)} (${Math.round(100 * ranged.low)} to ${Math.round(100 * ranged.high)})`;

export const roofsText = ({ towns, plants, faults, falseAlarms: { all, byDetector, months } }: RoofsJudged): string =>
  [
    ...faults.map(
      ({ fault, tried, found, withinWeek, byPeers }) =>
        `${fault}: ${tried} tried, found ${percent(found)} %, in 7 days ${percent(withinWeek)} %, by its peers ${percent(byPeers)} %`,
    ),
    `said of plants without a fault: ${all?.value.toFixed(2) ?? '–'} a plant-month, in ${months} of them: ${Object.entries(byDetector)
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', ')}`,
    `${towns} made towns of ${plants / towns} roofs and two years each; made roofs under a made sky say less than real ones would.`,
  ].join('\n');
