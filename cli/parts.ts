/** The embedded parts of a data folder, made from the settings; which process or thread holds them is left to the callers. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Config } from '../config.ts';
import { FailureError, fail, failure } from '../core/failure.ts';
import type { Commit, Store } from '../core/store.ts';
import { resolveTypes } from '../devices/registry.ts';
import { AppendFileReader } from '../log/append-file-reader.ts';
import { type AppendFileWriter, openAppendFile } from '../log/append-file-writer.ts';
import { salvageLastSegment } from '../log/salvage.ts';
import { type Pipeline, pipeline } from '../processors/pipeline.ts';
import { type Run, run } from '../processors/run.ts';
import { duckdbStore } from '../stores/duckdb.ts';
import { influxDbStore } from '../stores/influxdb.ts';
import { influxOptions } from './influx-parts.ts';

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

const openDuckDb = async ({ data, storeMemoryMb, storeThreads }: Config): Promise<Store> => {
  const file = storeFile(data);
  await mkdir(join(file, '..'), { recursive: true, mode: 0o750 });
  return duckdbStore({ file, memoryLimitMb: storeMemoryMb, threads: storeThreads });
};

export interface Plant {
  readonly store: Store;
  readonly pipeline: Pipeline;
  readonly run: Run;
  close(): Promise<void>;
}

/** How each store is opened: one line a store. */
const stores: Readonly<Record<Config['store'], (config: Config) => Promise<Store>>> = {
  duckdb: openDuckDb,
  influxdb: (config) => influxDbStore(influxOptions(config)),
};

/** Opens the store of a data folder and a pipeline that stands where the store does. */
export const openPlant = async (config: Config, committed?: (commit: Commit) => void): Promise<Plant> => {
  const store = await stores[config.store](config);
  const reader = new AppendFileReader(config.data);
  const piped = pipeline(types, store, reader);
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
