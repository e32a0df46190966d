/** The reading side of a partition: ranges by offset, no group, no position of its own. Held while Kafka is away; following what grows is left to the callers. */
import type { Envelope } from '../../core/envelope.ts';
import { fail } from '../../core/failure.ts';
import type { LogReader, LogStretch } from '../../core/log.ts';
import { type KafkaClient, type KafkaRecord, typeOf } from './client.ts';
import { envelopeOf } from './record.ts';

/** Bytes asked for at once; one batch of records may be larger, and comes whole. */
const fetchBytesMax = 4 * 1024 * 1024;
/** How long Kafka waits for records before it answers with none, ms. */
const fetchWaitMs = 500;
/** A range that was told to be durable must show within that time: a new leader may be behind at first, ms. */
const shownWithinMs = 30_000;

/** What is kept of a partition. */
export interface Ends {
  readonly start: number;
  readonly end: number;
}

const offsetAt = (client: KafkaClient, partition: number, timestamp: number): Promise<number> =>
  client.leader(partition, async (broker) => {
    const topics = [{ topic: client.topic, partitions: [{ partition, timestamp }] }];
    const { responses } = await broker.listOffsets({ isolationLevel: 0, topics });
    return Number(responses[0]?.partitions[0]?.offset ?? 0);
  });

/** Asks where a partition ends, once. */
export const endOf = (client: KafkaClient, partition: number): Promise<number> => offsetAt(client, partition, -1);

/** Asks where a partition begins and ends, once. */
export const ends = async (client: KafkaClient, partition: number): Promise<Ends> => ({
  start: await offsetAt(client, partition, -2),
  end: await endOf(client, partition),
});

/** Asks for records from an offset on, once; there may be earlier ones of the same batch before it. */
const fetchOnce = (client: KafkaClient, partition: number, from: number): Promise<readonly KafkaRecord[]> =>
  client.leader(partition, async (broker) => {
    const partitions = [{ partition, fetchOffset: String(from), maxBytes: fetchBytesMax }];
    const asked = { isolationLevel: 0, maxWaitTime: fetchWaitMs, minBytes: 1, maxBytes: fetchBytesMax };
    const { responses } = await broker.fetch({ ...asked, topics: [{ topic: client.topic, partitions }] });
    return responses[0]?.partitions[0]?.messages ?? [];
  });

/** Looks for a batch of a producer from an offset on, once. @returns the offset of its first record; null where it is not there */
export const findBatch = async (client: KafkaClient, partition: number, from: number, producerId: string, firstSequence: number): Promise<number | null> => {
  const { start, end } = await ends(client, partition);
  for (let at = Math.max(from, start); at < end; ) {
    const records = await fetchOnce(client, partition, at);
    const found = records.find(({ batchContext }) => batchContext.producerId === producerId && batchContext.firstSequence === firstSequence);
    if (found !== undefined) return Number(found.offset);
    at = Math.max(at, Number(records.at(-1)?.offset ?? at - 1) + 1);
    if (records.length === 0) break;
  }
  return null;
};

/** Reads one partition, in any process. */
export class KafkaReader implements LogReader {
  readonly #client: KafkaClient;
  readonly #partition: number;

  constructor(client: KafkaClient, partition: number) {
    this.#client = client;
    this.#partition = partition;
  }

  /**
   * See the port. What is not kept any more, and records that others put into the topic, count as corrupt. While Kafka is away it waits.
   * @throws FailureError `newer-version`; `log-corrupt` where the partition lost its end; `log-unreachable` where the reader is closed meanwhile
   */
  async *read(from: number, end: number, batchMax: number): AsyncGenerator<LogStretch> {
    let offset = from;
    let logTime = Number.NEGATIVE_INFINITY;
    while (offset < end) {
      let envelopes: Envelope[] = [];
      let corrupt = 0;
      for (const record of await this.#fetch(offset, end)) {
        const at = Number(record.offset);
        if (at >= end) {
          corrupt += end - offset; // the rest of the range is not kept
          offset = end;
          break;
        }
        const envelope = this.#envelope(record);
        const lost = at - offset + (envelope === null ? 1 : 0);
        if (envelopes.length > 0 && (lost > 0 || envelopes.length >= batchMax)) {
          yield { envelopes, corrupt };
          envelopes = [];
          corrupt = 0;
        }
        corrupt += lost;
        offset = at + 1;
        if (envelope === null) continue;
        logTime = Math.max(logTime, envelope.logTime);
        envelopes.push(envelope.logTime === logTime ? envelope : { ...envelope, logTime });
      }
      if (envelopes.length > 0 || corrupt > 0) yield { envelopes, corrupt };
    }
  }

  async start(): Promise<number> {
    return (await this.#held(() => ends(this.#client, this.#partition))).start;
  }

  async end(): Promise<number> {
    return (await this.#held(() => ends(this.#client, this.#partition))).end;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #envelope(record: KafkaRecord): Envelope | null {
    const envelope = envelopeOf(record, this.#partition);
    if (typeof envelope === 'number')
      throw fail('newer-version', `position ${record.offset} has form ${envelope}, and this program does not know it`, this.#client.where);
    return envelope;
  }

  /** Records from `from` on, at least one. */
  async #fetch(from: number, end: number): Promise<readonly KafkaRecord[]> {
    let at = from;
    const began = performance.now();
    for (;;) {
      const records = await this.#held(async () => {
        try {
          return (await fetchOnce(this.#client, this.#partition, at)).filter(({ offset }) => Number(offset) >= at);
        } catch (error) {
          if (typeOf(error) !== 'OFFSET_OUT_OF_RANGE') throw error;
          at = Math.max(at, (await ends(this.#client, this.#partition)).start);
          return [];
        }
      });
      if (records.length > 0) return records;
      if (performance.now() - began > shownWithinMs) {
        const { end: found } = await this.#held(() => ends(this.#client, this.#partition));
        if (found < end) throw fail('log-corrupt', `the partition ends at ${found}, and had reached ${end}`, this.#client.where);
      }
    }
  }

  async #held<T>(attempt: () => Promise<T>): Promise<T> {
    const result = await this.#client.held(attempt);
    if (result === null) throw fail('log-unreachable', 'the log is closed', this.#client.where);
    return result;
  }
}
