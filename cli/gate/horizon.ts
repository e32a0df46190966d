/**
 * The horizon, kept by the gate once a day of log time: a backup, or a snapshot where the store is elsewhere, then the cut as a
 * command in the log, so that every replay cuts the same readings at the same place; last the segments. What a cut does to readings
 * is `processors/horizon.ts`.
 */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import type { Command } from '../../core/envelope.ts';
import { FailureError } from '../../core/failure.ts';
import { dayMs, hourMs } from '../../core/time.ts';
import { backupName, backupsFolder, keptBackups } from '../keep/backup-files.ts';
import type { GateLog } from '../parts/log.ts';

/** Pause before a pass that failed is tried again. */
const retryMs = hourMs;
/** Backups that are kept: the last, and the one before in case the last is damaged. */
const keptMax = 2;
/** A wall clock that stepped further than this since the start is not believed. */
const stepMsMax = hourMs;

export interface HorizonParts {
  readonly config: Config;
  readonly log: Pick<GateLog, 'cutPlan' | 'cut' | 'durableEnd'>;
  /** Appends a command. @returns its offset, once durable */
  append(command: Command): Promise<number>;
  /** Asks the plant. */
  view(name: string, args: readonly unknown[]): Promise<unknown>;
  readonly logger: Logger;
}

/** Takes a backup into the data folder. @returns the position below which the log may go: the older of the kept backups serves if the newer does not */
const keepBackup = async ({ config, view }: HorizonParts, end: number): Promise<number> => {
  const folder = resolve(join(backupsFolder(config.data), backupName(end)));
  await view('backup', [folder]);
  const kept = await keptBackups(config.data);
  for (const old of kept.slice(keptMax)) await rm(old.folder, { recursive: true });
  return kept.slice(0, keptMax).at(-1)?.manifest.position ?? 0;
};

/**
 * One pass: nothing where the log holds nothing that is older than the horizon, and is no larger than its limit.
 * @param now epoch ms
 * @returns the first offset that is kept; null where nothing was cut
 */
export const passHorizon = async (parts: HorizonParts, now: number): Promise<number | null> => {
  const { config, log, append, view, logger } = parts;
  const limits = { now, horizonDays: config.horizonDays, ...(config.logBytesMax === undefined ? {} : { bytesMax: config.logBytesMax }) };
  const ends = await log.cutPlan({ ...limits, allowedBelow: Number.POSITIVE_INFINITY });
  if (ends.length === 0) return null;
  const end = log.durableEnd;
  await view('reached', [end]); // the log may go below the backup only: one of a plant that still catches up would free little
  // InfluxDB is backed up by its own means: what octroi must not lose is the place from which it goes on.
  const safe = config.store === 'duckdb' ? await keepBackup(parts, end) : Number(await view('checkpoint', []));
  let cut: number | null = null;
  // A segment at a time: the store deletes in one transaction, which must fit its memory (5 million rows do in 128 MB, 20 million do not).
  for (const before of ends.filter((end) => end <= safe)) {
    const offset = await append({ action: 'cut', before });
    await view('reached', [offset + 1]);
    cut = await log.cut({ ...limits, allowedBelow: before });
    logger.info({ before: cut, command: offset }, 'the log and its raw readings were cut at the horizon');
  }
  return cut;
};

export interface Horizon {
  /** To be called each second or so. @param now epoch ms */
  pass(now: number): void;
}

/** Passes once a day, one at a time; a pass that fails is tried again after an hour, and cuts nothing. */
export const keepHorizon = (parts: HorizonParts): Horizon => {
  const { logger } = parts;
  const startedAt = Date.now() - performance.now();
  let dueAt = 0;
  let passing = false;
  return {
    pass(now) {
      if (passing || now < dueAt || Math.abs(now - performance.now() - startedAt) > stepMsMax) return;
      passing = true;
      dueAt = (Math.floor(now / dayMs) + 1) * dayMs;
      passHorizon(parts, now)
        .catch((error: unknown) => {
          dueAt = now + retryMs;
          logger.warn({ why: error instanceof FailureError ? error.failure : String(error) }, 'nothing was cut at the horizon; it is tried again in an hour');
        })
        .finally(() => {
          passing = false;
        });
    },
  };
};
