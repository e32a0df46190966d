/** A water meter, read by radio. */
import type { DeviceType } from '../core/device-type.ts';
import { hourMs } from '../core/time.ts';
import { flow, temperature, waterVolume } from './quantities.ts';

export const waterMeter: DeviceType = {
  name: 'water-meter',
  label: { fr: "Compteur d'eau", en: 'Water meter' },
  intervalMs: hourMs,
  silentAfterMs: 12 * hourMs,
  buffers: true,
  rules: [
    { quantity: waterVolume, plausible: [0, 1e8], maxPerHour: 200 },
    { quantity: flow, plausible: [0, 200] },
    { quantity: temperature, plausible: [-5, 60] },
  ],
  fields: { total_m3: { quantity: 'water_volume' }, volume_l: { quantity: 'water_volume', unit: 'L' } },
  examples: [
    {
      title: 'wM-Bus by wmbusmeters',
      payload: { ts: '2024-03-03T18:37:00Z', values: { total_m3: 123.529 } },
      readings: [{ quantity: 'water_volume', at: '2024-03-03T18:37:00Z', value: 123.529 }],
    },
  ],
};
