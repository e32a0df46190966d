/** `octroi restore`: a backup becomes a data folder again. Nothing is written over; what is damaged is refused. */
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../config.ts';
import { fail } from '../core/failure.ts';
import { beginLog } from '../log/begin-log.ts';
import { duckdbStore } from '../stores/duckdb.ts';
import { storeInBackup, townInBackup } from './backup.ts';
import { checkFiles, type Manifest, makeWhole, readManifest } from './backup-files.ts';
import { configOf, dataCommand, print } from './options.ts';
import { appliedFile, storeFile } from './parts.ts';

type StoreConfig = Pick<Config, 'storeMemoryMb' | 'storeThreads'>;

export interface Restored {
  readonly data: string;
  /** Offset below which everything is in the store. */
  readonly position: number;
  readonly logTime: number;
}

/** Where each file of a backup belongs in a data folder; null: in none that this octroi knows. */
const placeOf = (name: string, data: string): string | null => {
  if (name === storeInBackup) return storeFile(data);
  if (name === `${storeInBackup}.wal`) return `${storeFile(data)}.wal`;
  return name === townInBackup ? appliedFile(data) : null;
};

/**
 * Puts the files of a backup into a folder; the sums are made of the copies.
 * @throws FailureError `backup-damaged`
 */
const copyChecked = async (backup: string, manifest: Manifest, into: string): Promise<void> => {
  await mkdir(into, { recursive: true, mode: 0o750 });
  for (const { name } of manifest.files) {
    await copyFile(join(backup, name), join(into, name)).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? fail('backup-damaged', 'a file of the manifest is missing', join(backup, name)) : error;
    });
  }
  await checkFiles(into, manifest);
};

/** @throws FailureError `backup-damaged` where the store does not stand where the manifest says, `store-corrupt`, `newer-version` */
const checkStore = async (file: string, { position }: Manifest, { storeMemoryMb, storeThreads }: StoreConfig): Promise<void> => {
  const store = await duckdbStore({ file, memoryLimitMb: storeMemoryMb, threads: storeThreads });
  const found = store.position;
  await store.close();
  if (found !== position) throw fail('backup-damaged', `the store stands at position ${found}, the manifest says ${position}`, file);
};

/**
 * Puts the store of a backup into a data folder that has none.
 * @param withTown also the town file
 */
export const restoreStore = async (backup: string, manifest: Manifest, data: string, config: StoreConfig, withTown: boolean): Promise<void> => {
  const staged = join(data, 'store.restoring');
  await rm(staged, { recursive: true, force: true });
  try {
    await copyChecked(backup, manifest, staged);
    await mkdir(dirname(storeFile(data)), { recursive: true, mode: 0o750 });
    for (const { name } of manifest.files) {
      const place = placeOf(name, data);
      if (place !== null && (withTown || name !== townInBackup)) await rename(join(staged, name), place);
    }
    await checkStore(storeFile(data), manifest, config);
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
};

/**
 * Makes a data folder of a backup; its log begins at the backup's position.
 * @param data absent or empty
 * @throws FailureError `no-backup`, `backup-damaged`, `not-empty`, `newer-version`
 */
export const restoreBackup = async (backup: string, data: string, config: StoreConfig): Promise<Restored> => {
  const manifest = await readManifest(backup);
  const { position, logTime } = manifest;
  await makeWhole(resolve(data), async (unfinished) => {
    await restoreStore(backup, manifest, unfinished, config, true);
    await beginLog(unfinished, position, logTime);
  });
  return { data, position, logTime };
};

export const restoreCommand = (): Command =>
  dataCommand('restore', 'make a data folder of a backup')
    .argument('<dir>', 'what octroi backup has written')
    .action(async (dir: string, { json, ...options }) => {
      const config = configOf(options);
      const restored = await restoreBackup(dir, config.data, config);
      print(json, restored, () => `${restored.data}: stands at position ${restored.position} (${new Date(restored.logTime).toISOString()})`);
    });
