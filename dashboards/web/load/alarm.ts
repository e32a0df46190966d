/** One alarm: what was seen, the curve around it, what it comes to in kWh, euros and CO₂, and past cases like it; for its page, which a home has none of, and for the API. */

import type { Alarm } from '../../../core/alarm.ts';
import { type CarrierName, carrierNames } from '../../../core/device-type.ts';
import { fail } from '../../../core/failure.ts';
import type { Anomaly } from '../../../core/reading.ts';
import { dayMs, hourMs } from '../../../core/time.ts';
import type { Device } from '../../../core/town.ts';
import type { Directory } from '../../directory.ts';
import { energyQuantities } from '../../figures/energy.ts';
import type { AlarmPageModel, AroundModel, DifferenceModel, JudgedModel } from '../alarm-models.ts';
import { isHiddenAlarm, loadAlarmModel } from './alarms.ts';
import { differenceOf, loadAround } from './around.ts';
import { loadCases } from './cases.ts';
import { kindFacts } from './kinds.ts';
import type { Source } from './source.ts';

/** Days that the detectors of consumption look back on: the end of their code, `more-7d`, `days-5`. */
const daysJudged = ({ code = '' }: Anomaly): number | null => {
  const found = /-(\d{1,2})d?$/.exec(code);
  return found === null ? null : Number(found[1]);
};

const judgedOf = (directory: Directory, anomaly: Anomaly): JudgedModel | null => {
  const { observed, expected = null, usual, kind, quantity: name } = anomaly;
  const quantity = directory.findQuantity(name);
  if (quantity === undefined || quantity.kind === 'state' || (observed === null && expected === null)) return null;
  return {
    unit: quantity.unit,
    perHour: quantity.kind !== 'gauge' && kindFacts[kind]?.of === 'hour',
    observed,
    expected,
    usual,
    share: observed === null || expected === null || expected === 0 ? null : (observed - expected) / Math.abs(expected),
    days: daysJudged(anomaly),
  };
};

const carrierOf = (quantity: string): CarrierName | undefined => carrierNames.find((name) => energyQuantities[name].includes(quantity));

/** Where the data themselves are in doubt, or not all was seen, there is nothing honest to say. */
const comesTo = ({ town }: Directory, { kind, quantity }: Anomaly, around: AroundModel | null): DifferenceModel => {
  const carrier = carrierOf(quantity);
  if (carrier === undefined) return { why: 'no-energy' };
  if (kindFacts[kind]?.doubts !== 'consumption') return { why: 'doubt' };
  const found = around === null ? null : differenceOf(around);
  if (around === null || found === null) return { why: 'unknown' };
  const price = town.tariffs?.[`${carrier}EurPerKWh`];
  const grams = town.co2?.[`${carrier}GPerKWh`];
  const { amount: kWh, hours } = found;
  return { why: null, kWh, hours, eur: price === undefined ? null : kWh * price, kg: grams === undefined ? null : (kWh * grams) / 1_000, weeks: around.weeks };
};

/** The quantity that shows best what a device did, where it is concerned as a whole: its energy, else its first. */
const mainQuantity = (directory: Directory, { id }: Device): string | undefined => {
  const own = directory.quantitiesOf(id);
  return own.find((name) => carrierOf(name) !== undefined) ?? own[0];
};

/** How long the figures of its detector are about, ms; 0 where they cannot be laid over a curve by hours. */
const judgedMs = (anomaly: Anomaly): number => {
  const { of, ownScale } = kindFacts[anomaly.kind] ?? {};
  return of !== 'hour' || ownScale === true ? 0 : (daysJudged(anomaly) ?? 0) * dayMs || hourMs;
};

/** What the page of an alarm shows beside the alarm itself. */
export type AlarmDetail = Omit<AlarmPageModel, 'alarm' | 'answered'>;

/** The detail of an alarm, whoever it is of: a home too. */
export const detailOf = async (source: Pick<Source, 'views' | 'directory' | 'now'>, alarm: Alarm): Promise<AlarmDetail> => {
  const { views, directory, now } = source;
  const { subject, kind, quantity: name, firstAnomaly } = alarm;
  const beganAt = Number(firstAnomaly.slice(firstAnomaly.lastIndexOf('/') + 1));
  const { rows } = await views.anomalies({ subject, kind, quantity: name, before: beganAt + 1, limit: 1 });
  const anomaly = rows.find((one) => one.id === firstAnomaly) ?? null;
  const device = directory.find(subject);
  const quantity = device === undefined ? undefined : directory.findQuantity(name === '' ? (mainQuantity(directory, device) ?? '') : name);
  // Of several, the first: it is the one whose figures are shown, and the alarm itself goes by the clock of the log.
  const until = anomaly === null ? alarm.until : anomaly.until;
  const around =
    device === undefined || quantity === undefined
      ? null
      : await loadAround(source, {
          key: { subject, quantity: quantity.name },
          quantity,
          zone: directory.zoneOf(device),
          finest: directory.finestOf(device, quantity.name),
          begin: beganAt,
          end: Math.max(beganAt, until ?? now),
          anomaly,
          judgedMs: anomaly === null ? 0 : judgedMs(anomaly),
        });
  return {
    device: device === undefined ? null : { id: device.id, label: device.label ?? device.id },
    quantity: quantity === undefined ? null : { name: quantity.name, label: quantity.label, unit: quantity.unit, perHour: quantity.kind !== 'gauge' },
    judged: anomaly === null ? null : judgedOf(directory, anomaly),
    lastedMs: Math.max(0, (until ?? now) - beganAt),
    difference: anomaly === null ? { why: 'no-energy' } : comesTo(directory, anomaly, around),
    around,
    cases: device === undefined || anomaly === null ? [] : await loadCases(source, device, anomaly),
  };
};

/** @throws FailureError `not-found` where there is none, or a home stands behind it */
export const loadAlarm = async (source: Source, id: string, answered: boolean): Promise<AlarmPageModel> => {
  const { views, directory } = source;
  const alarm = await views.alarm(id);
  if (alarm === null) throw fail('not-found', 'there is no such alarm', 'id');
  if (isHiddenAlarm(directory, alarm)) throw fail('not-found', 'homes are only shown in groups', 'id');
  return { alarm: await loadAlarmModel(source, alarm), ...(await detailOf(source, alarm)), answered };
};
