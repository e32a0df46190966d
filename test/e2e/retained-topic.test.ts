/** The topic of what gates retain, over a real Kafka: Kafka away, and a door that is full. About 20 s. */
import mqtt from 'mqtt';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { kafkaAccess, retainedOptions, topicPlans } from '../../cli/parts/kafka.ts';
import { followRetained, keepRetained } from '../../cli/roles/retained-topic.ts';
import { type Config, configSchema } from '../../config.ts';
import { setUpTopic } from '../../log/kafka/topics.ts';
import { kafkaReader } from '../../log/kafka.ts';
import { type KafkaServer, noKafka, startKafka } from '../../torture/rigs/kafka-server.ts';
import { makeDoor } from '../broker/made-door.ts';
import { readAll } from '../log/drafts.ts';
import { withReason } from '../reason.ts';
import { until } from './running.ts';

const reason = noKafka();
const silent = pino({ level: 'silent' });
const topicOf = (n: number | string): string => `city/v1/public/figures/${n}`;

describe.skipIf(reason !== null)(withReason('what gates retain', reason), () => {
  let server: KafkaServer;
  let named = 0;
  beforeAll(async () => {
    server = await startKafka();
  });
  afterAll(() => server?.close());

  const setUp = async (): Promise<Config> => {
    const kafka = { log: 'kafka', kafkaBrokers: server.brokers.join(','), kafkaTopic: `kept-${named++}`, kafkaPartitions: 2, kafkaReplication: 1 };
    const config = configSchema.parse(kafka);
    for (const plan of topicPlans(config)) await setUpTopic(kafkaAccess(config), plan);
    return config;
  };
  /** What a subscriber at a gate's door holds. */
  const heldAt = async (config: Config, limits = {}): Promise<ReadonlyMap<string, string>> => {
    const { door } = await makeDoor({ limits });
    onTestFinished(() => door.close());
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${door.port}`, { reconnectPeriod: 0 });
    onTestFinished(() => void client.end(true));
    const held = new Map<string, string>();
    client.on('message', (topic, payload) => {
      if (payload.length === 0) held.delete(topic);
      else held.set(topic, payload.toString('utf8'));
    });
    await client.subscribeAsync('city/v1/public/#');
    const following = await followRetained(config, door, silent);
    onTestFinished(() => following.close());
    return held;
  };

  test('while Kafka is away nobody waits for it, and what is newest goes out when it is back', async () => {
    const config = await setUp();
    const topics = new Map([
      [topicOf('a'), '0'],
      [topicOf('b'), '0'],
    ]);
    const wanted = new Map([['0', async () => topics]]);
    const keeping = await keepRetained(config, () => wanted);
    const held = await heldAt(config);
    await until('both are there', () => held.size === 2);
    await server.kill();
    for (let n = 1; n <= 1_000; n++) topics.set(topicOf('a'), String(n));
    topics.delete(topicOf('b'));
    await server.start();
    await until('the newest is there', () => held.get(topicOf('a')) === '1000' && held.size === 1);
    const reader = kafkaReader(retainedOptions(config));
    onTestFinished(() => reader.close());
    const { envelopes } = await readAll(reader, 0, await reader.end());
    expect(envelopes.map(({ topic, payload }) => [topic, Buffer.from(payload).toString('utf8')]).sort()).toEqual([
      [topicOf('a'), '0'],
      [topicOf('a'), '1000'],
      [topicOf('b'), ''],
      [topicOf('b'), '0'],
    ]);
    // A plant ends without it, too.
    await server.kill();
    topics.set(topicOf('a'), '1001');
    await keeping.close();
    await server.start();
  });

  test('what a full door has refused is retained when there is room', async () => {
    const config = await setUp();
    const topics = new Map([[topicOf('a'), '0']]);
    const wanted = new Map([['0', async () => topics]]);
    const keeping = await keepRetained(config, () => wanted);
    onTestFinished(() => keeping.close());
    const [held, full] = await Promise.all([heldAt(config), heldAt(config, { retainedMax: 1 })]);
    await until('the first is there', () => full.size === 1);
    topics.set(topicOf('b'), '0');
    await until('the second is elsewhere', () => held.size === 2);
    expect([...full]).toEqual([[topicOf('a'), '0']]);
    topics.delete(topicOf('a'));
    await until('the second is there', () => full.has(topicOf('b')));
    expect([...full]).toEqual([[topicOf('b'), '0']]);
  });
});
