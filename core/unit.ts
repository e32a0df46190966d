/** The UCUM codes that octroi accepts and how they convert. Offsets (degrees Fahrenheit) are left to device types. */

/** code → [dimension, factor to the first unit of that dimension]. Codes after the UCUM specification 2.1; a test checks each against a UCUM validator. */
export const units: Readonly<Record<string, readonly [dimension: string, factor: number]>> = {
  '1': ['number', 1],
  '%': ['number', 0.01],
  'W.h': ['energy', 1],
  'kW.h': ['energy', 1e3],
  'MW.h': ['energy', 1e6],
  J: ['energy', 1 / 3600],
  MJ: ['energy', 1e6 / 3600],
  W: ['power', 1],
  kW: ['power', 1e3],
  MW: ['power', 1e6],
  'V.A': ['apparent power', 1],
  'kV.A': ['apparent power', 1e3],
  'V.A{reactive}': ['reactive power', 1],
  'kV.A{reactive}': ['reactive power', 1e3],
  'V.A{reactive}.h': ['reactive energy', 1],
  'kV.A{reactive}.h': ['reactive energy', 1e3],
  V: ['voltage', 1],
  kV: ['voltage', 1e3],
  A: ['current', 1],
  Hz: ['frequency', 1],
  Cel: ['temperature', 1],
  m3: ['volume', 1],
  L: ['volume', 1e-3],
  'm3/h': ['flow', 1],
  'L/h': ['flow', 1e-3],
  'm/s': ['speed', 1],
  'km/h': ['speed', 1 / 3.6],
  hPa: ['pressure', 1],
  bar: ['pressure', 1e3],
  'W/m2': ['irradiance', 1],
  lx: ['illuminance', 1],
  '[ppm]': ['concentration', 1],
  'ug/m3': ['density', 1],
  mm: ['depth', 1],
  deg: ['angle', 1],
  s: ['time', 1],
  min: ['time', 60],
  h: ['time', 3600],
  dB: ['level', 1],
  '{place}': ['places', 1],
  '{vehicle}': ['vehicles', 1],
  '{person}': ['persons', 1],
};

/** value in `to` = value in `from` × factor; undefined where the dimensions differ or a code is unknown. */
export const unitFactor = (from: string, to: string): number | undefined => {
  const a = Object.hasOwn(units, from) ? units[from] : undefined;
  const b = Object.hasOwn(units, to) ? units[to] : undefined;
  if (a === undefined || b === undefined || a[0] !== b[0]) return undefined;
  return a[1] / b[1];
};

const symbols: Readonly<Record<string, string>> = {
  'kW.h': 'kWh',
  Cel: '°C',
  m3: 'm³',
  'm3/h': 'm³/h',
  '{place}': 'places',
  '{vehicle}': 'véh.',
  '{person}': 'pers.',
  '[ppm]': 'ppm',
  'V.A': 'VA',
  'W/m2': 'W/m²',
  'ug/m3': 'µg/m³',
  '1': '',
};

/** A UCUM code as people write it. */
export const unitSymbol = (unit: string): string => symbols[unit] ?? unit;
