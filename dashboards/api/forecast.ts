/** GET /api/v1/forecast: how many places of a car park will be free, with the usual error of such forecasts. */
import { z } from 'zod';
import { fail } from '../../core/failure.ts';
import { forecastQuantity, forecastsOf } from '../figures/forecast.ts';
import { iso } from '../moment.ts';
import { name, route, shownMoment } from './route.ts';

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
    return {
      device,
      quantity: forecastQuantity,
      forecasts: found.map(({ minutes, at, free, usualError }) => ({ minutes, at: iso(at), free, usual_error: usualError })),
    };
  },
});
