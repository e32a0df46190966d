/** GET /api/v1/anomalies: what is unusual now, and what was. */
import { z } from 'zod';
import type { Anomaly } from '../../core/reading.ts';
import { iso } from '../moment.ts';
import { anomalyShape, cursor, limit, name, next, route } from './route.ts';

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

export const anomalies = route({
  url: '/api/v1/anomalies',
  summary: 'Anomalies, ended ones included, newest first',
  query: z.object({
    device: name.optional(),
    open: z.enum(['true', 'false']).optional().describe('only those that last, or only those that are over'),
    limit,
    after: cursor.optional(),
  }),
  answer: z.object({ anomalies: z.array(anomalyShape), next }),
  async handle({ views, directory }, { query: { device, open, limit: most, after } }) {
    const page = await views.anomalies({
      ...(device === undefined ? {} : { subject: (await directory()).device(device).id }),
      ...(open === undefined ? {} : { open: open === 'true' }),
      limit: most,
      ...(after === undefined ? {} : { after }),
    });
    return { anomalies: page.rows.map(shownAnomaly), next: page.next };
  },
});
