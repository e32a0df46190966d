/** What the InfluxDB store must do beyond the contract, on the real server: it survives crashes on either side, and a writer that was paused changes nothing. */
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { FailureError } from '../../core/failure.ts';
import { balance } from '../../core/ledger.ts';
import { type Commit, emptyLedger, type Store } from '../../core/store.ts';
import { dayMs, hourMs } from '../../core/time.ts';
import { quoted } from '../../stores/influxdb/line.ts';
import { type Buckets, slotOf } from '../../stores/influxdb/schema.ts';
import { openForMs } from '../../stores/influxdb/shards.ts';
import { type InfluxDbOptions, influxDbStore } from '../../stores/influxdb.ts';
import { memoryStore } from '../../stores/memory.ts';
import { type Asked, type Fate, type InTheWay, startProxy } from '../../torture/rigs/http-proxy.ts';
import { type Influxd, noInfluxd, startInfluxd } from '../../torture/rigs/influxd.ts';
import { dumpOf, failureOf } from './answers.ts';
import { anomaly, commit, energy, everything, letter, other, pane, power, reading } from './rows.ts';

const everyKind = {
  readings: [reading(300, 3, 0, power), reading(100, 1, 0, other), reading(200, 2, 1, other), reading(200, 9, 2, { ...other, version: 1 })],
  panes: [pane('PT1H', 0, hourMs, 5, 1), pane('P', 0, Number.MAX_SAFE_INTEGER, 5, 1, { sharesMs: [1, 2], integral2: 2n ** 61n })],
  deadLetters: [letter(2, 'unknown-device')],
  anomalies: [anomaly('meter-1/energy/jump/5', 5, 2)],
  devices: [{ id: 'meter-1', type: 'submeter' }],
  closures: [{ from: 1, to: 2, offset: 2 }],
  revisions: [{ offset: 1, logTime: 1_000 }],
};

/** Commits with rows of all kinds, each with what comes before it. */
const commits: readonly Commit[] = Array.from({ length: 6 }, (_, n) => {
  const start = n * 3;
  return commit(
    start,
    start + 3,
    {
      readings: [reading(n * hourMs, n, start), reading(n * hourMs + 1, n, start + 1, other), ...(n > 0 ? [reading(0, n, start + 2, { version: n })] : [])],
      panes: [pane('PT1H', n * hourMs, (n + 1) * hourMs, n, start), ...(n > 0 ? [pane('PT1H', 0, hourMs, n, start + 1, { version: n })] : [])],
      deadLetters: [letter(start, 'unknown-device'), ...(n > 0 ? [letter(start - 3, 'unknown-device', { version: 1, revision: start + 1 })] : [])],
      anomalies: [anomaly(`meter-1/energy/jump/${n}`, n, start)],
      devices: [{ id: `meter-${n % 2}`, type: 'submeter', label: String(n) }],
      closures: [{ from: n, to: n + 1, offset: start }],
    },
    { snapshot: { offset: start + 3, scopes: [{ scope: `s${n % 2}`, body: String(n) }] } },
  );
});

const asInMemory = async (done: readonly Commit[]): Promise<{ dump: string[]; snapshot: unknown; recount: unknown }> => {
  const store = memoryStore();
  for (const one of done) await store.commit(one);
  return { dump: await dumpOf(store), snapshot: await store.snapshot(), recount: await store.recount() };
};
const stateOf = async (store: Store) => ({ dump: await dumpOf(store), snapshot: await store.snapshot(), recount: await store.recount() });

