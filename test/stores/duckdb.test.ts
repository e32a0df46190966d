/** What the DuckDB store must do beyond the contract: its file survives restarts, kills and refuses what it cannot read. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { mkdir, open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { DeadLetter } from '../../core/reading.ts';
import { emptyLedger } from '../../core/store.ts';
import { type DuckDbStore, duckdbStore } from '../../stores/duckdb.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { dumpOf, failureOf } from './answers.ts';
import { anomaly, commit, energy, everyKind, everything, letter, other, pane, power, reading } from './rows.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = temporaryFolder();
  file = join(folder, 'store.duckdb');
});

it('answers what is asked of 30,000 dead letters in little memory', async () => {
  const store = await duckdbStore({ file, memoryLimitMb: 64 });
  const payload = 'x'.repeat(1_000);
  for (let start = 0; start < 30_000; start += 3_000) {
    const deadLetters = Array.from({ length: 3_000 }, (_, n) => letter(start + n, 'unknown-device', { payload, sender: `gw-${n % 3}`, at: n }));
    await store.commit(commit(start, start + 3_000, { deadLetters }));
  }
  const asked = { code: 'unknown-device', subjects: ['stranger'], limit: 5_000, charsMax: 2_097_152 } as const;
  expect((await store.deadLetters(asked, everything)).length).toBe(2_098);
  expect((await store.deadLetterSenders({ code: 'unknown-device', subject: 'stranger' }, everything)).sort()).toEqual(['gw-0', 'gw-1', 'gw-2']);
  expect(await store.deadLetterEarliest({ code: 'unknown-device', atMin: 7 }, everything)).toBe(7);
  expect((await store.deadLettersPage({ limit: 200 })).rows[0]?.offset).toBe(29_999);
  expect(await store.deadLetterCounts()).toMatchObject([{ count: 30_000 }]);
  await store.close();
});

it('answers what is asked of 100,000 anomalies in little memory', async () => {
  const store = await duckdbStore({ file, memoryLimitMb: 64 });
  const reason = { en: 'x'.repeat(400), fr: 'y'.repeat(400) };
  for (let from = 0; from < 100_000; from += 10_000) {
    const anomalies = Array.from({ length: 10_000 }, (_, n) => anomaly(`a-${from + n}`, from + n, from + n, { reason }));
    await store.commit(commit(from, from + 10_000, { anomalies }));
  }
  const { rows, next } = await store.anomalies({ kind: 'jump', limit: 10_000 });
  expect([rows.length, rows[0]?.id, rows.at(-1)?.id, next === null]).toEqual([10_000, 'a-99999', 'a-90000', false]);
  await store.close();
});

it('answers what is asked of 3 million readings of one key, each corrected, in little memory', async () => {
  const empty = await duckdbStore({ file });
  await empty.commit(commit(0, 1, { readings: [reading(0, 0, 0)] }));
  const connection = await empty.connect();
  await connection.run('INSERT INTO readings SELECT readings.* REPLACE (i AS at_ms) FROM readings, range(1, 3_000_000) AS t(i)');
  await connection.run('INSERT INTO readings SELECT * REPLACE (1 AS version) FROM readings');
  connection.closeSync();
  await empty.close();
  const store = await duckdbStore({ file, memoryLimitMb: 32 });
  const first = await store.readings({ ...energy, from: 0, to: 3_000_000, limit: 10_000 });
  expect([first.rows.length, first.rows.every(({ at, version }) => version === 1 && at < 10_000), first.next]).toEqual([10_000, true, '9999']);
  const next = await store.readings({ ...energy, from: 0, to: 3_000_000, limit: 2, after: 9_999 });
  expect(next.rows.map(({ at, version }) => [at, version])).toEqual([
    [10_000, 1],
    [10_001, 1],
  ]);
  await store.close();
});

/** What DuckDB goes by. */
const memoryLimitOf = async (store: DuckDbStore): Promise<unknown> => {
  const asking = await store.connect();
  const [found] = (await asking.runAndReadAll('PRAGMA database_size')).getRowObjects(); // current_setting names what was tried last
  asking.closeSync();
  return found?.memory_limit;
};

/** Begins a query that holds some 160 bytes for each of so many rows, 1.6 million at the most, until it is read on. @returns reads it to its end */
const holding = async (connection: DuckDBConnection, rows: number): Promise<() => Promise<void>> => {
  const half = await connection.stream(
    `SELECT text FROM range(3_000_000) AS a(i) JOIN (SELECT i, repeat('x', 100) || i AS text FROM range(${rows}) AS t(i)) USING (i)`,
  );
  await half.fetchChunk();
  return async () => {
    for (let chunk = await half.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await half.fetchChunk());
  };
};

