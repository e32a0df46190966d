/** Anomalies and alarms of the store in memory, as the port `Store` asks for them. */
import type { Alarm } from '../../core/alarm.ts';
import type { Anomaly } from '../../core/reading.ts';
import type { Page, Store } from '../../core/store.ts';
import { isAskedAlarm, isAskedAnomaly } from '../asked.ts';
import { compareText } from '../key-book.ts';
import { occurrenceCursor, page, parseOccurrenceCursor } from '../paging.ts';
import { latestVersions, type Tables } from './tables.ts';

const idOf = ({ id }: Anomaly | Alarm): string => id;

/** What the port asks of anomalies and alarms. */
export type Anomalies = Pick<Store, 'judged' | 'anomalies' | 'alarm' | 'alarms'>;

/** A page of the highest versions, newest first. */
const newest = <Row extends Anomaly | Alarm>(rows: readonly Row[], isWanted: (row: Row) => boolean, limit: number, after: string | undefined): Page<Row> => {
  const start = parseOccurrenceCursor(after);
  const found = latestVersions(rows, idOf)
    .filter(isWanted)
    .filter((one) => one.since < start.since || (one.since === start.since && compareText(one.id, start.id) > 0))
    .sort((a, b) => b.since - a.since || compareText(a.id, b.id));
  return page(found, limit, occurrenceCursor);
};

export const anomalies = (all: Tables): Anomalies => ({
  async judged({ subject, from, to, limit, after }, before) {
    const visible = all.anomalies.filter((one) => one.subject === subject && one.offset < before);
    return latestVersions(visible, idOf)
      .filter((one) => one.since <= to && (one.until === null || one.until >= from))
      .sort((a, b) => a.since - b.since || compareText(a.id, b.id))
      .filter((one) => after === null || one.since > after.since || (one.since === after.since && compareText(one.id, after.id) > 0))
      .slice(0, limit);
  },
  anomalies: async (query) => newest(all.anomalies, isAskedAnomaly(query), query.limit, query.after),
  alarms: async (query) => newest(all.alarms, isAskedAlarm(query), query.limit, query.after),
  alarm: async (id, before) =>
    latestVersions(
      all.alarms.filter((one) => one.id === id && one.offset < before),
      idOf,
    )[0] ?? null,
});
