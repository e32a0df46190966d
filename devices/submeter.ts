/** An electricity meter behind the distributor's: a building, a floor, a machine. */
import type { DeviceType } from '../core/device-type.ts';
import { minuteMs } from '../core/time.ts';
import {
  activeEnergy,
  activeEnergyExport,
  activeEnergyImport,
  activePower,
  apparentPower,
  currentL1,
  powerFactor,
  reactiveEnergy,
  reactiveEnergyImport,
  reactiveEnergyLeading,
  reactivePower,
  voltageL1,
} from './quantities.ts';

const hourMs = 60 * minuteMs;

export const submeter: DeviceType = {
  name: 'submeter',
  label: { fr: 'Sous-compteur électrique', en: 'Electricity submeter' },
  energy: { carrier: 'electricity', of: 'supply' },
  intervalMs: 5 * minuteMs,
  silentAfterMs: hourMs,
  rules: [
    { quantity: activeEnergyImport, plausible: [0, 1e9], maxPerHour: 5_000 },
    { quantity: activeEnergyExport, plausible: [0, 1e9], maxPerHour: 5_000 },
    { quantity: activeEnergy, plausible: [0, 100_000] },
    { quantity: reactiveEnergyImport, plausible: [0, 1e9], maxPerHour: 5_000 },
    { quantity: reactiveEnergy, plausible: [0, 100_000] },
    { quantity: reactiveEnergyLeading, plausible: [0, 100_000] },
    { quantity: activePower, plausible: [-5e6, 5e6] },
    { quantity: reactivePower, plausible: [-5e6, 5e6] },
    { quantity: apparentPower, plausible: [0, 5e6] },
    { quantity: powerFactor, plausible: [-1, 1] },
    { quantity: voltageL1, plausible: [150, 280], stuckAfterMs: 6 * hourMs },
    { quantity: currentL1, plausible: [0, 10_000] },
  ],
  fields: {
    energy_wh: { quantity: 'active_energy_import', unit: 'W.h' },
    power_kw: { quantity: 'active_power', unit: 'kW' },
    total_act_energy: { quantity: 'active_energy_import', unit: 'W.h' },
    total_act_ret_energy: { quantity: 'active_energy_export', unit: 'W.h' },
    act_power: { quantity: 'active_power' },
  },
  examples: [
    {
      title: 'register and power in the canonical units',
      payload: { ts: 1_768_500_000_000, values: { active_energy_import: 120_345.6, active_power: 18_400 }, seq: 7 },
      readings: [
        { quantity: 'active_energy_import', at: '2026-01-15T18:00:00Z', value: 120_345.6 },
        { quantity: 'active_power', at: '2026-01-15T18:00:00Z', value: 18_400 },
      ],
    },
    {
      title: 'the fields of a Modbus-to-MQTT meter: registers in Wh',
      payload: { ts: '2024-02-14T17:16:13Z', values: { total_act_energy: 6_644.9, total_act_ret_energy: 2_595.3, act_power: 5_080 } },
      readings: [
        { quantity: 'active_energy_import', at: '2024-02-14T17:16:13Z', value: 6.6449 },
        { quantity: 'active_energy_export', at: '2024-02-14T17:16:13Z', value: 2.5953 },
        { quantity: 'active_power', at: '2024-02-14T17:16:13Z', value: 5_080 },
      ],
    },
  ],
};
