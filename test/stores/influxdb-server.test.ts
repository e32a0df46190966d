/** An InfluxDB that is busy, killed, forgetful or set up wrongly, and one that refuses a point: nothing is lost, and it is told. */
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FailureError } from '../../core/failure.ts';
import { balance } from '../../core/ledger.ts';
import { type Commit, emptyLedger, type Store } from '../../core/store.ts';
import { dayMs, hourMs } from '../../core/time.ts';
import { openForMs } from '../../stores/influxdb/shards.ts';
import { type InfluxDbOptions, influxDbStore } from '../../stores/influxdb.ts';
import type { Asked, Fate } from '../../torture/rigs/http-proxy.ts';
import { startInfluxd } from '../../torture/rigs/influxd.ts';
import { failureOf } from './answers.ts';
import { asInMemory, commits, onInfluxDb, stateOf } from './on-influxdb.ts';
import { commit, energy, everything, pane, power, reading } from './rows.ts';

onInfluxDb('a store on InfluxDB', ({ opened, proxied, server }) => {
  describe('whose server', () => {
    it('is busy, fails or hangs is waited for, and told of once', async () => {
      await proxied(async (proxy) => {
        const told: (string | null)[] = [];
        const buckets = await server().buckets();
        const store = await opened(buckets, { url: proxy.url, timeoutMs: 500, tell: (trouble) => told.push(trouble?.code ?? null) });
        const fates: Fate[] = [
          { status: 429, headers: { 'retry-after': '1' } },
          { status: 503 },
          { status: 500, body: '{"message":"shard is not there"}' },
          'cut',
          'cut-after',
          { until: delay(3_000) },
          { status: 401, body: '{"code":"unauthorized","message":"unauthorized access"}' },
          { status: 404, body: '{"message":"bucket \\"x\\" not found"}' },
        ];
        proxy.decide = ({ path }) => (path === '/api/v2/write' ? (fates.shift() ?? 'pass') : 'pass');
        for (const one of commits) await store.commit(one);
        expect(fates).toEqual([]);
        expect(await stateOf(store)).toEqual(await asInMemory(commits));
        expect(told).toContain('store-unreachable');
        expect(told).toContain('store-denied');
        expect(told.at(-1)).toBeNull();
        await store.close();
      });
    });

    it('forgets what it acknowledged while a shard begins, is found out', async () => {
      await proxied(async (proxy) => {
        vi.useFakeTimers({ toFake: ['performance'] });
        onTestFinished(() => void vi.useRealTimers());
        const store = await opened(await server().buckets(), { url: proxy.url });
        // InfluxDB 2.9.1 does so where two writers are the first of a shard.
        const isWrite = ({ path }: Asked): boolean => path === '/api/v2/write';
        const forgotten = new Map<string, number>();
        const forgets = (one: Asked): Fate => {
          const times = forgotten.get(one.bucket) ?? 0;
          forgotten.set(one.bucket, times + 1);
          return isWrite(one) && times < 2 ? { status: 204 } : 'pass';
        };
        proxy.decide = forgets;
        await store.commit(commits[0] as Commit);
        forgotten.clear();
        vi.advanceTimersByTime(openForMs);
        await store.commit(commits[1] as Commit);
        const away = new Set<string>();
        proxy.decide = (one) => {
          if (!isWrite(one) || away.has(one.bucket)) return forgets(one);
          away.add(one.bucket);
          forgotten.delete(one.bucket);
          return 'cut';
        };
        for (const one of commits.slice(2)) await store.commit(one);
        expect(await stateOf(store)).toEqual(await asInMemory(commits));
        await store.close();
      });
    });

    it('is killed again and again keeps what it took', async () => {
      const own = await startInfluxd();
      try {
        const buckets = await own.buckets();
        const store = await influxDbStore({ ...own, buckets, timeoutMs: 2_000 });
        const rows = (n: number) => Array.from({ length: 200 }, (_, i) => reading(n * 200 + i, i, n));
        let stop = false;
        let n = 0;
        const writing = (async () => {
          for (; !stop || n < 30; n++) await store.commit(commit(n, n + 1, { readings: rows(n) }));
        })();
        for (let kills = 0; kills < 3; kills++) {
          const from = n;
          while (n < from + 5) await delay(10);
          await own.kill();
          await own.start();
        }
        own.pause();
        await delay(2_500);
        own.resume();
        stop = true;
        await writing;
        await store.close();
        const again = await influxDbStore({ ...own, buckets });
        expect(again.position).toBe(n);
        expect(await again.recount()).toEqual({ stored: n * 200, corrected: 0, deadLetter: 0 });
        expect((await again.readings({ ...energy, from: 0, to: everything, limit: 100_000 })).rows.map(({ at }) => at)).toEqual(
          Array.from({ length: n * 200 }, (_, i) => i),
        );
        await again.close();
      } finally {
        await own.close();
      }
    });

    it('does not answer leaves a store that can be closed, and what asks the pages fails in seconds', async () => {
      await proxied(async (proxy) => {
        const store = await opened(await server().buckets(), { url: proxy.url });
        proxy.decide = () => 'cut';
        const held = failureOf(store.commit(commits[0] as Commit));
        expect(await failureOf(store.recount())).toMatchObject({ code: 'store-unreachable' });
        await store.close();
        expect(await held).toMatchObject({ code: 'store-failed', message: 'the store is closed' });
        expect(await failureOf(store.commit(commits[0] as Commit))).toMatchObject({ code: 'store-failed' });
      });
    });
  });

  describe('that refuses a point', () => {
    const now = Date.UTC(2026, 5, 1);

    it('beyond its retention: a dead letter with the reason, the rest is stored, and the books balance', async () => {
      // By the clock of this side, and, where that one is wrong, by InfluxDB's own.
      for (const clock of [() => Date.now(), () => 0]) {
        const buckets = await server().buckets({ raw: 30, panes: 0 });
        const store = await opened(buckets, { clock });
        const today = Date.now();
        const readings = [reading(today - 40 * dayMs, 1, 0), reading(today - dayMs, 2, 0), reading(today - 41 * dayMs, 3, 1, power), reading(today, 4, 2)];
        const ledger = {
          ...emptyLedger,
          envelopes: { appended: 3, processed: 3, pending: 0, corrupt: 0 },
          readings: { ...emptyLedger.readings, accepted: 4, stored: 4 },
        };
        await store.commit(commit(0, 3, { readings }, { ledger }));
        const check = async (one: Store) => {
          expect((await one.readings({ ...energy, from: 0, to: everything, limit: 9 })).rows.map(({ value }) => value)).toEqual([2, 4]);
          const { rows } = await one.deadLettersPage({ limit: 9 });
          expect(rows.map(({ code, field, at, subject }) => [code, field, at, subject])).toEqual([
            ['store-refused', 'power', today - 41 * dayMs, 'meter-1'],
            ['store-refused', 'energy', today - 40 * dayMs, 'meter-1'],
          ]);
          expect(rows[0]?.message).toMatch(/30 days|[Rr]etention/);
          expect(one.keys()).toEqual([energy]);
          expect(balance(one.ledger(), await one.recount())).toMatchObject({ balanced: true, recount: { stored: 2, dead_letter: 2 } });
        };
        await check(store);
        await store.commit(commit(0, 3, { readings }, { ledger }));
        await check(store);
        await store.close();
        const again = await opened(buckets, { clock });
        await check(again);
        await again.close();
      }
    });

    it('of another type than is there: found among thousands, and named', async () => {
      const buckets = await server().buckets();
      const write = (bucket: string, line: string) =>
        fetch(`${server().url}/api/v2/write?org=${server().org}&bucket=${bucket}`, {
          method: 'POST',
          headers: { authorization: `Token ${server().token}` },
          body: line,
        });
      // Another program has written text where octroi writes numbers, in one file group.
      await write(buckets.raw, `reading,subject=x value="text" ${now - 400 * dayMs}000000`);
      const store = await opened(buckets);
      const readings = Array.from({ length: 3_000 }, (_, i) => reading(now + i, i, 0));
      readings.splice(1_234, 0, reading(now - 400 * dayMs, 7, 0));
      await store.commit(commit(0, 1, { readings }, { ledger: { ...emptyLedger, readings: { ...emptyLedger.readings, accepted: 3_001, stored: 3_001 } } }));
      const { rows } = await store.deadLettersPage({ limit: 9 });
      expect(rows.map(({ code, item, at, message }) => [code, item, at, message.includes('field type conflict')])).toEqual([
        ['store-refused', 1_234, now - 400 * dayMs, true],
      ]);
      expect(await store.recount()).toEqual({ stored: 3_000, corrected: 0, deadLetter: 1 });
      expect(store.ledger().readings).toMatchObject({ accepted: 3_001, stored: 3_000, deadLetter: 1 });

      // A figure has no dead letter: nothing more is taken, and the reason is said.
      await write(buckets.panes, `pane,subject=x sum="text" ${now}000000`);
      const refused = await failureOf(store.commit(commit(1, 2, { panes: [pane('PT1H', now, now + hourMs, 1, 1)] })));
      expect(refused).toMatchObject({ code: 'store-failed' });
      expect(refused?.message).toContain('field type conflict');
      expect(store.position).toBe(1);
      await store.close();
    });
  });

  describe('that is not as it should be', () => {
    it('says so in one line with the remedy', async () => {
      const buckets = await server().buckets();
      const line = async (more: Partial<InfluxDbOptions>): Promise<string> => {
        const failed = await failureOf(opened(buckets, more));
        return failed === undefined ? 'opened' : new FailureError(failed).message;
      };
      expect(await line({ token: 'wrong' })).toMatch(/^store-denied: unauthorized access \(http:.* Correct OCTROI_INFLUX_ORG and OCTROI_INFLUX_TOKEN/);
      expect(await line({ org: 'nobody' })).toMatch(/^store-denied: organization name "nobody" not found/);
      expect(await line({ buckets: { ...buckets, panes: 'none' } })).toMatch(/^store-not-set-up: .*"none".* Run octroi influx setup/);
      expect(await line({ buckets: { ...buckets, state: (await server().buckets({ raw: 30, panes: 0 })).raw } })).toMatch(
        /^store-not-set-up: .*forgets after 30 days/,
      );
      expect(await line({ url: 'localhost' })).toMatch(/^bad-setting: "localhost" is no http/);
      await proxied(async (proxy) => {
        proxy.decide = () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' });
        expect(await line({ url: proxy.url })).toMatch(/^store-unreachable: what answers there is no InfluxDB 2/);
        proxy.decide = () => ({ status: 404, body: 'no such page' });
        expect(await line({ url: proxy.url })).toMatch(/^store-unreachable: /);
      });
      expect(await line({ url: 'http://127.0.0.1:1' })).toMatch(/^store-unreachable: .*ECONNREFUSED.* Start InfluxDB, or correct OCTROI_INFLUX_URL/);
    });
  });
});
