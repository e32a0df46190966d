/** Options and files that a command cannot use: it says what, where and what to do, before it does anything. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { followCommand } from '../../cli/follow.ts';
import { readTown } from '../../cli/town-file.ts';
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
