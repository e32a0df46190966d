/** Anomalies of the store in memory, as the port `Store` asks for them. */
import type { Anomaly } from '../../core/reading.ts';
import type { Store } from '../../core/store.ts';
import { compareText } from '../key-book.ts';
import { anomalyCursor, page, parseAnomalyCursor } from '../paging.ts';
import { latestVersions, type Tables } from './tables.ts';

const idOf = ({ id }: Anomaly): string => id;

/** What the port asks of anomalies. */
export type Anomalies = Pick<Store, 'judged' | 'anomalies'>;

export const anomalies = (all: Tables): Anomalies => ({
  async judged({ subject, from, to, limit, after }, before) {
    const visible = all.anomalies.filter((one) => one.subject === subject && one.offset < before);
    return latestVersions(visible, idOf)
      .filter((one) => one.since <= to && (one.until === null || one.until >= from))
      .sort((a, b) => a.since - b.since || compareText(a.id, b.id))
      .filter((one) => after === null || one.since > after.since || (one.since === after.since && compareText(one.id, after.id) > 0))
      .slice(0, limit);
  },
  async anomalies({ subject, open, limit, after }) {
    const start = parseAnomalyCursor(after);
    const rows = latestVersions(all.anomalies, idOf)
      .filter((one) => (subject === undefined || one.subject === subject) && (open === undefined || (one.until === null) === open))
      .filter((one) => one.since < start.since || (one.since === start.since && compareText(one.id, start.id) > 0))
      .sort((a, b) => b.since - a.since || compareText(a.id, b.id));
    return page(rows, limit, anomalyCursor);
  },
});
