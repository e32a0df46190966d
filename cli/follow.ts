/**
 * `octroi follow`: keeps a second folder up with a data folder: the log as it becomes durable, the backups, the town file.
 * Making a data folder of it is left to `restore.ts`.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { FailureError, fail, failures } from '../core/failure.ts';
import { dayMs } from '../core/time.ts';
import { AppendFileReader } from '../log/append-file-reader.ts';
import { openShipment, type Shipment } from '../log/shipment.ts';
import { backup } from './backup.ts';
import { type ControlClient, reachControl } from './control.ts';
import { requireApart } from './keep/apart.ts';
import { backupName, backupsFolder, checkFiles, keptBackups, makeWhole } from './keep/backup-files.ts';
import { requireData } from './keep/data-folder.ts';
import { gateFileNames } from './keep/town-file.ts';
import { writeWhole } from './keep/whole-file.ts';
import { configOf, dataCommand, positive, print } from './options.ts';

const followedSchema = z.strictObject({
  /** Offset after the last envelope that was shipped. */
  shipped: z.int().nonnegative(),
  /** The durable end that the gate last told: what lies between was not shipped. */
  known: z.int().nonnegative(),
  /** When that was, RFC 3339. */
  at: z.string(),
  source: z.string(),
});
export type Followed = z.infer<typeof followedSchema>;

const followedFile = (folder: string): string => join(folder, 'follow.json');

/** What the follower last wrote; null where none did. */
export const readFollowed = async (folder: string): Promise<Followed | null> =>
  existsSync(followedFile(folder)) ? followedSchema.parse(JSON.parse(await readFile(followedFile(folder), 'utf8'))) : null;

