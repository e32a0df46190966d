/** Puts the store of a backup into a data folder. What else a folder needs is left to the callers. */
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config } from '../../config.ts';
import { fail } from '../../core/failure.ts';
import { duckdbStore } from '../../stores/duckdb.ts';
import { checkFiles, type Manifest, storeInBackup } from './backup-files.ts';
import { storeFile } from './data-folder.ts';
import { gateFileNames } from './town-file.ts';

export type StoreConfig = Pick<Config, 'storeMemoryMb' | 'storeThreads'>;

/** Where each file of a backup belongs in a data folder; null: in none that this octroi knows. */
const placeOf = (name: string, data: string): string | null => {
  if (name === storeInBackup) return storeFile(data);
  if (name === `${storeInBackup}.wal`) return `${storeFile(data)}.wal`;
  return gateFileNames.includes(name) ? join(data, name) : null;
};

/**
 * Puts the files of a backup into a folder; the sums are made of the copies.
 * @throws FailureError `backup-damaged`
 */
const copyChecked = async (backup: string, manifest: Manifest, into: string): Promise<void> => {
  await mkdir(into, { recursive: true, mode: 0o700 });
  for (const { name } of manifest.files) {
    await copyFile(join(backup, name), join(into, name)).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? fail('backup-damaged', 'a file of the manifest is missing', join(backup, name)) : error;
    });
  }
  await checkFiles(into, manifest, backup);
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
 * @param withTown also what the gate keeps of the town
 */
export const restoreStore = async (backup: string, manifest: Manifest, data: string, config: StoreConfig, withTown: boolean): Promise<void> => {
  const staged = join(data, 'store.restoring');
  await rm(staged, { recursive: true, force: true });
  try {
    await copyChecked(backup, manifest, staged);
    await mkdir(dirname(storeFile(data)), { recursive: true, mode: 0o700 });
    for (const { name } of manifest.files) {
      const place = placeOf(name, data);
      if (place !== null && (withTown || !gateFileNames.includes(name))) await rename(join(staged, name), place);
    }
    await checkStore(storeFile(data), manifest, config);
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
};
