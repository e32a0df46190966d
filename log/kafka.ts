/** The log on Kafka: a partition of a topic, written and read. Making the topic is left to `kafka/topics.ts`. */
import { FailureError } from '../core/failure.ts';
import { causeOf, type KafkaAccess, KafkaClient } from './kafka/client.ts';
import { PartitionedWriter } from './kafka/partitions.ts';
import { ends, KafkaReader } from './kafka/reader.ts';
import { KafkaWriter } from './kafka/writer.ts';

export interface KafkaLogOptions extends KafkaAccess {
  readonly topic: string;
  readonly partition: number;
  /** What the topic takes as one batch, bytes. */
  readonly messageBytesMax: number;
}

/**
 * Opens a partition for writing.
 * @returns the writer; rejects with `log-unreachable`, `log-denied`, `log-not-set-up`
 */
export const openKafkaWriter = async (options: KafkaLogOptions): Promise<KafkaWriter> => {
  const client = new KafkaClient(options, options.topic);
  try {
    const { end } = await ends(client, options.partition);
    return new KafkaWriter(client, options.partition, end, options.messageBytesMax);
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
      const { end } = await ends(client, partition);
      writers.push(new KafkaWriter(client, partition, end, options.messageBytesMax));
    }
    return new PartitionedWriter(client, writers);
  } catch (error) {
    await client.close();
    throw new FailureError(causeOf(error, client.where));
  }
};

/** A reader of a partition; nothing is asked yet. */
export const kafkaReader = (options: KafkaLogOptions): KafkaReader => new KafkaReader(new KafkaClient(options, options.topic), options.partition);
