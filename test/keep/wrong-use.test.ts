/** Options and files that a command cannot use: it says what, where and what to do, before it does anything. */
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backupCommand } from '../../cli/backup.ts';
import { followCommand } from '../../cli/follow.ts';
import { readTown } from '../../cli/keep/town-file.ts';
import { replay } from '../../cli/replay.ts';
import { encodeHeader, formatVersion, segmentName } from '../../log/segment.ts';
import { octroi } from '../e2e/running.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { configFor, filled } from './folder.ts';

test.each(['abc', '0', '-1', 'Infinity', ''])('follow --every %j', async (every) => {
  await expect(followCommand().parseAsync([temporaryFolder(), '--every', every], { from: 'user' })).rejects.toMatchObject({
    failure: { code: 'bad-request', message: expect.stringContaining(`"${every}" is not a number above 0`), where: '--every' },
  });
});

test('a town file that is not there, or is a folder', async () => {
  const folder = temporaryFolder();
  const missing = join(folder, 'town.yaml');
  await expect(readTown(missing)).rejects.toMatchObject({
    failure: { code: 'bad-request', message: 'there is no such file: name a town file', where: missing },
  });
  await expect(readTown(folder)).rejects.toMatchObject({ failure: { code: 'bad-request', message: 'it is a folder: name a town file', where: folder } });
});

test('restore beside a log on Kafka: one line, and nothing is made', async () => {
  const [backup, data] = [temporaryFolder(), join(temporaryFolder(), 'data')];
  const { code, out, err } = await octroi(['restore', backup, '--data', data], { OCTROI_LOG: 'kafka' });
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(/^octroi: not-with-kafka: [^\n]*\(OCTROI_LOG\)\. Start on an empty data folder[^\n]*\n$/);
  expect(existsSync(data)).toBe(false);
  // Without Kafka the same question is about the backup alone.
  expect((await octroi(['restore', backup, '--data', data])).err).toMatch(/^octroi: no-backup: /);
});

test('a log of a later version is not replayed, as often as it is tried, and nothing is made', async () => {
  const [data, into] = [temporaryFolder(), join(temporaryFolder(), 'again')];
  mkdirSync(join(data, 'log'));
  writeFileSync(join(data, 'log', `${segmentName(0)}.seg`), encodeHeader({ version: formatVersion + 1, salt: 1, firstOffset: 0, logTime: 0 }));
  for (let tried = 0; tried < 2; tried++) await expect(replay(configFor(data), into, false)).rejects.toMatchObject({ failure: { code: 'newer-version' } });
  expect(existsSync(into)).toBe(false);
});

test('a backup or a replay within the data folder, or around it', async () => {
  const data = join(temporaryFolder(), 'data');
  await (await filled(data, 1)).close();
  const link = join(temporaryFolder(), 'link');
  symlinkSync(data, link);
  const [before, apart] = [
    readdirSync(data),
    { failure: { code: 'bad-request', message: expect.stringContaining('needs a folder apart from the data folder') } },
  ];
  for (const target of [data, join(data, 'sub'), join(link, 'sub'), join(data, '..')]) {
    await expect(backupCommand().parseAsync([target, '--data', data], { from: 'user' })).rejects.toMatchObject(apart);
    await expect(replay(configFor(data), target, false)).rejects.toMatchObject(apart);
  }
  expect(readdirSync(data)).toEqual(before);
});

test('following the data folder itself: refused before it says that it follows', async () => {
  const data = join(temporaryFolder(), 'data');
  await (await filled(data, 1)).close();
  const { code, out, err } = await octroi(['follow', data, '--data', data]);
  expect([code, out]).toEqual([2, '']);
  expect(err).toMatch(/^octroi: bad-request: a standby copy needs a folder apart [^\n]*\n$/);
});

test('start with an empty --data', async () => {
  const { code, err } = await octroi(['start', '--data', '']);
  expect(code).toBe(2);
  expect(err).toMatch(/^octroi: bad-setting: --data is "": a text that is not empty is expected [^\n]*\n$/);
});
