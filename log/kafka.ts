/** The log on Kafka: a partition of a topic, written and read. Making the topic is left to `kafka/topics.ts`. */
import { FailureError } from '../core/failure.ts';
import { causeOf, type KafkaAccess, KafkaClient, typeOf } from './kafka/client.ts';
import { PartitionedWriter } from './kafka/partitions.ts';
import { endOf, KafkaReader } from './kafka/reader.ts';
import { KafkaWriter } from './kafka/writer.ts';

export interface KafkaLogOptions extends KafkaAccess {
  readonly topic: string;
  readonly partition: number;
  /** What the topic takes as one batch, bytes. */
  readonly messageBytesMax: number;
}

/** How long a partition may be without a leader before opening it fails: its topic was just made, or its broker has just begun, and how often that is asked, ms. */
const ledWithinMs = 30_000;
const askMs = 100;
const leaderless: ReadonlySet<string | null> = new Set(['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE']);

/** Where a partition ends, once it has a leader. */
const endOnceLed = async (client: KafkaClient, partition: number): Promise<number> => {
  for (const began = performance.now(); ; await client.pause(askMs)) {
    try {
      return await endOf(client, partition);
    } catch (error) {
      if (performance.now() - began > ledWithinMs || !leaderless.has(typeOf(error))) throw error;
    }
  }
};

/**
 * Opens a partition for writing.
 * @returns the writer; rejects with `log-unreachable`, `log-denied`, `log-not-set-up`
 */
export const openKafkaWriter = async (options: KafkaLogOptions): Promise<KafkaWriter> => {
  const client = new KafkaClient(options, options.topic);
  try {
    return new KafkaWriter(client, options.partition, await endOnceLed(client, options.partition), options.messageBytesMax);
  } catch (error) {
    await client.close();
    throw new FailureError(causeOf(error, client.where));
  }
};

/**
 * Opens all partitions of a topic for writing, over one connection.
 * @returns the writer; rejects as `openKafkaWriter`
 */
export const openPartitions = async (options: Omit<KafkaLogOptions, 'partition'>, partitions: number): Promise<PartitionedWriter> => {
  const client = new KafkaClient(options, options.topic);
  try {
    const writers: KafkaWriter[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      writers.push(new KafkaWriter(client, partition, await endOnceLed(client, partition), options.messageBytesMax));
    }
    return new PartitionedWriter(client, writers);
  } catch (error) {
    await client.close();
    throw new FailureError(causeOf(error, client.where));
  }
};

/** A reader of a partition; nothing is asked yet. */
export const kafkaReader = (options: KafkaLogOptions): KafkaReader => new KafkaReader(new KafkaClient(options, options.topic), options.partition);
