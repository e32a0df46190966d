/** A charge point for vehicles, as its operator's back office relays it. Who charges is never received. */
import type { DeviceType } from '../core/device-type.ts';
import { minuteMs } from '../core/time.ts';
import { activeEnergyImport, activePower, charging, sessionEnergy } from './quantities.ts';

export const evCharger: DeviceType = {
  name: 'ev-charger',
  label: { fr: 'Borne de recharge', en: 'EV charger' },
  energy: { carrier: 'electricity', of: 'appliance' },
  intervalMs: minuteMs,
  // Operators relay through a mobile link that may be away for a while.
  holdMs: 5 * minuteMs,
  silentAfterMs: 30 * minuteMs,
  buffers: true,
  rules: [
    { quantity: charging, holdMs: 15 * minuteMs },
    { quantity: activePower, plausible: [0, 400_000] },
    { quantity: activeEnergyImport, plausible: [0, 1e8], maxPerHour: 400 },
    { quantity: sessionEnergy, plausible: [0, 300] },
  ],
  fields: {
    'Energy.Active.Import.Register': { quantity: 'active_energy_import', unit: 'W.h' },
    'Power.Active.Import': { quantity: 'active_power' },
  },
  examples: [
    {
      title: 'OCPP measurands: the register is in Wh, power in W',
      payload: { ts: '2026-05-04T07:12:00Z', values: { 'Energy.Active.Import.Register': 12_345, 'Power.Active.Import': 7_200, charging: 'charging' } },
      readings: [
        { quantity: 'active_energy_import', at: '2026-05-04T07:12:00Z', value: 12.345 },
        { quantity: 'active_power', at: '2026-05-04T07:12:00Z', value: 7_200 },
        { quantity: 'charging', at: '2026-05-04T07:12:00Z', value: 'charging' },
      ],
    },
    {
      title: 'the session is over, the vehicle still there',
      payload: { ts: '2026-05-04T08:40:00Z', values: { charging: 'finished', session_energy: 10.2, active_power: 0 } },
      readings: [
        { quantity: 'charging', at: '2026-05-04T08:40:00Z', value: 'finished' },
        { quantity: 'session_energy', at: '2026-05-04T08:40:00Z', value: 10.2 },
        { quantity: 'active_power', at: '2026-05-04T08:40:00Z', value: 0 },
      ],
    },
  ],
};
