import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { FailureError } from '../../core/failure.ts';
import { lockFolder } from '../../log/lock.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const refusal = (folder: string): Promise<unknown> =>
  lockFolder(folder).then(
    () => 'locked',
    (error: unknown) => (error instanceof FailureError ? error.failure.code : error),
  );

/** The lock, and the socket on which its owner answers. */
const lockAndSocket = ['lock', expect.stringMatching(/^lock\.[0-9a-f-]{36}\.sock$/)];

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
  expect(readdirSync(folder)).toEqual(lockAndSocket);
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
  expect(readdirSync(folder)).toEqual(lockAndSocket);
});

it('says whether the one before it left the folder, or died in it', async () => {
  const folder = temporaryFolder();
  const first = await lockFolder(folder);
  expect(first.isInherited).toBe(false);
  await first.release();
  writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: process.pid, birth: 'another boot 1', id: 'a' }));
  const second = await lockFolder(folder);
  expect(second.isInherited).toBe(process.platform === 'linux');
  await second.release();
});

it('goes by the number of the process where there is no socket', async () => {
  const folder = temporaryFolder();
  const lock = await lockFolder(folder);
  for (const name of readdirSync(folder)) if (name.endsWith('.sock')) rmSync(join(folder, name));
  expect(await refusal(folder)).toBe('data-in-use');
  await lock.release();
  expect(await refusal(folder)).toBe('locked');
});

it.runIf(process.platform === 'linux')('holds in a folder whose path is longer than the name of a socket may be', async () => {
  const folder = join(temporaryFolder(), 'a'.repeat(100), 'b'.repeat(100));
  mkdirSync(folder, { recursive: true });
  const lock = await lockFolder(folder);
  expect(readdirSync(folder)).toEqual(lockAndSocket);
  expect(await refusal(folder)).toBe('data-in-use');
  await lock.release();
  expect(readdirSync(folder)).toEqual([]);
});

/** A process that sees no other's number, as in a container, and that has locked the folder; or why it could not. */
const inContainer = async (folder: string): Promise<{ readonly child: ChildProcess; readonly said: string }> => {
  const code = `const { lockFolder } = await import(${JSON.stringify(new URL('../../log/lock.ts', import.meta.url).href)});
    await lockFolder(${JSON.stringify(folder)}).then(() => console.log('locked'), (error) => console.log(error.failure.code));
    setInterval(() => {}, 1000);`;
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code];
  const child = spawn('unshare', ['--pid', '--fork', '--kill-child', '--mount-proc', ...node], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [said] = await once(child.stdout, 'data');
  return { child, said: String(said).trim() };
};

it('holds between containers that share the folder, and is taken over when its owner is killed', { timeout: 120_000 }, async (context) => {
  if (spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status !== 0) return context.skip('no namespace can be made here');
  const folder = temporaryFolder();
  const first = await inContainer(folder);
  expect(first.said).toBe('locked');
  expect((await inContainer(folder)).said).toBe('data-in-use');
  expect(await refusal(folder)).toBe('data-in-use');
  first.child.kill('SIGKILL');
  while ((await refusal(folder)) !== 'locked') await delay(20);
  // What the killed one left is gone.
  expect(readdirSync(folder)).toEqual(lockAndSocket);
  expect((await inContainer(folder)).said).toBe('data-in-use');
});

it('is never held twice, though four processes take it and give it back at once', async () => {
  const folder = temporaryFolder();
  const taker = fileURLToPath(new URL('./lock-taker.ts', import.meta.url));
  const takers = Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, [taker, folder, '400']));
  const found = (await Promise.all(takers)).map(({ stdout }) => JSON.parse(stdout));
  expect(found).toEqual(Array(4).fill({ taken: 400, twice: 0 }));
});
