/** A weather station. Forecasts are left out: a gate takes what was measured. */
import type { DeviceType } from '../core/device-type.ts';
import { minuteMs } from '../core/time.ts';
import { humidity, irradiance, pm25, pressure, rain, temperature, windDirection, windSpeed } from './quantities.ts';

const hourMs = 60 * minuteMs;

export const weatherStation: DeviceType = {
  name: 'weather-station',
  label: { fr: 'Station météo', en: 'Weather station' },
  intervalMs: 5 * minuteMs,
  holdMs: 30 * minuteMs,
  silentAfterMs: hourMs,
  rules: [
    { quantity: temperature, plausible: [-30, 50], stuckAfterMs: 12 * hourMs },
    { quantity: humidity, plausible: [0, 100], stuckAfterMs: 48 * hourMs },
    { quantity: pressure, plausible: [920, 1_070], stuckAfterMs: 48 * hourMs },
    { quantity: windSpeed, plausible: [0, 75], stuckAfterMs: 24 * hourMs },
    { quantity: windDirection, plausible: [0, 360] },
    // Thermopiles read a little below zero at night.
    { quantity: irradiance, plausible: [-10, 1_600] },
    { quantity: rain, plausible: [0, 1e6], maxPerHour: 200 },
    { quantity: pm25, plausible: [0, 1_000] },
  ],
  fields: { wind_kmh: { quantity: 'wind_speed', unit: 'km/h' }, ghi: { quantity: 'irradiance' } },
  examples: [
    {
      title: 'wind in km/h',
      payload: {
        ts: '2026-01-15T12:00:00+01:00',
        values: { temperature: 4.25, humidity: 81, pressure: 1_018.4, wind_kmh: 18, wind_direction: 240, ghi: 212.5, rain: 913.4 },
      },
      readings: [
        { quantity: 'temperature', at: '2026-01-15T11:00:00Z', value: 4.25 },
        { quantity: 'humidity', at: '2026-01-15T11:00:00Z', value: 81 },
        { quantity: 'pressure', at: '2026-01-15T11:00:00Z', value: 1_018.4 },
        { quantity: 'wind_speed', at: '2026-01-15T11:00:00Z', value: 5 },
        { quantity: 'wind_direction', at: '2026-01-15T11:00:00Z', value: 240 },
        { quantity: 'irradiance', at: '2026-01-15T11:00:00Z', value: 212.5 },
        { quantity: 'rain', at: '2026-01-15T11:00:00Z', value: 913.4 },
      ],
    },
  ],
};
