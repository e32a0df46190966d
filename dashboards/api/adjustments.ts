/** GET /api/v1/adjustments: what changed a civil month after it was closed, of a device or of a whole site. */
import { z } from 'zod';
import { fail } from '../../core/failure.ts';
import type { Key } from '../../core/store.ts';
import type { Device } from '../../core/town.ts';
import { calendar, levelOf } from '../../core/window.ts';
import { type Directory, keyName } from '../directory.ts';
import { adjustedKeysMax } from '../limits.ts';
import { iso, momentOf } from '../moment.ts';
import { shownChange, shownMonth } from '../present.ts';
import { changeShape, moment, monthShape, name, route, shownMoment } from './route.ts';

const devicesAsked = (directory: Directory, query: { readonly device?: string | undefined; readonly site?: string | undefined }): readonly Device[] => {
  if ((query.device === undefined) === (query.site === undefined)) throw fail('bad-request', 'ask for one device or one site', 'device');
  return query.device !== undefined ? [directory.device(query.device)] : directory.devicesOf(directory.site(query.site ?? '').id);
};

/** The keys asked for: of one quantity, or of all that are amounts. */
const keysOf = (directory: Directory, devices: readonly Device[], quantity: string | undefined): Key[] =>
  devices.flatMap(({ id }) =>
    directory
      .quantitiesOf(id)
      .filter((own) => (quantity === undefined ? ['index', 'delta'].includes(directory.quantity(own).kind) : own === quantity))
      .map((own) => ({ subject: id, quantity: own })),
  );

export const adjustments = route({
  url: '/api/v1/adjustments',
  summary: 'What changed a civil month after it was closed: old, new, why and when; of a device or of all devices of a site',
  query: z.object({
    device: name.optional(),
    site: name.optional(),
    quantity: name.optional().describe('absent: every amount'),
    at: moment.describe('a moment in the month'),
  }),
  answer: z.looseObject({
    start: shownMoment,
    end: shownMoment,
    month: monthShape,
    adjustments: z.array(changeShape.extend({ device: z.string(), quantity: z.string(), unit: z.string() })),
  }),
  async handle({ views, directory: current }, { query }) {
    const directory = await current();
    const devices = devicesAsked(directory, query);
    if (query.quantity !== undefined) directory.quantity(query.quantity);
    const [first] = devices;
    const zone = first === undefined ? directory.town.zone : directory.zoneOf(first);
    const at = momentOf(query.at, 'at', zone);
    const keys = keysOf(directory, devices, query.quantity);
    if (keys.length > adjustedKeysMax) throw fail('too-wide', `more than ${adjustedKeysMax} series: ask by quantity or by device`, 'site');
    const span = calendar(zone).windowAt(levelOf('P1M'), at);
    const [found, closing] = await Promise.all([views.adjustments(keys, at), views.closing()]);
    const order = new Map(keys.map((key, place) => [keyName(key), place]));
    return {
      ...(query.site === undefined ? { device: query.device } : { site: query.site }),
      start: iso(span.start),
      end: iso(span.end),
      month: shownMonth('P1M', span, closing),
      adjustments: found
        .sort((a, b) => (a.at ?? 0) - (b.at ?? 0) || (order.get(keyName(a.new)) ?? 0) - (order.get(keyName(b.new)) ?? 0))
        .map((change) => {
          const quantity = directory.quantity(change.new.quantity);
          return { device: change.new.subject, quantity: quantity.name, unit: quantity.unit, ...shownChange(quantity, change) };
        }),
    };
  },
});
