/** The log on Kafka as the settings name it. Setting it up on request is left to `kafka.ts`. */
import { readFileSync } from 'node:fs';
import { type Config, environmentName } from '../../config.ts';
import { FailureError, fail } from '../../core/failure.ts';
import { dayMs } from '../../core/time.ts';
import { type KafkaAccess, KafkaClient } from '../../log/kafka/client.ts';
import { joinGroup, type Membership } from '../../log/kafka/membership.ts';
import { endOf } from '../../log/kafka/reader.ts';
import { checkTopic, type TopicPlan } from '../../log/kafka/topics.ts';
import { type KafkaLogOptions, kafkaReader, openKafkaWriter, openPartitions } from '../../log/kafka.ts';

/** @throws FailureError `bad-setting` where the file of certificates cannot be read, or a broker is no `host:port` */
export const kafkaAccess = ({ kafkaBrokers, kafkaTls, kafkaTlsCa, kafkaSasl, kafkaUser = '', kafkaPassword = '' }: Config): KafkaAccess => {
  const brokers = kafkaBrokers.split(',').map((one) => one.trim());
  for (const one of brokers)
    if (!/^[^:\s]+:\d{1,5}$/.test(one)) throw fail('bad-setting', `${JSON.stringify(one)} is no host:port`, environmentName('kafkaBrokers'));
  const ca = kafkaTlsCa === undefined ? undefined : certificates(kafkaTlsCa);
  return {
    brokers,
    ...(kafkaTls ? { tls: ca === undefined ? {} : { ca } } : {}),
    ...(kafkaSasl === undefined ? {} : { sasl: { mechanism: kafkaSasl, username: kafkaUser, password: kafkaPassword } }),
  };
};

const certificates = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw fail('bad-setting', (error as Error).message, environmentName('kafkaTlsCa'));
  }
};

export const topicPlan = (config: Config): TopicPlan => ({
  topic: config.kafkaTopic,
  partitions: config.kafkaPartitions,
  replication: config.kafkaReplication,
  retentionMs: config.horizonDays * dayMs,
  messageBytesMax: config.kafkaMessageBytesMax,
});

/** The topic that tells all gates of the town. */
const townPlan = (config: Config): TopicPlan => ({ ...topicPlan(config), topic: `${config.kafkaTopic}-town`, partitions: 1, compact: true });

/** The alarm log: what all partitions judged and what people answered, in one order. */
const alarmPlan = (config: Config): TopicPlan => ({ ...topicPlan(config), topic: `${config.kafkaTopic}-alarms`, partitions: 1 });

/** What gates retain on MQTT: the newest of each message. */
const retainedPlan = (config: Config): TopicPlan => ({ ...townPlan(config), topic: `${config.kafkaTopic}-retained` });

/** The topics that a log needs: gates and plants among many have three beside it, of the town, of alarms and of what is retained. */
export const topicPlans = (config: Config): TopicPlan[] =>
  config.role === 'all' && config.kafkaPartitions === 1 ? [topicPlan(config)] : [topicPlan(config), townPlan(config), alarmPlan(config), retainedPlan(config)];

/** The alarm log is followed, and its stage stored, as the partition behind the last: how many there are is fixed. */
export const stagePartition = ({ kafkaPartitions }: Config): number => kafkaPartitions;

const logOptions = (config: Config, partition = 0): KafkaLogOptions => ({
  ...kafkaAccess(config),
  topic: config.kafkaTopic,
  partition,
  messageBytesMax: config.kafkaMessageBytesMax,
});
const alarmOptions = (config: Config): KafkaLogOptions => ({ ...logOptions(config), topic: alarmPlan(config).topic });

/** Whether the topics are there, and as they must be. Rejects as `checkTopic`. */
export const checkKafka = async (config: Config): Promise<void> => {
  for (const plan of topicPlans(config)) await checkTopic(kafkaAccess(config), plan);
};

/** What must hold before a gate opens. Rejects with `log-unreachable`, `log-denied`, `log-not-set-up`, `bad-setting` */
export const requireLog = async (config: Config): Promise<void> => {
  if (config.log !== 'kafka') return;
  if (config.kafkaPartitions > 1)
    throw fail('bad-setting', 'more than one partition is for gates and plants among many (--role)', environmentName('kafkaPartitions'));
  await checkKafka(config);
};

export const openKafkaLog = (config: Config) => openKafkaWriter(logOptions(config));
export const openKafkaReader = (config: Config, partition = 0) =>
  kafkaReader(partition === stagePartition(config) ? alarmOptions(config) : logOptions(config, partition));
export const openAlarmLog = (config: Config) => openKafkaWriter(alarmOptions(config));
export const openAllPartitions = (config: Config) => openPartitions(logOptions(config), config.kafkaPartitions);
export const retainedOptions = (config: Config): KafkaLogOptions => ({ ...logOptions(config), topic: retainedPlan(config).topic });
export const townOptions = (config: Config): KafkaLogOptions => ({ ...logOptions(config), topic: townPlan(config).topic });

/** A plant's place in the group of all plants of a log. */
export const joinPlants = (config: Config, assigned: (partitions: readonly number[]) => void, failed: (error: FailureError) => void): Promise<Membership> =>
  joinGroup({
    access: kafkaAccess(config),
    topic: config.kafkaTopic,
    group: `${config.kafkaTopic}-plants`,
    assigned,
    failed: (cause) => failed(new FailureError(cause)),
  });

/** How often the ends of the partitions are asked for, ms. */
const endsMs = 200;

export interface Following {
  /** Why the ends are not known at the moment; null while they are. */
  trouble(): string | null;
  close(): Promise<void>;
}

/** Tells where partitions end, again and again, that of the alarm stage with them. */
export const followEnds = (config: Config, partitions: () => readonly number[], tell: (partition: number, end: number) => void): Following => {
  const stage = stagePartition(config);
  const both = [
    followTopic(config, config.kafkaTopic, () => partitions().filter((one) => one !== stage), tell),
    followTopic(config, alarmPlan(config).topic, () => (partitions().includes(stage) ? [0] : []), (_, end) => tell(stage, end)), // biome-ignore format: one line
  ];
  return {
    trouble: () => both.map((one) => one.trouble()).find((one) => one !== null) ?? null,
    async close() {
      await Promise.all(both.map((one) => one.close()));
    },
  };
};

const followTopic = (config: Config, topic: string, partitions: () => readonly number[], tell: (partition: number, end: number) => void): Following => {
  const client = new KafkaClient(kafkaAccess(config), topic);
  let trouble: string | null = null;
  const look = async (): Promise<void> => {
    for (const partition of partitions()) tell(partition, await endOf(client, partition));
    trouble = null;
  };
  const follow = async (): Promise<void> => {
    while (!client.isClosed) {
      await client.held(look, ({ message }) => {
        trouble = message;
      });
      await client.pause(endsMs);
    }
  };
  const done = follow();
  return {
    trouble: () => trouble,
    async close() {
      await client.close();
      await done;
    },
  };
};
