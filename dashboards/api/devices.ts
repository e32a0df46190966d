/** GET /api/v1/devices: the devices of the town with their quantities. Secrets are never shown. */
import { z } from 'zod';
import type { Device } from '../../core/town.ts';
import { windowName } from '../../core/window.ts';
import type { Directory } from '../directory.ts';
import { iso } from '../moment.ts';
import { name, route, shownMoment } from './route.ts';

export const shownDevice = (directory: Directory, device: Device, silentSince: number | undefined) => ({
  id: device.id,
  type: device.type,
  label: device.label ?? null,
  site: device.site ?? null,
  at: device.at ?? null,
  capacity: device.capacity ?? null,
  zone: directory.zoneOf(device),
  simulated: device.simulated ?? false,
  imported: device.imported ?? false,
  finest: windowName(directory.finestOf(device)),
  quantities: directory.quantitiesOf(device.id).map((quantity) => {
    const known = directory.findQuantity(quantity);
    return { name: quantity, kind: known?.kind ?? null, unit: known?.unit ?? null };
  }),
  silent_since: silentSince === undefined ? null : iso(silentSince),
});

export const devices = route({
  url: '/api/v1/devices',
  summary: 'The devices of the town, adopted ones included',
  query: z.object({ site: name.optional(), type: name.optional() }),
  answer: z.object({
    devices: z.array(
      z.looseObject({
        id: z.string(),
        type: z.string(),
        site: z.string().nullable(),
        quantities: z.array(z.object({ name: z.string(), kind: z.string().nullable(), unit: z.string().nullable() })),
        silent_since: shownMoment.nullable(),
      }),
    ),
  }),
  async handle({ views, directory: current }, { query: { site, type } }) {
    const [directory, silent] = await Promise.all([current(), views.silent()]);
    const since = new Map(silent.map(({ subject, since: at }) => [subject, at]));
    const asked = site === undefined ? directory.town.devices : directory.devicesOf(directory.site(site).id);
    return {
      devices: asked.filter((device) => type === undefined || device.type === type).map((device) => shownDevice(directory, device, since.get(device.id))),
    };
  },
});