it('takes less memory again as soon as what was read beside its work lets it', async () => {
  const store = await duckdbStore({ file, memoryLimitMb: 32 });
  const reading = await store.connect();
  const readOn = await store.withMemory(256, () => holding(reading, 800_000));
  expect(await memoryLimitOf(store)).toBe('244.1 MiB');
  await readOn();
  await expect.poll(() => memoryLimitOf(store), { timeout: 20_000 }).toBe('30.5 MiB');
  reading.closeSync();
  await store.close();
});

it('cuts while its memory cannot come down yet to what a cut needs', async () => {
  const store = await duckdbStore({ file, memoryLimitMb: 32 });
  await store.commit(commit(0, 1, { readings: [reading(5, 1, 0)] }));
  const beside = await store.connect();
  const readOn = await store.withMemory(512, () => holding(beside, 1_600_000));
  await store.commit(commit(1, 2, { cuts: [{ offset: 1, before: 1, spans: [{ ...energy, from: 0, to: 10 }] }] }));
  expect(await memoryLimitOf(store)).toBe('488.2 MiB');
  expect(await store.withMemory(600, () => memoryLimitOf(store))).toBe('572.2 MiB');
  await readOn();
  await expect.poll(() => memoryLimitOf(store), { timeout: 20_000 }).toBe('30.5 MiB');
  await store.commit(commit(2, 3, { readings: [reading(6, 1, 2)] }));
  expect(await store.recount()).toMatchObject({ stored: 2 });
  beside.closeSync();
  await store.close();
});

/** What this process has open; the listing itself is gone by then. */
const openFiles = (): string[] => {
  const handles = readdirSync('/proc/self/fd').map((name) => join('/proc/self/fd', name));
  return handles.filter((handle) => existsSync(handle)).map((handle) => readlinkSync(handle, { encoding: 'utf8' }));
};

it('lets go of a file that it cannot open', async () => {
  await (await duckdbStore({ file })).close();
  const spoiling = await DuckDBInstance.create(file);
  const connection = await spoiling.connect();
  await connection.run('DROP TABLE snapshots');
  connection.closeSync();
  spoiling.closeSync();
  expect(await failureOf(duckdbStore({ file }))).toMatchObject({ code: 'store-failed', where: file });
  expect(openFiles()).not.toContain(file);
});

it('opens with the snapshots of thousands of devices, in little memory and in their order', async () => {
  const scopes = Array.from({ length: 4_000 }, (_, n) => ({
    scope: `subject/${String(n * 7_919)
      .padStart(9, '0')
      .slice(-4)}-${n}`,
    body: String(n).repeat(5_000),
  }));
  const store = await duckdbStore({ file, memoryLimitMb: 64 });
  await store.commit(commit(0, 1, {}, { snapshot: { offset: 1, scopes } }));
  await store.close();
  const again = await duckdbStore({ file, memoryLimitMb: 64 });
  const found = (await again.snapshot()).scopes;
  expect(found.length).toBe(4_000);
  expect(found.map(({ scope }) => scope)).toEqual(scopes.map(({ scope }) => scope).sort());
  await again.close();
});

it('cuts 5 million readings in one commit, with more memory than it has otherwise', async () => {
  const keys = Array.from({ length: 1_000 }, (_, key) => ({ subject: `meter-${key}`, quantity: 'energy' }));
  const empty = await duckdbStore({ file });
  await empty.commit(commit(0, 1, { readings: keys.map((key) => reading(0, 0, 0, key)) }));
  const connection = await empty.connect();
  await connection.run('INSERT INTO readings SELECT i % 1000, i // 1000, 0, i, 0, 0, 0, 0 FROM range(1000, 5_000_000) AS t(i)');
  connection.closeSync();
  await empty.close();

  const store = await duckdbStore({ file, memoryLimitMb: 64 });
  const spans = keys.map((key) => ({ ...key, from: -1, to: 5_000 }));
  await store.commit(commit(1, 2, { cuts: [{ offset: 1, before: 1, spans }] }));
  expect(await store.recount()).toMatchObject({ stored: 5_000_000 });
  const left = await store.connect();
  expect((await left.runAndReadAll('SELECT count(*) FROM readings')).getRows()).toEqual([[0n]]);
  expect((await left.runAndReadAll('PRAGMA database_size')).getRowObjects()).toMatchObject([{ memory_limit: '61.0 MiB' }]);
  left.closeSync();
  await store.close();
});

