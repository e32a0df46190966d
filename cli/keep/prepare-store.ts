/** Sees to it that a data folder has a store to open: there, restored, or to be begun. Running the log into it is left to the plant. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config } from '../../config.ts';
import { FailureError, fail } from '../../core/failure.ts';
import { openReader } from '../parts/log.ts';
import { keptBackups } from './backup-files.ts';
import { storeFile } from './data-folder.ts';
import { restoreStore } from './restore-store.ts';
import { endRebuildRequest, isRebuildRequested, setAside } from './set-aside.ts';

/** Where a store that was made anew came from. */
const originFile = (data: string): string => join(dirname(storeFile(data)), 'origin.json');
export interface Prepared {
  /** Where the old store is now; null where there was none to set aside. */
  readonly aside: string | null;
  /** The backup that the store begins with, and its position; null: it begins empty. */
  readonly backup: { readonly folder: string; readonly position: number } | null;
  /** Backups that could not be used, and why. */
  readonly skipped: readonly string[];
}

const restoreLast = async (config: Config, start: number, end: number): Promise<Omit<Prepared, 'aside'>> => {
  const skipped: string[] = [];
  for (const { folder, manifest } of await keptBackups(config.data)) {
    const { position } = manifest;
    if (position < start || position > end) {
      skipped.push(`${folder}: position ${position} is outside the log, which holds ${start} to ${end}`);
      continue;
    }
    try {
      await restoreStore(folder, manifest, config.data, config, false);
      return { backup: { folder, position }, skipped };
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      await rm(dirname(storeFile(config.data)), { recursive: true, force: true });
      skipped.push(`${folder}: ${error.failure.message}`);
    }
  }
  if (start > 0) throw fail('no-backup', [`the log begins at position ${start}, and no backup reaches it`, ...skipped].join('; '), config.data);
  return { backup: null, skipped };
};

/**
 * Sees to it that the folder has a store to open, or may begin an empty one: restores the last backup where there is none.
 * @param anew sets the store aside that is there
 * @returns null where nothing had to be done
 * @throws FailureError `no-backup` where the log was cut and no backup reaches it
 */
export const prepareStore = async (config: Config, anew = isRebuildRequested(config.data)): Promise<Prepared | null> => {
  const { data } = config;
  if (config.store !== 'duckdb') return null;
  if (!anew && existsSync(storeFile(data))) return null;
  const reader = openReader(config);
  try {
    const [start, end] = [await reader.start(), await reader.end()];
    const aside = anew ? await setAside(data) : null;
    const restored = await restoreLast(config, start, end).catch(async (error: unknown) => {
      if (aside !== null) await rename(aside, dirname(storeFile(data)));
      throw error;
    });
    const prepared: Prepared = { aside, ...restored };
    await mkdir(dirname(storeFile(data)), { recursive: true, mode: 0o700 });
    await writeFile(originFile(data), JSON.stringify(prepared), { mode: 0o600 });
    await endRebuildRequest(data);
    return prepared;
  } finally {
    await reader.close();
  }
};

/** What it did the last time that it did something. */
export const lastPrepared = async (data: string): Promise<Prepared> => JSON.parse(await readFile(originFile(data), 'utf8')) as Prepared;
