/** The buckets: made with their retention, and checked before they are used. Organisation and token are left to whoever runs InfluxDB. */
import { fail } from '../../core/failure.ts';
import { dayMs, hourMs } from '../../core/time.ts';
import type { Connection } from './connection.ts';
import { type BucketRole, type Buckets, bucketRoles } from './schema.ts';

const daySeconds = 86_400;

interface Bucket {
  readonly id: string;
  readonly orgID: string;
  readonly retentionRules: readonly { readonly everySeconds: number; readonly shardGroupDurationSeconds?: number }[];
}

/** How many days a bucket keeps points; 0: for good. */
export type KeptDays = Readonly<Record<'raw' | 'panes', number>>;

export interface BucketTimes {
  /** How long it keeps points; 0: for good. */
  readonly keptMs: number;
  /** How long its shards are. */
  readonly groupMs: number;
}

const findBucket = async (connection: Connection, name: string): Promise<Bucket | null> => {
  try {
    const answer = (await connection.call('GET', `/api/v2/buckets?org=${encodeURIComponent(connection.org)}&name=${encodeURIComponent(name)}`, undefined)) as {
      buckets?: Bucket[];
    } | null;
    if (!Array.isArray(answer?.buckets)) throw fail('store-unreachable', 'what answers there is no InfluxDB 2', connection.where);
    return answer.buckets[0] ?? null;
  } catch (error) {
    if (isNotSetUp(error)) return null;
    throw error;
  }
};
const isNotSetUp = (error: unknown): boolean => (error as { failure?: { code?: string } }).failure?.code === 'store-not-set-up';

const keptMs = (bucket: Bucket): number => (bucket.retentionRules[0]?.everySeconds ?? 0) * 1_000;
/** Where a server does not say it, the shortest that InfluxDB makes. */
const groupMs = (bucket: Bucket): number => (bucket.retentionRules[0]?.shardGroupDurationSeconds ?? hourMs / 1_000) * 1_000;

/**
 * Sees to it that all buckets are there.
 * @returns their times; rejects with `store-unreachable`, `store-denied`, `store-not-set-up`
 */
export const checkBuckets = async (connection: Connection, buckets: Buckets): Promise<Readonly<Record<BucketRole, BucketTimes>>> => {
  const times: Partial<Record<BucketRole, BucketTimes>> = {};
  for (const role of bucketRoles) {
    const bucket = await findBucket(connection, buckets[role]);
    if (bucket === null) throw fail('store-not-set-up', `there is no bucket ${JSON.stringify(buckets[role])} that the token may read`, connection.where);
    times[role] = { keptMs: keptMs(bucket), groupMs: groupMs(bucket) };
    if (role === 'state' && keptMs(bucket) > 0) {
      throw fail(
        'store-not-set-up',
        `the bucket ${buckets.state} forgets after ${keptMs(bucket) / dayMs} days: it must keep points for good`,
        connection.where,
      );
    }
  }
  return times as Record<BucketRole, BucketTimes>;
};

/** What was done to a bucket. */
export interface BucketSetUp {
  readonly role: BucketRole;
  readonly name: string;
  readonly keptDays: number;
  readonly done: 'made' | 'changed' | 'kept';
}

/**
 * Days in one file group of the bucket. InfluxDB's own choice, a week, would open a thousand groups for twenty years of
 * imported history.
 */
const groupDays = (role: BucketRole, keptDays: number): number => {
  if (role === 'state') return 3_640;
  const usual = role === 'raw' ? 28 : 364;
  return keptDays === 0 ? usual : Math.max(1, Math.min(usual, Math.floor(keptDays / 10)));
};

const rulesOf = (role: BucketRole, keptDays: number) => [
  { type: 'expire', everySeconds: keptDays * daySeconds, shardGroupDurationSeconds: groupDays(role, keptDays) * daySeconds },
];

/**
 * Makes the buckets that are missing, and gives those that are there the retention asked for; can be repeated.
 * @param keptDays of raw readings and of panes; the state is kept for good
 * @returns what was done; rejects with `store-unreachable`, `store-denied`
 */
export const setUpBuckets = async (connection: Connection, buckets: Buckets, keptDays: KeptDays): Promise<BucketSetUp[]> => {
  const done: BucketSetUp[] = [];
  for (const role of bucketRoles) {
    const days = role === 'state' ? 0 : keptDays[role];
    const name = buckets[role];
    const found = await findBucket(connection, name);
    if (found === null) {
      await connection.call('POST', '/api/v2/buckets', { orgID: await orgId(connection), name, retentionRules: rulesOf(role, days) });
    } else if (keptMs(found) !== days * dayMs) {
      await connection.call('PATCH', `/api/v2/buckets/${encodeURIComponent(found.id)}`, { retentionRules: rulesOf(role, days) });
    }
    done.push({ role, name, keptDays: days, done: found === null ? 'made' : keptMs(found) !== days * dayMs ? 'changed' : 'kept' });
  }
  return done;
};

const orgId = async (connection: Connection): Promise<string> => {
  const answer = (await connection.call('GET', `/api/v2/orgs?org=${encodeURIComponent(connection.org)}`, undefined)) as { orgs?: { id: string }[] } | null;
  const id = answer?.orgs?.[0]?.id;
  if (id === undefined) throw fail('store-denied', `there is no organisation ${JSON.stringify(connection.org)} that the token may see`, connection.where);
  return id;
};
