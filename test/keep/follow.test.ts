/** A standby copy: kept up while the gate runs, gone on with after a kill, and what comes of it, to the position. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { backup } from '../../cli/backup.ts';
import { type Followed, follower, readFollowed } from '../../cli/follow.ts';
import { backupName, backupsFolder } from '../../cli/keep/backup-files.ts';
import { adoptedDevices, adoptedFile, appliedFile } from '../../cli/keep/town-file.ts';
import { restoreStandby } from '../../cli/restore.ts';
import { inWorkshop, openWorkshop } from '../../cli/workshop.ts';
import { AppendFileReader } from '../../log/append-file-reader.ts';
import { segmentName } from '../../log/segment.ts';
import { openGate } from '../../main.ts';
import { townOf } from '../drive.ts';
import { octroi } from '../e2e/running.ts';
import { faultAt } from '../fault-at.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { configFor, contents, filled, loaded, writtenLog } from './folder.ts';

const town = { name: 'Test', zone: 'Europe/Paris', admission: 'open' };

const shipOnce = async (data: string, target: string): Promise<Followed> => {
  const one = await follower(configFor(data), target);
  return one.pass().finally(() => one.close());
};

const followedOf = async (target: string): Promise<Followed> => (await readFollowed(target)) as Followed;
const lastSegment = (folder: string): string => join(folder, 'log', readdirSync(join(folder, 'log')).sort().at(-1) as string);

test('a running gate is followed by a process that is killed and comes back', async () => {
  const data = join(temporaryFolder(), 'data');
  const target = join(temporaryFolder(), 'standby');
  const gate = await openGate(configFor(data));
  await gate.http;
  const follow = (): ChildProcess =>
    fork(new URL('../../cli/octroi.ts', import.meta.url), ['follow', target, '--data', data, '--every', '20', '--json'], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
  let child = follow();
  const load = loaded(gate, { connections: 10, messages: 6_000, ratePerSecond: 1_500 });
  while (((await readFollowed(target))?.shipped ?? 0) === 0 || load.acknowledged() < 2_000) await delay(5);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const left = (await followedOf(target)).shipped;
  expect(left).toBeGreaterThan(0);
  child = follow();
  expect((await load.result).complete).toBe(true);
  // The first may have shipped all of it: the gate's ticks say that the second is at work.
  while ((await followedOf(target)).shipped < Math.max(6_000, left + 1)) await delay(20);
  child.kill('SIGTERM');
  const printed: string[] = [];
  child.stdout?.on('data', (chunk) => printed.push(String(chunk)));
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
  await gate.close();

  const adopted = [{ id: 'z', type: 'generic' }];
  writeFileSync(adoptedFile(data), JSON.stringify(adopted));
  const last = await shipOnce(data, target);
  const restored = join(temporaryFolder(), 'restored');
  const result = await restoreStandby(target, last, restored, configFor(restored));
  expect(result).toMatchObject({ position: last.shipped, lost: null, knownAt: last.at, backup: null });
  expect(await contents(restored)).toEqual(await contents(data));
  expect(await adoptedDevices(restored)).toEqual(adopted);
});

test('a torn tail is mended, another log is refused, and what is lost is said to the position', async () => {
  const data = join(temporaryFolder(), 'data');
  const target = join(temporaryFolder(), 'standby');
  const written = await filled(data, 40);
  const first = await shipOnce(data, target);
  expect(first).toMatchObject({ shipped: written.log.durableEnd, known: written.log.durableEnd });
  appendFileSync(lastSegment(target), Buffer.alloc(777, 1)); // a frame that was half written
  await written.minutes(10, ['a', 'b', 'c']);
  await written.close();
  const second = await shipOnce(data, target);
  expect(second.shipped).toBe(written.log.durableEnd);
  const whole = new AppendFileReader(target);
  let [envelopes, corrupt] = [0, 0];
  for await (const batch of whole.read(0, second.shipped, 1_000)) {
    envelopes += batch.envelopes.length;
    corrupt += batch.corrupt;
  }
  await whole.close();
  expect([envelopes, corrupt]).toEqual([second.shipped, 0]);

  const other = join(temporaryFolder(), 'other');
  const otherLog = await writtenLog(other, {}, written.now);
  otherLog.send('registry', { action: 'apply', town });
  await otherLog.minutes(60, ['x', 'y', 'z']);
  await otherLog.close();
  await expect(shipOnce(other, target)).rejects.toMatchObject({ failure: { code: 'log-diverged' } });
  const shorter = join(temporaryFolder(), 'shorter');
  const shorterLog = await filled(shorter, 2);
  await shorterLog.close();
  await expect(shipOnce(shorter, target)).rejects.toMatchObject({ failure: { code: 'log-diverged' } });

  // The standby's own disk lost its end.
  const newest = lastSegment(target);
  truncateSync(newest, statSync(newest).size - 10);
  const restored = join(temporaryFolder(), 'restored');
  const { position, lost } = await restoreStandby(target, await followedOf(target), restored, configFor(restored));
  expect(position).toBeLessThan(second.shipped);
  expect(lost).toEqual({ from: position, to: second.shipped });
  expect((await contents(restored)).position).toBe(position);
});

test.for([
  ['at the creation of a segment', faultAt('kill after', 'create', /standby.log.\d{20}\.seg/)],
  ['before a segment has its name', faultAt('kill before', 'rename', /standby.log.\d{20}\.seg$/)],
  ['when a segment has its name', faultAt('kill after', 'rename', /standby.log.\d{20}\.seg$/)],
] as const)('a kill %s: what was shipped can be restored, and the next pass goes on', async ([, env]) => {
  const data = join(temporaryFolder(), 'data');
  const target = join(temporaryFolder(), 'standby');
  const written = await filled(data, 10);
  const first = await shipOnce(data, target);
  await written.minutes(10, ['a', 'b', 'c']);
  await written.close();
  expect(await octroi(['follow', target, '--once', '--data', data], env)).toMatchObject({ code: null, err: '' });
  const early = join(temporaryFolder(), 'early');
  const { position, lost } = await restoreStandby(target, await followedOf(target), early, configFor(early));
  expect(position).toBeGreaterThanOrEqual(first.shipped);
  expect(lost).toEqual({ from: position, to: written.log.durableEnd });
  expect((await contents(early)).position).toBe(position);

  const last = await shipOnce(data, target);
  expect(last.shipped).toBe(written.log.durableEnd);
  expect(readdirSync(join(target, 'log')).filter((name) => !name.endsWith('.seg'))).toEqual([]);
  const restored = join(temporaryFolder(), 'restored');
  await restoreStandby(target, last, restored, configFor(restored));
  expect(await contents(restored)).toEqual(await contents(data));
});

test.for([
  ['empty', 0],
  ['of zeros, after a power cut', 4_096],
] as const)('a last segment that is %s is no hindrance for restore, and the next pass makes it anew', async ([, bytes]) => {
  const data = join(temporaryFolder(), 'data');
  const target = join(temporaryFolder(), 'standby');
  const written = await filled(data, 10);
  const first = await shipOnce(data, target);
  writeFileSync(join(target, 'log', `${segmentName(first.shipped)}.seg`), Buffer.alloc(bytes));
  await written.minutes(10, ['a', 'b', 'c']);
  await written.close();
  const early = join(temporaryFolder(), 'early');
  expect(await restoreStandby(target, first, early, configFor(early))).toMatchObject({ position: first.shipped, lost: null });

  const last = await shipOnce(data, target);
  expect(last.shipped).toBe(written.log.durableEnd);
  const restored = join(temporaryFolder(), 'restored');
  await restoreStandby(target, last, restored, configFor(restored));
  expect(await contents(restored)).toEqual(await contents(data));

  // The only one.
  const fresh = join(temporaryFolder(), 'fresh');
  mkdirSync(join(fresh, 'log'), { recursive: true });
  writeFileSync(join(fresh, 'log', `${segmentName(0)}.seg`), Buffer.alloc(bytes));
  expect((await shipOnce(data, fresh)).shipped).toBe(written.log.durableEnd);
});

test.for([
  ['newer than the log of the copy', (data: string, target: string) => cpSync(appliedFile(data), appliedFile(target)), 'before'],
  ['older than the log of the copy', (_: string, target: string, old: string) => writeFileSync(appliedFile(target), old), 'after'],
  ['damaged', (_: string, target: string) => writeFileSync(appliedFile(target), '{"town":'), 'after'],
] as const)('a town file that is %s: gate and pipeline have the same town', async ([, part, moment]) => {
  const data = join(temporaryFolder(), 'data');
  const target = join(temporaryFolder(), 'standby');
  const file = join(temporaryFolder(), 'town.yaml');
  const next = townOf([{ id: 'd2', type: 'generic' }]);
  writeFileSync(file, JSON.stringify(next));
  const gate = await openGate(configFor(data));
  await shipOnce(data, target);
  const old = readFileSync(appliedFile(target), 'utf8');
  const workshop = await openWorkshop(configFor(data));
  await workshop.change({ action: 'apply', town: next });
  await workshop.close();
  await gate.close();
  // What a kill, or a change in the middle of a pass, leaves.
  const followed = moment === 'after' ? await shipOnce(data, target) : await followedOf(target);
  part(data, target, old);

  const restored = join(temporaryFolder(), 'restored');
  await restoreStandby(target, followed, restored, configFor(restored));
  // With the new file, which the restored one equals, or with none.
  for (const more of [moment === 'before' ? { town: file } : {}, {}]) {
    const again = await openGate(configFor(restored, more));
    expect(again.town()).toEqual(next);
    await again.close();
    expect(await inWorkshop(configFor(restored), ({ views }) => views.town())).toEqual(next);
  }
});

test('a log that was cut is followed with the backup that it begins with', async () => {
  const data = join(temporaryFolder(), 'data');
  const target = join(temporaryFolder(), 'standby');
  const config = configFor(data);
  const written = await filled(data, 120);
  await shipOnce(data, target);
  const all = readdirSync(join(target, 'log')).length;
  expect(all).toBeGreaterThan(2);
  await written.close();
  const { position } = await backup(config, join(backupsFolder(data), backupName(written.log.durableEnd)));
  const again = await writtenLog(data, {}, written.now);
  await again.minutes(5, ['a', 'b']);
  await again.log.cut({ allowedBelow: position, now: again.now, bytesMax: 1 });
  await again.close();
  const begins = Number(readdirSync(join(data, 'log')).sort()[0]?.slice(0, 20));
  expect(begins).toBeGreaterThan(0);
  await shipOnce(data, target);
  expect(readdirSync(backupsFolder(target))).toEqual([backupName(position)]);
  expect(readdirSync(join(target, 'log')).length).toBeLessThan(all);

  // A fresh copy of a cut log takes the backup along, and one of its own where there is none.
  rmSync(backupsFolder(data), { recursive: true });
  const fresh = join(temporaryFolder(), 'fresh');
  await shipOnce(data, fresh);
  expect(readdirSync(backupsFolder(fresh))).toEqual([backupName(again.log.durableEnd)]);
  const before = await contents(data);
  for (const standby of [target, fresh]) {
    const restored = join(temporaryFolder(), 'restored');
    const result = await restoreStandby(standby, await followedOf(standby), restored, configFor(restored));
    expect(result.backup).not.toBe(null);
    expect(await contents(restored)).toEqual(before);
  }
  rmSync(backupsFolder(fresh), { recursive: true });
  await expect(restoreStandby(fresh, await followedOf(fresh), join(temporaryFolder(), 'none'), config)).rejects.toMatchObject({
    failure: { code: 'no-backup' },
  });
});

test('a data folder cannot follow itself', async () => {
  const data = join(temporaryFolder(), 'data');
  const { close } = await filled(data, 1);
  await close();
  for (const target of [data, `${data}/`, join(data, 'standby'), join(data, '..')]) {
    await expect(follower(configFor(data), target)).rejects.toThrow(/bad-request.*apart from the data folder/);
  }
});
