/** The topic of the log: made with the settings that make an acknowledgement durable, and checked before it is used. Kafka's own settings are left to whoever runs it. */
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { FailureError, fail } from '../../core/failure.ts';
import { administration, causeOf, checkVersions, type KafkaAccess, typeOf } from './client.ts';

const topicResource = kafkajs.ConfigResourceTypes.TOPIC;

/** What a topic should be. */
export interface TopicPlan {
  readonly topic: string;
  readonly partitions: number;
  /** Copies of each partition, on as many brokers. */
  readonly replication: number;
  /** How long records are kept, ms. */
  readonly retentionMs: number;
  /** What it takes as one batch, bytes. */
  readonly messageBytesMax: number;
  /** Of each key only the newest record is kept, for good. */
  readonly compact?: boolean;
}

/** What was done to a topic. */
export interface TopicSetUp {
  readonly topic: string;
  readonly partitions: number;
  readonly replication: number;
  readonly done: 'made' | 'changed' | 'kept';
}

type Settings = Readonly<Record<string, string>>;

/** Kafka drops what was overwritten in closed segments alone: without that whoever begins would read up to a week of it, ms. */
const compactSegmentMs = 600_000;

/** Copies that must have a batch before it is acknowledged: one of them may fail. */
const insyncOf = (replication: number): number => (replication >= 3 ? replication - 1 : replication);

/** The settings of Kafka for a plan. On one broker an acknowledgement alone means memory: there each batch is synced. */
export const settingsOf = ({ replication, retentionMs, messageBytesMax, compact = false }: TopicPlan): Settings => ({
  'cleanup.policy': compact ? 'compact' : 'delete',
  ...(compact ? { 'segment.ms': String(compactSegmentMs) } : {}),
  'retention.ms': String(retentionMs),
  'retention.bytes': '-1',
  'min.insync.replicas': String(insyncOf(replication)),
  'unclean.leader.election.enable': 'false',
  'message.timestamp.type': 'LogAppendTime',
  'max.message.bytes': String(messageBytesMax),
  ...(insyncOf(replication) < 2 ? { 'flush.messages': '1' } : {}),
});

/** What is wrong with a topic as it is, in words; it may be better than planned. */
const faultsOf = (
  { partitions, retentionMs, messageBytesMax, compact = false }: TopicPlan,
  found: { readonly partitions: number; readonly settings: Settings },
): string[] => {
  const { settings } = found;
  const number = (name: string): number => Number(settings[name] ?? Number.NaN);
  const faults: string[] = [];
  const must = (holds: boolean, fault: string): void => {
    if (!holds) faults.push(fault);
  };
  const is = (name: string, value: string): void => must(settings[name] === value, `${name} is ${settings[name]}, not ${value}`);
  must(found.partitions === partitions, `it has ${found.partitions} partitions, OCTROI_KAFKA_PARTITIONS is ${partitions}`);
  is('cleanup.policy', compact ? 'compact' : 'delete');
  is('message.timestamp.type', 'LogAppendTime');
  is('unclean.leader.election.enable', 'false');
  is('retention.bytes', '-1');
  const kept = number('retention.ms');
  must(compact || kept === -1 || kept >= retentionMs, `retention.ms is ${kept}, below the horizon of ${retentionMs}`);
  must(number('max.message.bytes') >= messageBytesMax, `max.message.bytes is ${settings['max.message.bytes']}, below ${messageBytesMax}`);
  must(
    number('min.insync.replicas') >= 2 || number('flush.messages') === 1,
    `min.insync.replicas is ${settings['min.insync.replicas']} and flush.messages ${settings['flush.messages']}: an acknowledgement would mean the memory of one broker`,
  );
  return faults;
};

interface Found {
  readonly partitions: number;
  readonly replication: number;
  readonly settings: Settings;
}

/** A topic as it is; null where there is none. */
const findTopic = async (admin: Admin, topic: string): Promise<Found | null> => {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const partitions = topics[0]?.partitions ?? [];
    const { resources } = await admin.describeConfigs({ resources: [{ type: topicResource, name: topic }], includeSynonyms: false });
    const settings = Object.fromEntries((resources[0]?.configEntries ?? []).map(({ configName, configValue }) => [configName, configValue]));
    return { partitions: partitions.length, replication: partitions[0]?.replicas.length ?? 0, settings };
  } catch (error) {
    if (typeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return null;
    throw error;
  }
};

