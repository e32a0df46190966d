/** How a plant is opened: the store of the settings, and a pipeline that stands where it does. */
import type { Config } from '../../config.ts';
import type { LogReader } from '../../core/log.ts';
import { Scope } from '../../core/scope.ts';
import type { Commit, History, Store } from '../../core/store.ts';
import { alarmsRelayed } from '../../processors/alarm-relay.ts';
import { alarmStage, type ToldBy } from '../../processors/alarm-stage.ts';
import { alarmsHere } from '../../processors/alarms.ts';
import { type Pipeline, pipeline } from '../../processors/pipeline.ts';
import { reopenLimits } from '../../processors/reopen.ts';
import { type Run, run } from '../../processors/run.ts';
import { influxDbFollower, influxDbStore } from '../../stores/influxdb.ts';
import { openEmbeddedStore } from '../parts/embedded-store.ts';
import { influxOptions } from '../parts/influx.ts';
import { stagePartition } from '../parts/kafka.ts';
import { openReader } from '../parts/log.ts';
import { alarmRelay } from '../roles/alarm-log.ts';
import { types } from '../types.ts';

export interface Plant {
  readonly store: Store;
  readonly pipeline: Pipeline;
  readonly run: Run;
  /** What the channels were told, where this is the alarm stage; else nothing. */
  told(): ToldBy;
  /** Commits what it has, with a snapshot, and closes it. */
  close(): Promise<void>;
  /** Closes it as its last commit left it: what failed half-way is not to be stored. */
  drop(): Promise<void>;
}

/** How each store is opened: one line a store. */
const stores: Readonly<Record<Config['store'], (config: Config, partition: number) => Promise<Store>>> = {
  duckdb: (config) => openEmbeddedStore(config),
  influxdb: (config, partition) => (config.role === 'web' ? influxDbFollower : influxDbStore)({ ...influxOptions(config), partition }),
};

/** The pipeline over a log, or over one partition of several: those make no alarms by themselves, and tell the alarm stage. */
export const pipelineOf = ({ role }: Pick<Config, 'role'>, history: History, log: Pick<LogReader, 'read'>): Pipeline =>
  pipeline(types, history, log, reopenLimits, role === 'all' ? alarmsHere : alarmsRelayed);

const openParts = async (config: Config, committed: ((commit: Commit) => void) | undefined, partition: number, opened: Scope): Promise<Plant> => {
  const store = await stores[config.store](config, partition);
  opened.add(() => store.close());
  const reader = openReader(config, partition);
  opened.add(() => reader.close());
  const stage = config.role !== 'all' && partition === stagePartition(config) ? alarmStage(types, store) : null;
  const piped = stage ?? pipelineOf(config, store, reader);
  // Pages run the log again, and what comes out is told by its plant.
  const relay = config.role === 'plant' ? alarmRelay(config, partition) : null;
  opened.add(() => relay?.close());
  const running = await run(piped, reader, store, committed, relay?.tell);
  return {
    store,
    pipeline: piped,
    run: running,
    told: () => stage?.told() ?? {},
    close() {
      opened.add(() => running.checkpoint());
      return opened.close();
    },
    drop: () => opened.close(),
  };
};

/** Opens the store of a data folder and a pipeline that stands where the store does. @param partition that of the alarm stage opens the stage */
export const openPlant = async (config: Config, committed?: (commit: Commit) => void, partition = 0): Promise<Plant> => {
  const opened = new Scope();
  try {
    return await openParts(config, committed, partition, opened);
  } catch (error) {
    await opened.close().catch(() => {}); // what went wrong first is told
    throw error;
  }
};
