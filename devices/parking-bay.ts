/** A sensor in one parking bay; it reports when its state changes. No plate and no vehicle is ever received. */
import type { DeviceType } from '../core/device-type.ts';
import { dayMs, minuteMs } from '../core/time.ts';
import { batteryVoltage, occupancy, temperature } from './quantities.ts';

export const parkingBay: DeviceType = {
  name: 'parking-bay',
  label: { fr: 'Place de stationnement', en: 'Parking bay' },
  parking: 'bay',
  // How often the bay changes hands, about; it has no heartbeat.
  intervalMs: 15 * minuteMs,
  // A bay that says nothing has not changed: residents leave a car for days.
  holdMs: 3 * dayMs,
  // Radio repeats a lost frame within some minutes.
  allowedLatenessMs: 5 * minuteMs,
  silentAfterMs: null,
  rules: [
    { quantity: occupancy },
    { quantity: temperature, plausible: [-30, 70], holdMs: 2 * 60 * minuteMs },
    { quantity: batteryVoltage, plausible: [1.5, 4.5], holdMs: dayMs },
  ],
  examples: [
    {
      title: 'a vehicle arrives',
      payload: { ts: '2026-04-07T16:02:41Z', values: { occupancy: 'occupied' } },
      readings: [{ quantity: 'occupancy', at: '2026-04-07T16:02:41Z', value: 'occupied' }],
    },
    {
      title: 'it leaves; the sensor adds its cell and the ground',
      payload: { ts: '2026-04-07T16:48:05Z', values: { occupancy: 'free', battery_voltage: 3.344, temperature: 11.5 } },
      readings: [
        { quantity: 'occupancy', at: '2026-04-07T16:48:05Z', value: 'free' },
        { quantity: 'battery_voltage', at: '2026-04-07T16:48:05Z', value: 3.344 },
        { quantity: 'temperature', at: '2026-04-07T16:48:05Z', value: 11.5 },
      ],
    },
    {
      title: 'the magnetometer is disturbed: no value ends what was held',
      payload: { ts: '2026-04-07T17:00:00Z', values: { occupancy: null } },
      readings: [{ quantity: 'occupancy', at: '2026-04-07T17:00:00Z', value: null }],
    },
  ],
};
