/** A distribution transformer (HTA/BT): three phases, load and oil. Alarm thresholds are left to the town file and the detectors. */
import type { DeviceType } from '../core/device-type.ts';
import { hourMs } from '../core/time.ts';
import {
  activeEnergy,
  activeEnergyImport,
  activePower,
  apparentPower,
  currentL1,
  currentL2,
  currentL3,
  frequency,
  load,
  oilTemperature,
  reactivePower,
  voltageL1,
  voltageL2,
  voltageL3,
} from './quantities.ts';

export const transformer: DeviceType = {
  name: 'transformer',
  label: { fr: 'Poste de transformation', en: 'Distribution transformer' },
  intervalMs: 60_000,
  rules: [
    { quantity: currentL1, plausible: [0, 3_000] },
    { quantity: currentL2, plausible: [0, 3_000] },
    { quantity: currentL3, plausible: [0, 3_000] },
    { quantity: voltageL1, plausible: [150, 280], stuckAfterMs: 3 * hourMs },
    { quantity: voltageL2, plausible: [150, 280], stuckAfterMs: 3 * hourMs },
    { quantity: voltageL3, plausible: [150, 280], stuckAfterMs: 3 * hourMs },
    { quantity: frequency, plausible: [47, 52], stuckAfterMs: hourMs },
    { quantity: activePower, plausible: [-2e6, 2e6] },
    { quantity: reactivePower, plausible: [-2e6, 2e6] },
    { quantity: apparentPower, plausible: [0, 2e6] },
    { quantity: load, plausible: [-100, 200] },
    { quantity: oilTemperature, plausible: [-30, 140], stuckAfterMs: 12 * hourMs },
    { quantity: activeEnergyImport, plausible: [0, 1e9], maxPerHour: 2_000 },
    { quantity: activeEnergy, plausible: [-1e6, 1e6] },
  ],
  fields: {
    Ia: { quantity: 'current_l1' },
    Ib: { quantity: 'current_l2' },
    Ic: { quantity: 'current_l3' },
    Va: { quantity: 'voltage_l1' },
    Vb: { quantity: 'voltage_l2' },
    Vc: { quantity: 'voltage_l3' },
    p_kw: { quantity: 'active_power', unit: 'kW' },
    s_kva: { quantity: 'apparent_power', unit: 'kV.A' },
    OT: { quantity: 'oil_temperature' },
  },
  examples: [
    {
      title: 'three phases, in the words of a substation monitor',
      payload: { ts: '2026-01-15T18:00:00Z', values: { Ia: 412.5, Ib: 398.2, Ic: 405, Va: 231.42, p_kw: 268.4, OT: 58.25 } },
      readings: [
        { quantity: 'current_l1', at: '2026-01-15T18:00:00Z', value: 412.5 },
        { quantity: 'current_l2', at: '2026-01-15T18:00:00Z', value: 398.2 },
        { quantity: 'current_l3', at: '2026-01-15T18:00:00Z', value: 405 },
        { quantity: 'voltage_l1', at: '2026-01-15T18:00:00Z', value: 231.42 },
        { quantity: 'active_power', at: '2026-01-15T18:00:00Z', value: 268_400 },
        { quantity: 'oil_temperature', at: '2026-01-15T18:00:00Z', value: 58.25 },
      ],
    },
    {
      title: 'load as a share of the rated power; the oil probe has no value',
      payload: { ts: '2026-01-15T18:01:00Z', values: { load: 67.5, oil_temperature: null } },
      readings: [
        { quantity: 'load', at: '2026-01-15T18:01:00Z', value: 67.5 },
        { quantity: 'oil_temperature', at: '2026-01-15T18:01:00Z', value: null },
      ],
    },
  ],
};
