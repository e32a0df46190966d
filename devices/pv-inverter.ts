/** A photovoltaic inverter: what a roof feeds in. Comparing it with the sun is left to the detectors. */
import type { DeviceType } from '../core/device-type.ts';
import { hourMs } from '../core/time.ts';
import { activeEnergy, activeEnergyExport, activePower, dcPower, irradiance, temperature, voltageL1 } from './quantities.ts';

export const pvInverter: DeviceType = {
  name: 'pv-inverter',
  label: { fr: 'Onduleur photovoltaïque', en: 'PV inverter' },
  energy: { carrier: 'electricity', of: 'production' },
  intervalMs: 60_000,
  // Many inverters sleep at night.
  silentAfterMs: 18 * hourMs,
  buffers: true,
  rules: [
    // Negative at night: what it draws for itself.
    { quantity: activePower, plausible: [-500, 500_000], stuckAfterMs: 24 * hourMs },
    { quantity: dcPower, plausible: [-100, 600_000], stuckAfterMs: 24 * hourMs },
    { quantity: activeEnergyExport, plausible: [0, 1e8], maxPerHour: 500 },
    { quantity: activeEnergy, plausible: [-10, 10_000] },
    { quantity: voltageL1, plausible: [150, 280] },
    { quantity: temperature, plausible: [-30, 110] },
    { quantity: irradiance, plausible: [-10, 1_600] },
  ],
  fields: {
    ac_power: { quantity: 'active_power', unit: 'kW' },
    pac: { quantity: 'active_power' },
    e_total: { quantity: 'active_energy_export' },
  },
  examples: [
    {
      title: 'noon: power in kW, the register in kWh',
      payload: { ts: '2026-06-21T11:50:00Z', values: { ac_power: 31.204, e_total: 41_233.7 } },
      readings: [
        { quantity: 'active_power', at: '2026-06-21T11:50:00Z', value: 31_204 },
        { quantity: 'active_energy_export', at: '2026-06-21T11:50:00Z', value: 41_233.7 },
      ],
    },
    {
      title: 'night: it draws a few watts',
      payload: { ts: '2026-06-21T23:50:00Z', values: { pac: -6 } },
      readings: [{ quantity: 'active_power', at: '2026-06-21T23:50:00Z', value: -6 }],
    },
  ],
};
