/** Past cases like one at hand: of the same kind and quantity, the same device first, then its site, then its type; the nearest by size and duration, with what a person said of them. */
import type { Alarm } from '../../../core/alarm.ts';
import type { Anomaly } from '../../../core/reading.ts';
import { minuteMs } from '../../../core/time.ts';
import type { Device } from '../../../core/town.ts';
import type { Directory } from '../../directory.ts';
import { isPrivate } from '../../figures/residential.ts';
import type { CaseModel } from '../alarm-models.ts';
import { anomalyReceipt } from './anomalies.ts';
import type { Source } from './source.ts';

const casesShown = 3;
/** Anomalies that are looked at: the newest of the device, and of all devices. */
const ownMax = 200;
const allMax = 500;
/** Verdicts that are looked at, the newest. */
const verdictsMax = 1_000;
/** How far two sizes lie apart that cannot be compared, or that have other signs. */
const farthest = Math.log(1_000);

/** What was seen, as a multiple of what was expected, else of the edge of the usual range; null where neither says anything. */
const sizeOf = ({ observed, expected, usual }: Anomaly): number | null => {
  if (observed === null) return null;
  const edge = usual === null ? null : observed > usual[1] ? usual[1] : usual[0];
  const reference = expected ?? edge;
  return reference === null || reference === 0 ? observed : observed / reference;
};

const apart = (a: number | null, b: number | null): number => {
  if (a === b) return 0;
  if (a === null || b === null || a * b <= 0) return farthest;
  return Math.min(farthest, Math.abs(Math.log(a / b)));
};

const lasted = ({ since, until }: Anomaly, now: number): number => Math.max(minuteMs, (until ?? now) - since);

/** How unlike two anomalies of one kind are; 0: alike. */
export const distance = (a: Anomaly, b: Anomaly, now: number): number => apart(sizeOf(a), sizeOf(b)) + apart(lasted(a, now), lasted(b, now));

const tierOf = (directory: Directory, device: Device, subject: string): number | null => {
  if (subject === device.id) return 0;
  const other = directory.find(subject);
  if (other === undefined || isPrivate(directory, subject)) return null;
  if (other.site !== undefined && other.site === device.site) return 1;
  return other.type === device.type ? 2 : null;
};

/** The verdict on the alarm that an anomaly raised, or that it belonged to. */
const verdictOn = (labelled: readonly Alarm[], anomaly: Anomaly): Alarm | undefined =>
  labelled.find(({ firstAnomaly }) => firstAnomaly === anomaly.id) ??
  labelled.find(
    ({ subject, kind, since, until }) =>
      subject === anomaly.subject && kind === anomaly.kind && anomaly.since >= since && (until === null || anomaly.since <= until),
  );

/** The most similar past cases of an anomaly, best first; the same for the same store. */
export const loadCases = async (
  { views, directory, now }: Pick<Source, 'views' | 'directory' | 'now'>,
  device: Device,
  anomaly: Anomaly,
): Promise<CaseModel[]> => {
  const { id, kind, quantity, since, subject } = anomaly;
  const past = { kind, quantity, before: since };
  const [own, all, { rows: labelled }] = await Promise.all([
    views.anomalies({ ...past, subject, limit: ownMax }),
    views.anomalies({ ...past, limit: allMax }),
    views.alarms({ labelled: true, limit: verdictsMax }),
  ]);
  const others = all.rows.filter((one) => one.subject !== subject);
  const ranked = [...own.rows, ...others].flatMap((one) => {
    const tier = one.id === id ? null : tierOf(directory, device, one.subject);
    return tier === null ? [] : [{ one, tier, far: distance(anomaly, one, now) }];
  });
  ranked.sort((a, b) => a.tier - b.tier || a.far - b.far || b.one.since - a.one.since || (a.one.id < b.one.id ? -1 : 1));
  return ranked.slice(0, casesShown).map(({ one, tier }) => {
    const alarm = verdictOn(labelled, one);
    return {
      id: one.id,
      device: one.subject,
      label: directory.find(one.subject)?.label ?? one.subject,
      nearness: tier === 0 ? 'device' : tier === 1 ? 'site' : 'type',
      since: one.since,
      until: one.until,
      reason: one.reason,
      verdict: alarm?.label ?? null,
      alarm: alarm?.id ?? null,
      receipt: anomalyReceipt(directory, one.subject, one.quantity, one.since),
    };
  });
};
