/** All partitions of a log, written as one: a device keeps its partition, and what belongs to no device goes to every one of them. */
import { Buffer } from 'node:buffer';
import type { Draft } from '../../core/envelope.ts';
import type { LogWriter } from '../../core/log.ts';
import { crc32c } from '../crc32c.ts';
import type { KafkaClient } from './client.ts';
import type { KafkaWriter } from './writer.ts';

/** The partition of a device, for good: it goes by the subject and the number of partitions alone. */
export const partitionOf = (subject: string, partitions: number): number => {
  const bytes = Buffer.from(subject);
  return crc32c(bytes, 0, bytes.length) % partitions;
};

/** Writes to every partition; of an envelope that goes to all, it is durable when each has it. */
export class PartitionedWriter implements LogWriter {
  readonly #client: KafkaClient;
  readonly #writers: readonly KafkaWriter[];

  /** @param client that of all the writers @param writers by partition */
  constructor(client: KafkaClient, writers: readonly KafkaWriter[]) {
    this.#client = client;
    this.#writers = writers;
  }

  /** The sum of the partitions' ends: it tells how much there is, no position. */
  get durableEnd(): number {
    return this.#writers.reduce((sum, { durableEnd }) => sum + durableEnd, 0);
  }

  get held(): { readonly envelopes: number; readonly bytes: number } {
    const all = this.#writers.map(({ held }) => held);
    return { envelopes: all.reduce((sum, { envelopes }) => sum + envelopes, 0), bytes: all.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  get trouble(): string | null {
    return this.#writers.find(({ trouble }) => trouble !== null)?.trouble ?? null;
  }

  /** @param settled told the offset in the device's partition; of what goes to all, that in the last to be durable @throws as `KafkaWriter.append` */
  append(draft: Draft, settled?: (offset: number) => void): void {
    if (draft.subject !== '') {
      this.#writers[partitionOf(draft.subject, this.#writers.length)]?.append(draft, settled);
      return;
    }
    let left = this.#writers.length;
    for (const writer of this.#writers)
      writer.append(draft, (offset) => {
        if (--left === 0) settled?.(offset);
      });
  }

  async flush(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.flush()));
  }

  onDurable(listener: (end: number) => void): void {
    for (const writer of this.#writers) writer.onDurable(() => listener(this.durableEnd));
  }

  /** As `KafkaWriter.close`. */
  async close(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.drain()));
    await this.#client.close();
    await Promise.all(this.#writers.map((writer) => writer.close()));
  }
}
