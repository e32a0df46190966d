/** `octroi backup`: the store of a data folder as of one position, while it runs or at rest. What a backup is on disk is `keep/backup-files.ts`. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../config.ts';
import { lockFolder } from '../log/lock.ts';
import { reachControl } from './control.ts';
import { requireApart } from './keep/apart.ts';
import { requireData } from './keep/data-folder.ts';
import { type BackedUp, takeBackup } from './keep/take-backup.ts';
import { configOf, dataCommand, print } from './options.ts';
import { openReader } from './parts/log.ts';
import { openPlant } from './plant/parts.ts';

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
