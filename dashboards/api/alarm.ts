/** GET /api/v1/alarms/one: what the page of an alarm shows, for programs: the alarm, its curve with what is usual, what it comes to, and past cases like it. How these are found is left to the page's loader. */
import { z } from 'zod';
import { alarmLabels } from '../../core/alarm.ts';
import { fail } from '../../core/failure.ts';
import { alarmCharsMax } from '../limits.ts';
import { iso } from '../moment.ts';
import type { AroundModel, CaseModel, DifferenceModel, JudgedModel } from '../web/alarm-models.ts';
import { type AlarmDetail, detailOf } from '../web/load/alarm.ts';
import { alarmShape, shownAlarm, shownSigned, signedShape } from './alarms.ts';
import { route, shownMoment } from './route.ts';

const pair = z.tuple([z.number(), z.number()]);
const weeksShape = z.object({ least: z.number(), most: z.number() }).describe('of the four weeks before, how many are known');
const reasonShape = z.object({ fr: z.string(), en: z.string() });

const judgedShape = z.object({
  unit: z.string(),
  per_hour: z.boolean().describe('an amount, per hour'),
  observed: z.number().nullable(),
  expected: z.number().nullable(),
  usual: pair.nullable().describe('lowest and highest that is usual'),
  share: z.number().nullable().describe('(observed − expected) / expected'),
  days: z.number().nullable().describe('that its detector looked back on'),
});
const differenceShape = z.object({
  kwh: z.number().nullable().describe('more than the median of the same hours of the four weeks before; null: it cannot be said'),
  eur: z.number().nullable().describe("by the town file's tariff"),
  kg_co2e: z.number().nullable().describe("by the town file's factor"),
  hours: z.number().nullable(),
  weeks: weeksShape.nullable(),
  why: z.enum(['no-energy', 'doubt', 'unknown']).nullable().describe('why it cannot be said: no energy, the data are in doubt, not all was seen'),
});
const rowShape = z.object({
  start: shownMoment,
  end: shownMoment,
  value: z.number().nullable(),
  usual: pair.nullable().describe('the expected band: lowest and highest of the same hour in the four weeks before, or ever'),
  middle: z.number().nullable().describe('median of the four weeks'),
  expected: z.number().nullable().describe('what the detector expected, where it judged'),
  coverage: z.number(),
  open: z.boolean(),
  unusual: z.boolean().describe('it lasted in this window'),
});
const curveShape = z.object({
  quantity: z.string(),
  unit: z.string(),
  per_hour: z.boolean(),
  window: z.enum(['PT1H', 'P1D']),
  range: z.enum(['weeks', 'ever']).describe('what the band is made of'),
  weeks: weeksShape,
  begin: shownMoment,
  end: shownMoment,
  rows: z.array(rowShape),
});
const caseShape = z.object({
  anomaly: z.string(),
  device: z.string(),
  nearness: z.enum(['device', 'site', 'type']),
  since: shownMoment,
  until: shownMoment.nullable(),
  reason: reasonShape,
  label: signedShape.extend({ verdict: z.enum(alarmLabels) }).nullable(),
  alarm: z.string().nullable().describe('that the verdict stands on'),
});

const shownJudged = ({ perHour, ...rest }: JudgedModel): z.output<typeof judgedShape> => ({ ...rest, per_hour: perHour, usual: copied(rest.usual) });
const copied = (range: readonly [number, number] | null): [number, number] | null => (range === null ? null : [...range]);

const shownDifference = (found: DifferenceModel): z.output<typeof differenceShape> =>
  found.why === null
    ? { kwh: found.kWh, eur: found.eur, kg_co2e: found.kg, hours: found.hours, weeks: found.weeks, why: null }
    : { kwh: null, eur: null, kg_co2e: null, hours: null, weeks: null, why: found.why };

const shownCurve = (
  { window, range, weeks, begin, end, rows }: AroundModel,
  { name, unit, perHour }: NonNullable<AlarmDetail['quantity']>,
): z.output<typeof curveShape> => ({
  quantity: name,
  unit,
  per_hour: perHour,
  window,
  range,
  weeks,
  begin: iso(begin),
  end: iso(end),
  rows: rows.map((row) => ({ ...row, start: iso(row.start), end: iso(row.end), usual: copied(row.usual) })),
});

const shownCase = ({ id, device, nearness, since, until, reason, verdict, alarm }: CaseModel): z.output<typeof caseShape> => ({
  anomaly: id,
  device,
  nearness,
  since: iso(since),
  until: until === null ? null : iso(until),
  reason,
  label: verdict === null ? null : { ...shownSigned(verdict), verdict: verdict.verdict },
  alarm,
});

export const alarm = route({
  url: '/api/v1/alarms/one',
  summary: 'One alarm as its page shows it: what was seen and expected, the curve around it with the expected band, what it comes to, similar past cases',
  query: z.object({ id: z.string().min(1).max(alarmCharsMax).describe('as `/api/v1/alarms` has it') }),
  answer: z.object({
    alarm: alarmShape,
    judged: judgedShape.nullable().describe('what the detector of its first anomaly said; null where it is about no value'),
    lasted_ms: z.number().describe('of its first anomaly, in event time'),
    difference: differenceShape,
    curve: curveShape.nullable().describe('of its first device; null for states, and where the device is gone'),
    similar: z.array(caseShape).describe('past cases, the most similar first; none of other homes'),
  }),
  async handle({ views, clock, directory: current }, { query: { id } }) {
    const found = await views.alarm(id);
    if (found === null) throw fail('not-found', `no alarm "${id}"`, 'id');
    const { judged, lastedMs, difference, around, quantity, cases } = await detailOf({ views, directory: await current(), now: clock() }, found);
    return {
      alarm: shownAlarm(found),
      judged: judged === null ? null : shownJudged(judged),
      lasted_ms: lastedMs,
      difference: shownDifference(difference),
      curve: around === null || quantity === null ? null : shownCurve(around, quantity),
      similar: cases.map(shownCase),
    };
  },
});
