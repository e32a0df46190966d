/** Where the sun stands, and how strongly it shines through a clear sky. Clouds are left to whoever knows the weather. */
import { dayMs } from './time.ts';

const j2000 = Date.UTC(2000, 0, 1, 12);
const rad = Math.PI / 180;

export interface SunPosition {
  /** Above the horizon, degrees; refraction is left out. */
  readonly elevationDeg: number;
  /** From north through east, degrees. */
  readonly azimuthDeg: number;
}

/**
 * The low-precision formulae of the Astronomical Almanac (0.01° until 2050).
 * @param at epoch ms
 */
export const sunPosition = (at: number, lon: number, lat: number): SunPosition => {
  const days = (at - j2000) / dayMs;
  const meanLongitude = 280.46 + 0.9856474 * days;
  const anomaly = (357.528 + 0.9856003 * days) * rad;
  const ecliptic = (meanLongitude + 1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly)) * rad;
  const obliquity = (23.439 - 4e-7 * days) * rad;
  const declination = Math.asin(Math.sin(obliquity) * Math.sin(ecliptic));
  const rightAscension = Math.atan2(Math.cos(obliquity) * Math.sin(ecliptic), Math.cos(ecliptic));
  const siderealDeg = 280.46062 + 360.98564737 * days + lon;
  const hourAngle = siderealDeg * rad - rightAscension;
  const phi = lat * rad;
  const sinElevation = Math.sin(phi) * Math.sin(declination) + Math.cos(phi) * Math.cos(declination) * Math.cos(hourAngle);
  const azimuth = Math.atan2(
    -Math.sin(hourAngle) * Math.cos(declination),
    Math.sin(declination) * Math.cos(phi) - Math.cos(declination) * Math.sin(phi) * Math.cos(hourAngle),
  );
  return { elevationDeg: Math.asin(sinElevation) / rad, azimuthDeg: (azimuth / rad + 360) % 360 };
};

/** Global irradiance on level ground under a clear sky, W/m², after Haurwitz (1945). */
export const clearSky = (elevationDeg: number): number => {
  const sin = Math.sin(elevationDeg * rad);
  return sin <= 0 ? 0 : 1098 * sin * Math.exp(-0.057 / sin);
};
