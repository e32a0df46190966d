/** GET /api/v1/latest: the newest reading of each key. */
import { z } from 'zod';
import { flagNames } from '../../core/reading.ts';
import type { LatestReading } from '../../core/store.ts';
import type { Directory } from '../directory.ts';
import { listRowsMax } from '../limits.ts';
import { iso } from '../moment.ts';
import { shownValue } from '../present.ts';
import { flags, name, route, shownMoment } from './route.ts';

export const shownLatest = (directory: Directory, { subject, quantity: named, at, value, flags: bits }: LatestReading) => {
  const quantity = directory.findQuantity(named);
  return {
    device: subject,
    quantity: named,
    at: iso(at),
    value: quantity === undefined ? null : shownValue(quantity, value),
    unit: quantity?.unit ?? null,
    flags: flagNames(bits),
  };
};

export const latest = route({
  url: '/api/v1/latest',
  summary: 'The newest reading of each quantity of a device, a site, or all',
  query: z.object({ device: name.optional(), site: name.optional() }),
  answer: z.object({
    latest: z.array(
      z.object({
        device: z.string(),
        quantity: z.string(),
        at: shownMoment,
        value: z.union([z.number(), z.string()]).nullable(),
        unit: z.string().nullable(),
        flags,
      }),
    ),
    more: z.boolean(),
  }),
  async handle({ views, directory: current }, { query: { device, site } }) {
    const directory = await current();
    const subjects =
      device !== undefined ? [directory.device(device).id] : site !== undefined ? directory.devicesOf(directory.site(site).id).map(({ id }) => id) : undefined;
    const found = subjects?.length === 0 ? [] : await views.latest(subjects);
    return { latest: found.slice(0, listRowsMax).map((one) => shownLatest(directory, one)), more: found.length > listRowsMax };
  },
});
