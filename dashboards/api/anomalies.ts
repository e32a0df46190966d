/** GET /api/v1/alarms and /api/v1/anomalies: what is unusual now, and what was. */
import { z } from 'zod';
import type { Anomaly } from '../../core/reading.ts';
import { iso } from '../moment.ts';
import { type Asked, anomalyShape, type Context, cursor, limit, name, next, route } from './route.ts';

export const shownAnomaly = ({ id, subject, quantity, kind, since, until, observed, usual, reason, version, basisRevised }: Anomaly) => ({
  id,
  device: subject,
  quantity: quantity === '' ? null : quantity,
  kind,
  since: iso(since),
  until: until === null ? null : iso(until),
  observed,
  usual,
  reason,
  version,
  basis_revised: basisRevised ?? null,
});

const query = z.object({ device: name.optional(), limit, after: cursor.optional() });

const ask = async ({ views, directory: current }: Context, { query: asked }: Asked<z.output<typeof query>, unknown>, open: boolean) => {
  const directory = await current();
  const subject = asked.device === undefined ? {} : { subject: directory.device(asked.device).id };
  const page = await views.anomalies({
    ...subject,
    ...(open ? { open } : {}),
    limit: asked.limit,
    ...(asked.after === undefined ? {} : { after: asked.after }),
  });
  return { list: page.rows.map(shownAnomaly), next: page.next };
};

export const alarms = route({
  url: '/api/v1/alarms',
  summary: 'Anomalies that last, newest first',
  query,
  answer: z.object({ alarms: z.array(anomalyShape), next }),
  async handle(context, asked) {
    const { list, next: cursorOfNext } = await ask(context, asked, true);
    return { alarms: list, next: cursorOfNext };
  },
});

export const anomalies = route({
  url: '/api/v1/anomalies',
  summary: 'Anomalies, ended ones included, newest first',
  query,
  answer: z.object({ anomalies: z.array(anomalyShape), next }),
  async handle(context, asked) {
    const { list, next: cursorOfNext } = await ask(context, asked, false);
    return { anomalies: list, next: cursorOfNext };
  },
});
