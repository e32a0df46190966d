/** A stationary battery. Power is positive while it charges; when it should charge is left to whoever runs it. */
import type { DeviceType } from '../core/device-type.ts';
import { hourMs } from '../core/time.ts';
import { activeEnergyExport, activeEnergyImport, activePower, stateOfCharge, temperature } from './quantities.ts';

export const battery: DeviceType = {
  name: 'battery',
  label: { fr: 'Batterie stationnaire', en: 'Stationary battery' },
  intervalMs: 60_000,
  rules: [
    { quantity: stateOfCharge, plausible: [0, 100], stuckAfterMs: 48 * hourMs },
    { quantity: activePower, plausible: [-500_000, 500_000] },
    { quantity: activeEnergyImport, plausible: [0, 1e8], maxPerHour: 500 },
    { quantity: activeEnergyExport, plausible: [0, 1e8], maxPerHour: 500 },
    { quantity: temperature, plausible: [-20, 80], stuckAfterMs: 24 * hourMs },
  ],
  fields: { soc: { quantity: 'state_of_charge' } },
  examples: [
    {
      title: 'it discharges: power is negative',
      payload: { ts: '2026-03-02T19:00:00Z', values: { soc: 63.5, active_power: -8_200, active_energy_export: 5_120.25 } },
      readings: [
        { quantity: 'state_of_charge', at: '2026-03-02T19:00:00Z', value: 63.5 },
        { quantity: 'active_power', at: '2026-03-02T19:00:00Z', value: -8_200 },
        { quantity: 'active_energy_export', at: '2026-03-02T19:00:00Z', value: 5_120.25 },
      ],
    },
  ],
};
