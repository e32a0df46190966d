/** The log on a real Kafka, where it differs from the contract: faults of the broker, what others do to the topic, the settings of the topic. About 40 s. */
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FailureError } from '../../core/failure.ts';
import { administration, KafkaClient } from '../../log/kafka/client.ts';
import { joinGroup } from '../../log/kafka/membership.ts';
import { findBatch } from '../../log/kafka/reader.ts';
import { checkTopic, setUpTopic, type TopicPlan } from '../../log/kafka/topics.ts';
import { type KafkaLogOptions, kafkaReader, openKafkaWriter } from '../../log/kafka.ts';
import { type KafkaServer, noKafka, startKafka } from '../../torture/rigs/kafka-server.ts';
import { withReason } from '../reason.ts';
import { draft, numberOf, readAll } from './drafts.ts';
import { withOtherVersions } from './other-versions.ts';

const reason = noKafka();

describe.skipIf(reason !== null)(withReason('the log on Kafka', reason), () => {
  let server: KafkaServer;
  beforeAll(async () => {
    server = await startKafka();
  });
  afterAll(() => server?.close());

  const numbers = (from: number, end: number): number[] => Array.from({ length: end - from }, (_, n) => from + n);

  /** Everything that the partition holds. */
  const held = async (options: KafkaLogOptions): Promise<number[]> => {
    const reader = kafkaReader(options);
    const { envelopes, corrupt } = await readAll(reader, 0, await reader.end());
    await reader.close();
    expect(corrupt).toBe(0);
    return envelopes.map(numberOf);
  };

  /** Puts records into a topic as some other program would. */
  const produce = async ({ topic }: KafkaLogOptions, ...messages: { value: Buffer; headers?: Record<string, Buffer> }[]): Promise<void> => {
    const producer = administration(server).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    await producer.send({ topic, messages });
    await producer.disconnect();
  };

  const codeOf = (rejected: Promise<unknown>): Promise<string> =>
    rejected.then(
      () => 'resolved',
      (error: unknown) => (error instanceof FailureError ? error.failure.code : String(error)),
    );

  it('holds what it was given while the broker is dead, and settles it in order, once, when it is back', async () => {
    const options = await server.topic();
    const writer = await openKafkaWriter(options);
    const settled: number[] = [];
    const killed = Promise.withResolvers<void>();
    let n = 0;
    const append = (count: number): void => {
      for (let i = 0; i < count; i++, n++)
        writer.append(draft(n), (offset) => {
          if (settled.push(offset) === 2_001) killed.resolve(server.kill());
        });
    };
    append(2_000);
    await writer.flush();
    append(6_000); // more than a batch: some are taken when it is killed, some on their way, some not
    await killed.promise;
    append(2_000);
    await expect.poll(() => writer.trouble, { timeout: 120_000 }).toMatch(/^Kafka does not take what is appended: /);
    const seen = settled.length;
    expect(seen).toBeLessThan(8_000);
    await delay(500);
    expect(settled).toHaveLength(seen);
    expect(writer.held.envelopes).toBe(10_000 - seen);
    await server.start();
    await writer.flush();
    expect([writer.trouble, writer.held, writer.durableEnd]).toEqual([null, { envelopes: 0, bytes: 0 }, 10_000]);
    expect(settled).toEqual(numbers(0, 10_000));
    await writer.close();
    expect(await held(options)).toEqual(numbers(0, 10_000));
  });

  it('opens where a broker has just begun, and leads nothing yet', async () => {
    const options: KafkaLogOptions[] = [];
    for (let n = 0; n < 4; n++) options.push(await server.topic(8));
    for (let n = 0; n < 2; n++) {
      await server.kill();
      await server.start();
      const writers = await Promise.all(options.map((one) => openKafkaWriter({ ...one, partition: 7 })));
      expect(writers.map(({ durableEnd }) => durableEnd)).toEqual(options.map(() => 0));
      await Promise.all(writers.map((writer) => writer.close()));
    }
  });

  it('sends again what a broker that hangs may have taken, and it is there once', async () => {
    const options = await server.topic();
    const writer = await openKafkaWriter({ ...options, requestTimeoutMs: 500 });
    const settled: number[] = [];
    writer.append(draft(0), (offset) => settled.push(offset));
    await writer.flush();
    server.pause();
    for (let n = 1; n < 100; n++) writer.append(draft(n), (offset) => settled.push(offset));
    await expect.poll(() => writer.trouble, { timeout: 120_000 }).not.toBeNull();
    await delay(1_500);
    server.resume();
    await writer.flush();
    await delay(1_000); // the requests that were given up come late
    await writer.close();
    expect(settled).toEqual(numbers(0, 100));
    expect(await held(options)).toEqual(numbers(0, 100));
  });

  it('goes on as another producer where Kafka no longer takes this one, and repeats nothing', async () => {
    const options = await server.topic();
    const writer = await openKafkaWriter(options);
    for (let n = 0; n < 10; n++) writer.append(draft(n));
    await writer.flush();
    const client = new KafkaClient(options, options.topic);
    const [first] =
      (
        await client.leader(0, (broker) =>
          broker.fetch({
            isolationLevel: 0,
            maxWaitTime: 500,
            minBytes: 1,
            maxBytes: 1_000_000,
            topics: [{ topic: options.topic, partitions: [{ partition: 0, fetchOffset: '0', maxBytes: 1_000_000 }] }],
          }),
        )
      ).responses[0]?.partitions[0]?.messages ?? [];
    const { producerId = '' } = first?.batchContext ?? {};
    expect(await findBatch(client, 0, 0, producerId, 0)).toBe(0);
    expect(await findBatch(client, 0, 0, producerId, 10)).toBeNull();
    // A later incarnation of the same producer shuts this one out.
    const stranger = { key: null, value: Buffer.from('a'), headers: {} };
    await client.leader(0, (broker) =>
      broker.produce({
        acks: -1,
        timeout: 5_000,
        producerId,
        producerEpoch: 1,
        topicData: [{ topic: options.topic, partitions: [{ partition: 0, firstSequence: 0, messages: [stranger] }] }],
      }),
    );
    const settled: number[] = [];
    for (let n = 10; n < 20; n++) writer.append(draft(n), (offset) => settled.push(offset));
    await writer.flush();
    expect(settled).toEqual(numbers(11, 21));
    const reader = kafkaReader(options);
    const { envelopes, corrupt } = await readAll(reader, 0, 21);
    expect([envelopes.map(numberOf), corrupt]).toEqual([numbers(0, 20), 1]);
    for (const one of [writer, reader, client]) await one.close();
  });

  it('counts as corrupt what is not kept any more, and what is none of octroi’s', async () => {
    const options = await server.topic();
    const writer = await openKafkaWriter(options);
    const write = async (from: number, end: number): Promise<void> => {
      for (let n = from; n < end; n++) writer.append(draft(n));
      await writer.flush();
    };
    await write(0, 100);
    await produce(options, { value: Buffer.from('hello') }, { value: Buffer.from('{}'), headers: { other: Buffer.from('x') } });
    await write(102, 110);
    await writer.close();
    const admin = administration(server).admin();
    await admin.connect();
    await admin.fetchTopicOffsets(options.topic); // kafkajs needs to have heard of it
    await admin.deleteTopicRecords({ topic: options.topic, partitions: [{ partition: 0, offset: '40' }] });
    await admin.disconnect();

    const reader = kafkaReader(options);
    expect([await reader.start(), await reader.end()]).toEqual([40, 110]);
    const all = await readAll(reader, 0, 110);
    expect([all.envelopes.map(numberOf), all.corrupt]).toEqual([[...numbers(40, 100), ...numbers(102, 110)], 42]);
    expect(await readAll(reader, 10, 30)).toEqual({ envelopes: [], corrupt: 20 });
    const offsets: [number, number | undefined][] = [];
    for await (const { envelopes, corrupt } of reader.read(0, 110, 1_000)) offsets.push([corrupt, envelopes[0]?.offset]);
    expect(offsets).toEqual([[40, 40], [2, 102]]); // biome-ignore format: one line
    await reader.close();
  });

  it('says that a later octroi wrote the log', async () => {
    const options = await server.topic();
    await produce(options, { value: Buffer.from('{}'), headers: { octroi: Buffer.from([99]) } });
    const reader = kafkaReader(options);
    expect(await codeOf(readAll(reader, 0, 1))).toBe('newer-version');
    await reader.close();
  });

  it('refuses an envelope that no topic takes, and takes one of the largest', async () => {
    const options = await server.topic();
    const writer = await openKafkaWriter(options);
    const large = (bytes: number) => ({ ...draft(1), payload: Buffer.alloc(bytes, '{"n":1}') });
    expect(() => writer.append(large(options.messageBytesMax))).toThrow(/limit-reached.*OCTROI_KAFKA_MESSAGE_BYTES_MAX/);
    writer.append(large(options.messageBytesMax - 300));
    writer.append(draft(2));
    await writer.flush();
    await writer.close();
    const reader = kafkaReader(options);
    expect((await readAll(reader, 0, 2)).envelopes.map(({ payload }) => payload.length)).toEqual([options.messageBytesMax - 300, 40]);
    await reader.close();
  });

  it('ends a read that waits when it is closed', async () => {
    const options = await server.topic();
    const reader = kafkaReader(options);
    const waiting = codeOf(readAll(reader, 0, 5));
    await delay(100);
    await reader.close();
    expect(await waiting).toBe('log-unreachable');
  });

  it('members of a group share all partitions behind a broker that was killed, and none has a second self in it', async () => {
    const options = await server.topic(6);
    const own: number[][] = [[], []];
    const failed: unknown[] = [];
    const members = [];
    for (const place of [0, 1])
      members.push(
        await joinGroup({
          access: server,
          topic: options.topic,
          group: 'members',
          assigned: (partitions) => {
            own[place] = [...partitions];
          },
          failed: (cause) => failed.push(cause),
        }),
      );
    /** What the broker says that it gave to whom. */
    const shared = async (): Promise<{ state?: string; given: (readonly number[])[] }> => {
      const admin = administration(server).admin();
      try {
        await admin.connect();
        const [group] = (await admin.describeGroups(['members'])).groups;
        const given = (group?.members ?? []).map(({ memberAssignment }) => kafkajs.AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment);
        return { state: group?.state ?? '', given: given.map((assignment) => assignment?.[options.topic] ?? []) };
      } catch (error) {
        return { state: String(error), given: [] };
      } finally {
        await admin.disconnect();
      }
    };
    const inOrder = (parts: readonly (readonly number[])[]): string[] => parts.map((part) => [...part].sort().join()).sort();
    let wellSince = Number.POSITIVE_INFINITY;
    const wellForMs = async (): Promise<number> => {
      const { state, given } = await shared();
      const isWell =
        state === 'Stable' && isDeepStrictEqual(inOrder(given), inOrder(own)) && own.flat().length === 6 && own.every(({ length }) => length === 3);
      wellSince = isWell ? Math.min(wellSince, performance.now()) : Number.POSITIVE_INFINITY;
      return performance.now() - wellSince;
    };
    // Whoever is in the group and says nothing is put out of it after 6 s: until then all may look well that is not.
    const untilShared = async (): Promise<void> => {
      wellSince = Number.POSITIVE_INFINITY;
      await expect.poll(wellForMs, { timeout: 60_000, interval: 500 }).toBeGreaterThan(8_000);
    };
    await untilShared();
    for (const awayMs of [100, 4_000]) {
      await server.kill();
      await delay(awayMs);
      await server.start();
      await untilShared();
    }
    for (const member of members) await member.close();
    await expect.poll(shared, { timeout: 20_000, interval: 500 }).toEqual({ state: 'Empty', given: [] });
    expect(failed).toEqual([]);
  });

  describe('the topic', () => {
    let made = 0;
    const plan = (): TopicPlan => ({ topic: `topic-${made++}`, partitions: 3, replication: 1, retentionMs: 1_000_000, messageBytesMax: 2_000_000 });
    const alter = async (topic: string, name: string, value: string): Promise<void> => {
      const admin = administration(server).admin();
      await admin.connect();
      const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name, value }] };
      await admin.alterConfigs({ validateOnly: false, resources: [resource] });
      await admin.disconnect();
    };

    it('is made, kept, mended; what is wrong with it is named', async () => {
      const wanted = plan();
      expect(await codeOf(checkTopic(server, wanted))).toBe('log-not-set-up');
      expect((await setUpTopic(server, wanted)).done).toBe('made');
      await checkTopic(server, wanted);
      expect((await setUpTopic(server, wanted)).done).toBe('kept');
      await alter(wanted.topic, 'cleanup.policy', 'compact'); // all others go back to the broker's
      const faultsNow = () => checkTopic(server, wanted).catch((error: Error) => error.message);
      await expect.poll(faultsNow, { timeout: 60_000 }).toMatch(/cleanup\.policy/); // a broker may know it a moment later
      const faults = await faultsNow();
      for (const part of [
        'cleanup.policy is compact, not delete',
        'message.timestamp.type is CreateTime',
        'retention.ms is 604800000',
        'max.message.bytes is 1048588',
        'min.insync.replicas is 1 and flush.messages 9223372036854775807',
      ])
        if (part.startsWith('retention'))
          expect(faults).not.toContain(part); // a week is more than was asked for
        else expect(faults).toContain(part);
      expect((await setUpTopic(server, wanted)).done).toBe('changed');
      await checkTopic(server, wanted);
      await checkTopic(server, { ...wanted, messageBytesMax: 1_000 }); // more than asked for is well
    });

    it('is compacted where only the newest of each key is wanted, and stays as it was made', async () => {
      const wanted = { ...plan(), partitions: 1, compact: true };
      expect((await setUpTopic(server, wanted)).done).toBe('made');
      expect((await setUpTopic(server, wanted)).done).toBe('kept');
      await checkTopic(server, wanted);
      const admin = administration(server).admin();
      await admin.connect();
      const asked = { type: kafkajs.ConfigResourceTypes.TOPIC, name: wanted.topic, configNames: ['segment.ms'] };
      const { resources } = await admin.describeConfigs({ resources: [asked], includeSynonyms: false });
      await admin.disconnect();
      // What was overwritten in the last ten minutes is all that whoever begins reads for nothing.
      expect(resources[0]?.configEntries[0]?.configValue).toBe('600000');
    });

    it('keeps its number of partitions', async () => {
      const wanted = plan();
      await setUpTopic(server, wanted);
      expect(await setUpTopic(server, { ...wanted, partitions: 4 }).catch((error: Error) => error.message)).toMatch(
        /^log-not-set-up: it has 3 partitions, and they cannot become 4/,
      );
      expect(await checkTopic(server, { ...wanted, partitions: 1 }).catch((error: Error) => error.message)).toMatch(
        /it has 3 partitions, OCTROI_KAFKA_PARTITIONS is 1/,
      );
    });

    it.each([
      [
        'too old',
        0,
        [0, 2],
        /^log-unsupported: it is too old: Produce is needed in version 3, and it knows up to 2 \(Kafka 127[^\n]*\)\. Run a Kafka of a version/,
      ],
      ['too old for its producers to be numbered', 22, [0, -1], /^log-unsupported: it is too old: InitProducerId is needed in version 0, and it knows none/],
      ['too new', 1, [20, 30], /^log-unsupported: it is too new: Fetch is asked in version 11 at the most, and it knows none below 20/],
    ] as const)('says in one line that a Kafka is %s, before anything is written to it', async (_, question, versions, said) => {
      const other = await withOtherVersions(server.brokers[0] as string, new Map([[question, versions]]));
      const wanted = plan();
      expect(await setUpTopic(other, wanted).catch((error: Error) => error.message)).toMatch(said);
      expect(await checkTopic(other, wanted).catch((error: Error) => error.message)).toMatch(said);
      other.close();
      expect(await codeOf(checkTopic(server, wanted))).toBe('log-not-set-up');
    });

    it('says in one line where there is no broker, and where there are too few', async () => {
      const nowhere = await checkTopic({ brokers: ['127.0.0.1:1'] }, plan()).catch((error: Error) => error.message);
      expect(nowhere).toMatch(/^log-unreachable: [^\n]*127\.0\.0\.1:1[^\n]*Start Kafka, or correct OCTROI_KAFKA_BROKERS/);
      expect(await codeOf(setUpTopic(server, { ...plan(), replication: 3 }))).toBe('log-not-set-up');
    });
  });
});
