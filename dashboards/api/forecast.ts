/** GET /api/v1/forecast: how many places of a car park will be free, with the usual error of such forecasts. */
import { z } from 'zod';
import { fail } from '../../core/failure.ts';
import { dayMs, quarterMs } from '../../core/time.ts';
import type { Views } from '../../core/views.ts';
import type { Directory } from '../directory.ts';
import { type Forecast, forecastHistoryMs, forecasts } from '../figures/forecast.ts';
import { iso } from '../moment.ts';
import { name, route, shownMoment } from './route.ts';

const quantity = 'free_places';

/** What was forecast last, by car park: weeks of quarters are run through once for each that closes or is revised, not for each who asks. */
const told = new WeakMap<Views, Map<string, { readonly basis: string; readonly found: Forecast[] }>>();

/** The forecasts of a car park from the quarters of its last weeks. */
const forecastsOf = async (views: Views, directory: Directory, device: string, now: number): Promise<Forecast[]> => {
  const { capacity } = directory.device(device);
  const from = Math.floor((now - forecastHistoryMs) / quarterMs) * quarterMs;
  const limit = (forecastHistoryMs + dayMs) / quarterMs;
  const panes = await views.panes({ keys: [{ subject: device, quantity }], window: 'PT15M', from, to: now, limit });
  const closed = panes.filter(({ open, end }) => !open && end <= now);
  const last = closed.at(-1);
  // What is older than the nearest horizon is no ground to stand on.
  if (last === undefined || now - last.end >= 2 * quarterMs) return [];
  const zone = directory.zoneOf(directory.device(device));
  const basis = `${last.end} ${closed.length} ${closed.reduce((sum, { version }) => sum + version, 0)} ${zone} ${capacity}`;
  const byDevice = told.get(views) ?? new Map();
  told.set(views, byDevice);
  const before = byDevice.get(device);
  if (before?.basis === basis) return before.found;
  const found = forecasts(closed, zone, capacity ?? null, last.end);
  byDevice.set(device, { basis, found });
  return found;
};

export const forecast = route({
  url: '/api/v1/forecast',
  summary: 'Places of a car park that will be free, by its own weeks; none while it learns, or where it is not known how many are free now',
  query: z.object({ device: name }),
  answer: z.object({
    device: z.string(),
    quantity: z.string(),
    forecasts: z.array(
      z.object({
        minutes: z.number().describe('ahead of the last quarter that closed'),
        at: shownMoment,
        free: z.number().describe('places'),
        usual_error: z.number().describe('mean of how far such forecasts were from what came, places'),
      }),
    ),
  }),
  async handle({ views, clock, directory: current }, { query: { device } }) {
    const directory = await current();
    if (directory.typeOf(directory.device(device))?.parking !== 'car-park') throw fail('bad-request', `"${device}" is no car park`, 'device');
    const found = await forecastsOf(views, directory, device, clock());
    return { device, quantity, forecasts: found.map(({ minutes, at, free, usualError }) => ({ minutes, at: iso(at), free, usual_error: usualError })) };
  },
});
