/** A heat meter on a district-heating substation or a boiler's circuit. Its billing snapshots are left to imports. */
import type { DeviceType } from '../core/device-type.ts';
import { minuteMs } from '../core/time.ts';
import { flow, heatAmount, heatEnergy, heatPower, returnTemperature, supplyTemperature } from './quantities.ts';

const hourMs = 60 * minuteMs;

export const heatMeter: DeviceType = {
  name: 'heat-meter',
  label: { fr: 'Compteur de chaleur', en: 'Heat meter' },
  energy: { carrier: 'heat', of: 'supply' },
  intervalMs: 15 * minuteMs,
  silentAfterMs: 3 * hourMs,
  rules: [
    { quantity: heatEnergy, plausible: [0, 1e9], maxPerHour: 5_000 },
    { quantity: heatAmount, plausible: [0, 100_000] },
    { quantity: heatPower, plausible: [0, 5e6] },
    { quantity: flow, plausible: [0, 500] },
    { quantity: supplyTemperature, plausible: [0, 150], stuckAfterMs: 48 * hourMs },
    { quantity: returnTemperature, plausible: [0, 150], stuckAfterMs: 48 * hourMs },
  ],
  fields: {
    total_energy_consumption_kwh: { quantity: 'heat_energy' },
    energy_mwh: { quantity: 'heat_energy', unit: 'MW.h' },
    power_kw: { quantity: 'heat_power', unit: 'kW' },
    flow_lh: { quantity: 'flow', unit: 'L/h' },
  },
  examples: [
    {
      title: 'wM-Bus by wmbusmeters: power in kW',
      payload: { ts: '2024-03-03T18:37:00Z', values: { total_energy_consumption_kwh: 44, power_kw: 1.9 } },
      readings: [
        { quantity: 'heat_energy', at: '2024-03-03T18:37:00Z', value: 44 },
        { quantity: 'heat_power', at: '2024-03-03T18:37:00Z', value: 1_900 },
      ],
    },
    {
      title: 'a substation: register in MWh, flow in litres an hour',
      payload: { ts: '2026-01-15T18:00:00Z', values: { energy_mwh: 812.345, flow_lh: 4_120, supply_temperature: 71.5, return_temperature: 48.25 } },
      readings: [
        { quantity: 'heat_energy', at: '2026-01-15T18:00:00Z', value: 812_345 },
        { quantity: 'flow', at: '2026-01-15T18:00:00Z', value: 4.12 },
        { quantity: 'supply_temperature', at: '2026-01-15T18:00:00Z', value: 71.5 },
        { quantity: 'return_temperature', at: '2026-01-15T18:00:00Z', value: 48.25 },
      ],
    },
  ],
};
