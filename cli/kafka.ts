/** `octroi kafka setup`: makes the topic of a log on Kafka, with the settings that make an acknowledgement durable. Can be repeated. */
import { Command } from 'commander';
import { setUpTopic, type TopicSetUp } from '../log/kafka/topics.ts';
import { counted } from './counted.ts';
import { configOf, plainCommand, print } from './options.ts';
import { kafkaAccess, topicPlans } from './parts/kafka.ts';

const line = ({ topic, partitions, replication, done }: TopicSetUp): string =>
  `${done.padEnd(7)} ${topic} (${counted(partitions, 'partition')}, ${counted(replication, 'copy, synced at each batch', 'copies')})`;

const setupCommand = (): Command =>
  plainCommand('setup', 'make the topic of the log, and for many gates those beside it, or give them the settings they must have; can be repeated')
    .option('--kafka-brokers <list>', 'host:port of some brokers (OCTROI_KAFKA_BROKERS, default 127.0.0.1:9092)')
    .option('--kafka-topic <name>', 'name of the topic (OCTROI_KAFKA_TOPIC, default octroi-log)')
    .option('--kafka-partitions <n>', 'partitions, fixed from then on (OCTROI_KAFKA_PARTITIONS, default 1)')
    .option('--kafka-replication <n>', 'copies of each partition (OCTROI_KAFKA_REPLICATION, default 3; 1 where there is one broker)')
    .action(async ({ json, ...options }) => {
      const config = configOf({ ...options, log: 'kafka' });
      const done: TopicSetUp[] = [];
      for (const plan of topicPlans(config)) done.push(await setUpTopic(kafkaAccess(config), plan));
      print(json, { topics: done }, () => done.map(line).join('\n'));
    });

export const kafkaCommand = (): Command =>
  new Command('kafka').description('prepare Kafka to hold the log (OCTROI_KAFKA_BROKERS, …)').addCommand(setupCommand());
