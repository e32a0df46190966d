/** `octroi restore`: a backup, or a standby copy, becomes a data folder again. Nothing is written over; what is damaged is refused. */
import { existsSync } from 'node:fs';
import { copyFile, cp, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { FailureError, fail } from '../core/failure.ts';
import { AppendFileReader } from '../log/append-file-reader.ts';
import { beginLog } from '../log/begin-log.ts';
import { openShipment, shippedEnd } from '../log/shipment.ts';
import { type Followed, readFollowed } from './follow.ts';
import { backupName, backupsFolder, keptBackups, type Manifest, makeWhole, readManifest } from './keep/backup-files.ts';
import { storeFile } from './keep/data-folder.ts';
import { restoreStore, type StoreConfig } from './keep/restore-store.ts';
import { keepSettled, settledTown } from './keep/settled-town.ts';
import { gateFileNames, type KeptTown, keptTown } from './keep/town-file.ts';
import { configOf, dataCommand, print } from './options.ts';

export interface Restored {
  readonly data: string;
  /** Offset below which everything is in the store. */
  readonly position: number;
  readonly logTime: number;
}

/** As `makeWhole`; what the system refuses is said in one line. */
const makeData = (data: string, fill: (unfinished: string) => Promise<void>): Promise<void> =>
  makeWhole(resolve(data), fill).catch((error: NodeJS.ErrnoException) => {
    throw error.syscall === undefined ? error : fail('data-not-writable', error.message, data);
  });

/**
 * Makes a data folder of a backup; its log begins at the backup's position.
 * @param data absent or empty
 * @throws FailureError `no-backup`, `backup-damaged`, `not-empty`, `newer-version`, `data-not-writable`
 */
export const restoreBackup = async (backup: string, data: string, config: StoreConfig): Promise<Restored> => {
  const manifest = await readManifest(backup);
  const { position, logTime } = manifest;
  await makeData(data, async (unfinished) => {
    await restoreStore(backup, manifest, unfinished, config, true);
    await beginLog(unfinished, position, logTime);
  });
  return { data, position, logTime };
};

/** What a standby copy gives back, and what it does not. */
export interface RestoredStandby extends Restored {
  /** Positions that the gate had made durable and that were not shipped, [from, to); null where none is known. */
  readonly lost: { readonly from: number; readonly to: number } | null;
  /** Up to when anything is known of the gate, RFC 3339. */
  readonly knownAt: string | null;
  /** The backup that the store begins with; null: the log goes back to its beginning. */
  readonly backup: string | null;
}

/** The newest backup of a standby copy that is whole and reaches its log. */
const restoreNewest = async (standby: string, into: string, start: number, config: StoreConfig): Promise<Manifest | null> => {
  const refused: string[] = [];
  for (const { folder, manifest } of await keptBackups(standby)) {
    if (manifest.position < start) continue;
    try {
      await restoreStore(folder, manifest, into, config, false);
      // The log may not go back further: a later rebuild needs it too.
      await cp(folder, join(backupsFolder(into), backupName(manifest.position)), { recursive: true });
      return manifest;
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      await rm(dirname(storeFile(into)), { recursive: true, force: true });
      refused.push(`${folder}: ${error.failure.message}`);
    }
  }
  if (start > 0) throw fail('no-backup', [`its log begins at position ${start}, and no backup reaches it`, ...refused].join('; '), standby);
  return null;
};

/** The town of a copy or of its backup, whichever is newer. A pass that was cut short may have shipped a change, and not the file: behind the file's own change the log is read. */
const newestTown = async (folder: string, manifest: Manifest | null): Promise<KeptTown | null> => {
  const backup = manifest === null ? [] : [join(backupsFolder(folder), backupName(manifest.position))];
  const found = await Promise.all([folder, ...backup].map((one) => keptTown(one).catch(() => null)));
  const [newest] = found.filter((one) => one !== null).sort((a, b) => (b.at ?? -1) - (a.at ?? -1));
  return newest === undefined ? null : { ...newest, changing: (newest.at ?? -1) + 1 };
};

/**
 * Makes a data folder of what `octroi follow` kept; the plant catches up with the log at the first start.
 * @param data absent or empty
 * @throws FailureError `no-backup`, `not-empty`, `newer-version`, `data-not-writable`
 */
export const restoreStandby = async (standby: string, followed: Followed, data: string, config: StoreConfig): Promise<RestoredStandby> => {
  let end = 0;
  let manifest: Manifest | null = null;
  await makeData(data, async (unfinished) => {
    const reader = new AppendFileReader(standby);
    try {
      const [start, shipped] = [await reader.start(), await shippedEnd(standby)];
      const log = await openShipment(reader, unfinished, shipped);
      end = await log.to(shipped);
      await log.close();
      for (const name of gateFileNames) if (existsSync(join(standby, name))) await copyFile(join(standby, name), join(unfinished, name));
      manifest = await restoreNewest(standby, unfinished, start, config);
      const town = await newestTown(unfinished, manifest);
      if (manifest !== null && manifest.position > end) {
        end = manifest.position;
        await beginLog(unfinished, end, manifest.logTime);
      }
      await keepSettled(unfinished, await settledTown(unfinished, town, reader, end));
    } finally {
      await reader.close();
    }
  });
  const { position, logTime } = (manifest as Manifest | null) ?? { position: 0, logTime: 0 };
  return {
    data,
    position: end,
    logTime,
    lost: followed.known > end ? { from: end, to: followed.known } : null,
    knownAt: followed.at,
    backup: manifest === null ? null : backupName(position),
  };
};

const standbyReport = ({ data, position, lost, knownAt, backup }: RestoredStandby): string =>
  [
    `${data}: holds all below position ${position}; the store ${backup === null ? 'is made from the log' : `begins with backup ${backup}`} at the first start`,
    lost === null ? `nothing is known to be lost` : `lost: positions ${lost.from} to ${lost.to - 1}, durable at the gate and not shipped`,
    `what the gate accepted after ${knownAt} was never known here`,
  ].join('\n');

export const restoreCommand = (): Command =>
  dataCommand('restore', 'make a data folder of a backup or a standby copy')
    .argument('<dir>', 'what octroi backup or octroi follow has written')
    .action(async (dir: string, { json, ...options }) => {
      const config = configOf(options);
      // What is restored goes on at a position of its own log: beside a topic it would be half of something.
      if (config.log !== 'file') throw fail('not-with-kafka', 'a backup becomes a data folder with a log of its own, and the log is on Kafka', 'OCTROI_LOG');
      const followed = await readFollowed(dir);
      if (followed !== null) {
        const standby = await restoreStandby(dir, followed, config.data, config);
        print(json, standby, () => standbyReport(standby));
        return;
      }
      const restored = await restoreBackup(dir, config.data, config);
      print(json, restored, () => `${restored.data}: stands at position ${restored.position} (${new Date(restored.logTime).toISOString()})`);
    });
