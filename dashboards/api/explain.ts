/** GET /api/v1/explain: the receipt of one figure. */
import { z } from 'zod';
import { fail } from '../../core/failure.ts';
import type { Quantity } from '../../core/quantity.ts';
import type { Receipt } from '../../core/views.ts';
import { iso, momentOf } from '../moment.ts';
import { shownChange, shownMonth, shownPane, shownReading } from '../present.ts';
import { changeShape, moment, monthShape, name, paneShape, route, shownMoment, windowParameter } from './route.ts';

export const shownReceipt = (quantity: Quantity, receipt: Receipt) => {
  const { key, window, start, end, rule, versions, changes, closing, readings, more, gaps, refolded } = receipt;
  return {
    device: key.subject,
    quantity: key.quantity,
    unit: quantity.unit,
    window,
    start: iso(start),
    end: iso(end),
    rule: { kind: rule.kind, holds: rule.holds, hold_ms: rule.holdMs, zone: rule.zone },
    month: shownMonth(window, receipt, closing),
    versions: versions.map((pane) => shownPane(quantity, pane)),
    changes: changes.map((change) => shownChange(quantity, change)),
    readings: readings.map((reading) => ({ ...shownReading(quantity, reading), envelope: reading.offset })),
    more,
    gaps: gaps.map(({ from, to, isOpen }) => ({ from: iso(from), to: iso(to), open: isOpen })),
    refolded: refolded === null ? null : shownPane(quantity, refolded),
  };
};

export const explain = route({
  url: '/api/v1/explain',
  summary: 'The readings, gaps, versions, changes and rule behind one figure',
  query: z.object({ device: name, quantity: name, window: windowParameter, at: moment }),
  answer: z.looseObject({
    device: z.string(),
    quantity: z.string(),
    unit: z.string(),
    start: shownMoment,
    end: shownMoment,
    month: monthShape.nullable(),
    versions: z.array(paneShape),
    changes: z.array(changeShape),
    readings: z.array(z.looseObject({ at: shownMoment, value: z.union([z.number(), z.string()]).nullable() })),
    more: z.boolean(),
    gaps: z.array(z.object({ from: shownMoment, to: shownMoment, open: z.boolean() })),
    refolded: paneShape.nullable(),
  }),
  async handle({ views, directory: current }, { query }) {
    const directory = await current();
    const device = directory.device(query.device);
    const quantity = directory.quantity(query.quantity);
    const at = momentOf(query.at, 'at', directory.zoneOf(device));
    const receipt = await views.explain({ subject: device.id, quantity: quantity.name }, query.window, at);
    if (receipt === null) throw fail('not-found', `"${device.id}" has no reading of "${quantity.name}"`, 'quantity');
    return shownReceipt(quantity, receipt);
  },
});
