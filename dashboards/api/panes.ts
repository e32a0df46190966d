/** GET /api/v1/panes: figures by window, of a device or summed over a site. Every window of the range is there; a gap is null. */
import { z } from 'zod';
import { fail } from '../../core/failure.ts';
import type { Quantity } from '../../core/quantity.ts';
import { flagNames } from '../../core/reading.ts';
import type { Device } from '../../core/town.ts';
import type { ShownPane, Views } from '../../core/views.ts';
import { type Interval, levelOf, type WindowName, windowName } from '../../core/window.ts';
import type { Directory } from '../directory.ts';
import { panesMax } from '../limits.ts';
import { rangeOf, windowsIn } from '../moment.ts';
import { shownGap, shownMonth, shownPane } from '../present.ts';
import { sumPanes } from '../sums.ts';
import { moment, name, paneShape, route, windowParameter } from './route.ts';

/** Panes of some devices, by device and then by start. @throws FailureError `too-wide` */
export const panesOf = async (
  views: Views,
  devices: readonly Device[],
  quantity: Quantity,
  window: WindowName,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<ShownPane[]> => {
  const keys = devices.map(({ id }) => ({ subject: id, quantity: quantity.name }));
  const found = await views.panes({ keys, window, from, to, limit: panesMax });
  if (found.length > panesMax) throw fail('too-wide', `more than ${panesMax} windows`, 'from');
  return found;
};

const shownSum = (quantity: Quantity, devices: number, window: Interval, panes: readonly ShownPane[]) => {
  const { value, coverage, observed } = sumPanes(quantity, panes, devices);
  const gap = shownGap(quantity, window);
  return {
    ...gap,
    ...(quantity.kind === 'gauge' ? { mean: value } : { sum: value }),
    coverage,
    devices: observed,
    count: panes.reduce((count, pane) => count + pane.count, 0),
    open: panes.some(({ open }) => open),
    flags: flagNames(panes.reduce((bits, pane) => bits | pane.flags, 0)),
  };
};

/** Amounts and power add up over devices; temperatures, voltages and states do not. */
const adds = ({ kind, unit }: Quantity): boolean => kind === 'index' || kind === 'delta' || (kind === 'gauge' && ['W', 'V.A', '{place}'].includes(unit));

const devicesAsked = (
  directory: Directory,
  query: { readonly device?: string | undefined; readonly site?: string | undefined },
  quantity: Quantity,
): readonly Device[] => {
  if ((query.device === undefined) === (query.site === undefined)) throw fail('bad-request', 'ask for one device or one site', 'device');
  if (query.device !== undefined) return [directory.device(query.device)];
  const devices = directory.devicesOf(directory.site(query.site ?? '').id).filter(({ id }) => directory.has(id, quantity.name));
  if (!adds(quantity)) throw fail('bad-request', `"${quantity.name}" does not add up over devices: ask by device`, 'quantity');
  return devices;
};

export const panes = route({
  url: '/api/v1/panes',
  summary: 'Figures by window. Of a site: the sum over its devices that report the quantity, and the mean of their coverage',
  query: z.object({ device: name.optional(), site: name.optional(), quantity: name, window: windowParameter, from: moment.optional(), to: moment.optional() }),
  answer: z.looseObject({ quantity: z.string(), unit: z.string(), window: windowParameter, zone: z.string(), panes: z.array(paneShape) }),
  async handle({ views, clock, directory: current }, { query }) {
    const directory = await current();
    const quantity = directory.quantity(query.quantity);
    const devices = devicesAsked(directory, query, quantity);
    const [first] = devices;
    const zone = first === undefined ? directory.town.zone : directory.zoneOf(first);
    const { window } = query;
    const finest = Math.max(0, ...devices.map((device) => directory.finestOf(device, quantity.name)));
    if (levelOf(window) < finest)
      throw fail('bad-request', `no window shorter than ${windowName(finest as 0)}: the device does not report more often`, 'window');
    const now = clock();
    const { from, to } = rangeOf(query, zone, now, window);
    const windows = windowsIn(window, zone, from, Math.min(to, Math.max(now, from)), Math.floor(panesMax / Math.max(1, devices.length)));
    const panesFound = devices.length === 0 ? [] : await panesOf(views, devices, quantity, window, { from, to });
    const found = Map.groupBy(panesFound, ({ start }) => start);
    const closing = await views.closing();
    const monthOf = (one: Interval) => (window === 'P1M' ? { month: shownMonth(window, one, closing) } : {});
    const shown =
      query.site === undefined
        ? windows.map((one) => {
            const [pane] = found.get(one.start) ?? [];
            return { ...(pane === undefined ? shownGap(quantity, one) : shownPane(quantity, pane)), ...monthOf(one) };
          })
        : windows.map((one) => ({ ...shownSum(quantity, devices.length, one, found.get(one.start) ?? []), ...monthOf(one) }));
    return {
      ...(query.site === undefined ? { device: query.device } : { site: query.site, devices: devices.map(({ id }) => id) }),
      quantity: quantity.name,
      unit: quantity.unit,
      window,
      zone,
      panes: shown,
    };
  },
});
