/** What an unknown device is adopted as: native messages of any quantity of the catalogue, within what physics allows. */
import type { DeviceType, QuantityRule } from '../core/device-type.ts';
import { minuteMs } from '../core/time.ts';
import { quantities } from './quantities.ts';

/** Beyond these, in canonical units, no device of a town can be right. */
const plausible: Readonly<Record<string, readonly [number, number]>> = {
  temperature: [-50, 150],
  humidity: [0, 100],
  pm25: [0, 5_000],
  co2: [0, 40_000],
  oil_temperature: [-50, 200],
  supply_temperature: [-50, 200],
  return_temperature: [-50, 200],
  state_of_charge: [0, 100],
  dimming_level: [0, 100],
  power_factor: [-1, 1],
  frequency: [0, 400],
  pressure: [800, 1_100],
  wind_speed: [0, 120],
  wind_direction: [0, 360],
  irradiance: [-20, 2_000],
};

const ruleOf = (quantity: QuantityRule['quantity']): QuantityRule => {
  const range = Object.hasOwn(plausible, quantity.name) ? plausible[quantity.name] : undefined;
  return range === undefined ? { quantity } : { quantity, plausible: range };
};

export const generic: DeviceType = {
  name: 'generic',
  label: { fr: 'Capteur générique', en: 'Generic sensor' },
  intervalMs: minuteMs,
  silentAfterMs: 15 * minuteMs,
  rules: quantities.map(ruleOf),
  examples: [
    {
      title: 'an air sensor that nobody declared',
      payload: { ts: 1_768_500_000_000, values: { temperature: 21.53, humidity: 48.2, pm25: 12.77 } },
      readings: [
        { quantity: 'temperature', at: '2026-01-15T18:00:00Z', value: 21.53 },
        { quantity: 'humidity', at: '2026-01-15T18:00:00Z', value: 48.2 },
        { quantity: 'pm25', at: '2026-01-15T18:00:00Z', value: 12.77 },
      ],
    },
    {
      title: 'a batch; the second message has no stamp and takes the log time',
      payload: [{ ts: '2026-01-15T18:01:00Z', values: { occupancy: 'free' } }, { values: { occupancy: 'occupied' } }],
      readings: [
        { quantity: 'occupancy', at: '2026-01-15T18:01:00Z', value: 'free' },
        { quantity: 'occupancy', value: 'occupied' },
      ],
    },
  ],
};
