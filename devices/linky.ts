/** The French smart meter by its customer interface (TIC), standard or historic mode. Which house it belongs to is left to the town file. */
import type { DeviceType } from '../core/device-type.ts';
import { hourMs } from '../core/time.ts';
import { teleinfoToNative } from './payloads/teleinfo.ts';
import { activeEnergy, activeEnergyExport, activeEnergyImport, activePower, apparentPower, currentL1, voltageL1 } from './quantities.ts';

export const linky: DeviceType = {
  name: 'linky',
  label: { fr: 'Compteur Linky', en: 'Linky smart meter' },
  energy: { carrier: 'electricity', of: 'supply' },
  intervalMs: hourMs / 4,
  allowedLatenessMs: hourMs / 4,
  silentAfterMs: 2 * hourMs,
  rules: [
    // 36 kVA is the largest subscription of this meter.
    { quantity: activeEnergyImport, plausible: [0, 1e6], maxPerHour: 40, registerEnd: 1e6 },
    { quantity: activeEnergyExport, plausible: [0, 1e6], maxPerHour: 40, registerEnd: 1e6 },
    { quantity: activeEnergy, plausible: [0, 1_000] },
    { quantity: activePower, plausible: [0, 45_000] },
    { quantity: apparentPower, plausible: [0, 45_000] },
    { quantity: voltageL1, plausible: [150, 280], stuckAfterMs: 12 * hourMs },
    { quantity: currentL1, plausible: [0, 200] },
  ],
  fields: {
    EAST: { quantity: 'active_energy_import', unit: 'W.h' },
    EAIT: { quantity: 'active_energy_export', unit: 'W.h' },
    BASE: { quantity: 'active_energy_import', unit: 'W.h' },
    SINSTS: { quantity: 'apparent_power' },
    PAPP: { quantity: 'apparent_power' },
    URMS1: { quantity: 'voltage_l1' },
    IRMS1: { quantity: 'current_l1' },
    IINST: { quantity: 'current_l1' },
  },
  toNative: teleinfoToNative,
  examples: [
    {
      title: 'standard mode: EAST is in Wh, SINSTS is apparent power',
      payload: { ts: '2020-04-26T18:18:30+02:00', values: { EAST: 6_231_973, SINSTS: 2_740, URMS1: 232, IRMS1: 12 } },
      readings: [
        { quantity: 'active_energy_import', at: '2020-04-26T16:18:30Z', value: 6231.973 },
        { quantity: 'apparent_power', at: '2020-04-26T16:18:30Z', value: 2740 },
        { quantity: 'voltage_l1', at: '2020-04-26T16:18:30Z', value: 232 },
        { quantity: 'current_l1', at: '2020-04-26T16:18:30Z', value: 12 },
      ],
    },
    {
      title: 'teleinfo2mqtt: a label is an object with raw text, value and stamp',
      payload: {
        DATE: { raw: '', value: '', timestamp: { date: '2022-06-09T06:05:31.000Z', dst: 'summer' } },
        EAST: { raw: '006231973', value: 6_231_973 },
        SINSTS: { raw: '02740', value: 2_740 },
      },
      readings: [
        { quantity: 'active_energy_import', at: '2022-06-09T06:05:31Z', value: 6231.973 },
        { quantity: 'apparent_power', at: '2022-06-09T06:05:31Z', value: 2740 },
      ],
    },
    {
      title: 'Tasmota, historic mode: the two tariff registers are one meter; its local time without zone is not used',
      payload: { Time: '2021-10-26T17:38:45', ENERGY: { Total: 9_098.265 }, TIC: { HCHC: 920_750, HCHP: 2_275_579, PAPP: 170 } },
      readings: [
        { quantity: 'active_energy_import', value: 3196.329 },
        { quantity: 'apparent_power', value: 170 },
      ],
    },
    {
      title: 'the house feeds in what its roof makes',
      payload: { ts: 1_782_900_000_000, values: { active_energy_export: 812.4, active_power: 0 } },
      readings: [
        { quantity: 'active_energy_export', at: '2026-07-01T10:00:00Z', value: 812.4 },
        { quantity: 'active_power', at: '2026-07-01T10:00:00Z', value: 0 },
      ],
    },
  ],
};
