import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, it } from 'vitest';
import { AppendFileReader } from '../../log/append-file-reader.ts';
import { type AppendFileWriter, openAppendFile } from '../../log/append-file-writer.ts';
import { type LogFile, type LogFiles, realFiles } from '../../log/log-files.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { draft, numberOf, readAll } from './drafts.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Operation = 'create' | 'write' | 'sync' | 'rename' | 'syncFolder';

/** The real file system, failing where it is told to; remembers on which files it failed, and fails the test's check if they are used again. */
class FailingFiles implements LogFiles {
  fails: (operation: Operation, n: number) => boolean = () => false;
  readonly counts: Record<Operation, number> = { create: 0, write: 0, sync: 0, rename: 0, syncFolder: 0 };
  usedAfterFailure = 0;

  async #at(operation: Operation): Promise<void> {
    if (this.fails(operation, this.counts[operation]++)) throw Object.assign(new Error(`EIO: ${operation}`), { code: 'EIO' });
  }

  async create(path: string): Promise<LogFile> {
    await this.#at('create');
    const file = await realFiles.create(path);
    let failed = false;
    const guarded = async (operation: Operation, work: () => Promise<void>): Promise<void> => {
      if (failed) this.usedAfterFailure++;
      try {
        await this.#at(operation);
      } catch (error) {
        failed = true;
        throw error;
      }
      await work();
    };
    return {
      write: (bytes, position) =>
        guarded('write', () => file.write(bytes, position)).catch(async (error) => {
          // A failed write may leave anything behind.
          await file.write(bytes.subarray(0, bytes.length >> 1), position);
          throw error;
        }),
      sync: () => guarded('sync', () => file.sync()),
      isNamed: () => file.isNamed(),
      close: () => file.close(),
    };
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#at('rename');
    await realFiles.rename(from, to);
  }

  async syncFolder(path: string): Promise<void> {
    await this.#at('syncFolder');
    await realFiles.syncFolder(path);
  }
}

const openWith = async (folder: string, files: LogFiles): Promise<AppendFileWriter> => {
  const writer = await openAppendFile({ folder, clock: () => 1, files, settings: { retryMsMin: 1, retryMsMax: 4, segmentBytesMax: 4_000, compress: false } });
  closing.push(() => writer.close());
  return writer;
};

const readerOf = (folder: string): AppendFileReader => {
  const reader = new AppendFileReader(folder);
  closing.push(() => reader.close());
  return reader;
};

const count = (end: number): number[] => Array.from({ length: end }, (_, n) => n);

it.each(['create', 'write', 'sync', 'rename', 'syncFolder'] as const)(
  'holds the acknowledgements while %s fails, then goes on in a new segment',
  async (operation) => {
    const folder = temporaryFolder();
    const files = new FailingFiles();
    const writer = await openWith(folder, files);
    const settled: number[] = [];
    const reader = new AppendFileReader(folder);
    closing.push(() => reader.close());
    let followed = 0;
    for (let n = 0; n < 400; n++) {
      // Every third operation of the kind fails, and now and then several in a row.
      files.fails = (kind, at) => kind === operation && (at % 3 === 1 || at % 20 > 16);
      writer.append(draft(n), (offset) => settled.push(offset));
      if (n % 4 === 0) await writer.flush();
      if (n % 10 === 0) {
        for (const envelope of (await readAll(reader, followed, writer.durableEnd)).envelopes) expect(numberOf(envelope)).toBe(followed++);
      }
    }
    await writer.flush();
    expect(settled).toEqual(count(400));
    expect(writer.trouble).toBeNull();
    expect(files.usedAfterFailure).toBe(0);
    const { envelopes, corrupt } = await readAll(readerOf(folder), 0, 400);
    expect(corrupt).toBe(0);
    expect(envelopes.map(numberOf)).toEqual(count(400));
  },
);

it('says what is wrong, settles nothing meanwhile, and closes without it', async () => {
  const folder = temporaryFolder();
  const files = new FailingFiles();
  const writer = await openWith(folder, files);
  writer.append(draft(0));
  await writer.flush();
  const failures = Promise.withResolvers<void>();
  files.fails = (operation, n) => {
    if (operation === 'create' && n > 4) failures.resolve();
    return true;
  };
  let settled = 0;
  writer.append(draft(1), () => settled++);
  await failures.promise;
  expect(settled).toBe(0);
  expect(writer.trouble).toContain('EIO');
  expect(writer.held.envelopes).toBe(1);
  expect(writer.durableEnd).toBe(1);
  await writer.close();
  expect(settled).toBe(0);
});

