/** The town as all gates know it: a topic of which Kafka keeps the newest record of each key, one for the town file and one for each device adopted since. */
import type { Config } from '../config.ts';
import type { RegistryChange } from '../core/envelope.ts';
import type { LogReader, LogWriter } from '../core/log.ts';
import { type Device, deviceSchema, type Town, townSchema } from '../core/town.ts';
import { kafkaReader, openKafkaWriter } from '../log/kafka.ts';
import { townOptions } from './kafka-parts.ts';
import { ownDraft } from './own-draft.ts';

const townKey = 'town';
/** How often a gate looks for what others have changed, ms. */
const lookMs = 1_000;

export interface SharedTown {
  /** As they were when it was opened; null where no town was applied yet. */
  readonly town: Town | null;
  readonly adopted: readonly Device[];
  /** What would make it of none. */
  standing(): RegistryChange[];
  /** Tells the other gates. Resolves when it is durable. */
  put(change: RegistryChange): Promise<void>;
  /** Looks for changes from now on; this gate's own come back too. */
  follow(heard: (change: RegistryChange) => Promise<void>): void;
  close(): Promise<void>;
}

const changesIn = async (reader: LogReader, from: number, end: number): Promise<RegistryChange[]> => {
  const changes: RegistryChange[] = [];
  for await (const { envelopes } of reader.read(from, end, 1_000))
    for (const { payload } of envelopes) changes.push(JSON.parse(Buffer.from(payload).toString('utf8')) as RegistryChange);
  return changes;
};

class KafkaTown implements SharedTown {
  town: Town | null = null;
  readonly #adopted = new Map<string, Device>();
  readonly #writer: LogWriter;
  readonly #reader: LogReader;
  #end = 0;
  #looking: NodeJS.Timeout | undefined;
  #look: Promise<void> = Promise.resolve();

  constructor(writer: LogWriter, reader: LogReader) {
    this.#writer = writer;
    this.#reader = reader;
  }

  get adopted(): readonly Device[] {
    return [...this.#adopted.values()];
  }

  async learn(): Promise<void> {
    for (const change of await this.#next()) {
      if (change.action === 'apply') this.town = townSchema.parse(change.town);
      else {
        const device = deviceSchema.parse(change.device);
        this.#adopted.set(device.id, device);
      }
    }
  }

  standing(): RegistryChange[] {
    const applied: RegistryChange[] = this.town === null ? [] : [{ action: 'apply', town: this.town }];
    return [...applied, ...this.adopted.map((device): RegistryChange => ({ action: 'adopt', device }))];
  }

  put(change: RegistryChange): Promise<void> {
    const key = change.action === 'apply' ? townKey : `device/${deviceSchema.parse(change.device).id}`;
    return new Promise((resolve) => this.#writer.append(ownDraft('registry', JSON.stringify(change), key), () => resolve()));
  }

  follow(heard: (change: RegistryChange) => Promise<void>): void {
    let isLooking = false;
    this.#looking = setInterval(() => {
      if (isLooking) return;
      isLooking = true;
      this.#look = this.#next()
        .then(async (changes) => {
          for (const change of changes) await heard(change);
        })
        .catch(() => {}) // Kafka is away, which the log says; it is looked for again
        .finally(() => {
          isLooking = false;
        });
    }, lookMs);
  }

  async close(): Promise<void> {
    clearInterval(this.#looking);
    await this.#writer.close();
    await this.#reader.close();
    await this.#look;
  }

  async #next(): Promise<RegistryChange[]> {
    const end = await this.#reader.end();
    const changes = await changesIn(this.#reader, this.#end, end);
    this.#end = Math.max(this.#end, end);
    return changes;
  }
}

/** Opens the shared town, and reads what it holds. Rejects as `openKafkaWriter` */
export const openSharedTown = async (config: Config): Promise<SharedTown> => {
  const options = townOptions(config);
  const shared = new KafkaTown(await openKafkaWriter(options), kafkaReader(options));
  await shared.learn();
  return shared;
};
