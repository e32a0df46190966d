/** The counters of a car park's gate. They count passages, not vehicles that are known. */
import type { DeviceType } from '../core/device-type.ts';
import { minuteMs } from '../core/time.ts';
import { entries, exits } from './quantities.ts';

export const barrierCounter: DeviceType = {
  name: 'barrier-counter',
  label: { fr: 'Compteur de barrière', en: 'Barrier counter' },
  intervalMs: 5 * minuteMs,
  silentAfterMs: 60 * minuteMs,
  buffers: true,
  rules: [
    // One lane passes a vehicle every six seconds at best.
    { quantity: entries, plausible: [0, 1e9], maxPerHour: 600 },
    { quantity: exits, plausible: [0, 1e9], maxPerHour: 600 },
  ],
  fields: { in: { quantity: 'entries' }, out: { quantity: 'exits' } },
  examples: [
    {
      title: 'registers of both directions',
      payload: { ts: '2026-09-12T08:05:00Z', values: { in: 48_211, out: 48_063 } },
      readings: [
        { quantity: 'entries', at: '2026-09-12T08:05:00Z', value: 48_211 },
        { quantity: 'exits', at: '2026-09-12T08:05:00Z', value: 48_063 },
      ],
    },
  ],
};