/** Copies a backup that is whole; what is damaged, or removed meanwhile, is left out. @returns whether it is there now */
const shipBackup = async (from: string, to: string, manifest: Parameters<typeof checkFiles>[1]): Promise<boolean> => {
  if (existsSync(to)) return true;
  try {
    await makeWhole(to, async (unfinished) => {
      for (const { name } of manifest.files) await copyFile(join(from, name), join(unfinished, name));
      await checkFiles(unfinished, manifest);
      await copyFile(join(from, 'manifest.json'), join(unfinished, 'manifest.json'));
    });
    return true;
  } catch (error) {
    if (error instanceof FailureError || (error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
};

const keptMax = 2;

export interface Follower {
  /** One pass: ships all that is durable now. */
  pass(): Promise<Followed>;
  close(): Promise<void>;
}

/** @throws FailureError `no-data`, `bad-request` (within the data folder, or a log on Kafka) */
const requireFollowable = async (config: Config, target: string): Promise<void> => {
  requireData(config);
  if (config.log !== 'file') throw fail('bad-request', 'a log on Kafka is copied by Kafka', 'OCTROI_LOG');
  await requireApart('a standby copy', config.data, target);
};

/**
 * @param target the second folder; absent, empty, or kept by an earlier follower of the same data
 * @throws FailureError `no-data`, `log-diverged`, `bad-request` (within the data folder)
 */
export const follower = async (config: Config, target: string): Promise<Follower> => {
  await requireFollowable(config, target);
  const source = resolve(config.data);
  await mkdir(target, { recursive: true, mode: 0o700 });
  const reader = new AppendFileReader(config.data);
  let client: ControlClient | null = null;
  let shipment: Shipment | null = null;
  /** As they were last shipped. */
  const gateFiles = new Map<string, string>();
  let startSeen = -1;
  let written: Followed | null = null;

  const write = async (shipped: number, known: number): Promise<Followed> => {
    if (written === null || written.shipped !== shipped || written.known !== known) {
      written = { shipped, known, at: new Date().toISOString(), source };
      await writeWhole(followedFile(target), JSON.stringify(written));
    }
    return written;
  };

  /** From the gate, which knows what is synced; without one, from the files. */
  const durableEnd = async (): Promise<number> => {
    client ??= await reachControl(config.data);
    try {
      if (client !== null) return await client.remote.durableEnd();
    } catch {
      client?.close();
      client = null;
    }
    return reader.end();
  };

  const shipGateFiles = async (): Promise<void> => {
    for (const name of gateFileNames) {
      const from = join(config.data, name);
      if (!existsSync(from)) continue;
      const text = await readFile(from, 'utf8');
      if (text !== gateFiles.get(name)) await writeWhole(join(target, name), text);
      gateFiles.set(name, text);
    }
  };

  /** A log without its beginning is worth nothing without a backup: whatever is in the folder, and one of now where none reaches the log. */
  const shipBackups = async (start: number, log: Shipment): Promise<void> => {
    for (const { folder, manifest } of (await keptBackups(config.data)).slice(0, keptMax)) {
      await shipBackup(folder, join(backupsFolder(target), backupName(manifest.position)), manifest);
    }
    const reaches = async () => (await keptBackups(target)).filter(({ manifest }) => manifest.position >= start);
    if (start > 0 && (await reaches()).length === 0) await backup(config, join(backupsFolder(target), backupName(log.end)));
    const kept = await reaches();
    if (kept.length === 0) return;
    await log.cut(Math.min(start, kept.slice(0, keptMax).at(-1)?.manifest.position ?? 0));
    for (const old of (await keptBackups(target)).slice(keptMax)) await rm(old.folder, { recursive: true });
  };

  return {
    async pass() {
      const known = await durableEnd();
      shipment ??= await openShipment(reader, target, known);
      // Before it is shipped: where the pass does not end, the copy still says what it lacks.
      if (known > shipment.end) await write(shipment.end, known);
      const shipped = await shipment.to(known);
      await shipGateFiles();
      const start = await reader.start();
      if (start !== startSeen) await shipBackups(start, shipment);
      startSeen = start;
      return write(shipped, known);
    },
    async close() {
      client?.close();
      await shipment?.close();
      await reader.close();
    },
  };
};

const retryMs = 5_000;
/** A copy that looks less often than once in a day is none to rely on. */
const everyMsMax = dayMs;

/** Follows until it is stopped; what may pass is tried again. */
const followOn = async (config: Config, target: string, everyMs: number, stop: AbortSignal): Promise<Followed | null> => {
  let last: Followed | null = null;
  let failing = '';
  while (!stop.aborted) {
    const one = await follower(config, target);
    try {
      for (; !stop.aborted; await delay(everyMs, undefined, { signal: stop }).catch(() => {})) {
        last = await one.pass();
        if (failing !== '') console.error('shipping again');
        failing = '';
      }
    } catch (error) {
      if (error instanceof FailureError && failures[error.failure.code].class === 'permanent') throw error;
      const why = error instanceof Error ? error.message : String(error);
      if (why !== failing) console.error(`not shipped, tried again every ${retryMs / 1_000} s: ${why}`);
      failing = why;
      await delay(retryMs, undefined, { signal: stop }).catch(() => {});
    } finally {
      await one.close();
    }
  }
  return last;
};

export const followCommand = (): Command =>
  dataCommand('follow', 'keep a second folder up with the log as it becomes durable')
    .argument('<dir>', 'the second folder: on another disk, or the share of another site')
    .option('--every <ms>', 'pause between two looks', '200')
    .option('--once', 'ship what is there, and end')
    .action(async (dir: string, { json, every, once, ...options }) => {
      const config = configOf(options);
      const everyMs = positive(every, everyMsMax, '--every');
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
      const target = resolve(dir);
      let last: Followed | null = null;
      if (once === true) {
        const one = await follower(config, target);
        last = await one.pass().finally(() => one.close());
      } else {
        await requireFollowable(config, target);
        if (json !== true) console.log(`following ${config.data} in ${target}`);
        last = await followOn(config, target, everyMs, stop.signal);
      }
      if (last !== null) print(json, last, () => `shipped up to position ${last.shipped} of ${last.known}`);
    });
