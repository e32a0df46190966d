/**
 * InfluxDB 2.9.1 forgets a batch that it has acknowledged where two writers are the first of one shard: the later of them finds the
 * shard's memory not made yet, and writes into nothing (`tsdb/engine/tsm1/cache.go`, `init` and `emptyStore`). Partitions begin a
 * shard together, so a shard is opened by a point of its own, which is read back before anything else goes there.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { minuteMs } from '../../core/time.ts';
import { type Connection, Refusal } from './connection.ts';
import type { Flux } from './flux.ts';
import { quoted } from './line.ts';
import type { BucketTimes } from './setup.ts';

/** A shard that got nothing for that long is opened again, ms: InfluxDB frees its memory some time after `storage-cache-snapshot-write-cold-duration`, 10 minutes. */
export const openForMs = 5 * minuteMs;
/** The pause before another opening point, ms. */
const againMs = 20;
/** Where InfluxDB begins to count its shards: the year 1, epoch ms. */
const yearOneMs = -62_135_596_800_000;

export interface Shards {
  /** Writes lines, to shards that are open. Rejects with `Refusal`. @param points their times, ms */
  write(bucket: string, lines: string, points: Iterable<number>): Promise<void>;
}

/** @param times of the buckets, by name */
export const openShards = (connection: Connection, flux: Flux, partition: number, times: ReadonlyMap<string, BucketTimes>): Shards => {
  /** When a shard last got points, ms of this process; the oldest first. */
  const lastWritten = new Map<string, number>();

  /** A time of each shard that the points go to. */
  const shardsOf = (bucket: string, points: Iterable<number>): Map<string, number> => {
    const { groupMs } = times.get(bucket) as BucketTimes;
    const shards = new Map<string, number>();
    let [start, end] = [0, 0];
    for (const at of points) {
      if (at >= start && at < end) continue;
      start = at - ((at - yearOneMs) % groupMs);
      end = start + groupMs;
      shards.set(`${bucket} ${start}`, at);
    }
    return shards;
  };

  const open = async (bucket: string, at: number): Promise<void> => {
    const start = BigInt(at) * 1_000_000n;
    for (;;) {
      const mark = randomUUID();
      try {
        await connection.write(bucket, `opened,partition=${partition} mark=${quoted(mark)} ${start}`);
      } catch (error) {
        if (error instanceof Refusal) return; // beyond the retention: so are the rows
        throw error;
      }
      const [found] = await flux.points({ bucket, measurement: 'opened' }, { start, stop: start + 1n });
      if (found?.text('mark') === mark) return;
      await delay(againMs);
    }
  };

  return {
    async write(bucket, lines, points) {
      const shards = shardsOf(bucket, points);
      await connection.write(bucket, lines, async (isAgain) => {
        // A server that was away may have begun anew.
        if (isAgain) lastWritten.clear();
        const now = performance.now();
        for (const [shard, at] of lastWritten) {
          if (now - at < openForMs) break;
          lastWritten.delete(shard);
        }
        for (const [shard, at] of shards) if (!lastWritten.has(shard)) await open(bucket, at);
        for (const shard of shards.keys()) {
          lastWritten.delete(shard);
          lastWritten.set(shard, now);
        }
      });
    },
  };
};
