/** `octroi backup`: the store of a data folder as of one position, while it runs or at rest. What a backup is on disk is `backup-files.ts`. */
import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../config.ts';
import { FailureError, fail } from '../core/failure.ts';
import type { Store } from '../core/store.ts';
import { AppendFileReader } from '../log/append-file-reader.ts';
import { lockFolder } from '../log/lock.ts';
import type { DuckDbStore } from '../stores/duckdb.ts';
import { requireApart } from './apart.ts';
import { type Manifest, makeWhole, writeManifest } from './backup-files.ts';
import { reachControl } from './control.ts';
import { requireData } from './data-folder.ts';
import { openReader } from './log-parts.ts';
import { configOf, dataCommand, print } from './options.ts';
import { openPlant, type Plant } from './plant-parts.ts';
import { keepSettled, settledTown } from './settled-town.ts';
import { gateFileNames, keptTown } from './town-file.ts';

export interface BackedUp {
  readonly folder: string;
  /** Offset below which everything is in the backup, and the log time of the last envelope below it. */
  readonly position: number;
  readonly logTime: number;
  readonly bytes: number;
}

/** Name of the store in a backup. */
export const storeInBackup = 'octroi.duckdb';

const isDuckDb = (store: Store): store is DuckDbStore => 'copyTo' in store;

const asBackup = (error: unknown, folder: string): FailureError => {
  if (error instanceof FailureError && error.failure.code !== 'store-failed') return error;
  const why = error instanceof FailureError ? error.failure.message : error instanceof Error ? error.message : String(error);
  return fail('backup-failed', why, folder);
};

/** A town file that says of a change that it may be in the log: a restored log begins at the position of the store, and cannot tell. */
const settleCopy = async (folder: string, data: string, position: number): Promise<void> => {
  const kept = await keptTown(folder);
  if (kept === null || kept.changing === null) return;
  const log = new AppendFileReader(data);
  await keepSettled(folder, await settledTown(folder, kept, log, position).finally(() => log.close()));
};

/**
 * Copies the store of an open plant, with a snapshot, into a folder that is absent or empty. Commits wait while the file
 * is copied; the sums are made of the copy. The plant must not run envelopes until `copied` has been called.
 * @throws FailureError `not-empty`, `backup-failed`
 */
export const takeBackup = async (plant: Plant, data: string, folder: string, copied: () => void = () => {}): Promise<BackedUp> => {
  let manifest: Manifest | undefined;
  try {
    await makeWhole(folder, async (unfinished) => {
      await plant.run.checkpoint();
      const { position, logTime } = plant.store;
      if (!isDuckDb(plant.store)) throw fail('backup-failed', 'a store on InfluxDB is backed up with influx backup, not by octroi', folder);
      await plant.store.copyTo(join(unfinished, storeInBackup));
      for (const name of gateFileNames) if (existsSync(join(data, name))) await copyFile(join(data, name), join(unfinished, name));
      copied();
      await settleCopy(unfinished, data, position);
      manifest = await writeManifest(unfinished, position, logTime);
    });
  } catch (error) {
    throw asBackup(error, folder);
  } finally {
    copied();
  }
  const { position = 0, logTime = 0, files = [] } = manifest ?? {};
  return { folder, position, logTime, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
};

/** A folder at rest: its store is caught up with its log first. */
const backupAtRest = async (config: Config, folder: string): Promise<BackedUp> => {
  const lock = await lockFolder(config.data);
  try {
    const reader = openReader(config);
    const plant = await openPlant(config);
    try {
      await plant.run.to(await reader.end());
      return await takeBackup(plant, config.data, folder);
    } finally {
      await reader.close();
      await plant.close();
    }
  } finally {
    await lock.release();
  }
};

/**
 * Backs a data folder up: through the gate that uses it, else by itself.
 * @throws FailureError `no-data`, `not-empty`, `backup-failed`, `data-in-use`
 */
export const backup = async (config: Config, folder: string): Promise<BackedUp> => {
  requireData(config);
  const target = resolve(folder);
  const client = await reachControl(config.data);
  if (client === null) return backupAtRest(config, target);
  try {
    return (await client.remote.view('backup', [target])) as BackedUp;
  } finally {
    client.close();
  }
};

export const backupCommand = (): Command =>
  dataCommand('backup', 'copy the store as of one position into a folder, while it runs or at rest')
    .argument('<dir>', 'absent or empty')
    .action(async (dir: string, { json, ...options }) => {
      const began = performance.now();
      const config = configOf(options);
      await requireApart('a backup', config.data, dir);
      const done = await backup(config, dir);
      const seconds = Math.round((performance.now() - began) / 10) / 100;
      print(
        json,
        { ...done, seconds },
        () => `${done.folder}: position ${done.position} (${new Date(done.logTime).toISOString()}), ${done.bytes} bytes, ${seconds} s`,
      );
    });
