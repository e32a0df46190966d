/** Takes a backup of a store at work. When, and for whom, is left to the commands and to the plant; what a backup is on disk, to `backup-files.ts`. */
import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError, fail } from '../../core/failure.ts';
import { AppendFileReader } from '../../log/append-file-reader.ts';
import { isDuckDb } from '../../stores/duckdb.ts';
import type { Plant } from '../plant/parts.ts';
import { type Manifest, makeWhole, storeInBackup, writeManifest } from './backup-files.ts';
import { keepSettled, settledTown } from './settled-town.ts';
import { gateFileNames, keptTown } from './town-file.ts';

export interface BackedUp {
  readonly folder: string;
  /** Offset below which everything is in the backup, and the log time of the last envelope below it. */
  readonly position: number;
  readonly logTime: number;
  readonly bytes: number;
}

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
