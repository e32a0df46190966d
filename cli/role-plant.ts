/** `octroi start --role plant`: the pipeline over the partitions that are this plant's, a thread each. Which they are is left to the group. */
import { mkdir } from 'node:fs/promises';
import { pino } from 'pino';
import { type Config, environmentName } from '../config.ts';
import { fail } from '../core/failure.ts';
import { lockFolder } from '../log/lock.ts';
import { requireStore } from './influx-parts.ts';
import { checkKafka, followEnds, joinPlants } from './kafka-parts.ts';
import { type PlantThread, startPlantThread } from './plant-thread.ts';
import { requirePort, requireWritable } from './preflight.ts';
import type { Opened, Role } from './role.ts';
import { serveHealth } from './role-health.ts';

/** Pause before the thread of a partition that ended is started again, ms. */
const restartMs = 1_000;
/** Threads that have loaded all they need and wait for a partition: one that is taken over does not wait for them. */
const sparesMax = 2;
/** How often a thread that hangs is looked for, ms. */
const lookMs = 1_000;

/** The threads of a plant, by partition. */
class Threads {
  readonly #config: Config;
  readonly #logger: pino.Logger;
  readonly #running = new Map<number, PlantThread>();
  readonly #spares: PlantThread[] = [];
  #closing = false;
  #own: ReadonlySet<number> = new Set();

  constructor(config: Config, logger: pino.Logger) {
    this.#config = config;
    this.#logger = logger;
  }

  get partitions(): number[] {
    return [...this.#own];
  }

  /** Starts what is new, ends what is another's now: what that one makes of the partition is the same, so nothing is handed over. */
  assign(partitions: readonly number[]): void {
    this.#own = new Set(partitions);
    this.#logger.info({ partitions }, 'the partitions of this plant');
    for (const [partition, thread] of this.#running) if (!this.#own.has(partition)) thread.drop();
    for (const partition of partitions) this.#start(partition);
    this.#prepare();
  }

  #prepare(): void {
    while (!this.#closing && this.#spares.length < sparesMax) this.#spares.push(startPlantThread(this.#config, undefined, null));
  }

  tell(partition: number, end: number): void {
    this.#running.get(partition)?.tell(end);
  }

  /** Ends what hangs. */
  look(): void {
    for (const [partition, thread] of this.#running) {
      if (thread.ping() <= this.#config.plantSilentMsMax) continue;
      this.#logger.error({ partition }, 'the thread of a partition does not answer: it is started again');
      thread.drop();
    }
  }

  /** Commits what is there, with a snapshot: the next owner has nothing to run again. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#own = new Set();
    for (const spare of this.#spares.splice(0)) spare.drop();
    const running = [...this.#running.values()];
    for (const thread of running) thread.stop();
    await Promise.all(running.map(({ ended }) => ended));
  }

  #start(partition: number): void {
    if (this.#running.has(partition) || !this.#own.has(partition)) return;
    const thread = this.#spares.shift() ?? startPlantThread(this.#config, undefined, null);
    thread.follow(partition);
    this.#running.set(partition, thread);
    thread.ready.then(
      (position) => this.#logger.info({ partition, position }, 'a partition is followed'),
      () => {}, // told by `ended`
    );
    void thread.ended.then((why) => {
      this.#running.delete(partition);
      if (!this.#own.has(partition)) return;
      this.#logger.error({ partition, why: String(why) }, 'the thread of a partition ended; it is started again');
      setTimeout(() => this.#start(partition), restartMs);
    });
  }
}

/**
 * Opens a plant. Its data folder holds its lock; what it makes is in InfluxDB.
 * @throws FailureError `data-in-use`, `data-not-writable`, `port-taken`, `bad-setting`, `log-unreachable`, `log-denied`, `log-not-set-up`, `store-unreachable`, `store-denied`, `store-not-set-up`
 */
export const openPlantRole = async (config: Config, opened: Opened, failed: (error: Error) => void): Promise<Role> => {
  if (config.log !== 'kafka') throw fail('bad-setting', 'a plant among many needs the log on Kafka', environmentName('log'));
  if (config.store !== 'influxdb') throw fail('bad-setting', 'plants among many share a store on InfluxDB', environmentName('store'));
  const logger = pino({ level: config.logLevel, base: { role: 'plant' } });
  await requireWritable(config.data);
  await mkdir(config.data, { recursive: true, mode: 0o700 });
  const lock = await lockFolder(config.data);
  opened.add(() => lock.release());
  await requirePort('HTTP', config.httpHost, config.httpPort);
  await checkKafka(config);
  await requireStore(config);

  const threads = new Threads(config, logger);
  opened.add(() => threads.close());
  const following = followEnds(config, () => threads.partitions, (partition, end) => threads.tell(partition, end)); // biome-ignore format: one line
  opened.add(() => following.close());
  const looking = setInterval(() => threads.look(), lookMs);
  opened.add(() => clearInterval(looking));
  const membership = await joinPlants(config, (partitions) => threads.assign(partitions), failed);
  opened.add(() => membership.close());
  const health = await serveHealth(config, () => following.trouble());
  opened.add(() => health.close());
  return { http: health.url, mqttPort: null };
};
