/** `octroi start --role plant`: the pipeline over the partitions that are this plant's, and the alarm stage with the first, a thread each. Which they are is left to the group. */
import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import type { LiveEvent, Views } from '../../core/views.ts';
import { followEnds, joinPlants, stagePartition } from '../parts/kafka.ts';
import { retainedForStage, tellForStage } from '../plant/notices.ts';
import { type PlantThread, startPlantThread } from '../plant/thread.ts';
import { serveHealth } from './health.ts';
import { openBesideKafka } from './opening.ts';
import { keepRetained, type Wanted } from './retained-topic.ts';
import type { Opened, Role } from './role.ts';

/** Pause before the thread of a partition that ended is started again, ms. */
const restartMs = 1_000;
/** Threads that have loaded all they need and wait for a partition: one that is taken over does not wait for them. */
const sparesMax = 2;
/** How often a thread that hangs is looked for, ms. */
const lookMs = 1_000;

/** The threads of a plant, by partition. */
class Threads {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #running = new Map<number, PlantThread>();
  /** What each of them wants retained on MQTT, by partition. */
  readonly #wanted = new Map<number, Wanted>();
  readonly #opening = new Set<PlantThread>();
  readonly #spares: PlantThread[] = [];
  #closing = false;
  #own: ReadonlySet<number> = new Set();
  /** Resolves when what the alarm stage had on its way is told, or was not taken. */
  #told: Promise<void> = Promise.resolve();

  constructor(config: Config, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
  }

  get partitions(): number[] {
    return [...this.#own];
  }

  /** What its partitions want retained on MQTT, by their names. */
  get wanted(): ReadonlyMap<string, Wanted> {
    return new Map([...this.#wanted].filter(([partition]) => this.#own.has(partition)).map(([partition, one]) => [String(partition), one]));
  }

  /** Starts what is new, ends what is another's now: what that one makes of the partition is the same, so nothing is handed over. */
  assign(partitions: readonly number[]): void {
    // One partition is always somebody's: who has it has the alarm stage, and the group elects both at once.
    this.#own = new Set(partitions.includes(0) ? [...partitions, stagePartition(this.#config)] : partitions);
    this.#logger.info({ partitions }, 'the partitions of this plant');
    for (const [partition, thread] of this.#running) if (!this.#own.has(partition)) thread.drop();
    for (const partition of this.#own) this.#start(partition);
    this.#prepare();
  }

  /** Not while a partition is opened: to load a thread takes a second of CPU and more, which who takes over does not have. */
  #prepare(): void {
    while (!this.#closing && this.#opening.size === 0 && this.#spares.length < sparesMax) this.#spares.push(startPlantThread(this.#config, undefined, null));
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
    await this.#told;
  }

  /** Lets a thread run the alarm stage, and tells what comes of it until it ends. @returns what it wants retained */
  #followStage(thread: PlantThread): Wanted {
    const listeners = new Set<(event: LiveEvent) => void>();
    const onCommit: Views['onCommit'] = (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    };
    thread.follow(stagePartition(this.#config), (event) => {
      for (const listener of listeners) listener(event);
    });
    const telling = thread.ready.then(() => tellForStage(this.#config, thread, onCommit));
    // Kafka is away: it is tried again with the thread.
    telling.catch(() => thread.drop());
    this.#told = thread.ended
      .then(() => telling)
      .then(
        (notices) => notices.close(),
        () => {},
      );
    const retained = thread.ready.then(() => retainedForStage(this.#config, thread.views.alarms, onCommit));
    void Promise.all([retained, thread.ended]).then(([one]) => one.close(), () => {}); // biome-ignore format: one line
    return () => retained.then(({ wanted }) => wanted());
  }

  #start(partition: number): void {
    if (this.#running.has(partition) || !this.#own.has(partition)) return;
    const thread = this.#spares.shift() ?? startPlantThread(this.#config, undefined, null);
    const isStage = partition === stagePartition(this.#config);
    if (isStage) this.#wanted.set(partition, this.#followStage(thread));
    else {
      thread.follow(partition);
      this.#wanted.set(partition, () => thread.ready.then(() => thread.views.retained()));
    }
    this.#running.set(partition, thread);
    this.#opening.add(thread);
    const opened = (): void => {
      this.#opening.delete(thread);
      this.#prepare();
    };
    thread.ready.then(
      (position) => {
        if (isStage) this.#logger.info({ position }, 'the alarm stage is here');
        else this.#logger.info({ partition, position }, 'a partition is followed');
        opened();
      },
      () => {}, // told by `ended`
    );
    void thread.ended.then((why) => {
      thread.drop(); // one that failed still listens, and keeps its store open
      opened();
      this.#running.delete(partition);
      this.#wanted.delete(partition);
      if (!this.#own.has(partition)) return;
      this.#logger.error({ partition, why: String(why) }, 'the thread of a partition ended; it is started again');
      setTimeout(() => this.#start(partition), restartMs);
    });
  }
}

/**
 * Opens a plant. Its data folder holds its lock; what it makes is in InfluxDB.
 * @throws FailureError as `openBesideKafka`
 */
export const openPlantRole = async (config: Config, opened: Opened, failed: (error: Error) => void): Promise<Role> => {
  const logger = await openBesideKafka(config, opened, 'plant');
  const threads = new Threads(config, logger);
  opened.add(() => threads.close());
  const following = followEnds(config, () => threads.partitions, (partition, end) => threads.tell(partition, end)); // biome-ignore format: one line
  opened.add(() => following.close());
  const looking = setInterval(() => threads.look(), lookMs);
  opened.add(() => clearInterval(looking));
  const membership = await joinPlants(config, (partitions) => threads.assign(partitions), failed);
  opened.add(() => membership.close());
  const retained = await keepRetained(config, () => threads.wanted);
  opened.add(() => retained.close());
  const health = await serveHealth(config, () => following.trouble());
  opened.add(() => health.close());
  return { http: health.url, mqttPort: null };
};
