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

/** The forecasts of a car park from the quarters of its last weeks. */
export const forecastsOf = async (views: Views, directory: Directory, device: string, now: number): Promise<Forecast[]> => {
  const { capacity } = directory.device(device);
  const from = Math.floor((now - forecastHistoryMs) / quarterMs) * quarterMs;
  const limit = (forecastHistoryMs + dayMs) / quarterMs;
  const panes = await views.panes({ keys: [{ subject: device, quantity }], window: 'PT15M', from, to: now, limit });
  const closed = panes.filter(({ open, end }) => !open && end <= now);
  const last = closed.at(-1);
  // What is older than the nearest horizon is no ground to stand on.
  if (last === undefined || now - last.end >= 2 * quarterMs) return [];
  return forecasts(closed, directory.zoneOf(directory.device(device)), capacity ?? null, last.end);
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
