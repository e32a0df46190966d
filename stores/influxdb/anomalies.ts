/** Anomalies of the InfluxDB store, as the port `Store` asks for them. */
import type { Anomaly } from '../../core/reading.ts';
import type { Page, Store } from '../../core/store.ts';
import { compareText } from '../key-book.ts';
import { anomalyCursor, page, parseAnomalyCursor } from '../paging.ts';
import type { Flux, Stretch } from './flux.ts';
import { tagText } from './line.ts';
import { anomalyIn } from './points.ts';
import type { Asking } from './queries.ts';
import { type Buckets, boundOf, endOfTime } from './schema.ts';

const dayNanos = 86_400_000_000_000n;

type Asked = Parameters<Store['anomalies']>[0];

/** Anomalies with start <= since < stop, highest versions below `before`. */
const anomaliesIn = async (flux: Flux, buckets: Buckets, stretch: Stretch, before: number, subject?: string): Promise<Anomaly[]> => {
  const tags = subject === undefined ? {} : { tags: { subject: tagText(subject) } };
  const newest = new Map<string, Anomaly>();
  for (const row of await flux.points({ bucket: buckets.panes, measurement: 'anomaly', ...tags, fields: ['body', 'offset'] }, stretch)) {
    if (row.number('offset') >= before) continue;
    const anomaly = anomalyIn(row);
    if ((newest.get(anomaly.id)?.version ?? -1) < anomaly.version) newest.set(anomaly.id, anomaly);
  }
  return [...newest.values()];
};

/** At least one more than `limit` of those that are wanted where there are so many: backwards from the newest, in stretches that grow. */
const newestOf = async (
  { swift, buckets, loaded }: Asking,
  { subject, limit }: Asked,
  end: bigint,
  isWanted: (one: Anomaly) => boolean,
): Promise<Anomaly[]> => {
  const { position } = loaded;
  const found: Anomaly[] = [];
  let stop = end;
  for (let width = dayNanos; found.length <= limit; width *= 8n) {
    const newest = await swift.newest({ bucket: buckets.panes, measurement: 'anomaly' }, 'offset', { start: 0n, stop });
    if (newest === null) break;
    stop = boundOf(newest.at + 1);
    const start = stop > width ? boundOf(Number((stop - width) / 1_000_000n)) : 0n;
    found.push(...(await anomaliesIn(swift, buckets, { start, stop }, position, subject)).filter(isWanted));
    stop = start;
  }
  return found;
};

const pageOf = async (asking: Asking, asked: Asked): Promise<Page<Anomaly>> => {
  const { subject, open, limit, after } = asked;
  const { since, id } = parseAnomalyCursor(after);
  const isWanted = (one: Anomaly): boolean =>
    (subject === undefined || one.subject === subject) &&
    (open === undefined || (one.until === null) === open) &&
    (one.since < since || (one.since === since && compareText(one.id, id) > 0));
  const found =
    open === true
      ? [...asking.loaded.lasting.values()].filter(isWanted)
      : await newestOf(asking, asked, after === undefined ? endOfTime : boundOf(since + 1), isWanted);
  found.sort((a, b) => b.since - a.since || compareText(a.id, b.id));
  return page(found.slice(0, limit + 1), limit, anomalyCursor);
};

/** What the port asks of anomalies. */
export const anomalies = (asking: Asking): Pick<Store, 'judged' | 'anomalies'> => ({
  async judged({ subject, from, to, limit, after }, before) {
    const stretch = { start: 0n, stop: boundOf(to + 1) };
    return (await anomaliesIn(asking.patient, asking.buckets, stretch, Math.min(before, asking.loaded.position), subject))
      .filter((one) => one.until === null || one.until >= from)
      .filter((one) => after === null || one.since > after.since || (one.since === after.since && compareText(one.id, after.id) > 0))
      .sort((a, b) => a.since - b.since || compareText(a.id, b.id))
      .slice(0, limit);
  },
  anomalies: (asked) => pageOf(asking, asked),
});
