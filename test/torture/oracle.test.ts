/** The judge of the torture turns red for each way in which a promise breaks, and for that alone. */
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { emptyLedger, type Store } from '../../core/store.ts';
import { loadReadingsPerMessage } from '../../simulators/load.ts';
import { loadTemperature } from '../../simulators/load-packets.ts';
import { duckdbStore } from '../../stores/duckdb.ts';
import { memoryStore } from '../../stores/memory.ts';
import type { Verified } from '../../stores/verify.ts';
import { runRow } from '../../torture/harness.ts';
import { judgeShown, type Shown } from '../../torture/oracle.ts';
import { type Found, type Row, Unable } from '../../torture/row.ts';
import { commit, reading } from '../stores/rows.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const sent = 10;
const promised = { subject: 'dev-1', firstAt: 1_000, stepMs: 1_000, sent, told: [...Array(sent).keys()] };
const key = { subject: 'dev-1', quantity: 'temperature' };
const stored = Array.from({ length: sent }, (_, seq) => reading(1_000 + seq * 1_000, Math.round(loadTemperature(seq) * 100), seq, key));
/** Each message has further readings, which the judge counts alone. */
const others = stored.flatMap((row) => Array.from({ length: loadReadingsPerMessage - 1 }, (_, n) => ({ ...row, quantity: `other_${n}` })));

const allRight: Verified = { compared: 4, different: 0, examples: [], keys: 3, unknownKeys: 0, complete: true };

/** A store with these temperatures, and books that tell its rows, as the judge sees it. */
const shown = async (temperatures: typeof stored, more: Partial<Shown> = {}, store: Store = memoryStore()): Promise<Shown> => {
  const rows = [...temperatures, ...others.slice(0, temperatures.length * (loadReadingsPerMessage - 1))];
  const counts = { accepted: rows.length, stored: rows.length };
  const ledger = { ...emptyLedger, readings: { ...emptyLedger.readings, ...counts } };
  await store.commit(commit(0, sent, { readings: rows }, { ledger }));
  return {
    ledger: async () => store.ledger(),
    recount: () => store.recount(),
    readings: (query) => store.readings(query),
    verify: async () => allRight,
    ...more,
  };
};
const faultsOf = async (views: Promise<Shown>): Promise<string> => (await judgeShown(await views, { promised: [promised] })).faults.join('; ');

describe('judgeShown', () => {
  it('finds nothing where all is there once', async () => expect(await faultsOf(shown(stored))).toBe(''));
  it('finds a message that is lost', async () => expect(await faultsOf(shown(stored.slice(0, -1)))).toContain('1 of 10 acknowledged messages are lost'));
  it('finds a value that is another', async () => {
    const altered = stored.map((row, n) => (n === 4 ? { ...row, value: 1 } : row));
    expect(await faultsOf(shown(altered))).toContain('1 messages have another value');
  });
  it('finds a message that nobody sent', async () =>
    expect(await faultsOf(shown([...stored, { ...(stored[0] as (typeof stored)[0]), at: 999_000 }]))).toContain('1 messages have another value'));
  it('finds a reading that is in the store twice', async () => {
    const store = await duckdbStore({ file: join(temporaryFolder(), 'store.duckdb') });
    onTestFinished(() => store.close());
    const views = await shown(stored, {}, store);
    expect((await judgeShown(views, { promised: [promised] })).twice).toBe(0);
    const connection = await store.connect();
    await connection.run('INSERT INTO readings SELECT * FROM readings WHERE key = 0 AND at_ms = 1000');
    connection.closeSync();
    const judged = await judgeShown(views, { promised: [promised] });
    expect([judged.twice, judged.faults.join('; ')]).toEqual([1, expect.stringContaining('1 readings are in the store twice')]);
  });
  it('finds books that do not balance', async () =>
    expect(await faultsOf(shown(stored, { recount: async () => ({ stored: 29, corrected: 0, deadLetter: 0 }) }))).toContain('do not balance'));
  it('finds panes that differ, and that none was compared', async () => {
    const verified = (result: Partial<Verified>): Partial<Shown> => ({ verify: async () => ({ ...allRight, ...result }) });
    expect(await faultsOf(shown(stored, verified({ different: 1 })))).toBe('1 of 4 panes differ from their recomputation');
    expect(await faultsOf(shown(stored, verified({ compared: 0 })))).toBe('no pane was compared');
    expect(await faultsOf(shown(stored, verified({ unknownKeys: 2 })))).toBe('the panes of 2 series were not compared');
    expect(await faultsOf(shown(stored, verified({ complete: false })))).toBe('the comparison of panes ended before it was done');
  });
});

describe('a run of a row', () => {
  const row = (run: () => Promise<Found>): Row => ({
    name: 'made',
    what: '',
    promise: '',
    control: '',
    trials: { quick: 1, full: 2 },
    run,
  });
  const verdict = async (run: () => Promise<Found>, bad: boolean): Promise<string> => (await runRow(row(run), { seed: 1, full: false, bad })).verdict;
  const clean = async (): Promise<Found> => ({ faults: [], figures: {} });
  const faulty = async (): Promise<Found> => ({ faults: ['lost'], figures: {} });
  const failing = async (): Promise<Found> => {
    throw new Error('no gate');
  };
  const unable = async (): Promise<Found> => {
    throw new Unable('no loop device');
  };

  it('holds without a fault, and is broken by one or by an exception', async () => {
    expect([await verdict(clean, false), await verdict(faulty, false), await verdict(failing, false)]).toEqual(['held', 'broken', 'broken']);
  });
  it('with its known-bad setting holds where the fault is found, and not where the run fails', async () => {
    expect([await verdict(clean, true), await verdict(faulty, true), await verdict(failing, true)]).toEqual(['broken', 'held', 'broken']);
  });
  it('is skipped where the machine lacks something, with the reason', async () => {
    expect(await runRow(row(unable), { seed: 1, full: false, bad: false })).toMatchObject({ verdict: 'skipped', reason: 'no loop device' });
  });
});
