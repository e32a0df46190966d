/** Options and files that a command cannot use: it says what, where and what to do, before it does anything. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { followCommand } from '../../cli/follow.ts';
import { readTown } from '../../cli/town-file.ts';
import { octroi } from '../e2e/running.ts';
import { temporaryFolder } from './folder.ts';

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