/** Asks an administrator of Kafka. Rejects with `log-unreachable`, `log-denied`, `log-unsupported`, `log-not-set-up` */
const administered = async <T>(access: KafkaAccess, topic: string, ask: (admin: Admin, where: string) => Promise<T>): Promise<T> => {
  const where = `Kafka ${access.brokers.join(',')}, topic ${topic}`;
  await checkVersions(access);
  const admin = administration(access).admin();
  try {
    await admin.connect();
    return await ask(admin, where);
  } catch (error) {
    throw new FailureError(causeOf(error, where));
  } finally {
    await admin.disconnect().catch(() => {});
  }
};

/**
 * Sees to it that the topic is there, and is as it must be.
 * @returns nothing; rejects with `log-unreachable`, `log-denied`, `log-unsupported`, `log-not-set-up` that names each setting
 */
export const checkTopic = (access: KafkaAccess, plan: TopicPlan): Promise<void> =>
  administered(access, plan.topic, async (admin, where) => {
    const found = await findTopic(admin, plan.topic);
    if (found === null) throw fail('log-not-set-up', 'there is no such topic', where);
    const faults = faultsOf(plan, found);
    if (faults.length > 0) throw fail('log-not-set-up', faults.join('; '), where);
  });

/** How long brokers may take until they know a topic that was just made, or its new settings, and how often that is asked, ms. */
const knownMsMax = 120_000;
const askMs = 100;
const notYet: readonly unknown[] = ['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE'];

/** Waits until a topic shows what was done to it: kafkajs' own waiting gives up where a busy broker does not know it yet. */
const untilKnown = async (admin: Admin, topic: string, where: string, isKnown: (found: Found) => boolean): Promise<void> => {
  for (const from = performance.now(); performance.now() - from < knownMsMax; await delay(askMs)) {
    try {
      const found = await findTopic(admin, topic);
      if (found !== null && isKnown(found)) return;
    } catch (error) {
      if (![error, (error as Error).cause].some((one) => notYet.includes(typeOf(one ?? {})))) throw error;
    }
  }
  throw fail('log-unreachable', `the topic was made or changed, and no broker knows it after ${knownMsMax / 1_000} s`, where);
};

/**
 * Makes the topic where there is none, and gives it the settings of the plan; can be repeated. How many partitions it has is
 * fixed when it is made: another number would send the readings of a device to another partition.
 * @returns what was done; rejects with `log-unreachable`, `log-denied`, `log-unsupported`, `log-not-set-up`
 */
export const setUpTopic = (access: KafkaAccess, plan: TopicPlan): Promise<TopicSetUp> =>
  administered(access, plan.topic, async (admin, where) => {
    const { topic, partitions, replication } = plan;
    const wanted = settingsOf(plan);
    const found = await findTopic(admin, topic);
    const configEntries = Object.entries(wanted).map(([name, value]) => ({ name, value }));
    if (found === null) {
      await admin.createTopics({ topics: [{ topic, numPartitions: partitions, replicationFactor: replication, configEntries }], waitForLeaders: false });
      await untilKnown(admin, topic, where, (made) => made.partitions === partitions);
      return { topic, partitions, replication, done: 'made' };
    }
    if (found.partitions !== partitions) throw fail('log-not-set-up', `it has ${found.partitions} partitions, and they cannot become ${partitions}`, where);
    // It may have more copies than asked for, or fewer: who moves them is whoever runs Kafka.
    const ofFound = settingsOf({ ...plan, replication: found.replication });
    const isAsPlanned = ({ settings }: Found): boolean => Object.entries(ofFound).every(([name, value]) => settings[name] === value);
    if (isAsPlanned(found)) return { topic, partitions, replication: found.replication, done: 'kept' };
    const changed = Object.entries(ofFound).map(([name, value]) => ({ name, value }));
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: topicResource, name: topic, configEntries: changed }] });
    await untilKnown(admin, topic, where, isAsPlanned);
    return { topic, partitions, replication: found.replication, done: 'changed' };
  });
