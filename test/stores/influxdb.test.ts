import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyLedger, type Store } from '../../core/store.ts';
import { dayMs, hourMs } from '../../core/time.ts';
import { quoted } from '../../stores/influxdb/line.ts';
import { slotOf } from '../../stores/influxdb/schema.ts';
import { dumpOf, failureOf } from './answers.ts';
import { asInMemory, onInfluxDb, stateOf } from './on-influxdb.ts';
import { commit, energy, everyKind, everything, letter, other, pane, reading } from './rows.ts';

onInfluxDb('a store on InfluxDB', ({ opened, proxied, server }) => {
  it('asks together what is asked of several keys in one turn, each in its own stretch', () =>
    proxied(async (proxy) => {
      const store = await opened(await server().buckets(), { url: proxy.url });
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
      const buckets = await server().buckets();
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
      const buckets = await server().buckets();
      const body = JSON.stringify({ form: 99 }).replaceAll('"', '\\"');
      const path = `/api/v2/write?org=${server().org}&bucket=${buckets.state}`;
      await fetch(server().url + path, {
        method: 'POST',
        headers: { authorization: `Token ${server().token}` },
        body: `progress,partition=0 body="${body}" 9`,
      });
      expect(await failureOf(opened(buckets))).toMatchObject({ code: 'newer-version' });
    });

    it('reads a snapshot of form 1, and writes its next one beside what is left of it', async () => {
      const buckets = await server().buckets();
      const before = await opened(buckets);
      await before.commit(commit(0, 3));
      await before.close();
      const write = (lines: string[]) =>
        fetch(`${server().url}/api/v2/write?org=${server().org}&bucket=${buckets.state}`, {
          method: 'POST',
          headers: { authorization: `Token ${server().token}` },
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
      const buckets = await server().buckets();
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
      const { body } = await server().call('POST', `/api/v2/query?org=${server().org}`, { query });
      expect(body.split('\r\n').filter((line) => line.includes('snapshot_done')).length).toBeLessThan(9);
    });
  });

  it('keeps any text, as a tag and as a field', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('\\', '"', ' ', ',', '=', '\n', '\r', '%', '\u0000', '\ud800', '🔥', 'é') }),
    );
    const store = await opened(await server().buckets());
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
      const buckets = await server().buckets();
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