describe.skipIf(noInfluxd !== null)(`a store on InfluxDB${noInfluxd === null ? '' : `: ${noInfluxd}`}`, () => {
  let influxd: Influxd;
  beforeAll(async () => {
    influxd = await startInfluxd();
  });
  afterAll(() => influxd?.close());

  const opened = async (buckets: Buckets, more: Partial<InfluxDbOptions> = {}): Promise<Store> => influxDbStore({ ...influxd, buckets, ...more });
  const proxied = async <T>(work: (proxy: InTheWay) => Promise<T>): Promise<T> => {
    const proxy = await startProxy(influxd.url);
    try {
      return await work(proxy);
    } finally {
      await proxy.close();
    }
  };

  it('asks together what is asked of several keys in one turn, each in its own stretch', () =>
    proxied(async (proxy) => {
      const store = await opened(await influxd.buckets(), { url: proxy.url });
      const keys = Array.from({ length: 30 }, (_, n) => ({ subject: `meter-${n}`, quantity: 'energy' }));
      // The first of each lies 200 days before the others: it is found by its edge.
      const readings = keys.flatMap((key, n) => [
        reading(n, n, 0, key),
        ...Array.from({ length: 12 }, (_, k) => reading(200 * dayMs + k * hourMs + n, k, 0, key)),
        reading(200 * dayMs + 3 * hourMs + n, 77, 0, { ...key, version: 1 }),
      ]);
      const panes = keys.flatMap((key) => Array.from({ length: 5 }, (_, k) => pane('PT1H', k * hourMs, (k + 1) * hourMs, k, 0, key)));
      await store.commit(commit(0, 1, { readings, panes }));
      const asking = [
        (n: number) =>
          store.neighbourhood(keys[n] as (typeof keys)[number], 200 * dayMs + (n % 3) * hourMs, 200 * dayMs + (n % 3) * hourMs + 4 * hourMs, everything),
        (n: number) => store.panes(keys[n] as (typeof keys)[number], 'PT1H', (n % 3) * hourMs, (n % 3) * hourMs + 2 * hourMs, everything),
      ];
      for (const [place, ask] of asking.entries()) {
        const alone: unknown[] = [];
        for (const n of keys.keys()) alone.push(await ask(n));
        const before = proxy.asked.length;
        expect(await Promise.all([...keys.keys()].map((n) => ask(n)))).toEqual(alone);
        // Readings, the edges of those that have none near by, and these.
        expect(proxy.asked.length - before).toBeLessThanOrEqual(place === 0 ? 3 : 1);
        expect(JSON.stringify(alone)).toContain(place === 0 ? '"at":27,' : '"sum":3');
      }
      await store.close();
    }));

  describe('that is opened again', () => {
    it('shows what was committed, and goes on from there', async () => {
      const buckets = await influxd.buckets();
      const ledger = { ...emptyLedger, envelopes: { appended: 9, processed: 3, pending: 6, corrupt: 0 }, qos0Dropped: 8 };
      const first = await opened(buckets);
      await first.commit(commit(0, 3, everyKind, { ledger, logTime: 55, snapshot: { offset: 2, scopes: [{ scope: 's', body: 'b' }] } }));
      const shown = async (store: Store) => ({
        latest: store.latest(),
        keys: store.keys(),
        devices: store.devices(),
        closures: store.closures(),
        dump: await dumpOf(store),
        counts: await store.deadLetterCounts(),
        open: await store.anomalies({ limit: 9, open: true }),
      });
      const before = await shown(first);
      await first.close();

      const second = await opened(buckets);
      expect(await shown(second)).toEqual(before);
      // What of the log was not processed then is not the store's to know.
      expect([second.position, second.logTime, second.ledger()]).toEqual([
        3,
        55,
        { ...ledger, envelopes: { appended: 3, processed: 3, pending: 0, corrupt: 0 } },
      ]);
      expect(await second.snapshot()).toEqual({ offset: 2, scopes: [{ scope: 's', body: 'b' }] });
      await second.commit(commit(1, 3, everyKind));
      expect(await dumpOf(second)).toEqual(before.dump);
      await second.commit(commit(3, 4, { readings: [reading(400, 4, 3), reading(500, 5, 3, other)] }));
      await second.close();

      const third = await opened(buckets);
      expect(third.latest().map((row) => row.value)).toEqual([4, 3, 5]);
      expect((await third.neighbourhood(other, 150, 201, everything)).inside.map((row) => row.value)).toEqual([9]);
      await third.close();
    });

    it('is refused with newer-version where a later program wrote it', async () => {
      const buckets = await influxd.buckets();
      const body = JSON.stringify({ form: 99 }).replaceAll('"', '\\"');
      const path = `/api/v2/write?org=${influxd.org}&bucket=${buckets.state}`;
      await fetch(influxd.url + path, { method: 'POST', headers: { authorization: `Token ${influxd.token}` }, body: `progress,partition=0 body="${body}" 9` });
      expect(await failureOf(opened(buckets))).toMatchObject({ code: 'newer-version' });
    });

    it('reads a snapshot of form 1, and writes its next one beside what is left of it', async () => {
      const buckets = await influxd.buckets();
      const before = await opened(buckets);
      await before.commit(commit(0, 3));
      await before.close();
      const write = (lines: string[]) =>
        fetch(`${influxd.url}/api/v2/write?org=${influxd.org}&bucket=${buckets.state}`, {
          method: 'POST',
          headers: { authorization: `Token ${influxd.token}` },
          body: lines.join('\n'),
        });
      const piecesOf1 = (offset: number) =>
        ['["a","1"]', '\u001e["b","2"]'].map((piece, i) => `snapshot,partition=0 body=${quoted(piece)} ${slotOf(offset, i)}`);
      await write([...piecesOf1(3), `snapshot_done,partition=0 whole=true,chars=19i ${slotOf(3)}`, ...piecesOf1(5)]);
      const store = await opened(buckets);
      const found = { a: '1', b: '2' };
      expect(await store.snapshot()).toEqual({ offset: 3, scopes: Object.entries(found).map(([scope, body]) => ({ scope, body })) });
      await store.commit(commit(3, 5, {}, { snapshot: { offset: 5, scopes: [{ scope: 'b', body: '3\n' }] } }));
      expect(await store.snapshot()).toEqual({ offset: 5, scopes: Object.entries({ ...found, b: '3\n' }).map(([scope, body]) => ({ scope, body })) });
      await store.close();
    });

    it('keeps the scopes of many snapshots, and only what a whole one does not replace', async () => {
      const buckets = await influxd.buckets();
      const store = await opened(buckets);
      const big = 'x'.repeat(900_000);
      const expected = new Map<string, string>();
      for (let n = 1; n <= 9; n++) {
        const scope = `s${n % 4}`;
        expected.set(scope, `${n}${big}`);
        await store.commit(commit(n - 1, n, {}, { snapshot: { offset: n, scopes: [{ scope, body: `${n}${big}` }] } }));
      }
      const scopes = [...expected].map(([scope, body]) => ({ scope, body })).sort((a, b) => (a.scope < b.scope ? -1 : 1));
      const found = await store.snapshot();
      expect(found.offset).toBe(9);
      expect(found.scopes.map(({ scope, body }) => [scope, body.slice(0, 1), body.length])).toEqual(
        scopes.map(({ scope, body }) => [scope, body.slice(0, 1), body.length]),
      );
      await store.close();
      const again = await opened(buckets);
      expect((await again.snapshot()).scopes).toEqual(scopes);
      expect(again.position).toBe(9);
      await again.close();
      const query = `from(bucket: "${buckets.state}") |> range(start: 0) |> filter(fn: (r) => r._measurement == "snapshot_done" and r._field == "whole")`;
      const { body } = await influxd.call('POST', `/api/v2/query?org=${influxd.org}`, { query });
      expect(body.split('\r\n').filter((line) => line.includes('snapshot_done')).length).toBeLessThan(9);
    });
  });

  it('keeps any text, as a tag and as a field', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('\\', '"', ' ', ',', '=', '\n', '\r', '%', '\u0000', '\ud800', '🔥', 'é') }),
    );
    const store = await opened(await influxd.buckets());
    let position = 0;
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(text, text, text, async (subject, quantity, payload) => {
        fc.pre(subject !== '' && quantity !== '' && !seen.has(subject));
        seen.add(subject);
        const key = { subject, quantity };
        const kept = letter(position, 'not-json', { subject, payload, topic: payload });
        const rows = { readings: [reading(100, 1, position, key)], panes: [pane('PT1H', 0, hourMs, 1, position, key)], deadLetters: [kept] };
        await store.commit(commit(position, position + 1, rows));
        position++;
        expect((await store.readings({ ...key, from: 0, to: 200, limit: 2 })).rows).toEqual(rows.readings);
        expect(await store.panesOf({ keys: [key], window: 'PT1H', from: 0, to: 1, limit: 9 })).toEqual(rows.panes);
        expect((await store.deadLettersPage({ limit: 1, subject })).rows).toEqual([kept]);
        expect((await store.deadLetterCounts()).find((one) => one.subject === subject)?.count).toBe(1);
      }),
      { numRuns: 12 },
    );
    await store.close();
  });

  describe('whose writer', () => {
    it('fell behind the rows of many keys is opened by few questions', () =>
      proxied(async (proxy) => {
        const buckets = await influxd.buckets();
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
      const buckets = await influxd.buckets();
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
        const buckets = await influxd.buckets();
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
  });

  it('is not taken for whole where another has gone on since it was opened, and taken a snapshot', async () => {
    const buckets = await influxd.buckets();
    const [one, other] = [await opened(buckets), await opened(buckets)];
    const snapshot = { offset: 2, scopes: [{ scope: 's', body: 'b' }] };
    await other.commit(commit(0, 2, { readings: [reading(5, 1, 1)] }, { snapshot }));
    await expect(one.snapshot()).rejects.toThrow(/store-failed: a snapshot was taken while the store was opened/);
    const again = await opened(buckets);
    expect([again.position, await again.snapshot()]).toEqual([2, snapshot]);
    await Promise.all([one, other, again].map((store) => store.close()));
  });

  describe('whose server', () => {
    it('is busy, fails or hangs is waited for, and told of once', async () => {
      await proxied(async (proxy) => {
        const told: (string | null)[] = [];
        const buckets = await influxd.buckets();
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
        const store = await opened(await influxd.buckets(), { url: proxy.url });
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
        const store = await opened(await influxd.buckets(), { url: proxy.url });
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
        const buckets = await influxd.buckets({ raw: 30, panes: 0 });
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
      const buckets = await influxd.buckets();
      const write = (bucket: string, line: string) =>
        fetch(`${influxd.url}/api/v2/write?org=${influxd.org}&bucket=${bucket}`, {
          method: 'POST',
          headers: { authorization: `Token ${influxd.token}` },
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
      const buckets = await influxd.buckets();
      const line = async (more: Partial<InfluxDbOptions>): Promise<string> => {
        const failed = await failureOf(opened(buckets, more));
        return failed === undefined ? 'opened' : new FailureError(failed).message;
      };
      expect(await line({ token: 'wrong' })).toMatch(/^store-denied: unauthorized access \(http:.* Correct OCTROI_INFLUX_ORG and OCTROI_INFLUX_TOKEN/);
      expect(await line({ org: 'nobody' })).toMatch(/^store-denied: organization name "nobody" not found/);
      expect(await line({ buckets: { ...buckets, panes: 'none' } })).toMatch(/^store-not-set-up: .*"none".* Run octroi influx setup/);
      expect(await line({ buckets: { ...buckets, state: (await influxd.buckets({ raw: 30, panes: 0 })).raw } })).toMatch(
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

  it('cuts at the horizon as the reference does, once a snapshot has passed it, and across a restart', async () => {
    const spans = [{ ...energy, from: 0, to: 400 }, { ...other, from: 100, to: 300 }]; // biome-ignore format: one line
    const readings = [0, 100, 200, 300, 400].flatMap((at, i) => [reading(at, i, i), reading(at, i, i, other)]);
    const late = [reading(200, 9, 5, { version: 1 }), reading(250, 9, 6, other)];
    const first = commit(0, 5, { readings });
    const second = commit(5, 8, { readings: late, cuts: [{ offset: 7, before: 5, spans }] });
    const snapshot = { offset: 8, scopes: [{ scope: 's', body: 'b' }] };
    const expected = await asInMemory([first, { ...second, snapshot }]);
    expect(expected.dump).toHaveLength(8);

    for (const together of [true, false]) {
      const buckets = await influxd.buckets();
      const store = await opened(buckets);
      await store.commit(first);
      await store.commit(together ? { ...second, snapshot } : second);
      // What would run again from the last snapshot still sees its rows.
      if (!together) expect(await dumpOf(store)).toHaveLength(12);
      expect(await store.recount()).toEqual({ stored: 11, corrected: 1, deadLetter: 0 });
      await store.close();
      const again = await opened(buckets);
      if (!together) await again.commit({ ...second, snapshot });
      expect(await stateOf(again)).toEqual(expected);
      await again.close();
    }
  });
});
