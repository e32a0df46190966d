/** A log that the system does not let us read: one line that names the file, nothing hangs, nothing stays open, and nothing is lost once it can be read again. */
import { mkdirSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { storeFile } from '../../cli/keep/data-folder.ts';
import { rebuild } from '../../cli/rebuild.ts';
import { openWorkshop } from '../../cli/workshop.ts';
import { lockFolder } from '../../log/lock.ts';
import { duckdbStore } from '../../stores/duckdb.ts';
import { octroi } from '../e2e/running.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { configFor, contents, filled } from './folder.ts';

/** A folder with a log of some segments, of which a folder has taken one's place: opening it works, reading does not. */
const obstructed = async (place: number) => {
  const data = join(temporaryFolder(), 'data');
  const written = await filled(data, 120);
  await written.close();
  const names = readdirSync(join(data, 'log')).sort();
  const file = join(data, 'log', names.at(place) as string);
  const kept = join(data, 'kept');
  renameSync(file, kept);
  mkdirSync(file);
  const mend = (): void => {
    rmdirSync(file);
    renameSync(kept, file);
  };
  return { data, file, end: written.log.durableEnd, mend };
};

test.each([
  ['in the middle', 1],
  ['at the end', -1],
])('a command tells it in one line, and ends: a segment %s', async (_, place) => {
  const { data, file } = await obstructed(place);
  for (const command of ['ledger', 'rebuild']) {
    const { code, err } = await octroi([command, '--data', data]);
    expect(err.trim()).toBe(
      `octroi: log-unreadable: EISDIR: illegal operation on a directory, read (${file}). Look to the disk, and to the rights of what is named; nothing of the log is skipped, and what reads it goes on where it stood.`,
    );
    expect(code).toBe(1);
  }
});

test('a plant whose log cannot be read lets go of its store and of its folder; later it goes on where it stood', async () => {
  const { data, file, end, mend } = await obstructed(2);
  const refusal = { failure: { code: 'log-unreadable', where: file } };
  await expect(openWorkshop(configFor(data))).rejects.toMatchObject(refusal);
  const lock = await lockFolder(data);
  const store = await duckdbStore({ file: storeFile(data) });
  expect(store.position).toBeLessThan(end);
  await store.close();
  await lock.release();
  await expect(rebuild(configFor(data))).rejects.toMatchObject(refusal);
  mend();
  expect((await contents(data)).position).toBe(end);
});
