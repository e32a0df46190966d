/** The embedded parts of a data folder, made from the settings; which process or thread holds them is left to the callers. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Config } from '../config.ts';
import { FailureError, fail, failure } from '../core/failure.ts';
import type { LogReader, LogWriter } from '../core/log.ts';
import type { Commit, Store } from '../core/store.ts';
import { resolveTypes } from '../devices/registry.ts';
import { AppendFileReader } from '../log/append-file-reader.ts';
import { openAppendFile, type Recovered } from '../log/append-file-writer.ts';
import type { CutLimits } from '../log/housekeeping.ts';
import { salvageLastSegment } from '../log/salvage.ts';
import { type Pipeline, pipeline } from '../processors/pipeline.ts';
import { type Run, run } from '../processors/run.ts';
import { duckdbStore } from '../stores/duckdb.ts';
import { influxDbFollower, influxDbStore } from '../stores/influxdb.ts';
import { influxOptions } from './influx-parts.ts';
import { openKafkaLog, openKafkaReader } from './kafka-parts.ts';
import { isUsed } from './used-folder.ts';

export const types = resolveTypes();
export const typeNames: ReadonlySet<string> = new Set(types.keys());

/** A log as the gate holds it: written, and cut at the horizon where that is the gate's to do. */
export interface GateLog extends LogWriter {
  readonly recovered: Recovered;
  cutPlan(limits: CutLimits): Promise<number[]>;
  cut(limits: CutLimits): Promise<number>;
}

/**
 * Opens the log of a data folder for writing. A last segment that cannot be read at all is set aside, and named on standard error.
 * @param clock epoch ms
 */
const openFile = async ({ data, lingerMsMax, segmentBytesMax, logLevel }: Config, clock: () => number): Promise<GateLog> => {
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

/** Kafka itself forgets what is behind the horizon (`retention.ms`): there is nothing to cut. */
const openOnKafka = async (config: Config): Promise<GateLog> =>
  Object.assign(await openKafkaLog(config), { recovered: { tornBytes: 0, corrupt: 0 }, cutPlan: async () => [], cut: async () => 0 });

/** How each log is opened for writing, and for reading: one line a log. */
const logs: Readonly<
  Record<Config['log'], { write(config: Config, clock: () => number): Promise<GateLog>; read(config: Config, partition: number): LogReader }>
> = {
  file: { write: openFile, read: ({ data }) => new AppendFileReader(data) },
  kafka: { write: openOnKafka, read: openKafkaReader },
};

/** @param clock epoch ms; Kafka has its own */
export const openLog = (config: Config, clock: () => number = Date.now): Promise<GateLog> => logs[config.log].write(config, clock);
export const openReader = (config: Config, partition = 0): LogReader => logs[config.log].read(config, partition);

export const storeFile = (data: string): string => join(data, 'store', 'octroi.duckdb');

const openDuckDb = async ({ data, storeMemoryMb, storeThreads }: Config): Promise<Store> => {
  const file = storeFile(data);
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
  return duckdbStore({ file, memoryLimitMb: storeMemoryMb, threads: storeThreads });
};

export interface Plant {
  readonly store: Store;
  readonly pipeline: Pipeline;
  readonly run: Run;
  close(): Promise<void>;
}

/** How each store is opened: one line a store. */
const stores: Readonly<Record<Config['store'], (config: Config, partition: number) => Promise<Store>>> = {
  duckdb: openDuckDb,
  influxdb: (config, partition) => (config.role === 'web' ? influxDbFollower : influxDbStore)({ ...influxOptions(config), partition }),
};

/** Opens the store of a data folder and a pipeline that stands where the store does. */
export const openPlant = async (config: Config, committed?: (commit: Commit) => void, partition = 0): Promise<Plant> => {
  const store = await stores[config.store](config, partition);
  const reader = openReader(config, partition);
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
export const requireData = (config: Config): void => {
  if (!isUsed(config)) throw fail('no-data', 'there is no log in it', config.data);
};
