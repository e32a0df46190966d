/** How a town uses things over the day, the week and the year: the curves that its devices share. Sizes are left to the models. */

import { sunPosition } from '../core/sun.ts';
import { quarterMs } from '../core/time.ts';
import { chance, hashText } from './chance.ts';
import { type CivilTime, civil } from './civil.ts';
import { type Curve, curve } from './curve.ts';
import { townAt, weather } from './weather.ts';

/** Uses of a site, each with its way of living. */
export const siteUses = ['school', 'creche', 'office', 'sport', 'pool', 'culture', 'community', 'market', 'housing'] as const;
export type SiteUse = (typeof siteUses)[number];

export interface Shapes {
  readonly weather: ReturnType<typeof weather>;
  readonly civil: (at: number) => CivilTime;
  /** People present, 0 to 1. */
  readonly presence: Readonly<Record<SiteUse, Curve>>;
  /** Electricity, 1 at the usual peak. */
  readonly electricity: Readonly<Record<SiteUse, Curve>>;
  /** Heating power, 1 at about −7 °C in use. */
  readonly heating: Readonly<Record<SiteUse, Curve>>;
  /** What a quarter's transformer carries, share of the rated power. */
  readonly district: Curve;
  /** Power of a PV roof, share of its peak power. */
  readonly solar: Curve;
  /** Street lamps: 0 off, 0.5 dimmed, 1 on. */
  readonly lamps: Curve;
  /** Vehicles that arrive at a car park, 1 at the usual peak. */
  readonly arrivals: Curve;
  readonly batteryCharge: Curve;
  readonly batteryDischarge: Curve;
  /** mm/h */
  readonly rain: Curve;
}

/** Rises from 0 to 1 around `from` and falls around `to`, within about half an hour. */
const open = (hour: number, from: number, to: number): number => {
  const edge = (x: number): number => Math.min(1, Math.max(0, x * 2 + 0.5));
  return Math.min(edge(hour - from), edge(to - hour));
};

const bell = (hour: number, centre: number, width: number): number => Math.exp(-(((hour - centre) / width) ** 2));

/** People present at a site of that use. */
const present: Readonly<Record<SiteUse, (t: CivilTime) => number>> = {
  school: (t) => (!t.workday || t.schoolHoliday ? 0 : open(t.hour, 8, t.weekday === 3 ? 12 : 17) * (1 - 0.5 * bell(t.hour, 12.7, 0.7))),
  creche: (t) => (t.workday ? open(t.hour, 7.5, 18.5) * (t.schoolHoliday ? 0.7 : 1) : 0),
  office: (t) => (t.workday ? open(t.hour, 8.5, 18) * (1 - 0.3 * bell(t.hour, 12.8, 0.6)) : 0),
  sport: (t) => open(t.hour, t.workday ? 9 : 10, 22) * (0.35 + 0.65 * bell(t.hour, 19, 2.2)) * (t.schoolHoliday ? 0.5 : 1),
  pool: (t) => open(t.hour, t.workday ? 7 : 9, t.workday ? 21 : 19),
  culture: (t) => (t.weekday === 1 || t.publicHoliday ? 0 : open(t.hour, 10, 19) * (t.weekday === 3 || t.weekday === 6 ? 1 : 0.6)),
  community: (t) => (t.weekday === 0 || t.publicHoliday ? 0 : open(t.hour, 9.5, 20.5) * (0.4 + 0.6 * bell(t.hour, 17.5, 2.5))),
  market: (t) => (t.weekday === 0 || t.weekday === 3 || t.weekday === 5 ? open(t.hour, 7, 13.5) : 0),
  housing: (t) => 1 - (t.workday ? 0.65 * open(t.hour, 8.5, 18) : 0.25 * open(t.hour, 10, 18)),
};

/** What runs without anybody there, share of the peak. */
const standby: Readonly<Record<SiteUse, number>> = {
  school: 0.14,
  creche: 0.2,
  office: 0.22,
  sport: 0.12,
  pool: 0.62,
  culture: 0.2,
  community: 0.15,
  market: 0.25,
  housing: 0.18,
};

const homeElectricity = (t: CivilTime): number =>
  0.2 + 0.45 * bell(t.hour, t.workday ? 7.5 : 9.5, 1.2) + 0.3 * bell(t.hour, 12.7, 1.3) * (t.workday ? 0.5 : 1) + 0.8 * bell(t.hour, 20, 2);

const record = <T>(make: (use: SiteUse) => T): Readonly<Record<SiteUse, T>> =>
  Object.fromEntries(siteUses.map((use) => [use, make(use)])) as Record<SiteUse, T>;

/** The curves of a seed in a zone. Each is worked out as far as it is asked for. */
export const shapes = (seed: number, zone: string): Shapes => {
  const sky = weather(seed);
  const time = civil(zone);
  const grain = (name: string): ((at: number) => number) => {
    const key = hashText(name, seed);
    return (at) => 0.9 + 0.2 * chance(key, Math.floor(at / quarterMs));
  };
  const cold = curve((at) => Math.max(0, 17 - sky(at).temperature) / 24);
  const sun = curve((at) => sky(at).irradiance);
  const dark = (at: number): boolean => sunPosition(at + 450_000, townAt.lon, townAt.lat).elevationDeg < -3;

  const presence = record((use) => curve((at) => present[use](time(at))));
  const electricity = record((use) => {
    const uneven = grain(use);
    if (use === 'housing') return curve((at) => uneven(at) * (homeElectricity(time(at)) + 0.5 * cold.at(at)));
    return curve((at) => uneven(at) * (standby[use] + (1 - standby[use]) * presence[use].at(at) + 0.12 * cold.at(at) + (dark(at) ? 0.04 : 0)));
  });
  const heating = record((use) => {
    const keep = use === 'pool' ? 0.35 : 0;
    // It warms the rooms for two hours before they are used, and holds them lower at other times.
    return curve((at) => keep + cold.at(at) * (0.45 + 0.55 * Math.max(presence[use].at(at), presence[use].at(at + 7_200_000))));
  });
  return {
    weather: sky,
    civil: time,
    presence,
    electricity,
    heating,
    district: curve((at) => 0.08 + 0.28 * electricity.housing.at(at) + 0.22 * electricity.office.at(at)),
    solar: curve((at) => (0.92 * sun.at(at)) / 1000),
    lamps: curve((at) => {
      if (!dark(at)) return 0;
      const { hour } = time(at);
      return hour >= 1 && hour < 5 ? 0.5 : 1;
    }),
    arrivals: curve((at) => {
      const t = time(at);
      const day = t.workday
        ? 0.9 * bell(t.hour, 9, 1.4) + 0.5 * bell(t.hour, 14.5, 2) + 0.45 * bell(t.hour, 19, 1.6)
        : 0.7 * bell(t.hour, 11, 2) + 0.5 * bell(t.hour, 16, 2.5);
      return 0.02 + day * (t.schoolHoliday ? 0.75 : 1);
    }),
    batteryCharge: curve((at) => open(time(at).hour, 10, 14)),
    batteryDischarge: curve((at) => open(time(at).hour, 18, 22)),
    rain: curve((at) => sky(at).rainRate),
  };
};
