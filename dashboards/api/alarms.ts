/** /api/v1/alarms: what a person should see and answer, what was, and what people did about it. */
import { z } from 'zod';
import { type Alarm, alarmActionSchema, alarmPriorities, alarmStates, type Signed } from '../../core/alarm.ts';
import { actOn } from '../alarms.ts';
import { iso } from '../moment.ts';
import { cursor, limit, next, route, shownMoment } from './route.ts';

export const signedShape = z.object({ by: z.string(), at: shownMoment, comment: z.string() });
export const alarmShape = z.object({
  id: z.string(),
  cause: z.string().describe('what its anomalies have in common'),
  kind: z.string(),
  device: z.string().describe('of its first anomaly'),
  quantity: z.string().nullable(),
  site: z.string().nullable(),
  priority: z.enum(alarmPriorities),
  state: z.enum(alarmStates).describe('active: nobody has answered; returned: it is over, and nobody has answered; normal: it is over'),
  since: shownMoment,
  until: shownMoment.nullable(),
  anomalies: z.number(),
  lasting: z.number().describe('of its anomalies, how many last'),
  first_anomaly: z.string(),
  reason: z.object({ fr: z.string(), en: z.string() }),
  acknowledged: signedShape.nullable(),
  shelved: signedShape.extend({ until: shownMoment }).nullable(),
  label: signedShape.extend({ verdict: z.string() }).nullable(),
  flood: z.boolean().describe('raised while more came than a person can answer'),
  version: z.number(),
});

export const shownSigned = ({ by, at, comment }: Signed) => ({ by, at: iso(at), comment });

export const shownAlarm = (alarm: Alarm): z.output<typeof alarmShape> => ({
  id: alarm.id,
  cause: alarm.cause,
  kind: alarm.kind,
  device: alarm.subject,
  quantity: alarm.quantity === '' ? null : alarm.quantity,
  site: alarm.site,
  priority: alarm.priority,
  state: alarm.state,
  since: iso(alarm.since),
  until: alarm.until === null ? null : iso(alarm.until),
  anomalies: alarm.anomalies,
  lasting: alarm.lasting,
  first_anomaly: alarm.firstAnomaly,
  reason: alarm.reason,
  acknowledged: alarm.acknowledged === null ? null : shownSigned(alarm.acknowledged),
  shelved: alarm.shelved === null ? null : { ...shownSigned(alarm.shelved), until: iso(alarm.shelved.until) },
  label: alarm.label === null ? null : { ...shownSigned(alarm.label), verdict: alarm.label.verdict },
  flood: alarm.flood,
  version: alarm.version,
});

export const alarms = route({
  url: '/api/v1/alarms',
  summary: 'Alarms that are open, newest first; `state=closed`: those that are over',
  query: z.object({ state: z.enum(['open', 'closed', 'all']).default('open'), limit, after: cursor.optional() }),
  answer: z.object({
    alarms: z.array(alarmShape),
    next,
    exceptions: z.array(signedShape.extend({ cause: z.string(), held: z.number().describe('anomalies that raised no alarm because of it') })),
  }),
  async handle({ views }, { query: { state, limit: most, after } }) {
    const page = await views.alarms({ ...(state === 'all' ? {} : { open: state === 'open' }), limit: most, ...(after === undefined ? {} : { after }) });
    const exceptions = await views.alarmExceptions();
    return {
      alarms: page.rows.map(shownAlarm),
      next: page.next,
      exceptions: exceptions.map((one) => ({ cause: one.cause, held: one.held, ...shownSigned(one) })),
    };
  },
});

export const actions = route({
  method: 'POST',
  url: '/api/v1/alarms/actions',
  summary: 'What an operator does about an alarm: acknowledge, shelve, unshelve, label, end-exception. The Origin header must be the address of this server',
  body: alarmActionSchema,
  answer: z.object({ envelope: z.number().describe('offset of the action in the log') }),
  handle: async ({ views }, { body }) => ({ envelope: await actOn(views, body) }),
});