describe('a file that is opened again', () => {
  it('shows what was committed, and goes on from there', async () => {
    const ledger = { ...emptyLedger, qos0Dropped: 8 };
    const first = await duckdbStore({ file });
    await first.commit(commit(0, 3, everyKind, { ledger, logTime: 55, snapshot: { offset: 2, scopes: [{ scope: 's', body: 'b' }] } }));
    const before = { latest: first.latest(), keys: first.keys(), devices: first.devices(), closures: first.closures(), dump: await dumpOf(first) };
    await first.close();

    const second = await duckdbStore({ file });
    expect({ latest: second.latest(), keys: second.keys(), devices: second.devices(), closures: second.closures(), dump: await dumpOf(second) }).toEqual(
      before,
    );
    expect([second.position, second.logTime, second.ledger()]).toEqual([3, 55, ledger]);
    expect(await second.snapshot()).toEqual({ offset: 2, scopes: [{ scope: 's', body: 'b' }] });
    expect(second.keys()).toEqual([power, other]);

    await second.commit(commit(1, 3, everyKind));
    expect(await dumpOf(second)).toEqual(before.dump);
    await second.commit(commit(3, 4, { readings: [reading(400, 4, 3), reading(500, 5, 3, other)] }));
    await second.close();

    const third = await duckdbStore({ file });
    expect(third.latest().map((row) => [row.subject, row.quantity, row.value])).toEqual([
      ['meter-1', 'energy', 4],
      ['meter-1', 'power', 3],
      ['meter-2', 'energy', 5],
    ]);
    expect((await third.neighbourhood(other, 150, 201, everything)).inside.map((row) => row.value)).toEqual([9]);
    await third.close();
  });

  it('of version 3 keeps the start of what its dead letters held whole', async () => {
    const long = (offset: number, more: Partial<DeadLetter> = {}): DeadLetter =>
      letter(offset, 'unknown-device', { payload: `${offset}`.repeat(200_000), ...more });
    const rows = Array.from({ length: 120 }, (_, offset) => (offset % 3 === 1 ? letter(offset, 'not-json', { payload: '{' }) : long(offset)));
    const old = await duckdbStore({ file });
    for (let start = 0; start < 120; start += 10) await old.commit(commit(start, start + 10, { deadLetters: rows.slice(start, start + 10) }));
    await old.commit(commit(120, 121, { deadLetters: [long(0, { version: 1, revision: 120 })] }));
    await old.close();
    const connection = await (await DuckDBInstance.create(file)).connect();
    await connection.run('DROP TABLE alarms; UPDATE schema_version SET version = 3');
    connection.closeSync();

    const store = await duckdbStore({ file, memoryLimitMb: 64 });
    const kept = (offset: number): unknown => ({
      ...long(offset),
      payload: `${offset}`.repeat(1_000).slice(0, 1_000),
      payloadChars: `${offset}`.length * 200_000,
    });
    const found = await store.deadLetters({ code: 'unknown-device', limit: 500, charsMax: 1e9 }, everything);
    expect(found).toEqual([...Array(120).keys()].filter((offset) => offset % 3 !== 1 && offset > 0).map(kept));
    expect(await store.deadLetters({ code: 'not-json', limit: 500, charsMax: 1e9 }, everything)).toEqual(rows.filter(({ code }) => code === 'not-json'));
    expect(await store.recount()).toEqual({ stored: 0, corrected: 0, deadLetter: 119 });
    await store.close();
    const again = await duckdbStore({ file });
    expect((await again.deadLettersPage({ limit: 500 })).rows.length).toBe(120);
    await again.close();
  });

  it('is refused with newer-version where a later program wrote it', async () => {
    await (await duckdbStore({ file })).close();
    const instance = await DuckDBInstance.create(file);
    const connection = await instance.connect();
    await connection.run('UPDATE schema_version SET version = 99');
    connection.closeSync();
    instance.closeSync();
    expect(await failureOf(duckdbStore({ file }))).toMatchObject({ code: 'newer-version', where: file });
  });

  it('is brought from form 2 to this one, with the past judgements in it', async () => {
    const old = await duckdbStore({ file });
    await old.commit(commit(0, 6, { anomalies: [anomaly('a', 100, 2), anomaly('b', 100, 5)] }));
    await old.close();
    const instance = await DuckDBInstance.create(file);
    const connection = await instance.connect();
    await connection.run('DROP TABLE alarms; DROP TABLE revisions; ALTER TABLE anomalies DROP COLUMN log_offset; UPDATE schema_version SET version = 2');
    connection.closeSync();
    instance.closeSync();
    const store = await duckdbStore({ file });
    const judged = (before: number) => store.judged({ subject: 'meter-1', from: 0, to: 999, limit: 9, after: null }, before);
    expect(await judged(5)).toEqual([anomaly('a', 100, 2)]);
    await store.commit(commit(6, 8, { anomalies: [anomaly('a', 100, 7, { version: 1, basisRevised: 7 })], revisions: [{ offset: 7, logTime: 7_000 }] }));
    expect((await judged(everything)).map(({ id, basisRevised }) => [id, basisRevised])).toEqual([['a', 7], ['b', undefined]]); // biome-ignore format: one line
    expect(await store.revisionTimes([7])).toEqual([{ offset: 7, logTime: 7_000 }]);
    await store.close();
  });

  it('is refused with store-corrupt and its name where it is damaged', async () => {
    const store = await duckdbStore({ file });
    await store.commit(commit(0, 3, everyKind));
    await store.close();
    const handle = await open(file, 'r+');
    await handle.write(Buffer.alloc(64, 0xff), 0, 64, 4_096);
    await handle.write(Buffer.alloc(64, 0xff), 0, 64, 8_192);
    await handle.write(Buffer.alloc(64, 0xff), 0, 64, 0);
    await handle.close();
    expect(await failureOf(duckdbStore({ file }))).toMatchObject({ code: 'store-corrupt', where: file });
  });

  it('is refused with store-corrupt where its end is cut off', async () => {
    const store = await duckdbStore({ file });
    await store.commit(commit(0, 3, everyKind));
    await store.close();
    await truncate(file, 20_000);
    expect(await failureOf(duckdbStore({ file }))).toMatchObject({ code: 'store-corrupt', where: file });
  });
});

