/** The log on Kafka as the settings name it. Setting it up on request is left to `kafka.ts`. */
import { readFileSync } from 'node:fs';
import { type Config, environmentName } from '../config.ts';
import { fail } from '../core/failure.ts';
import { dayMs } from '../core/time.ts';
import type { KafkaAccess } from '../log/kafka/client.ts';
import { checkTopic, type TopicPlan } from '../log/kafka/topics.ts';
import { type KafkaLogOptions, kafkaReader, openKafkaWriter } from '../log/kafka.ts';

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

const logOptions = (config: Config): KafkaLogOptions => ({
  ...kafkaAccess(config),
  topic: config.kafkaTopic,
  partition: 0,
  messageBytesMax: config.kafkaMessageBytesMax,
});

/** Whether the topic is there, and as it must be. Rejects as `checkTopic`. */
export const checkKafka = (config: Config): Promise<void> => checkTopic(kafkaAccess(config), topicPlan(config));

/** What must hold before a gate opens. Rejects with `log-unreachable`, `log-denied`, `log-not-set-up`, `bad-setting` */
export const requireLog = async (config: Config): Promise<void> => {
  if (config.log !== 'kafka') return;
  if (config.kafkaPartitions > 1) throw fail('bad-setting', 'octroi start runs one partition', environmentName('kafkaPartitions'));
  await checkKafka(config);
};

export const openKafkaLog = (config: Config) => openKafkaWriter(logOptions(config));
export const openKafkaReader = (config: Config) => kafkaReader(logOptions(config));
