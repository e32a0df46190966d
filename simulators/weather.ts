/** The demo town's weather: a pure function of seed and time. It is nobody's record and no forecast. */

import { clearSky, sunPosition } from '../core/sun.ts';
import { dayMs, hourMs } from '../core/time.ts';
import { chance, drift, hashText } from './chance.ts';

/** Centre of the town. */
export const townAt = { lon: 2.27, lat: 48.823 } as const;

const yearMs = 365.2425 * dayMs;

export interface Weather {
  /** °C */
  readonly temperature: number;
  /** % */
  readonly humidity: number;
  /** Share of the sky, 0 to 1. */
  readonly cloud: number;
  /** hPa */
  readonly pressure: number;
  /** m/s */
  readonly wind: number;
  /** degrees */
  readonly windFrom: number;
  /** W/m² on level ground */
  readonly irradiance: number;
  /** mm/h */
  readonly rainRate: number;
  /** µg/m³ */
  readonly pm25: number;
}

const clamp = (low: number, value: number, high: number): number => Math.min(high, Math.max(low, value));

/** The weather of a seed, by epoch ms. */
export const weather = (seed: number): ((at: number) => Weather) => {
  const key = (name: string): number => hashText(name, seed);
  const [front, warm, gust, veer, haze, shower] = ['front', 'warm', 'gust', 'veer', 'haze', 'shower'].map(key) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return (at) => {
    const cloud = clamp(0, 0.55 + 0.6 * drift(front, at, 2.1 * dayMs) + 0.25 * drift(front + 1, at, 3 * hourMs), 1);
    const { elevationDeg } = sunPosition(at, townAt.lon, townAt.lat);
    // Coldest about 20 January; coldest at 5 and warmest at 15 o'clock solar time.
    const season = -Math.cos((2 * Math.PI * (at - Date.UTC(2025, 0, 20))) / yearMs);
    const dayPart = -Math.cos((2 * Math.PI * (at - 4 * hourMs)) / dayMs);
    const temperature = 12.2 + 7.8 * season + (1.4 + 3.4 * (1 - cloud)) * dayPart + 4.2 * drift(warm, at, 4 * dayMs) + 0.5 * drift(warm + 1, at, 2 * hourMs);
    const wet = cloud > 0.75 ? Math.max(0, drift(shower, at, 1.5 * hourMs)) * (cloud - 0.75) * 12 : 0;
    const wind = Math.max(0, 3 + 2.4 * drift(gust, at, 9 * hourMs) + 1.2 * drift(gust + 1, at, 11 * 60_000));
    return {
      temperature,
      humidity: clamp(18, 72 + 18 * (cloud - 0.5) - 1.1 * (temperature - 12.2 - 7.8 * season) - 5 * dayPart, 100),
      cloud,
      pressure: 1016 - 14 * (cloud - 0.5) + 5 * drift(front + 2, at, 3 * dayMs),
      wind,
      windFrom: (240 + 150 * drift(veer, at, 1.3 * dayMs) + 360) % 360,
      irradiance: clearSky(elevationDeg) * (1 - 0.75 * cloud ** 2.4),
      rainRate: wet,
      pm25: Math.max(1, 11 - 2.2 * (wind - 3) - 2.5 * season + 4 * drift(haze, at, 14 * hourMs) + chance(haze, Math.floor(at / 60_000))),
    };
  };
};
