/**
 * What MQTT retains where there are many gates: plants keep a topic equal to what their partitions want retained, gates give it to
 * their doors. What is public is left to the feed, who may read it to the door.
 */
import type { Logger } from 'pino';
import type { Door } from '../../broker/door.ts';
import { operatorPrefix } from '../../broker/topic.ts';
import type { Config } from '../../config.ts';
import type { Draft, Envelope } from '../../core/envelope.ts';
import { retainedOptions } from '../parts/kafka.ts';
import { openSharedTopic } from './shared-topic.ts';

/** All that one partition, or the alarm stage, wants retained: payloads by topic. Null while it does not know yet. */
export type Wanted = () => Promise<ReadonlyMap<string, string> | null>;

/** A record: a message of the gates' own, keyed by its topic. An empty payload withdraws it. */
const draftOf = (topic: string, payload: string, by: string): Draft => ({
  kind: 'message',
  subject: topic,
  sender: by,
  topic,
  payload: Buffer.from(payload),
  qos: 0,
  dup: false,
  packetId: 0,
});

const textOf = ({ payload }: Envelope): string => Buffer.from(payload).toString('utf8');

/** What the topic holds. */
interface Held {
  /** The partition that wrote it last. */
  readonly by: string;
  readonly payload: string;
}

/** What makes the topic equal to what is wanted: by each partition, and of what each has written. What others wrote is theirs. */
export const changesOf = (held: ReadonlyMap<string, Held>, wanted: ReadonlyMap<string, ReadonlyMap<string, string>>): Draft[] => {
  const all = new Map<string, Held>([...wanted].flatMap(([by, topics]) => [...topics].map(([topic, payload]) => [topic, { by, payload }] as const)));
  const gone = [...held].filter(([topic, { by }]) => wanted.has(by) && !all.has(topic));
  const changed = [...all].filter(([topic, { by, payload }]) => held.get(topic)?.by !== by || held.get(topic)?.payload !== payload);
  return [...gone.map(([topic, { by }]) => draftOf(topic, '', by)), ...changed.map(([topic, { by, payload }]) => draftOf(topic, payload, by))];
};

/**
 * Keeps the topic equal to what this plant's partitions want, looking each second: nobody waits for it. It goes by what the topic
 * holds, and not by what it has written: what another plant wrote that slept and woke up is written over at the next look.
 * @param wanted by partition, for as long as it is this plant's @returns what ends it; rejects as `openKafkaWriter`
 */
export const keepRetained = async (config: Config, wanted: () => ReadonlyMap<string, Wanted>): Promise<{ close(): Promise<void> }> => {
  const topic = await openSharedTopic(retainedOptions(config));
  const held = new Map<string, Held>();
  const known = new WeakMap<Wanted, ReadonlyMap<string, string>>();
  const asked = new WeakSet<Wanted>();
  /** A thread that hangs keeps no other waiting. */
  const ask = (one: Wanted): void => {
    if (asked.has(one)) return;
    asked.add(one);
    one()
      .then(
        (topics) => topics !== null && known.set(one, topics),
        () => {}, // its thread has ended, or its store is away
      )
      .finally(() => asked.delete(one));
  };
  topic.follow(async (news) => {
    for (const envelope of news) {
      if (envelope.payload.length === 0) held.delete(envelope.topic);
      else held.set(envelope.topic, { by: envelope.sender, payload: textOf(envelope) });
    }
    const own = wanted();
    for (const one of own.values()) ask(one);
    // While Kafka takes nothing, what is newest by then is enough.
    if (topic.isWriting) return;
    const told = [...own].flatMap(([by, one]) => [known.get(one)].filter((topics) => topics !== undefined).map((topics) => [by, topics] as const));
    for (const draft of changesOf(held, new Map(told))) topic.put(draft).catch(() => {}); // longer than the topic takes: it is left out
  });
  return topic;
};

/**
 * Gives the door what plants want retained: all that there is, then each change.
 * @returns what ends it; rejects as `openKafkaWriter`
 */
export const followRetained = async (
  config: Config,
  door: Pick<Door, 'publishPublic' | 'publishToOperators'>,
  logger: Logger,
): Promise<{ close(): Promise<void> }> => {
  const topic = await openSharedTopic(retainedOptions(config));
  /** What the door did not take: it is tried again at each look. */
  const refused = new Map<string, string>();
  const give = async (news: readonly Envelope[]): Promise<void> => {
    for (const [name, payload] of new Map([...refused, ...news.map((one) => [one.topic, textOf(one)] as const)])) {
      try {
        await (name.startsWith(operatorPrefix) ? door.publishToOperators(name, payload) : door.publishPublic(name, payload, true));
        refused.delete(name);
      } catch (error) {
        if (!refused.has(name)) logger.warn({ topic: name, error: String(error) }, 'a message could not be retained; it is tried again');
        refused.set(name, payload);
      }
    }
  };
  await give(await topic.news());
  topic.follow(give);
  return topic;
};
