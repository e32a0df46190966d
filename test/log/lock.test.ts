import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FailureError } from '../../core/failure.ts';
import { lockFolder } from '../../log/lock.ts';
import { temporaryFolder } from './drafts.ts';

const refusal = (folder: string): Promise<unknown> =>
  lockFolder(folder).then(
    () => 'locked',
    (error: unknown) => (error instanceof FailureError ? error.failure.code : error),
  );

it('lets one in, and the next after it left', async () => {
  const folder = temporaryFolder();
  const lock = await lockFolder(folder);
  expect(await refusal(folder)).toBe('data-in-use');
  await lock.release();
  await (await lockFolder(folder)).release();
  expect(readdirSync(folder)).toEqual([]);
});

it('lets one of many in', async () => {
  const folder = temporaryFolder();
  const results = await Promise.all(Array.from({ length: 20 }, () => refusal(folder)));
  expect(results.filter((result) => result === 'locked')).toHaveLength(1);
  expect(readdirSync(folder)).toEqual(['lock']);
});

it('takes over the lock of a dead process, of a reused number, and a broken one', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'lock');
  const dead = spawn(process.execPath, ['-e', '']);
  await once(dead, 'exit');
  writeFileSync(path, JSON.stringify({ pid: dead.pid, birth: '', id: 'a' }));
  await (await lockFolder(folder)).release();
  if (process.platform === 'linux') {
    writeFileSync(path, JSON.stringify({ pid: process.pid, birth: 'another boot 1', id: 'a' }));
    await (await lockFolder(folder)).release();
  }
  writeFileSync(path, '{"pid":');
  const lock = await lockFolder(folder);
  expect(JSON.parse(readFileSync(path, 'utf8')).pid).toBe(process.pid);
  await lock.release();
});

it('lets one of many take over', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: process.pid, birth: 'another boot 1', id: 'a' }));
  const results = await Promise.all(Array.from({ length: 20 }, () => refusal(folder)));
  expect(results.filter((result) => result === 'locked')).toHaveLength(1);
  expect(readdirSync(folder)).toEqual(['lock']);
});
