/** A room sensor on a radio network: comfort and air. It counts nobody. */
import type { DeviceType } from '../core/device-type.ts';
import { minuteMs } from '../core/time.ts';
import { batteryVoltage, co2, humidity, illuminance, temperature } from './quantities.ts';

const hourMs = 60 * minuteMs;

export const roomSensor: DeviceType = {
  name: 'room-sensor',
  label: { fr: "Capteur d'ambiance", en: 'Room sensor' },
  intervalMs: 10 * minuteMs,
  // Rooms change slowly, and radio loses a frame in twenty.
  holdMs: 45 * minuteMs,
  silentAfterMs: 2 * hourMs,
  rules: [
    { quantity: temperature, plausible: [-10, 50], stuckAfterMs: 48 * hourMs },
    { quantity: humidity, plausible: [0, 100], stuckAfterMs: 48 * hourMs },
    { quantity: co2, plausible: [300, 10_000], stuckAfterMs: 24 * hourMs },
    { quantity: illuminance, plausible: [0, 120_000] },
    { quantity: batteryVoltage, plausible: [1.5, 4.5], holdMs: 24 * hourMs },
  ],
  fields: { light: { quantity: 'illuminance' }, vdd: { quantity: 'battery_voltage' } },
  examples: [
    {
      title: 'a class room at ten in the morning',
      payload: { ts: '2026-01-15T09:00:00Z', values: { temperature: 21.53, humidity: 38.2, co2: 1_255 } },
      readings: [
        { quantity: 'temperature', at: '2026-01-15T09:00:00Z', value: 21.53 },
        { quantity: 'humidity', at: '2026-01-15T09:00:00Z', value: 38.2 },
        { quantity: 'co2', at: '2026-01-15T09:00:00Z', value: 1_255 },
      ],
    },
    {
      title: 'the CO₂ cell warms up: no value yet',
      payload: { ts: '2026-01-15T09:10:00Z', values: { temperature: 21.6, co2: null } },
      readings: [
        { quantity: 'temperature', at: '2026-01-15T09:10:00Z', value: 21.6 },
        { quantity: 'co2', at: '2026-01-15T09:10:00Z', value: null },
      ],
    },
  ],
};
