/** What every store must do, on each of them: commits, readings, panes, dead letters. Judgements are in `store-judgements.test.ts`; cases that need a file in `test/stores/duckdb.test.ts`. */
import { beforeEach, describe, expect, it } from 'vitest';
import { balance } from '../../core/ledger.ts';
import { Flag } from '../../core/reading.ts';
import { emptyLedger, type Store } from '../../core/store.ts';
import { dayMs, hourMs } from '../../core/time.ts';
import type { Device } from '../../core/town.ts';
import { dumpOf } from '../stores/answers.ts';
import { alarm, anomaly, commit, energy, everything, letter, other, pane, power, reading } from '../stores/rows.ts';
import { onEveryStore } from './every-store.ts';

onEveryStore((current) => {
  let store: Store;
  beforeEach(() => {
    store = current();
  });

  describe('fresh', () => {
    it('stands at zero and holds nothing', async () => {
      expect([store.position, store.logTime, store.ledger()]).toEqual([0, 0, emptyLedger]);
      expect([store.latest(), store.devices(), store.keys(), store.closures()]).toEqual([[], [], [], []]);
      expect(await store.snapshot()).toEqual({ offset: 0, scopes: [] });
      expect(await store.recount()).toEqual({ stored: 0, corrected: 0, deadLetter: 0 });
      expect(await store.readings({ ...energy, from: 0, to: 100, limit: 10 })).toEqual({ rows: [], next: null });
      expect(await store.neighbourhood(energy, 0, 100, everything)).toEqual({ previous: null, inside: [], next: null });
      expect(await store.panesOf({ keys: [energy], window: 'PT1H', from: 0, to: 100, limit: 10 })).toEqual([]);
      expect(await store.deadLetterCounts()).toEqual([]);
      expect(await dumpOf(store)).toEqual([]);
    });
  });

  describe('commits', () => {
    it('takes position, log time and ledger with the rows', async () => {
      const ledger = { ...emptyLedger, qos0Dropped: 3, readings: { ...emptyLedger.readings, accepted: 1, stored: 1 } };
      await store.commit(commit(0, 4, { readings: [reading(100, 5, 3)] }, { ledger, logTime: 777 }));
      expect([store.position, store.logTime, store.ledger()]).toEqual([4, 777, ledger]);
    });

    it('writes nothing of a commit that was made before, whatever its counters say', async () => {
      const first = commit(0, 2, {
        readings: [reading(100, 5, 1)],
        panes: [pane('PT1H', 0, 3_600_000, 7, 1)],
        deadLetters: [letter(0, 'unknown-device')],
        anomalies: [anomaly('a', 5, 1)],
        alarms: [alarm(5, 1)],
        closures: [{ from: 1, to: 2, offset: 0 }],
      });
      await store.commit(first);
      const before = await dumpOf(store);
      await store.commit({ ...first, ledger: emptyLedger, logTime: 9 });
      expect(await dumpOf(store)).toEqual(before);
      expect([store.position, store.logTime]).toEqual([2, 2_000]);
      expect(store.ledger().envelopes.processed).toBe(2);
      expect(before).toHaveLength(6);
    });

    it('writes of a commit that overlaps only what lies at its position and beyond', async () => {
      await store.commit(commit(0, 2, { readings: [reading(100, 5, 1)] }));
      await store.commit(commit(1, 3, { readings: [reading(100, 5, 1), reading(200, 6, 2)] }));
      expect(await store.recount()).toEqual({ stored: 2, corrected: 0, deadLetter: 0 });
      expect(store.position).toBe(3);
    });

    it('goes by the revision of a row: a reading that waited is written though its own offset lies below', async () => {
      await store.commit(commit(0, 5, { readings: [reading(200, 6, 4)] }));
      await store.commit(commit(5, 9, { readings: [reading(100, 5, 2, { revision: 8 })] }));
      expect((await store.readings({ ...energy, from: 0, to: 300, limit: 9 })).rows.map((row) => row.value)).toEqual([5, 6]);
    });

    it('ignores a stale writer', async () => {
      await store.commit(commit(0, 10, { readings: [reading(100, 5, 9)] }, { snapshot: { offset: 10, scopes: [{ scope: 's', body: 'new' }] } }));
      await store.commit(commit(3, 7, { readings: [reading(50, 1, 6)] }, { snapshot: { offset: 7, scopes: [{ scope: 's', body: 'old' }] } }));
      expect(await store.recount()).toEqual({ stored: 1, corrected: 0, deadLetter: 0 });
      expect(await store.snapshot()).toEqual({ offset: 10, scopes: [{ scope: 's', body: 'new' }] });
    });

    it('refuses a commit that begins beyond its position', async () => {
      await store.commit(commit(0, 2, { readings: [reading(100, 5, 1)] }));
      await expect(store.commit(commit(5, 9, { readings: [reading(200, 6, 8)] }))).rejects.toMatchObject({ failure: { code: 'store-failed' } });
      expect(store.position).toBe(2);
      expect(await store.recount()).toEqual({ stored: 1, corrected: 0, deadLetter: 0 });
    });

    it('takes commits in the order they were handed over', async () => {
      await Promise.all([1, 2, 3, 4].map((end) => store.commit(commit(end - 1, end, { readings: [reading(end * 10, end, end - 1)] }))));
      expect(store.position).toBe(4);
      expect((await store.readings({ ...energy, from: 0, to: 99, limit: 9 })).rows.map((row) => row.value)).toEqual([1, 2, 3, 4]);
    });

    it('answers queries during a commit with the state before or after it', async () => {
      const many = (from: number) => Array.from({ length: 5_000 }, (_, i) => reading(from + i, i, from));
      await store.commit(commit(0, 10_000, { readings: many(0) }));
      const running = store.commit(commit(10_000, 20_000, { readings: many(10_000) }));
      const counts = await Promise.all([1, 2, 3, 4, 5, 6].map(async () => (await store.recount()).stored));
      await running;
      expect(counts.every((count) => count === 5_000 || count === 10_000)).toBe(true);
      expect(await store.recount()).toEqual({ stored: 10_000, corrected: 0, deadLetter: 0 });
    });
  });

  it('shows books and rows of one moment, though commits go on', async () => {
    const step = 500;
    let stored = 0;
    const next = () => {
      const from = stored;
      stored += step;
      const ledger = { ...emptyLedger, readings: { ...emptyLedger.readings, accepted: stored, stored } };
      return store.commit(commit(from, stored, { readings: Array.from({ length: step }, (_, i) => reading(from + i, i, from)) }, { ledger }));
    };
    await next();
    const running = Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(next));
    for (let asked = 0; asked < 12; asked++) {
      const { ledger, recount } = await store.books();
      expect(balance(ledger, recount).balanced).toBe(true);
    }
    await running;
    expect(await store.books()).toEqual({ ledger: store.ledger(), recount: { stored: 9 * step, corrected: 0, deadLetter: 0 } });
  });

  describe('snapshots', () => {
    it('replaces the scopes that changed and keeps the others', async () => {
      const body = 'a\u0000b "é" 𝄞';
      await store.commit(commit(0, 1, {}, { snapshot: { offset: 1, scopes: [{ scope: 'b', body: 'b1' }, { scope: 'a', body }] } })); // biome-ignore format: one line
      await store.commit(commit(1, 2, {}, { snapshot: { offset: 2, scopes: [{ scope: 'b', body: 'b2' }] } }));
      expect(await store.snapshot()).toEqual({ offset: 2, scopes: [{ scope: 'a', body }, { scope: 'b', body: 'b2' }] }); // biome-ignore format: one line
    });

    it('keeps a newer snapshot that comes with repeated rows', async () => {
      await store.commit(commit(0, 10, {}, { snapshot: { offset: 4, scopes: [{ scope: 'a', body: 'a4' }] } }));
      await store.commit(commit(4, 8, { readings: [reading(1, 1, 5)] }, { snapshot: { offset: 8, scopes: [{ scope: 'a', body: 'a8' }] } }));
      expect(await store.snapshot()).toEqual({ offset: 8, scopes: [{ scope: 'a', body: 'a8' }] });
      expect([store.position, (await store.recount()).stored]).toEqual([10, 0]);
    });
  });

  describe('readings', () => {
    it('come in event-time order, each with its highest version, all fields kept', async () => {
      const delta = reading(300, -1, 2, { spanMs: 2_678_400_000, flags: Flag.imported | Flag.late, revision: 3 });
      const big = reading(100, 2 ** 47 - 1, 0);
      await store.commit(commit(0, 4, { readings: [big, reading(200, 7, 1), delta] }));
      await store.commit(commit(4, 6, { readings: [reading(200, 8, 4, { version: 1 }), reading(200, null, 5, { version: 2, flags: Flag.missing })] }));
      const { rows, next } = await store.readings({ ...energy, from: 100, to: 301, limit: 10 });
      expect(rows).toEqual([big, reading(200, null, 5, { version: 2, flags: Flag.missing }), delta]);
      expect(next).toBeNull();
      expect(await store.recount()).toEqual({ stored: 3, corrected: 2, deadLetter: 0 });
    });

    it('are half-open in time, and keys do not mix', async () => {
      await store.commit(commit(0, 4, { readings: [reading(100, 1, 0), reading(200, 2, 1), reading(100, 3, 2, other), reading(100, 4, 3, power)] }));
      expect((await store.readings({ ...energy, from: 100, to: 200, limit: 10 })).rows.map((row) => row.value)).toEqual([1]);
      expect((await store.readings({ ...other, from: 0, to: 200, limit: 10 })).rows.map((row) => row.value)).toEqual([3]);
      expect(await store.readings({ subject: 'nobody', quantity: 'energy', from: 0, to: 200, limit: 10 })).toEqual({ rows: [], next: null });
    });

    it('lists what came after a cut for readings that the cut took', async () => {
      const before = [100, 200, 300, 400].map((at, n) => reading(at, n, n));
      await store.commit(commit(0, 4, { readings: before }));
      await store.commit(commit(4, 5, { readings: [reading(300, 9, 4, { version: 1, revision: 4 })] }));
      await store.commit(commit(5, 6, { cuts: [{ offset: 5, before: 4, spans: [{ ...energy, from: 100, to: 400 }] }] }));
      // What was cut may still be there, in a store that takes it out later.
      const listed = (await store.readings({ ...energy, from: 0, to: 1_000, limit: 10 })).rows;
      expect(listed.filter(({ at }) => at !== 200).map(({ at, value, version }) => [at, value, version])).toEqual([
        [100, 0, 0],
        [300, 9, 1],
        [400, 3, 0],
      ]);
      const inPages = await Promise.all(listed.map(({ at }) => store.readings({ ...energy, from: 0, to: 1_000, limit: 1, after: at - 1 })));
      expect(inPages.flatMap(({ rows }) => rows)).toEqual(listed);
    });

    it('come in pages', async () => {
      await store.commit(commit(0, 5, { readings: [10, 20, 30, 40, 50].map((at, i) => reading(at, i, i)) }));
      const first = await store.readings({ ...energy, from: 0, to: 100, limit: 2 });
      expect([first.rows.map((row) => row.at), first.next]).toEqual([[10, 20], '20']);
      const second = await store.readings({ ...energy, from: 0, to: 100, limit: 2, after: 20 });
      expect([second.rows.map((row) => row.at), second.next]).toEqual([[30, 40], '40']);
      const third = await store.readings({ ...energy, from: 0, to: 100, limit: 2, after: 40 });
      expect([third.rows.map((row) => row.at), third.next]).toEqual([[50], null]);
    });

    it('have a latest: the highest event time, and there the highest version', async () => {
      await store.commit(commit(0, 4, { readings: [reading(200, 2, 0, other), reading(300, 3, 1), reading(100, 1, 2), reading(50, 9, 3, power)] }));
      await store.commit(commit(4, 5, { readings: [reading(300, 4, 4, { version: 1 })] }));
      const ofEnergy = { ...energy, at: 300, value: 4, flags: 0, offset: 4 };
      const ofPower = { ...power, at: 50, value: 9, flags: 0, offset: 3 };
      const ofOther = { ...other, at: 200, value: 2, flags: 0, offset: 0 };
      expect(store.latest()).toEqual([ofEnergy, ofPower, ofOther]);
      expect(store.latest(['meter-2', 'nobody'])).toEqual([ofOther]);
      expect(store.keys()).toEqual([energy, power, other]);
    });
  });

  describe('the neighbourhood', () => {
    it('is what lies inside and the nearest readings outside', async () => {
      await store.commit(commit(0, 5, { readings: [100, 200, 300, 400, 500].map((at, i) => reading(at, i, i)) }));
      const found = await store.neighbourhood(energy, 200, 400, everything);
      expect(found).toEqual({ previous: reading(100, 0, 0), inside: [reading(200, 1, 1), reading(300, 2, 2)], next: reading(400, 3, 3) });
      const empty = await store.neighbourhood(energy, 301, 302, everything);
      expect(empty).toEqual({ previous: reading(300, 2, 2), inside: [], next: reading(400, 3, 3) });
    });

    it('passes over excluded readings outside, and shows them inside', async () => {
      const excluded = { flags: Flag.excluded | Flag.implausible };
      await store.commit(commit(0, 4, { readings: [reading(100, 1, 0), reading(200, 9, 1, excluded), reading(300, 9, 2, excluded), reading(500, 2, 3)] }));
      const found = await store.neighbourhood(energy, 300, 310, everything);
      expect(found).toEqual({ previous: reading(100, 1, 0), inside: [reading(300, 9, 2, excluded)], next: reading(500, 2, 3) });
    });

    it.each([1, 20, 300])('finds neighbours %i days away', async (days) => {
      const middle = 400 * dayMs;
      const excluded = { flags: Flag.excluded };
      const near = [reading(middle - days * dayMs, 1, 0), reading(middle + days * dayMs, 2, 1)];
      const further = [reading(middle - days * dayMs - 5, 3, 2), reading(middle + days * dayMs + 5, 4, 3), reading(middle - 1, 5, 4, excluded)];
      await store.commit(commit(0, 5, { readings: [...near, ...further] }));
      const found = await store.neighbourhood(energy, middle, middle + 900_000, everything);
      expect([found.previous?.value, found.inside, found.next?.value]).toEqual([1, [], 2]);
    });

    it('ends at the first and at the last reading', async () => {
      await store.commit(commit(0, 1, { readings: [reading(100 * dayMs, 1, 0)] }));
      expect(await store.neighbourhood(energy, 0, dayMs, everything)).toEqual({ previous: null, inside: [], next: reading(100 * dayMs, 1, 0) });
      expect(await store.neighbourhood(energy, 300 * dayMs, 301 * dayMs, everything)).toEqual({
        previous: reading(100 * dayMs, 1, 0),
        inside: [],
        next: null,
      });
      expect(await store.neighbourhood(energy, 0, everything, everything)).toEqual({ previous: null, inside: [reading(100 * dayMs, 1, 0)], next: null });
    });

    it('shows only what was written below `before`, and the highest version among that', async () => {
      const late = reading(200, 5, 1, { revision: 6 });
      await store.commit(commit(0, 8, { readings: [reading(100, 1, 0), reading(300, 3, 2), late, reading(300, 4, 7, { version: 1 })] }));
      expect(await store.neighbourhood(energy, 150, 301, 6)).toEqual({ previous: reading(100, 1, 0), inside: [reading(300, 3, 2)], next: null });
      expect((await store.neighbourhood(energy, 150, 301, 7)).inside.map((row) => row.value)).toEqual([5, 3]);
      expect((await store.neighbourhood(energy, 150, 301, 8)).inside.map((row) => row.value)).toEqual([5, 4]);
      expect((await store.neighbourhood(energy, 250, 260, 6)).previous?.value).toBe(1);
    });

    it('lets the highest version decide whether a reading is excluded', async () => {
      const corrected = reading(100, 9, 3, { version: 1, flags: Flag.excluded });
      await store.commit(commit(0, 4, { readings: [reading(50, 1, 0), reading(100, 2, 1), corrected] }));
      expect((await store.neighbourhood(energy, 200, 300, everything)).previous).toEqual(reading(50, 1, 0));
      expect((await store.neighbourhood(energy, 200, 300, 3)).previous).toEqual(reading(100, 2, 1));
    });
  });

  describe('panes', () => {
    it('keep every figure', async () => {
      const state = pane('P1D', 0, 24 * hourMs, 0, 0, { sharesMs: [1, 0, 86_399_999], changes: 4, flags: 1029, firstValue: 0, lastValue: 2 });
      const gauge = pane('P', 0, Number.MAX_SAFE_INTEGER, 0, 0, {
        ...power,
        integral2: 2n ** 62n + 1n,
        min: -(2 ** 30) + 1,
        max: 2 ** 30 - 1,
        unallocated: 3,
      });
      const negative = pane('P1M', hourMs, 2 * hourMs, -5, 0, {
        integral2: -(2n ** 60n) - 1n,
        firstAt: null,
        firstValue: null,
        lastAt: null,
        lastValue: null,
      });
      await store.commit(commit(0, 1, { panes: [state, gauge, negative] }));
      expect(await store.panes(energy, 'P1D', 0, 1, everything)).toEqual([state]);
      expect(await store.panes(power, 'P', 0, 1, everything)).toEqual([gauge]);
      expect(await store.panes(energy, 'P1M', 0, 2 * hourMs, everything)).toEqual([negative]);
      expect(store.keys()).toEqual([]);
    });

    it('come by start, each with its highest version below `before`', async () => {
      const first = pane('PT1H', 0, hourMs, 1, 0);
      const second = pane('PT1H', hourMs, 2 * hourMs, 2, 1);
      const revised = pane('PT1H', 0, hourMs, 9, 5, { version: 1 });
      await store.commit(commit(0, 6, { panes: [second, first, revised, pane('PT15M', 0, hourMs / 4, 3, 2)] }));
      expect(await store.panes(energy, 'PT1H', 0, 2 * hourMs, everything)).toEqual([revised, second]);
      expect(await store.panes(energy, 'PT1H', 0, 2 * hourMs, 5)).toEqual([first, second]);
      expect(await store.panes(energy, 'PT1H', 0, hourMs, 1)).toEqual([first]);
      expect(await store.panes(energy, 'PT1H', 0, hourMs, 0)).toEqual([]);
      expect(await store.paneVersions(energy, 'PT1H', 0)).toEqual([first, revised]);
      expect(await store.paneVersions(energy, 'PT1H', 1)).toEqual([]);
    });

    it('of several keys come in the order the keys were asked in', async () => {
      const rows = [
        pane('PT1H', 0, hourMs, 1, 0),
        pane('PT1H', hourMs, 2 * hourMs, 2, 0),
        pane('PT1H', 0, hourMs, 3, 0, other),
        pane('PT1H', 0, hourMs, 4, 1, { version: 1 }),
      ];
      await store.commit(commit(0, 2, { panes: rows }));
      const sums = async (keys: (typeof energy | typeof other | typeof power)[], limit = 9) =>
        (await store.panesOf({ keys, window: 'PT1H', from: 0, to: 2 * hourMs, limit })).map((one) => one.sum);
      expect(await sums([energy, other])).toEqual([4, 2, 3]);
      expect(await sums([other, power, energy])).toEqual([3, 4, 2]);
      expect(await sums([])).toEqual([]);
      expect(await sums([other, energy], 3)).toEqual([3, 4, 2]);
      expect(await sums([other, energy], 1)).toEqual([3, 4]);
    });
  });

  describe('dead letters', () => {
    const any = { limit: 9, charsMax: 100_000 };
    const stored = [
      letter(3, 'unknown-device', { at: 50 }),
      letter(1, 'future', { subject: 'meter-1', at: 900, payload: 'x\u0000\ud800' }),
      letter(2, 'unknown-device', { subject: 'other' }),
      letter(3, 'unknown-device', { item: 1, at: 60 }),
      letter(3, 'future', { item: 1, at: 60 }),
    ] as const;
    const reopened = letter(2, 'unknown-device', { subject: 'other', version: 1, revision: 5 });

    it('can be found by code, subject and event time until they were reopened', async () => {
      await store.commit(commit(0, 4, { deadLetters: [...stored] }));
      await store.commit(commit(4, 6, { deadLetters: [reopened] }));
      const [unknown, future] = [{ code: 'unknown-device', ...any } as const, { code: 'future', ...any } as const];
      expect(await store.deadLetters(unknown, everything)).toEqual([stored[0], stored[3]]);
      expect(await store.deadLetters(unknown, 5)).toEqual([stored[2], stored[0], stored[3]]);
      expect(await store.deadLetters(unknown, 3)).toEqual([stored[2]]);
      expect(await store.deadLetters({ ...unknown, subjects: ['other', 'stranger'], limit: 1 }, everything)).toEqual([stored[0]]);
      expect(await store.deadLetters({ ...unknown, subjects: ['other'], limit: 1 }, 5)).toEqual([stored[2]]);
      expect(await store.deadLetters({ ...unknown, subjects: [] }, everything)).toEqual([]);
      expect(await store.deadLetters({ ...future, atMax: 899 }, everything)).toEqual([stored[4]]);
      expect(await store.deadLetters({ ...future, atMax: 900 }, everything)).toEqual([stored[1], stored[4]]);
      expect(await store.deadLetters({ ...unknown, subjects: ['other'], atMax: 900 }, 5)).toEqual([]);
    });

    it('are given up to the one with which their whole payloads are enough', async () => {
      const long = [0, 1, 2, 3].map((offset) => letter(offset, 'unknown-device', { payload: 'abc', ...(offset === 1 ? { payloadChars: 1_000 } : {}) }));
      const many = Array.from({ length: 300 }, (_, n) => letter(4 + n, 'unknown-device', { payload: 'xy' }));
      await store.commit(commit(0, 304, { deadLetters: [...long, ...many] }));
      const offsets = async (charsMax: number): Promise<number[]> =>
        (await store.deadLetters({ code: 'unknown-device', limit: 500, charsMax }, everything)).map(({ offset }) => offset);
      expect(await offsets(1)).toEqual([0]);
      expect(await offsets(3)).toEqual([0]);
      expect(await offsets(4)).toEqual([0, 1]);
      expect(await offsets(1_003)).toEqual([0, 1]);
      expect(await offsets(1_004)).toEqual([0, 1, 2]);
      expect((await offsets(1_309)).length).toBe(154);
      expect((await offsets(10_000)).length).toBe(304);
    });

    it('tell who sent them, and when the first of them lies', async () => {
      const sent = ['gw-2', 'gw-1', 'gw-2', ''].map((sender, offset) => letter(offset, 'unknown-device', { sender }));
      await store.commit(commit(0, 4, { deadLetters: [...sent, ...stored] }));
      await store.commit(commit(4, 6, { deadLetters: [{ ...letter(1, 'unknown-device', { sender: 'gw-1' }), version: 1, revision: 5 }] }));
      const senders = async (subject: string, before: number): Promise<string[]> =>
        (await store.deadLetterSenders({ code: 'unknown-device', subject }, before)).sort();
      expect(await senders('stranger', 4)).toEqual(['', 'gw-1', 'gw-2']);
      expect(await senders('stranger', 6)).toEqual(['', 'gw-2']);
      expect(await senders('nobody', 6)).toEqual([]);
      const earliest = (atMin: number, before: number): Promise<number | null> => store.deadLetterEarliest({ code: 'future', atMin }, before);
      expect(await earliest(0, everything)).toBe(60);
      expect(await earliest(61, everything)).toBe(900);
      expect(await earliest(901, everything)).toBeNull();
      expect(await earliest(0, 2)).toBe(900);
    });

    it('are counted by code and subject, and recounted', async () => {
      await store.commit(commit(0, 4, { deadLetters: [...stored] }));
      expect(await store.recount()).toEqual({ stored: 0, corrected: 0, deadLetter: 5 });
      await store.commit(commit(4, 6, { deadLetters: [reopened] }));
      expect(await store.recount()).toEqual({ stored: 0, corrected: 0, deadLetter: 4 });
      expect(await store.deadLetterCounts()).toEqual([
        { code: 'future', subject: 'meter-1', count: 1, lastLogTime: 1_001 },
        { code: 'future', subject: 'stranger', count: 1, lastLogTime: 1_003 },
        { code: 'unknown-device', subject: 'stranger', count: 2, lastLogTime: 1_003 },
      ]);
    });

    it('come in pages, newest first, with their highest versions', async () => {
      await store.commit(commit(0, 4, { deadLetters: [...stored] }));
      await store.commit(commit(4, 6, { deadLetters: [reopened] }));
      const first = await store.deadLettersPage({ limit: 2 });
      expect(first.rows).toEqual([stored[4], stored[3]]);
      const second = await store.deadLettersPage({ limit: 2, after: first.next ?? '' });
      expect(second.rows).toEqual([stored[0], reopened]);
      expect(await store.deadLettersPage({ limit: 2, after: second.next ?? '' })).toEqual({ rows: [stored[1]], next: null });
      expect((await store.deadLettersPage({ limit: 9, code: 'future', subject: 'meter-1' })).rows).toEqual([stored[1]]);
      await expect(store.deadLettersPage({ limit: 2, after: 'nonsense' })).rejects.toThrow('bad-request');
    });
  });

  describe('revisions', () => {
    it('keep their log time', async () => {
      const revisions = [{ offset: 3, logTime: 3_000 }, { offset: 5_000_000_000, logTime: 9_000 }]; // biome-ignore format: one line
      await store.commit(commit(0, 5_000_000_001, { revisions }));
      expect(await store.revisionTimes([5_000_000_000, 4, 3])).toEqual(revisions);
      expect(await store.revisionTimes([])).toEqual([]);
      expect(await dumpOf(store)).toEqual(['{"logTime":3000,"offset":3,"table":"revisions"}\n', '{"logTime":9000,"offset":5000000000,"table":"revisions"}\n']);
    });

    it('say what they wrote of a key', async () => {
      const late = (at: number, offset: number, revision: number, more: Partial<ReturnType<typeof reading>> = {}) =>
        reading(at, 1, offset, { revision, flags: Flag.late, ...more });
      await store.commit(commit(0, 4, { readings: [reading(100, 1, 0)], deadLetters: [letter(2, 'future', { subject: 'meter-1' })] }));
      const rows = [
        late(100, 5, 7, { version: 1 }),
        late(50, 2, 7),
        late(400, 6, 7),
        late(50, 6, 7, other),
        late(150, 8, 8),
        late(60, 8, 9, { flags: Flag.late | Flag.imported }),
      ];
      await store.commit(commit(4, 10, { readings: rows, deadLetters: [letter(2, 'future', { subject: 'meter-1', version: 1, revision: 6 })] }));
      expect(await store.written(energy, 0, 200, [9, 8, 7, 3])).toEqual([
        { revision: 7, readings: 2, corrected: 1, reopened: 1, imported: 0, late: 0, from: 50, to: 100 },
        { revision: 8, readings: 1, corrected: 0, reopened: 0, imported: 0, late: 1, from: 150, to: 150 },
        { revision: 9, readings: 1, corrected: 0, reopened: 0, imported: 1, late: 0, from: 60, to: 60 },
      ]);
      expect(await store.written(energy, 0, 200, [])).toEqual([]);
      expect(await store.written(power, 0, 200, [7])).toEqual([]);
    });
  });

  describe('devices and closures', () => {
    it('keep the last state of a device', async () => {
      const device = (id: string, label: string): Device => ({ id, type: 'submeter', label });
      await store.commit(commit(0, 1, { devices: [device('b', 'one'), device('a', 'two'), device('b', 'three')] }));
      await store.commit(commit(1, 2, { devices: [device('a', 'four')] }));
      expect(store.devices()).toEqual([device('a', 'four'), device('b', 'three')]);
    });

    it('keep closures in log order', async () => {
      await store.commit(commit(0, 9, { closures: [{ from: 10, to: 20, offset: 3 }, { from: 30, to: 44, offset: 8 }] })); // biome-ignore format: one line
      expect(store.closures()).toEqual([{ from: 10, to: 20, offset: 3 }, { from: 30, to: 44, offset: 8 }]); // biome-ignore format: one line
    });
  });

  it('prints its rows in one order and one form', async () => {
    await store.commit(
      commit(0, 3, {
        readings: [reading(200, 2, 0, other), reading(100, 1, 1, { version: 1 }), reading(100, 3, 0)],
        panes: [pane('PT1H', 0, 3_600_000, 1, 2, { ...power, integral2: 2n ** 60n })],
        devices: [{ type: 'submeter', id: 'meter-1' }],
        closures: [{ to: 2, from: 1, offset: 2 }],
      }),
    );
    expect(await dumpOf(store)).toEqual([
      '{"at":100,"flags":0,"offset":0,"quantity":"energy","revision":0,"spanMs":0,"subject":"meter-1","table":"readings","value":3,"version":0}\n',
      '{"at":100,"flags":0,"offset":1,"quantity":"energy","revision":1,"spanMs":0,"subject":"meter-1","table":"readings","value":1,"version":1}\n',
      '{"at":200,"flags":0,"offset":0,"quantity":"energy","revision":0,"spanMs":0,"subject":"meter-2","table":"readings","value":2,"version":0}\n',
      '{"changes":0,"count":1,"end":3600000,"firstAt":0,"firstValue":10,"flags":0,"integral2":"1152921504606846976","lastAt":3599999,"lastValue":20,"max":null,"min":null,"observedMs":3600000,"quantity":"power","revision":2,"sharesMs":null,"start":0,"subject":"meter-1","sum":1,"table":"panes","unallocated":0,"version":0,"window":"PT1H"}\n',
      '{"id":"meter-1","table":"devices","type":"submeter"}\n',
      '{"from":1,"offset":2,"table":"closures","to":2}\n',
    ]);
  });
});
