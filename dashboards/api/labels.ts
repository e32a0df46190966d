/** GET /api/v1/alarms/labels, and .csv: the verdicts that people gave on alarms, to learn from. How they are given is left to `alarms.ts`. */
import { z } from 'zod';
import { type Alarm, alarmLabels } from '../../core/alarm.ts';
import { iso } from '../moment.ts';
import { cursor, limit, next, route, shownMoment } from './route.ts';

const labelShape = z.object({
  alarm: z.string(),
  kind: z.string(),
  device: z.string().describe('of its first anomaly'),
  quantity: z.string().nullable(),
  since: shownMoment,
  until: shownMoment.nullable(),
  verdict: z.enum(alarmLabels),
  by: z.string(),
  at: shownMoment,
  comment: z.string(),
});
type ShownLabel = z.output<typeof labelShape>;

/** The last verdict on an alarm; none where nobody gave one. */
export const shownLabel = ({ id, kind, subject, quantity, since, until, label }: Alarm): ShownLabel[] =>
  label === null
    ? []
    : [
        {
          alarm: id,
          kind,
          device: subject,
          quantity: quantity === '' ? null : quantity,
          since: iso(since),
          until: until === null ? null : iso(until),
          verdict: label.verdict,
          by: label.by,
          at: iso(label.at),
          comment: label.comment,
        },
      ];

const query = z.object({ limit, after: cursor.optional() });
const asked = ({ limit: most, after }: z.output<typeof query>) => ({ labelled: true, limit: most, ...(after === undefined ? {} : { after }) }) as const;

export const labels = route({
  url: '/api/v1/alarms/labels',
  summary: 'Verdicts on alarms (right, wrong, known), of the newest alarm first',
  query,
  answer: z.object({ labels: z.array(labelShape), next }),
  async handle({ views }, { query: given }) {
    const page = await views.alarms(asked(given));
    return { labels: page.rows.flatMap(shownLabel), next: page.next };
  },
});

const columns = Object.keys(labelShape.shape) as (keyof ShownLabel)[];

/** A spreadsheet takes a text that begins so for a formula, which what people write must not be (OWASP, CSV injection). */
const formula = /^[=+\-@\t\r]/;
const cell = (value: string | null): string => {
  const text = value === null ? '' : formula.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

export const labelsCsv = route({
  url: '/api/v1/alarms/labels.csv',
  summary: 'The same as CSV (RFC 4180); the address of the following page is in the Link header',
  query,
  answer: null,
  async handle({ views }, { query: given, reply }) {
    const page = await views.alarms(asked(given));
    const rows = page.rows.flatMap(shownLabel).map((one) => columns.map((name) => cell(one[name])).join(','));
    if (page.next !== null) reply.header('link', `</api/v1/alarms/labels.csv?limit=${given.limit}&after=${encodeURIComponent(page.next)}>; rel="next"`);
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', 'attachment; filename="alarm-labels.csv"')
      .send(`${[columns.join(','), ...rows].join('\r\n')}\r\n`);
  },
});
