/** Which anomalies and alarms a question is about, for stores that look at the rows themselves; order and pages are left to them. */
import type { Alarm } from '../core/alarm.ts';
import type { Anomaly } from '../core/reading.ts';
import type { Store } from '../core/store.ts';

/** True for an anomaly, in its highest version, that the query asks for. */
export const isAskedAnomaly =
  ({ subject, quantity, kind, open, before }: Parameters<Store['anomalies']>[0]) =>
  (one: Anomaly): boolean =>
    (subject === undefined || one.subject === subject) &&
    (quantity === undefined || one.quantity === quantity) &&
    (kind === undefined || one.kind === kind) &&
    (open === undefined || (one.until === null) === open) &&
    (before === undefined || one.since < before);

/** True for an alarm, in its highest version, that the query asks for. */
export const isAskedAlarm =
  ({ open, labelled }: Parameters<Store['alarms']>[0]) =>
  (one: Alarm): boolean =>
    (open === undefined || (one.state !== 'normal') === open) && (labelled === undefined || one.label !== null);
