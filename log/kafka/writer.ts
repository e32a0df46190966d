/**
 * The writing side of a partition: one batch on its way at a time, the same batch again with the same sequence until Kafka has
 * answered. Kafka knows a sequence that it has seen, so nothing is lost, doubled or reordered on the way.
 */
import type { Draft } from '../../core/envelope.ts';
import { fail } from '../../core/failure.ts';
import type { LogWriter } from '../../core/log.ts';
import { type KafkaClient, type KafkaMessage, typeOf } from './client.ts';
import { ends, findBatch } from './reader.ts';
import { recordBytes, recordOf } from './record.ts';

/** A batch takes nothing more beyond that; one envelope may be larger. */
export const batchBytesMax = 512 * 1024;
/** Envelopes of a batch at the most. */
export const batchEnvelopesMax = 5_000;
/** How long Kafka may wait for its replicas before it answers, ms; then the batch is sent again. */
const acknowledgedWithinMs = 8_000;
/** Sequences are 32-bit: a producer is left before they end. */
const sequenceMax = 2 ** 31 - 1 - batchEnvelopesMax;
/** What Kafka says when it no longer knows the producer: its records are gone, or a replica that had less became the leader. */
const forgottenTypes: ReadonlySet<string | null> = new Set(['OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID', 'INVALID_PRODUCER_EPOCH']);
/** What lies around the records of a batch, bytes. */
const batchHeadBytes = 128;

interface RecordBatch {
  readonly messages: KafkaMessage[];
  readonly settled: (((offset: number) => void) | undefined)[];
  bytes: number;
}

interface Producer {
  readonly producerId: string;
  readonly producerEpoch: number;
  sequence: number;
}

