/** The display of a car park: how many places are free. What drifts in its counters is left to the barrier counters to show. */
import type { DeviceType } from '../core/device-type.ts';
import { minuteMs } from '../core/time.ts';
import { capacity, freePlaces } from './quantities.ts';

const hourMs = 60 * minuteMs;

export const carPark: DeviceType = {
  name: 'car-park',
  label: { fr: 'Parc de stationnement', en: 'Car park' },
  parking: 'car-park',
  intervalMs: 5 * minuteMs,
  // Operators' pages publish on change, every 5 to 15 minutes.
  holdMs: 30 * minuteMs,
  silentAfterMs: hourMs,
  rules: [
    // Below zero or above any car park of the town is a counter that ran away; a little below zero happens and is shown.
    { quantity: freePlaces, plausible: [-20, 5_000], stuckAfterMs: 72 * hourMs },
    { quantity: capacity, plausible: [0, 5_000], holdMs: 48 * hourMs },
  ],
  fields: { value_free_spots: { quantity: 'free_places' }, availableSpotNumber: { quantity: 'free_places' }, totalSpotNumber: { quantity: 'capacity' } },
  examples: [
    {
      title: 'free places of 270',
      payload: { ts: '2026-09-12T10:05:00+02:00', values: { free_places: 132, capacity: 270 } },
      readings: [
        { quantity: 'free_places', at: '2026-09-12T08:05:00Z', value: 132 },
        { quantity: 'capacity', at: '2026-09-12T08:05:00Z', value: 270 },
      ],
    },
    {
      title: "the field of the town's portal",
      payload: { ts: '2026-09-12T08:10:00Z', values: { value_free_spots: 130 } },
      readings: [{ quantity: 'free_places', at: '2026-09-12T08:10:00Z', value: 130 }],
    },
  ],
};
