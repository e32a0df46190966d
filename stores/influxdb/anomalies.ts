/** Anomalies and alarms of the InfluxDB store, as the port `Store` asks for them. */
import type { Page, Store } from '../../core/store.ts';
import { isAskedAlarm, isAskedAnomaly } from '../asked.ts';
import { compareText } from '../key-book.ts';
import { occurrenceCursor, page, parseOccurrenceCursor } from '../paging.ts';
import type { Flux, Stretch } from './flux.ts';
import { tagText } from './line.ts';
import { type Occurrences, occurrenceIn } from './points.ts';
import type { Asking } from './queries.ts';
import { type Buckets, boundOf, endOfTime } from './schema.ts';

const dayNanos = 86_400_000_000_000n;

/** Rows with start <= since < stop, highest versions below `before`. */
const rowsIn = async <Kind extends keyof Occurrences>(
  flux: Flux,
  buckets: Buckets,
  measurement: Kind,
  stretch: Stretch,
  before: number,
  subject?: string,
): Promise<Occurrences[Kind][]> => {
  const tags = subject === undefined ? {} : { tags: { subject: tagText(subject) } };
  const newest = new Map<string, Occurrences[Kind]>();
  for (const row of await flux.points({ bucket: buckets.panes, measurement, ...tags, fields: ['body', 'offset'] }, stretch)) {
    if (row.number('offset') >= before) continue;
    const found = occurrenceIn<Kind>(row);
    if ((newest.get(found.id)?.version ?? -1) < found.version) newest.set(found.id, found);
  }
  return [...newest.values()];
};

interface Asked {
  readonly subject?: string;
  readonly open?: boolean;
  readonly before?: number;
  readonly limit: number;
  readonly after?: string;
}

/** At least one more than `limit` of those that are wanted where there are so many: backwards from the newest, in stretches that grow. */
const newestOf = async <Kind extends keyof Occurrences>(
  { swift, buckets, loaded }: Asking,
  measurement: Kind,
  { subject, limit }: Asked,
  end: bigint,
  isWanted: (one: Occurrences[Kind]) => boolean,
): Promise<Occurrences[Kind][]> => {
  const { position } = loaded;
  const found: Occurrences[Kind][] = [];
  let stop = end;
  for (let width = dayNanos; found.length <= limit; width *= 8n) {
    const newest = await swift.newest({ bucket: buckets.panes, measurement }, 'offset', { start: 0n, stop });
    if (newest === null) break;
    stop = boundOf(newest.at + 1);
    const start = stop > width ? boundOf(Number((stop - width) / 1_000_000n)) : 0n;
    found.push(...(await rowsIn(swift, buckets, measurement, { start, stop }, position, subject)).filter(isWanted));
    stop = start;
  }
  return found;
};

const pageOf = async <Kind extends keyof Occurrences>(
  asking: Asking,
  measurement: Kind,
  asked: Asked,
  isAsked: (one: Occurrences[Kind]) => boolean,
): Promise<Page<Occurrences[Kind]>> => {
  const { open, before, limit, after } = asked;
  const { since, id } = parseOccurrenceCursor(after);
  const isWanted = (one: Occurrences[Kind]): boolean => isAsked(one) && (one.since < since || (one.since === since && compareText(one.id, id) > 0));
  const last = Math.min(after === undefined ? Number.MAX_SAFE_INTEGER : since, before === undefined ? Number.MAX_SAFE_INTEGER : before - 1);
  const found =
    open === true
      ? [...asking.loaded.lasting[measurement].values()].filter(isWanted)
      : await newestOf(asking, measurement, asked, last === Number.MAX_SAFE_INTEGER ? endOfTime : boundOf(last + 1), isWanted);
  found.sort((a, b) => b.since - a.since || compareText(a.id, b.id));
  return page(found.slice(0, limit + 1), limit, occurrenceCursor);
};

/** What the port asks of anomalies and alarms. */
export const anomalies = (asking: Asking): Pick<Store, 'judged' | 'anomalies' | 'alarm' | 'alarms'> => ({
  async judged({ subject, from, to, limit, after }, before) {
    const stretch = { start: 0n, stop: boundOf(to + 1) };
    return (await rowsIn(asking.patient, asking.buckets, 'anomaly', stretch, Math.min(before, asking.loaded.position), subject))
      .filter((one) => one.until === null || one.until >= from)
      .filter((one) => after === null || one.since > after.since || (one.since === after.since && compareText(one.id, after.id) > 0))
      .sort((a, b) => a.since - b.since || compareText(a.id, b.id))
      .slice(0, limit);
  },
  anomalies: (asked) => pageOf(asking, 'anomaly', asked, isAskedAnomaly(asked)),
  alarms: (asked) => pageOf(asking, 'alarm', asked, isAskedAlarm(asked)),
  async alarm(id, before) {
    // Its name ends with the time at which it was raised.
    const since = Number(id.slice(id.lastIndexOf('/') + 1));
    if (!Number.isSafeInteger(since)) return null;
    const stretch = { start: boundOf(since), stop: boundOf(since + 1) };
    const rows = await rowsIn(asking.patient, asking.buckets, 'alarm', stretch, Math.min(before, asking.loaded.position));
    return rows.find((one) => one.id === id) ?? null;
  },
});
