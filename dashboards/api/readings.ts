/** GET /api/v1/readings: the highest versions of one key, in event-time order, page by page. */
import { z } from 'zod';
import { fail } from '../../core/failure.ts';
import { rangeOf } from '../moment.ts';
import { shownReading } from '../present.ts';
import { cursor, flags, limit, moment, name, next, route, shownMoment } from './route.ts';

export const readings = route({
  url: '/api/v1/readings',
  summary: 'Readings of one quantity of one device, from <= at < to',
  query: z.object({ device: name, quantity: name, from: moment.optional(), to: moment.optional(), limit, after: cursor.optional() }),
  answer: z.object({
    readings: z.array(z.looseObject({ at: shownMoment, value: z.union([z.number(), z.string()]).nullable(), flags })),
    unit: z.string(),
    next,
  }),
  async handle({ views, clock, directory: current }, { query }) {
    const directory = await current();
    const device = directory.device(query.device);
    const quantity = directory.quantity(query.quantity);
    const { from, to } = rangeOf(query, directory.zoneOf(device), clock() + 1);
    const after = query.after === undefined ? undefined : Number(query.after);
    if (after !== undefined && !Number.isSafeInteger(after)) throw fail('bad-request', 'not a cursor of this list', 'after');
    const page = await views.readings({ subject: device.id, quantity: quantity.name, from, to, limit: query.limit, ...(after === undefined ? {} : { after }) });
    return { readings: page.rows.map((reading) => shownReading(quantity, reading)), unit: quantity.unit, next: page.next };
  },
});