it.each(['removed', 'replaced'])('acknowledges nothing more once the segment that it writes was %s', async (how) => {
  const folder = temporaryFolder();
  const writer = await openWith(folder, realFiles);
  writer.append(draft(0));
  await writer.flush();
  const [name] = readdirSync(join(folder, 'log'));
  const segment = join(folder, 'log', name as string);
  if (how === 'removed') rmSync(segment);
  else {
    copyFileSync(segment, `${segment}.copy`);
    renameSync(`${segment}.copy`, segment);
  }
  const before = readdirSync(join(folder, 'log'));
  let settled = 0;
  writer.append(draft(1), () => settled++);
  while (writer.trouble === null && settled === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  // Another one may be writing the next segment: it is not touched either.
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(settled).toBe(0);
  expect(writer.trouble).toContain('log-removed');
  expect(writer.durableEnd).toBe(1);
  expect(readdirSync(join(folder, 'log'))).toEqual(before);
  await writer.close();
  expect(settled).toBe(0);
});

it('opens while the disk fails, and mends itself', async () => {
  const folder = temporaryFolder();
  const first = await openWith(folder, realFiles);
  for (let n = 0; n < 5; n++) first.append(draft(n));
  await first.close();
  const files = new FailingFiles();
  files.fails = () => true;
  const writer = await openWith(folder, files);
  expect(writer.trouble).not.toBeNull();
  expect(writer.durableEnd).toBe(0);
  files.fails = () => false;
  await writer.flush();
  expect(writer.durableEnd).toBe(5);
  expect((await readAll(readerOf(folder), 0, 5)).envelopes.map(numberOf)).toEqual(count(5));
});

it('outlives a full disk', async (context) => {
  const folder = temporaryFolder();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', folder]);
  if (mounted.status !== 0) return context.skip('no tmpfs can be mounted here');
  closing.push(() => spawnSync('umount', [folder]));
  const writer = await openAppendFile({ folder, clock: () => 1, settings: { retryMsMin: 5, retryMsMax: 10, compress: false } });
  closing.push(() => writer.close());
  let settled = 0;
  for (let n = 0; n < 300; n++) {
    writer.append(draft(n, 4_000), () => settled++);
    if (n < 100) await writer.flush();
  }
  // The rest does not fit: it stays held until there is room.
  while (writer.trouble === null) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(writer.trouble).toContain('ENOSPC');
  expect(settled).toBe(100);
  expect(spawnSync('mount', ['-o', 'remount,size=8m', folder]).status).toBe(0);
  await writer.flush();
  expect(settled).toBe(300);
  const reader = new AppendFileReader(folder);
  const { envelopes, corrupt } = await readAll(reader, 0, 300);
  await reader.close();
  expect(corrupt).toBe(0);
  expect(envelopes.map(numberOf)).toEqual(count(300));
});

const child = `
import { openAppendFile } from ${JSON.stringify(new URL('../../log/append-file-writer.ts', import.meta.url).pathname)};
import { writeSync } from 'node:fs';
const writer = await openAppendFile({ folder: process.argv[2], clock: Date.now, settings: { segmentBytesMax: 100_000 } });
let n = writer.durableEnd;
const fill = () => {
  while (writer.held.envelopes < 200) {
    const one = n++;
    writer.append({ kind: 'message', subject: 'm', sender: '', topic: 't', payload: Buffer.from(JSON.stringify({ n: one })), qos: 1, dup: false, packetId: 1 }, (offset) => {
      if (offset !== one) throw new Error('offset ' + offset + ' for ' + one);
      if (one % 50 === 0) writeSync(1, one + '\\n');
    });
  }
};
writer.onDurable(fill);
fill();
`;

it('loses nothing that it acknowledged to kill -9', async () => {
  const folder = temporaryFolder();
  const script = join(folder, 'child.mjs');
  writeFileSync(script, child);
  let acknowledged = -1;
  for (let trial = 0; trial < 6; trial++) {
    const process_ = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: process_.stdout });
    let seen = 0;
    lines.on('line', (line) => {
      acknowledged = Math.max(acknowledged, Number(line));
      if (++seen === 5 + trial * 17) process_.kill('SIGKILL');
    });
    await once(process_, 'exit');
    if (process_.stdout.readableEnded === false) await once(lines, 'close');
    const reader = new AppendFileReader(folder);
    const end = await reader.end();
    expect(end).toBeGreaterThan(acknowledged);
    const { envelopes, corrupt } = await readAll(reader, 0, end);
    await reader.close();
    expect(corrupt).toBe(0);
    expect(envelopes.map(numberOf)).toEqual(count(end));
  }
  expect(readdirSync(join(folder, 'log')).length).toBeGreaterThan(2);
});
