/**
 * A gas meter. What it measures is volume. Energy is taken only from who knows the calorific value: the register of a
 * volume converter, or the distributor's own figures. A fixed kWh per m³ would be an invented number, so there is none.
 */
import type { DeviceType } from '../core/device-type.ts';
import { minuteMs } from '../core/time.ts';
import { flow, gasEnergy, gasEnergyIndex, gasVolume } from './quantities.ts';

const hourMs = 60 * minuteMs;

export const gasMeter: DeviceType = {
  name: 'gas-meter',
  label: { fr: 'Compteur de gaz', en: 'Gas meter' },
  energy: { carrier: 'gas', of: 'supply' },
  intervalMs: 15 * minuteMs,
  silentAfterMs: 3 * hourMs,
  buffers: true,
  rules: [
    { quantity: gasVolume, plausible: [0, 1e8], maxPerHour: 1_000 },
    { quantity: gasEnergyIndex, plausible: [0, 1e9], maxPerHour: 12_000 },
    { quantity: gasEnergy, plausible: [0, 1e6] },
    { quantity: flow, plausible: [0, 1_000] },
  ],
  fields: {
    volume_l: { quantity: 'gas_volume', unit: 'L' },
  },
  examples: [
    {
      title: 'a pulse counter: the volume, in litres',
      payload: { ts: '2026-01-15T18:00:00Z', values: { volume_l: 51_204_310 } },
      readings: [{ quantity: 'gas_volume', at: '2026-01-15T18:00:00Z', value: 51_204.31 }],
    },
    {
      title: 'a volume converter: volume and energy, each with its own register',
      payload: { ts: '2026-01-15T18:15:00Z', values: { gas_volume: 51_206.02, gas_energy_index: 578_096.8 } },
      readings: [
        { quantity: 'gas_volume', at: '2026-01-15T18:15:00Z', value: 51_206.02 },
        { quantity: 'gas_energy_index', at: '2026-01-15T18:15:00Z', value: 578_096.8 },
      ],
    },
  ],
};
