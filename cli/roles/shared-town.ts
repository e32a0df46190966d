/** The town as all gates know it: one record for the town file and one for each device adopted since. How records are shared is left to `shared-topic.ts`. */
import type { Config } from '../../config.ts';
import type { Envelope, RegistryChange } from '../../core/envelope.ts';
import { type Device, deviceSchema, type Town, townSchema } from '../../core/town.ts';
import { ownDraft } from '../own-draft.ts';
import { townOptions } from '../parts/kafka.ts';
import { openSharedTopic, type SharedTopic } from './shared-topic.ts';

const townKey = 'town';

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

const changeIn = ({ payload }: Envelope): RegistryChange => JSON.parse(Buffer.from(payload).toString('utf8')) as RegistryChange;

class KafkaTown implements SharedTown {
  town: Town | null = null;
  readonly #adopted = new Map<string, Device>();
  readonly #topic: SharedTopic;

  constructor(topic: SharedTopic) {
    this.#topic = topic;
  }

  get adopted(): readonly Device[] {
    return [...this.#adopted.values()];
  }

  async learn(): Promise<void> {
    for (const change of (await this.#topic.news()).map(changeIn)) {
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
    return this.#topic.put(ownDraft('registry', JSON.stringify(change), key));
  }

  follow(heard: (change: RegistryChange) => Promise<void>): void {
    this.#topic.follow(async (news) => {
      for (const change of news.map(changeIn)) await heard(change);
    });
  }

  close(): Promise<void> {
    return this.#topic.close();
  }
}

/** Opens the shared town, and reads what it holds. Rejects as `openKafkaWriter` */
export const openSharedTown = async (config: Config): Promise<SharedTown> => {
  const shared = new KafkaTown(await openSharedTopic(townOptions(config)));
  await shared.learn();
  return shared;
};