/** Calls all that wait for a batch, in order. One that throws does not keep the others waiting; its error surfaces as uncaught. */
const settle = ({ settled }: RecordBatch, firstOffset: number): void => {
  for (const [i, one] of settled.entries()) {
    try {
      one?.(firstOffset + i);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
};

/** Writes to one partition; there may be other writers of it, in other gates. */
export class KafkaWriter implements LogWriter {
  readonly #client: KafkaClient;
  readonly #partition: number;
  readonly #messageBytesMax: number;
  readonly #listeners: ((end: number) => void)[] = [];
  readonly #batches: RecordBatch[] = [];
  #producer: Producer | null = null;
  #running: Promise<void> | null = null;
  #isSending = false;
  #flushers: { readonly appended: number; readonly resolve: () => void }[] = [];
  #appended = 0;
  #done = 0;
  #heldBytes = 0;
  #durableEnd: number;
  #trouble: string | null = null;

  /**
   * @param durableEnd where the partition ended when it was opened
   * @param messageBytesMax what the topic takes as one batch
   */
  constructor(client: KafkaClient, partition: number, durableEnd: number, messageBytesMax: number) {
    this.#client = client;
    this.#partition = partition;
    this.#durableEnd = durableEnd;
    this.#messageBytesMax = messageBytesMax;
  }

  get durableEnd(): number {
    return this.#durableEnd;
  }

  get held(): { readonly envelopes: number; readonly bytes: number } {
    return { envelopes: this.#appended - this.#done, bytes: this.#heldBytes };
  }

  get trouble(): string | null {
    return this.#trouble;
  }

  /** @throws FailureError `limit-reached` where one envelope is larger than the topic takes; otherwise it never throws. */
  append(draft: Draft, settled?: (offset: number) => void): void {
    const message = recordOf(draft);
    const bytes = recordBytes(message);
    if (bytes + batchHeadBytes > this.#messageBytesMax)
      throw fail('limit-reached', `an envelope of ${draft.payload.length} bytes`, 'OCTROI_KAFKA_MESSAGE_BYTES_MAX');
    let batch = this.#batches.at(-1);
    const isOnItsWay = batch !== undefined && this.#isSending && this.#batches.length === 1;
    const limit = Math.min(batchBytesMax, this.#messageBytesMax - batchHeadBytes);
    if (batch === undefined || isOnItsWay || batch.bytes + bytes > limit || batch.messages.length >= batchEnvelopesMax) {
      batch = { messages: [], settled: [], bytes: 0 };
      this.#batches.push(batch);
    }
    batch.messages.push(message);
    batch.settled.push(settled);
    batch.bytes += bytes;
    this.#appended++;
    this.#heldBytes += bytes;
    this.#start();
  }

  flush(): Promise<void> {
    const appended = this.#appended;
    if (this.#done >= appended) return Promise.resolve();
    return new Promise((resolve) => this.#flushers.push({ appended, resolve }));
  }

  onDurable(listener: (end: number) => void): void {
    this.#listeners.push(listener);
  }

  /** Writes what waits, unless Kafka is away: then what was not acknowledged is left to its senders. */
  async drain(): Promise<void> {
    if (this.#trouble === null) await Promise.race([this.flush(), this.#client.pause(acknowledgedWithinMs)]);
  }

  /** Drains, and closes the client. */
  async close(): Promise<void> {
    await this.drain();
    await this.#client.close();
    await this.#running;
  }

  #start(): void {
    if (this.#running !== null || this.#batches.length === 0 || this.#client.isClosed) return;
    this.#running = this.#run().finally(() => {
      this.#running = null;
      this.#start();
    });
  }

  async #run(): Promise<void> {
    // What arrives in the same turn of the event loop shares the batch.
    await new Promise((resolve) => setImmediate(resolve));
    for (let batch = this.#batches[0]; batch !== undefined; batch = this.#batches[0]) {
      this.#isSending = true;
      const firstOffset = await this.#write(batch);
      this.#isSending = false;
      if (firstOffset === null) return;
      this.#finish(batch, firstOffset);
    }
  }

  #finish(batch: RecordBatch, firstOffset: number): void {
    this.#batches.shift();
    this.#durableEnd = Math.max(this.#durableEnd, firstOffset + batch.messages.length);
    this.#done += batch.messages.length;
    this.#heldBytes -= batch.bytes;
    settle(batch, firstOffset);
    for (const listener of this.#listeners) listener(this.#durableEnd);
    for (const { appended, resolve } of this.#flushers) if (appended <= this.#done) resolve();
    this.#flushers = this.#flushers.filter(({ appended }) => appended > this.#done);
  }

  /** Sends a batch until Kafka has it. @returns the offset of its first envelope; null where the writer closes before */
  async #write(batch: RecordBatch): Promise<number | null> {
    const written = await this.#client.held(
      () => this.#attempt(batch),
      ({ message }) => {
        this.#trouble = `Kafka does not take what is appended: ${message}`;
      },
    );
    if (written !== null) this.#trouble = null;
    return written;
  }

  async #attempt(batch: RecordBatch): Promise<number> {
    this.#producer ??= { ...(await this.#client.controller((broker) => broker.initProducerId({ transactionTimeout: 60_000 }))), sequence: 0 };
    const producer = this.#producer;
    try {
      const firstOffset = await this.#produce(producer, batch);
      producer.sequence += batch.messages.length;
      if (producer.sequence > sequenceMax) this.#producer = null;
      return firstOffset;
    } catch (error) {
      if (!forgottenTypes.has(typeOf(error))) throw error;
      // Only the log can tell whether the batch is in it: under another producer it would be taken for a new one.
      const found = await findBatch(this.#client, this.#partition, this.#durableEnd, producer.producerId, producer.sequence);
      this.#producer = null;
      if (found === null) throw error;
      return found;
    }
  }

  async #produce({ producerId, producerEpoch, sequence }: Producer, { messages }: RecordBatch): Promise<number> {
    const partitions = [{ partition: this.#partition, firstSequence: sequence, messages }];
    const { topics } = await this.#client.leader(this.#partition, (broker) =>
      broker.produce({ acks: -1, timeout: acknowledgedWithinMs, producerId, producerEpoch, topicData: [{ topic: this.#client.topic, partitions }] }),
    );
    const firstOffset = Number(topics[0]?.partitions[0]?.baseOffset ?? -1);
    // A repeated batch whose place Kafka no longer knows.
    if (firstOffset < 0) return (await findBatch(this.#client, this.#partition, this.#durableEnd, producerId, sequence)) ?? (await this.#lost());
    return firstOffset;
  }

  async #lost(): Promise<never> {
    throw fail(
      'log-corrupt',
      `the partition ends at ${(await ends(this.#client, this.#partition)).end}, and does not hold what it acknowledged`,
      this.#client.where,
    );
  }
}
