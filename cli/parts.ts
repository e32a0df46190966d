/** The embedded parts of a data folder, made from the settings; which process or thread holds them is left to the callers. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Config } from '../config.ts';
import { FailureError, fail, failure } from '../core/failure.ts';
import type { Commit } from '../core/store.ts';
import { resolveTypes } from '../devices/registry.ts';
import { AppendFileReader } from '../log/append-file-reader.ts';
import { type AppendFileWriter, openAppendFile } from '../log/append-file-writer.ts';
import { salvageLastSegment } from '../log/salvage.ts';
import { type Pipeline, pipeline } from '../processors/pipeline.ts';
import { type Run, run } from '../processors/run.ts';
import { type DuckDbStore, duckdbStore } from '../stores/duckdb.ts';

export const types = resolveTypes();
export const typeNames: ReadonlySet<string> = new Set(types.keys());

type LogConfig = Pick<Config, 'data' | 'lingerMsMax' | 'segmentBytesMax' | 'logLevel'>;

/**
 * Opens the log for writing. A last segment that cannot be read at all is set aside, and named on standard error.
 * @param clock epoch ms
 */
export const openLog = async ({ data, lingerMsMax, segmentBytesMax, logLevel }: LogConfig, clock: () => number = Date.now): Promise<AppendFileWriter> => {
  const open = () => openAppendFile({ folder: data, clock, settings: { lingerMsMax, segmentBytesMax } });
  try {
    return await open();
  } catch (error) {
    const salvaged = error instanceof FailureError && error.failure.code === 'log-corrupt' ? await salvageLastSegment(data) : null;
    if (salvaged === null) throw error;
    const why = failure('log-corrupt', `positions ${salvaged.from} to ${salvaged.to - 1} are lost`, salvaged.file);
    pino({ level: logLevel, base: { role: 'gate' } }, pino.destination(2)).error({ why }, 'a damaged segment was set aside; the log goes on behind it');
    return open();
  }
};

export const storeFile = (data: string): string => join(data, 'store', 'octroi.duckdb');

export interface Plant {
  readonly store: DuckDbStore;
  readonly pipeline: Pipeline;
  readonly run: Run;
  close(): Promise<void>;
}

/** Opens the store of a data folder and a pipeline that stands where the store does. */
export const openPlant = async (config: Pick<Config, 'data' | 'storeMemoryMb' | 'storeThreads'>, committed?: (commit: Commit) => void): Promise<Plant> => {
  const file = storeFile(config.data);
  await mkdir(join(file, '..'), { recursive: true, mode: 0o750 });
  const store = await duckdbStore({ file, memoryLimitMb: config.storeMemoryMb, threads: config.storeThreads });
  const reader = new AppendFileReader(config.data);
  const piped = pipeline(types, store);
  const running = await run(piped, reader, store, committed);
  return {
    store,
    pipeline: piped,
    run: running,
    async close() {
      await running.checkpoint();
      await reader.close();
      await store.close();
    },
  };
};

/** @throws FailureError `no-data` where octroi never wrote in the folder */
export const requireData = (data: string): void => {
  if (!existsSync(join(data, 'log'))) throw fail('no-data', 'there is no log in it', data);
};
