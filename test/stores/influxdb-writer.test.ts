import { expect, it } from 'vitest';
import type { Commit } from '../../core/store.ts';
import { dayMs } from '../../core/time.ts';
import { asInMemory, commits, onInfluxDb, stateOf } from './on-influxdb.ts';
import { commit, reading } from './rows.ts';

onInfluxDb('a store on InfluxDB whose writer', ({ opened, proxied, server }) => {
  it('fell behind the rows of many keys is opened by few questions', () =>
    proxied(async (proxy) => {
      const buckets = await server().buckets();
      const keys = Array.from({ length: 60 }, (_, n) => ({ subject: `meter-${n}`, quantity: 'energy' }));
      const writer = await opened(buckets);
      await writer.commit(commit(0, 1, { readings: keys.map((key, n) => reading(n, n, 0, key)) }));
      await writer.close();
      const fallen = await opened(buckets, { url: proxy.url });
      const fell = Promise.withResolvers<void>();
      // Readings come through, what says the position does not.
      proxy.decide = ({ path, bucket }) => {
        if (path !== '/api/v2/write' || bucket !== buckets.state) return 'pass';
        fell.resolve();
        return 'cut';
      };
      const second = fallen.commit(commit(1, 2, { readings: keys.map((key, n) => reading(dayMs + n, n, 1, key)) }));
      await fell.promise;
      await Promise.all([fallen.close(), second.catch(() => {})]);

      proxy.decide = () => 'pass';
      const before = proxy.asked.length;
      const again = await opened(buckets, { url: proxy.url });
      expect(proxy.asked.length - before).toBeLessThan(30);
      expect(again.latest().map(({ subject, at }) => [subject, at])).toEqual(keys.map(({ subject }, n) => [subject, n]).sort());
      await again.close();
    }));

  it('fell anywhere in a commit shows the commit before, and takes the same again', async () => {
    const buckets = await server().buckets();
    const expected = await asInMemory(commits);
    const before = await asInMemory(commits.slice(0, 3));
    const writer = await opened(buckets);
    for (const one of commits.slice(0, 3)) await writer.commit(one);
    await writer.close();
    await proxied(async (proxy) => {
      for (let through = 0; through < 12; through++) {
        const fallen = await opened(buckets, { url: proxy.url });
        const from = proxy.asked.length;
        const written = Promise.withResolvers<void>();
        // So many writes come through, then everything is cut off, the last one after the server had it.
        proxy.decide = ({ path }) => {
          const writes = proxy.asked.slice(from).filter((one) => one.path === '/api/v2/write').length;
          if (path !== '/api/v2/write' || writes < through) return 'pass';
          written.resolve();
          return writes === through ? 'cut-after' : 'cut';
        };
        const commit = fallen.commit(commits[3] as Commit);
        const done = await Promise.race([commit.then(() => true), written.promise.then(() => false)]);
        await Promise.all([fallen.close(), commit.catch(() => {})]);
        proxy.decide = () => 'pass';
        const reader = await opened(buckets);
        if (reader.position === 9) expect([await reader.recount(), await reader.snapshot()]).toEqual([before.recount, before.snapshot]);
        expect([9, 12]).toContain(reader.position);
        await reader.close();
        if (done) break;
      }
    });
    const again = await opened(buckets);
    for (const one of commits) await again.commit(one);
    expect(await stateOf(again)).toEqual(expected);
    await again.close();
    const reader = await opened(buckets);
    expect(await stateOf(reader)).toEqual(expected);
    await reader.close();
  });

  it('was paused and wakes up behind another one changes nothing', async () => {
    for (const heldWrite of [0, 2, 4]) {
      const buckets = await server().buckets();
      const expected = await asInMemory(commits);
      await proxied(async (proxy) => {
        const paused = await opened(buckets, { url: proxy.url });
        for (const one of commits.slice(0, 2)) await paused.commit(one);
        const from = proxy.asked.length;
        const asleep = Promise.withResolvers<void>();
        const awake = Promise.withResolvers<void>();
        proxy.decide = () => {
          if (proxy.asked.length - from <= heldWrite) return 'pass';
          asleep.resolve();
          return { until: awake.promise };
        };
        const sleeping = paused.commit(commits[2] as Commit);
        await Promise.race([asleep.promise, sleeping]);

        const other = await opened(buckets);
        // Another one takes over: it cuts the log into other commits.
        const [third, fourth] = [commits[2] as Commit, commits[3] as Commit];
        const outputs = Object.fromEntries(Object.entries(third.outputs).map(([name, rows]) => [name, [...rows, ...fourth.outputs[name as 'readings']]]));
        await other.commit({
          ...fourth,
          start: 6,
          outputs: outputs as unknown as Commit['outputs'],
          snapshot: third.snapshot && { ...third.snapshot, offset: 9 },
        });
        for (const one of commits.slice(3)) await other.commit(one);
        const before = await stateOf(other);
        expect(before).toEqual(expected);

        awake.resolve();
        await sleeping;
        expect(await stateOf(other)).toEqual(before);
        await Promise.all([paused.close(), other.close()]);
      });
      const reader = await opened(buckets);
      expect(await stateOf(reader)).toEqual(expected);
      expect(reader.ledger()).toEqual(commits.at(-1)?.ledger);
      await reader.close();
    }
  });
  it('is not taken for whole where another has gone on since it was opened, and taken a snapshot', async () => {
    const buckets = await server().buckets();
    const [one, other] = [await opened(buckets), await opened(buckets)];
    const snapshot = { offset: 2, scopes: [{ scope: 's', body: 'b' }] };
    await other.commit(commit(0, 2, { readings: [reading(5, 1, 1)] }, { snapshot }));
    await expect(one.snapshot()).rejects.toThrow(/store-failed: a snapshot was taken while the store was opened/);
    const again = await opened(buckets);
    expect([again.position, await again.snapshot()]).toEqual([2, snapshot]);
    await Promise.all([one, other, again].map((store) => store.close()));
  });
});
