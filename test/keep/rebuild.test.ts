/** A store that is broken: set aside and named, made anew from the last backup and the log, equal to the old one; the gate stays open. */
import { cpSync, existsSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { backup } from '../../cli/backup.ts';
import { backupName, backupsFolder } from '../../cli/keep/backup-files.ts';
import { storeFile } from '../../cli/keep/data-folder.ts';
import { rebuild } from '../../cli/rebuild.ts';
import { openWorkshop, type Workshop } from '../../cli/workshop.ts';
import { openGate } from '../../main.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { configFor, contents, filled, writtenLog } from './folder.ts';

/** Both copies of the header, and what follows: no DuckDB opens that. */
const breakStore = (data: string): void => {
  const file = openSync(storeFile(data), 'r+');
  writeSync(file, Buffer.alloc(12_288, 0xff), 0, 12_288, 0);
};

const asidesOf = (data: string): string[] => readdirSync(data).filter((name) => name.startsWith('store.aside-'));

test('from the log alone, and from the last good backup; equal to the old one', async () => {
  const data = join(temporaryFolder(), 'data');
  const config = configFor(data);
  const first = await filled(data, 60);
  await first.close();
  const old = join(backupsFolder(data), backupName(first.log.durableEnd));
  const { position } = await backup(config, old);
  const second = await writtenLog(data, {}, first.now);
  await second.minutes(30, ['a', 'b', 'c']);
  await second.close();
  const newer = await backup(config, join(backupsFolder(data), backupName(second.log.durableEnd)));
  const before = await contents(data);

  breakStore(data);
  await expect(contents(data)).rejects.toMatchObject({ failure: { code: 'store-corrupt', where: storeFile(data) } });
  // The newest backup is damaged: the one before it serves.
  rmSync(join(newer.folder, 'octroi.duckdb'));
  const steps: number[] = [];
  const rebuilt = await rebuild(config, (_from, at) => steps.push(at));
  expect(rebuilt.backup).toEqual({ folder: old, position });
  expect(rebuilt.skipped).toEqual([expect.stringContaining(newer.folder)]);
  expect(rebuilt.envelopes).toBe(second.log.durableEnd - position);
  expect(steps.at(-1)).toBe(second.log.durableEnd);
  expect(asidesOf(data)).toEqual([expect.stringMatching(/^store\.aside-\d{8}T\d{6}Z$/)]);
  expect(join(data, asidesOf(data)[0] as string)).toBe(rebuilt.aside);
  expect(await contents(data)).toEqual(before);

  rmSync(backupsFolder(data), { recursive: true });
  expect((await rebuild(config)).backup).toBe(null);
  expect(await contents(data)).toEqual(before);

  // Without its beginning the log alone is not enough, and nothing is touched.
  const cut = join(temporaryFolder(), 'cut');
  cpSync(data, cut, { recursive: true });
  rmSync(join(cut, 'log', readdirSync(join(cut, 'log')).sort()[0] as string));
  const asides = asidesOf(cut).length;
  await expect(rebuild(configFor(cut))).rejects.toMatchObject({
    failure: { code: 'no-backup', message: expect.stringContaining('the log begins at position') },
  });
  expect(asidesOf(cut).length).toBe(asides);
  expect(existsSync(storeFile(cut))).toBe(true);
});

const reaches = async (workshop: Workshop, position: number): Promise<void> => {
  while ((await workshop.position().catch(() => 0)) < position) await delay(50);
};

test('in use: the gate stays open, a damaged store is set aside by itself, and a command makes it anew', async () => {
  const data = join(temporaryFolder(), 'data');
  const written = await filled(data, 30);
  await written.close();
  await contents(data);
  breakStore(data);
  const config = configFor(data);
  const gate = await openGate(config);
  await gate.http;
  expect(asidesOf(data)).toHaveLength(1);
  const workshop = await openWorkshop(config);
  await reaches(workshop, written.log.durableEnd);
  const { accepted } = (await workshop.views.ledger()).readings;
  expect(accepted).toBeGreaterThan(100);

  const rebuilt = await rebuild(config);
  expect(asidesOf(data)).toHaveLength(2);
  expect(rebuilt.position).toBeGreaterThan(written.log.durableEnd);
  expect(dirname(rebuilt.aside as string)).toBe(data);
  expect((await workshop.views.ledger()).readings.accepted).toBe(accepted);
  await workshop.close();
  await gate.close();
  expect(existsSync(join(data, 'store.rebuild'))).toBe(false);
});
