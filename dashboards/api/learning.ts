/** GET /api/v1/learning: series that are too young to judge, and how far they are. */
import { z } from 'zod';
import { fail } from '../../core/failure.ts';
import { name, route } from './route.ts';

export const learning = route({
  url: '/api/v1/learning',
  summary: 'Series of a device or of a site that are still learnt: until then less is said of them, or nothing',
  query: z.object({ device: name.optional(), site: name.optional() }),
  answer: z.object({
    learning: z.array(
      z.object({ device: z.string(), quantity: z.string(), days: z.number().describe('learnt so far'), of: z.number().describe('days that it takes') }),
    ),
  }),
  async handle({ views, directory: current }, { query: { device, site } }) {
    const directory = await current();
    if ((device === undefined) === (site === undefined)) throw fail('bad-request', 'either device or site', 'device');
    const devices = site === undefined ? [directory.device(device ?? '')] : directory.devicesOf(directory.site(site).id);
    const found = await views.learning(devices.map(({ id }) => id));
    return { learning: found.map(({ subject, quantity, days, of }) => ({ device: subject, quantity, days, of })) };
  },
});