it('is not called damaged for the name of its folder', async () => {
  const named = join(folder, 'corrupt', 'checksum free', 'store.duckdb');
  await mkdir(join(named, '..'), { recursive: true });
  const hold = `const { DuckDBInstance } = await import(${JSON.stringify(import.meta.resolve('@duckdb/node-api'))});
    await (await DuckDBInstance.create(${JSON.stringify(named)})).connect();
    console.log('held');
    setInterval(() => {}, 1000);`;
  const other = spawn(process.execPath, ['--input-type=module', '-e', hold], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void other.kill('SIGKILL'));
  await once(other.stdout, 'data');
  expect(await failureOf(duckdbStore({ file: named }))).toMatchObject({ code: 'store-failed', where: named, message: expect.stringContaining('lock') });
});

describe('a commit that fails', () => {
  const broken = commit(1, 2, { readings: [reading(200, 2, 1)], panes: [{ ...pane('PT1H', 0, 1, 1, 1), sum: null as unknown as number }] });

  it('rejects with store-failed, and nothing more is taken until the store is opened again', async () => {
    const store = await duckdbStore({ file });
    await store.commit(commit(0, 1, { readings: [reading(100, 1, 0)] }));
    expect(await failureOf(store.commit(broken))).toMatchObject({ code: 'store-failed', where: file });
    expect([store.position, store.latest()[0]?.at]).toEqual([1, 100]);
    expect(await failureOf(store.commit(commit(1, 2)))).toMatchObject({ code: 'store-failed' });
    await store.close();

    const again = await duckdbStore({ file });
    expect([again.position, await again.recount()]).toEqual([1, { stored: 1, corrected: 0, deadLetter: 0 }]);
    await again.commit(commit(1, 2, { readings: [reading(200, 2, 1)] }));
    expect((await again.readings({ ...energy, from: 0, to: 999, limit: 9 })).rows).toHaveLength(2);
    await again.close();
  });

  it('is what a closed store answers', async () => {
    const store = await duckdbStore({ file });
    await store.close();
    await store.close();
    expect(await failureOf(store.commit(commit(0, 1)))).toMatchObject({ code: 'store-failed' });
    expect(await failureOf(store.withMemory(64, async () => {}))).toMatchObject({ code: 'store-failed', where: file });
    expect(await failureOf(store.connect())).toMatchObject({ code: 'store-failed', where: file });
  });
});

/** Runs the child until it has printed `commits` positions, kills it, and returns the last one that it printed. */
const killAfter = async (commits: number): Promise<number> => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'commit-forever.ts'), file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let last = 0;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    if (++seen === commits) child.kill('SIGKILL');
  }
  await exited;
  return last;
};

it('agrees with itself after kill -9', async () => {
  for (const commits of [1, 7, 40, 90]) {
    const promised = await killAfter(commits);
    const store = await duckdbStore({ file });
    const { position } = store;
    expect(position).toBeGreaterThanOrEqual(promised);
    expect(await store.recount()).toEqual({ stored: position * 50, corrected: 0, deadLetter: 0 });
    expect(await store.panes(energy, 'PT15M', 0, everything, everything)).toHaveLength(position);
    expect(await store.snapshot()).toEqual({ offset: position, scopes: [{ scope: 's', body: String(position).repeat(1_000) }] });
    expect(store.latest()[0]?.at).toBe(position * 50 - 1);
    await store.close();
  }
});
