/** A street-lighting cabinet: one feeder of some tens of lamps. Single lamps and their poles are left to the operator's own system. */
import type { DeviceType } from '../core/device-type.ts';
import { minuteMs } from '../core/time.ts';
import { activeEnergyImport, activePower, dimmingLevel, lampFaults, lighting, voltageL1 } from './quantities.ts';

const hourMs = 60 * minuteMs;

export const streetLighting: DeviceType = {
  name: 'street-lighting',
  label: { fr: "Armoire d'éclairage public", en: 'Street-lighting cabinet' },
  energy: { carrier: 'electricity', of: 'appliance' },
  intervalMs: 5 * minuteMs,
  rules: [
    { quantity: lighting },
    { quantity: dimmingLevel, plausible: [0, 100] },
    // No stuckAfterMs: by day it draws exactly nothing.
    { quantity: activePower, plausible: [0, 50_000] },
    { quantity: activeEnergyImport, plausible: [0, 1e8], maxPerHour: 50 },
    { quantity: lampFaults, plausible: [0, 500] },
    { quantity: voltageL1, plausible: [150, 280], stuckAfterMs: 6 * hourMs },
  ],
  examples: [
    {
      title: 'dimmed in the middle of the night',
      payload: {
        ts: '2026-02-10T01:30:00Z',
        values: { lighting: 'dimmed', dimming_level: 50, active_power: 1_180, active_energy_import: 20_114.5, lamp_faults: 1 },
      },
      readings: [
        { quantity: 'lighting', at: '2026-02-10T01:30:00Z', value: 'dimmed' },
        { quantity: 'dimming_level', at: '2026-02-10T01:30:00Z', value: 50 },
        { quantity: 'active_power', at: '2026-02-10T01:30:00Z', value: 1_180 },
        { quantity: 'active_energy_import', at: '2026-02-10T01:30:00Z', value: 20_114.5 },
        { quantity: 'lamp_faults', at: '2026-02-10T01:30:00Z', value: 1 },
      ],
    },
  ],
};
