/** `octroi start --role web`: the pages and the API where there are many gates and plants. It runs the log again beside the plants, as far as they have stored it, and writes nothing but what people answer to alarms. */
import type { Logger } from 'pino';
import { type Config, environmentName } from '../../config.ts';
import { fail } from '../../core/failure.ts';
import type { LiveEvent, Views } from '../../core/views.ts';
import { followEnds, openAlarmLog, stagePartition } from '../parts/kafka.ts';
import { serve } from '../plant/serve.ts';
import { type PlantThread, startPlantThread } from '../plant/thread.ts';
import { answer } from './alarm-log.ts';
import { openBesideKafka } from './opening.ts';
import type { Opened, Role } from './role.ts';
import { partitionedViews } from './web-views.ts';

/** Pause before the thread of a partition that ended is started again, ms. */
const restartMs = 1_000;
/** How often a thread that hangs is looked for, ms. */
const lookMs = 1_000;

/** A thread a partition, and one for the alarm stage: each knows its part of the town, its open windows and the books as its plant does. */
class Followers {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #threads: PlantThread[] = [];
  readonly #positions: number[];
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  #closing = false;

  constructor(config: Config, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
    this.#positions = this.partitions.map(() => 0);
    for (const partition of this.partitions) this.#start(partition);
  }

  /** That of the alarm stage is the last. */
  get partitions(): number[] {
    return Array.from({ length: stagePartition(this.#config) + 1 }, (_, partition) => partition);
  }

  get views(): PlantThread['views'][] {
    return this.#threads.slice(0, -1).map(({ views }) => views);
  }

  get stage(): PlantThread['views'] {
    return (this.#threads.at(-1) as PlantThread).views;
  }

  /** Resolves when every thread knows where its store stands. Rejects with what keeps one from it. */
  async ready(): Promise<void> {
    await Promise.all(this.#threads.map(({ ready }) => ready));
  }

  tell(partition: number, end: number): void {
    this.#threads[partition]?.tell(end);
  }

  /** Ends what hangs. */
  look(): void {
    for (const thread of this.#threads) if (thread.ping() > this.#config.plantSilentMsMax) thread.drop();
  }

  /** The position of an event is the sum of the partitions': it grows with each. */
  listen(listener: (event: LiveEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** There is nothing to save. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const thread of this.#threads) thread.drop();
    await Promise.all(this.#threads.map(({ ended }) => ended));
  }

  #start(partition: number): void {
    if (this.#closing) return;
    const thread = startPlantThread(
      this.#config,
      (event) => {
        this.#positions[partition] = event.position;
        const position = this.#positions.reduce((sum, one) => sum + one, 0);
        for (const listener of this.#listeners) listener({ ...event, position });
      },
      partition,
    );
    this.#threads[partition] = thread;
    thread.ready.then(
      (position) => {
        this.#positions[partition] = position;
      },
      () => {}, // told by `ended`
    );
    void thread.ended.then((why) => {
      if (this.#closing) return;
      this.#logger.error({ partition, why: String(why) }, 'the thread of a partition ended; it is started again');
      setTimeout(() => this.#start(partition), restartMs);
    });
  }
}

/**
 * Opens pages and the API. Its data folder holds its lock; what it shows is in InfluxDB and Kafka.
 * @throws FailureError as `openBesideKafka`
 */
export const openWebRole = async (config: Config, opened: Opened): Promise<Role> => {
  const logger = await openBesideKafka(config, opened, 'web');
  const followers = new Followers(config, logger);
  opened.add(() => followers.close());
  const following = followEnds(config, () => followers.partitions, (partition, end) => followers.tell(partition, end)); // biome-ignore format: one line
  opened.add(() => following.close());
  const looking = setInterval(() => followers.look(), lookMs);
  opened.add(() => clearInterval(looking));
  await followers.ready();
  const alarms = await openAlarmLog(config);
  opened.add(() => alarms.close());
  const views: Views = {
    ...partitionedViews(
      () => followers.views,
      () => followers.stage,
      () => following.trouble(),
    ),
    change: async () => {
      throw fail('unavailable', 'these pages cannot change the town: octroi town apply does, at any gate', environmentName('role'));
    },
    act: (action) => answer(alarms, action),
    onCommit: (listener) => followers.listen(listener),
  };
  // What is public is retained on MQTT by the plants.
  const served = await serve(config, views, { publish: async () => {}, clearPublic: async () => {} });
  opened.add(() => served.close());
  return { http: served.url, mqttPort: null };
};
