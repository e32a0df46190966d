/** How the log of the settings is opened. Loads no store and no pipeline: the gate needs none, and has their memory to spare. */
import { pino } from 'pino';
import type { Config } from '../../config.ts';
import { FailureError, failure } from '../../core/failure.ts';
import type { LogReader, LogWriter } from '../../core/log.ts';
import { AppendFileReader } from '../../log/append-file-reader.ts';
import { openAppendFile, type Recovered } from '../../log/append-file-writer.ts';
import type { CutLimits } from '../../log/housekeeping.ts';
import { salvageLastSegment } from '../../log/salvage.ts';
import { openKafkaLog, openKafkaReader } from './kafka.ts';
import { tellingReader, unreadable } from './unreadable.ts';

/** A log as the gate holds it: written, and cut at the horizon where that is the gate's to do. */
export interface GateLog extends LogWriter {
  readonly recovered: Recovered;
  cutPlan(limits: CutLimits): Promise<number[]>;
  cut(limits: CutLimits): Promise<number>;
}

/** Opening also makes the folder and removes what was never finished: only what it reads of the log is told as that. */
const isOfReading = (error: unknown): boolean => ['open', 'read', 'scandir'].includes((error as NodeJS.ErrnoException).syscall ?? '');

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
    if (salvaged === null) throw isOfReading(error) ? await unreadable(error, data, Number.POSITIVE_INFINITY) : error;
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
  file: { write: openFile, read: ({ data }) => tellingReader(new AppendFileReader(data), data) },
  kafka: { write: openOnKafka, read: openKafkaReader },
};

/** @param clock epoch ms; Kafka has its own */
export const openLog = (config: Config, clock: () => number = Date.now): Promise<GateLog> => logs[config.log].write(config, clock);
export const openReader = (config: Config, partition = 0): LogReader => logs[config.log].read(config, partition);
