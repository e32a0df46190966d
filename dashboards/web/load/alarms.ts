/** Alarms for the page on which they are answered; homes are not named, and answered through the API alone. */
import type { Alarm } from '../../../core/alarm.ts';
import type { Anomaly } from '../../../core/reading.ts';
import { minuteMs } from '../../../core/time.ts';
import type { Directory } from '../../directory.ts';
import { isPrivate, isResidential } from '../../figures/residential.ts';
import type { AlarmModel, AlarmsModel } from '../alarm-models.ts';
import { anomalyReceipt, hiddenReason } from './anomalies.ts';
import type { Source } from './source.ts';

const openShown = 200;
const closedShown = 30;
/** Anomalies among which the newest of each alarm is looked for, all in one question. */
const newestLooked = 200;

/** True where a home stands behind it, or whatever may have been one. */
export const isHiddenAlarm = (directory: Directory, { kind, subject, site }: Alarm): boolean => {
  if (kind === 'clock-step') return false;
  return isPrivate(directory, subject) || (site !== null && !isShownSite(directory, site));
};

/** What the cause is called: the site, the gateway, or the device. */
const placeOf = (directory: Directory, { cause, subject, site }: Alarm): string => {
  const [what, name = ''] = cause.split('/');
  if (what === 'site') return directory.findSite(name)?.name ?? name;
  if (what === 'sender') return name;
  const device = directory.find(subject);
  const place = site === null ? undefined : directory.findSite(site)?.name;
  return [place, device?.label ?? subject].filter((part) => part !== undefined).join(' · ');
};

/** A comment may name who lives there. */
const mute = <T extends { readonly comment: string }>(signed: T | null): T | null => (signed === null ? null : { ...signed, comment: '' });

const alarmModel = (directory: Directory, alarm: Alarm): AlarmModel => {
  const { id, kind, priority, state, since, until, anomalies, lasting, acknowledged, shelved, label, flood, site, subject, quantity, firstAnomaly, reason } =
    alarm;
  // An anomaly's name ends with the event time at which it began.
  const beganAt = Number(firstAnomaly.slice(firstAnomaly.lastIndexOf('/') + 1));
  const rest = { kind, priority, state, since, until, anomalies, lasting, acknowledged, shelved, label, flood };
  if (isHiddenAlarm(directory, alarm)) {
    const answers = { acknowledged: mute(acknowledged), shelved: mute(shelved), label: mute(label) };
    return { ...rest, ...answers, id: null, place: null, site: null, receipt: null, measuredAt: null, newest: null, reason: hiddenReason };
  }
  const measuredAt = Math.abs(since - beganAt) > minuteMs ? beganAt : null;
  const receipt = anomalyReceipt(directory, subject, quantity, beganAt);
  return { ...rest, id, place: placeOf(directory, alarm), site, receipt, measuredAt, newest: null, reason };
};

/** With what its first anomaly does not say: what the newest of them is about. @param newest anomalies, newest first */
const withNewest = (directory: Directory, alarm: Alarm, newest: readonly Anomaly[]): AlarmModel => {
  const model = alarmModel(directory, alarm);
  const { subject, kind, cause, anomalies } = alarm;
  // Of several devices the reason is that of the first.
  if (model.id === null || anomalies < 2 || !cause.startsWith('device/')) return model;
  const quantity = newest.find((one) => one.subject === subject && one.kind === kind)?.quantity;
  return { ...model, newest: directory.findQuantity(quantity ?? '')?.label ?? null };
};

export const loadAlarmModel = async ({ views, directory }: Pick<Source, 'views' | 'directory'>, alarm: Alarm): Promise<AlarmModel> => {
  const { subject, kind } = alarm;
  return withNewest(directory, alarm, (await views.anomalies({ subject, kind, limit: 1 })).rows);
};

/** A site that is gone may have been a home. */
const isShownSite = (directory: Directory, id: string): boolean => {
  const site = directory.findSite(id);
  return site !== undefined && !isResidential(site);
};

/** @param answered an alarm that was just answered */
export const loadAlarms = async (source: Source, answered: boolean): Promise<AlarmsModel> => {
  const { views, directory } = source;
  const [newest, open, closed, exceptions] = await Promise.all([
    views.anomalies({ limit: newestLooked }),
    views.alarms({ open: true, limit: openShown }),
    views.alarms({ open: false, limit: closedShown }),
    views.alarmExceptions(),
  ]);
  const all = open.rows.map((alarm) => withNewest(directory, alarm, newest.rows));
  return {
    active: all.filter(({ shelved }) => shelved === null),
    shelved: all.filter(({ shelved }) => shelved !== null),
    more: open.next !== null,
    closed: closed.rows.map((alarm) => alarmModel(directory, alarm)),
    exceptions: exceptions.filter(({ cause }) => {
      const [what, name = ''] = cause.split('/');
      return what === 'octroi' || what === 'sender' || (what === 'site' ? isShownSite(directory, name) : !isPrivate(directory, name));
    }),
    answered,
  };
};
