/** The embedded parts of a data folder, made from the settings; which process or thread holds them is left to the callers. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Config } from '../config.ts';
import type { Tick } from '../core/envelope.ts';
import { FailureError, fail, failure } from '../core/failure.ts';
import type { Commit } from '../core/store.ts';
import { parseTown, type Town, townSchema } from '../core/town.ts';
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

/** The newest tick of a data folder's log; null where it holds none. */
export const newestTick = async (data: string): Promise<Tick | null> => {
  const reader = new AppendFileReader(data);
  try {
    const start = await reader.start();
    for (let end = await reader.end(), size = 1_000; end > start; size *= 4) {
      const from = Math.max(start, end - size);
      let found: Tick | null = null;
      for await (const { envelopes } of reader.read(from, end, 1_000)) {
        for (const { kind, payload } of envelopes) if (kind === 'tick') found = JSON.parse(Buffer.from(payload).toString('utf8')) as Tick;
      }
      if (found !== null) return found;
      end = from;
    }
    return null;
  } finally {
    await reader.close();
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

/** @throws FailureError `town-invalid` with every fault of the file, a line each */
export const readTown = async (file: string): Promise<Town> => {
  let source: string;
  try {
    if ((await stat(file)).size > townBytesMax) throw new Error(`larger than ${townBytesMax} bytes`);
    source = await readFile(file, 'utf8');
  } catch (error) {
    throw fail('town-invalid', error instanceof Error ? error.message : String(error), file);
  }
  const result = parseTown(source, typeNames, file);
  if (!result.ok) throw fail('town-invalid', result.failures.map(({ where, message }) => `${where}: ${message}`).join('\n'));
  return result.town;
};
const townBytesMax = 16 * 1024 * 1024;

/**
 * The town as last applied to a data folder; null where none was.
 * @throws FailureError `town-invalid` where the file is damaged
 */
export const appliedTown = async (data: string): Promise<Town | null> => {
  const file = appliedFile(data);
  if (!existsSync(file)) return null;
  try {
    return townSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    const [line] = (error as Error).message.split('\n');
    throw fail('town-invalid', `the town as it was applied cannot be read (${line}); remove the file and start with --town`, file);
  }
};
export const appliedFile = (data: string): string => join(data, 'town.json');
