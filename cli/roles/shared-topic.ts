/** A topic of one partition of which Kafka keeps the newest record of each key, as those see it who share it: read from its beginning, followed, written. What its records mean is left to the callers. */
import type { Draft, Envelope } from '../../core/envelope.ts';
import type { LogReader, LogWriter } from '../../core/log.ts';
import { type KafkaLogOptions, kafkaReader, openKafkaWriter } from '../../log/kafka.ts';

/** How often it is looked for what others have put, ms. */
const lookMs = 1_000;
const readBatchMax = 1_000;

export class SharedTopic {
  readonly #writer: LogWriter;
  readonly #reader: LogReader;
  #end = 0;
  #looking: NodeJS.Timeout | undefined;
  #look: Promise<void> = Promise.resolve();

  constructor(writer: LogWriter, reader: LogReader) {
    this.#writer = writer;
    this.#reader = reader;
  }

  /** Whether something is on its way: Kafka has not answered yet. */
  get isWriting(): boolean {
    return this.#writer.held.envelopes > 0;
  }

  /** Keyed by its subject. Resolves when it is durable. */
  put(draft: Draft): Promise<void> {
    return new Promise((resolve) => this.#writer.append(draft, () => resolve()));
  }

  /** The newest record of each key that was put since the last call, in their order; at first all that is kept. While Kafka is away it waits. */
  async news(): Promise<readonly Envelope[]> {
    const end = await this.#reader.end();
    const newest = new Map<string, Envelope>();
    for await (const { envelopes } of this.#reader.read(this.#end, end, readBatchMax))
      for (const envelope of envelopes) {
        newest.delete(envelope.subject); // the order is that of the newest
        newest.set(envelope.subject, envelope);
      }
    this.#end = Math.max(this.#end, end);
    return [...newest.values()];
  }

  /** Tells what is new from now on, what this process has put included; nothing, where there is nothing. */
  follow(heard: (news: readonly Envelope[]) => Promise<void>): void {
    let isLooking = false;
    this.#looking = setInterval(() => {
      if (isLooking) return;
      isLooking = true;
      this.#look = this.news()
        .then(heard)
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
}

/** Nothing is read yet. Rejects as `openKafkaWriter` */
export const openSharedTopic = async (options: KafkaLogOptions): Promise<SharedTopic> => new SharedTopic(await openKafkaWriter(options), kafkaReader(options));
