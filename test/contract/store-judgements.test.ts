/** What every store must answer of anomalies and alarms, on each of them. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../core/store.ts';
import { dumpOf } from '../stores/answers.ts';
import { alarm, anomaly, commit, everything } from '../stores/rows.ts';
import { onEveryStore } from './every-store.ts';

onEveryStore((current) => {
  let store: Store;
  beforeEach(() => {
    store = current();
  });

  describe('alarms', () => {
    it('show their highest version, open or over, newest first, by pages', async () => {
      const rows = [alarm(100, 0), alarm(300, 1), alarm(300, 1, { subject: 'meter-2' }), alarm(50, 2)];
      const answered = { by: 'Camille', at: 200, comment: '"é\n' };
      const over = alarm(100, 3, { version: 1, state: 'normal', until: 250, acknowledged: answered, shelved: { ...answered, until: 9 } });
      await store.commit(commit(0, 4, { alarms: [...rows, over] }));
      const first = await store.alarms({ limit: 2 });
      expect(first.rows).toEqual([rows[1], rows[2]]);
      expect(await store.alarms({ limit: 2, after: first.next ?? '' })).toEqual({ rows: [over, rows[3]], next: null });
      expect((await store.alarms({ limit: 9, open: true })).rows).toEqual([rows[1], rows[2], rows[3]]);
      expect((await store.alarms({ limit: 9, open: false })).rows).toEqual([over]);
      await expect(store.alarms({ limit: 2, after: 'nonsense' })).rejects.toThrow('bad-request');
    });

    it('that somebody gave a verdict on are found, by pages', async () => {
      const label = { by: 'Camille', at: 200, comment: '', verdict: 'wrong' } as const;
      // A text that looks like a verdict is none.
      const acknowledged = { by: 'C', at: 1, comment: '"verdict":"right"' };
      const rows = [alarm(100, 0), alarm(200, 0, { acknowledged }), alarm(300, 1), alarm(400, 2, { label })];
      const labelled = [alarm(300, 3, { version: 1, label, state: 'normal', until: 350 }), alarm(100, 3, { version: 1, label })] as const;
      await store.commit(commit(0, 4, { alarms: [...rows, ...labelled] }));
      const first = await store.alarms({ labelled: true, limit: 2 });
      expect(first.rows).toEqual([rows[3], labelled[0]]);
      expect(await store.alarms({ labelled: true, limit: 2, after: first.next ?? '' })).toEqual({ rows: [labelled[1]], next: null });
      expect((await store.alarms({ labelled: true, open: false, limit: 9 })).rows).toEqual([labelled[0]]);
    });

    it('are found by name, as of a position', async () => {
      const [raised, over] = [alarm(100, 0), alarm(100, 3, { version: 1, state: 'normal', until: 250 })];
      await store.commit(commit(0, 4, { alarms: [raised, over] }));
      expect(await store.alarm(raised.id, 3)).toEqual(raised);
      expect(await store.alarm(raised.id, 4)).toEqual(over);
      expect(await store.alarm('device/meter-1/jump/101', 4)).toBeNull();
      expect(await store.alarm('nonsense', 4)).toBeNull();
      await store.commit(commit(4, 5, { alarms: [alarm(400, 4)] }));
      await store.commit(commit(5, 6, { alarms: [alarm(400, 5, { version: 1, state: 'returned' })] }));
      expect((await store.alarms({ limit: 9, open: true })).rows.map(({ state }) => state)).toEqual(['returned']);
    });
  });

  describe('anomalies', () => {
    it('come newest first, with their highest versions, in pages', async () => {
      const rows = [anomaly('a', 100, 0), anomaly('c', 300, 1), anomaly('b', 300, 1, { subject: 'meter-2', usual: null, observed: null }), anomaly('d', 50, 2)];
      const ended = anomaly('a', 100, 3, { version: 1, until: 150 });
      await store.commit(commit(0, 4, { anomalies: [...rows, ended] }));
      const first = await store.anomalies({ limit: 2 });
      expect(first.rows).toEqual([rows[2], rows[1]]);
      expect(await store.anomalies({ limit: 2, after: first.next ?? '' })).toEqual({ rows: [ended, rows[3]], next: null });
      expect((await store.anomalies({ limit: 9, open: true })).rows.map((one) => one.id)).toEqual(['b', 'c', 'd']);
      expect((await store.anomalies({ limit: 9, open: false })).rows).toEqual([ended]);
      expect((await store.anomalies({ limit: 9, subject: 'meter-2' })).rows.map((one) => one.id)).toEqual(['b']);
      await expect(store.anomalies({ limit: 2, after: 'nonsense' })).rejects.toThrow('bad-request');
    });

    it('are found by kind, quantity and when they began', async () => {
      const rows = [
        anomaly('a', 100, 0, { reason: { fr: '"kind":"stuck","quantity":"power"', en: '' } }),
        anomaly('b', 200, 1, { kind: 'stuck' }),
        anomaly('c', 200, 1, { quantity: 'power' }),
        anomaly('d', 300, 2, { subject: 'meter-2' }),
        anomaly('e', 50, 2, { until: 60 }),
      ];
      await store.commit(commit(0, 3, { anomalies: rows }));
      const ids = async (query: Omit<Parameters<Store['anomalies']>[0], 'limit'>) => (await store.anomalies({ limit: 9, ...query })).rows.map(({ id }) => id);
      expect(await ids({ kind: 'jump' })).toEqual(['d', 'c', 'a', 'e']);
      expect(await ids({ kind: 'jump', quantity: 'energy', before: 300 })).toEqual(['a', 'e']);
      expect(await ids({ subject: 'meter-1', kind: 'jump', before: 201 })).toEqual(['c', 'a', 'e']);
      expect(await ids({ kind: 'stuck' })).toEqual(['b']);
      expect(await ids({ quantity: 'power' })).toEqual(['c']);
      expect(await ids({ before: 200, open: true })).toEqual(['a']);
      const first = await store.anomalies({ kind: 'jump', before: 300, limit: 1 });
      expect((await store.anomalies({ kind: 'jump', before: 300, limit: 9, after: first.next ?? '' })).rows.map(({ id }) => id)).toEqual(['a', 'e']);
    });
  });

  describe('past judgements', () => {
    const stored = [
      anomaly('a', 100, 0, { until: 200 }),
      anomaly('b', 150, 1),
      anomaly('c', 150, 2, { quantity: '', kind: 'silent', until: 160 }),
      anomaly('d', 300, 3, { subject: 'meter-2' }),
    ] as const;
    const marked = anomaly('a', 100, 9, { until: 200, version: 1, basisRevised: 8 });
    const ids = async (from: number, to: number, before = everything, more: { limit?: number; after?: { since: number; id: string } } = {}) =>
      (await store.judged({ subject: 'meter-1', from, to, limit: 9, after: null, ...more }, before)).map(({ id }) => id);

    it('are found by the span they last, both ends included', async () => {
      await store.commit(commit(0, 4, { anomalies: [...stored] }));
      expect(await ids(0, 99)).toEqual([]);
      expect(await ids(0, 100)).toEqual(['a']);
      expect(await ids(160, 160)).toEqual(['a', 'b', 'c']);
      expect(await ids(161, 200)).toEqual(['a', 'b']);
      expect(await ids(201, 999)).toEqual(['b']);
      expect(await ids(0, 999, everything, { limit: 2 })).toEqual(['a', 'b']);
      expect(await ids(0, 999, everything, { after: { since: 150, id: 'b' } })).toEqual(['c']);
    });

    it('show only what was written below `before`, and the highest version among that', async () => {
      await store.commit(commit(0, 4, { anomalies: [...stored] }));
      await store.commit(commit(4, 10, { anomalies: [marked, anomaly('b', 150, 9, { version: 1, until: 170 })] }));
      expect(await store.judged({ subject: 'meter-1', from: 0, to: 120, limit: 9, after: null }, 9)).toEqual([stored[0]]);
      expect(await store.judged({ subject: 'meter-1', from: 0, to: 120, limit: 9, after: null }, 10)).toEqual([marked]);
      expect(await ids(171, 999, 9)).toEqual(['a', 'b']);
      expect(await ids(171, 999, 10)).toEqual(['a']);
      expect(await ids(0, 999, 1)).toEqual(['a']);
      expect((await dumpOf(store)).find((line) => line.includes('"version":1') && line.includes('"id":"a"'))).toContain('"basisRevised":8,');
    });
  });
});
