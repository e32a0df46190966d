/**
 * The way to Kafka: one connection to a cluster, thrown away and made anew whenever something on it goes wrong. What is asked is
 * left to the others. The only place that knows how kafkajs is built inside: its public producer gives a batch up, hides where
 * its sequence stands, and its public consumer cannot read a range; the version is pinned, and tests hold it on both brokers.
 */
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type ISocketFactory, Kafka, type KafkaConfig, logLevel, type SASLOptions } from 'kafkajs';
import { type Failure, FailureError, fail, failure } from '../../core/failure.ts';

export interface KafkaAccess {
  /** `host:port` of some brokers; the others are learnt from them. */
  readonly brokers: readonly string[];
  /** Absent: no TLS. `ca`: certificates beside those that Node trusts, PEM. */
  readonly tls?: { readonly ca?: string };
  readonly sasl?: { readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; readonly username: string; readonly password: string };
  /** Longest time a request may be silent, ms. Default 10,000. */
  readonly requestTimeoutMs?: number;
}

/** A record as kafkajs reads it. */
export interface KafkaRecord {
  readonly offset: string;
  /** Epoch ms. */
  readonly timestamp: string;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | undefined>>;
  readonly batchContext: { readonly producerId: string; readonly firstSequence: number };
}

/** A record as it is written. */
export interface KafkaMessage {
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, Buffer>>;
}

interface OfPartition<Partition> {
  readonly topic: string;
  readonly partitions: readonly Partition[];
}

/** What kafkajs can ask of one broker, as far as it is used here. */
export interface Broker {
  produce(request: {
    acks: number;
    timeout: number;
    producerId: string;
    producerEpoch: number;
    topicData: readonly OfPartition<{ partition: number; firstSequence: number; messages: readonly KafkaMessage[] }>[];
  }): Promise<{ readonly topics: readonly { readonly partitions: readonly { readonly baseOffset: string }[] }[] }>;
  fetch(request: {
    isolationLevel: number;
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    topics: readonly OfPartition<{ partition: number; fetchOffset: string; maxBytes: number }>[];
  }): Promise<{ readonly responses: readonly { readonly partitions: readonly { readonly messages: readonly KafkaRecord[] }[] }[] }>;
  listOffsets(request: { isolationLevel: number; topics: readonly OfPartition<{ partition: number; timestamp: number }>[] }): Promise<{
    readonly responses: readonly { readonly partitions: readonly { readonly offset: string }[] }[];
  }>;
  initProducerId(request: { transactionTimeout: number }): Promise<{ readonly producerId: string; readonly producerEpoch: number }>;
}

/** Versions of each question that a broker answers, by the question's number. */
type Versions = Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number } | undefined>>;

interface Cluster {
  readonly brokerPool: { readonly versions: Versions | null };
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
  findBroker(of: { nodeId: string }): Promise<Broker>;
  findControllerBroker(): Promise<Broker>;
}

interface RequestQueue {
  pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

const inside = createRequire(import.meta.url);
const ClusterOf = inside('kafkajs/src/cluster') as new (options: object) => Cluster;
type MakeSocket = (options: object) => Socket;
const socketFactory = inside('kafkajs/src/network/socketFactory') as () => MakeSocket;
const { requests } = inside('kafkajs/src/protocol/requests') as { requests: Readonly<Record<string, { readonly versions: readonly (string | number)[] }>> };
const questionNumbers = inside('kafkajs/src/protocol/requests/apiKeys') as Readonly<Record<string, number>>;
const { prototype: requestQueue } = inside('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };

// kafkajs 2.2.4 looks each millisecond whether a request waits, for ever (tulios/kafkajs#1751). Where none waits there is nothing to look for:
// one that has to wait schedules the look itself.
const { scheduleCheckPendingRequests } = requestQueue;
requestQueue.scheduleCheckPendingRequests = function (this: RequestQueue) {
  if (this.pending.length > 0) scheduleCheckPendingRequests.call(this);
};

const connectionTimeout = 3_000;

const settingsOf = ({ brokers, tls, sasl, requestTimeoutMs = 10_000 }: KafkaAccess): KafkaConfig => ({
  clientId: 'octroi',
  brokers: [...brokers],
  connectionTimeout,
  authenticationTimeout: connectionTimeout,
  requestTimeout: requestTimeoutMs,
  retry: { retries: 0 },
  logLevel: logLevel.NOTHING,
  ...(tls === undefined ? {} : { ssl: tls }),
  ...(sasl === undefined ? {} : { sasl: sasl as SASLOptions }),
});

/** A broker that is busy is not given up at once. */
const fewRetries = { retries: 2, initialRetryTime: 200 };

/** kafkajs's own client, for what an administrator does. */
export const administration = (access: KafkaAccess, sockets: MakeSocket = socketFactory()): Kafka =>
  new Kafka({ ...settingsOf(access), retry: fewRetries, socketFactory: sockets as ISocketFactory });

/**
 * kafkajs's own client over sockets that can be taken from it for good. A consumer that is told to end while it joins its group does not
 * notice: it joins again, and is sent partitions of which nobody hears.
 */
export const severable = (access: KafkaAccess): { readonly kafka: Kafka; sever(): void } => {
  const make = socketFactory();
  const open = new Set<Socket>();
  let isSevered = false;
  const sockets: MakeSocket = (options) => {
    if (isSevered) throw fail('log-unreachable', 'the way to Kafka was given up');
    const socket = make(options);
    open.add(socket);
    return socket.once('close', () => open.delete(socket));
  };
  return {
    kafka: administration(access, sockets),
    sever() {
      isSevered = true;
      for (const socket of open) socket.destroy();
    },
  };
};

interface KafkaError {
  readonly name?: string;
  /** Of the protocol, as `NOT_LEADER_FOR_PARTITION`. */
  readonly type?: string;
  readonly message?: string;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

/** The name that Kafka's protocol gives to an error; null where it is none of the protocol. */
export const typeOf = (error: unknown): string | null => (error as KafkaError).type ?? null;

const deniedTypes: ReadonlySet<string> = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
]);

/** What kafkajs says of a broker that cannot even tell which versions it knows. */
const noVersions = 'API Versions not supported';

const impossibleTypes: ReadonlySet<string> = new Set(['INVALID_REPLICATION_FACTOR', 'INVALID_PARTITIONS', 'INVALID_CONFIG', 'POLICY_VIOLATION']);

/** What TLS says of a certificate that it does not trust, or of one for another address. */
const distrusted = /self-signed certificate|unable to (verify|get)[^.]*certificate|certificate has expired|does not match certificate's altnames/i;

/** What keeps Kafka from answering, as a failure of the table. */
export const causeOf = (error: unknown, where: string): Failure => {
  if (error instanceof FailureError) return error.failure;
  const { name = '', type = '', message = String(error), cause, errors = [] } = error as KafkaError;
  if (errors.length > 0) return causeOf(errors[0], where);
  if (name === 'KafkaJSNumberOfRetriesExceeded' && cause !== undefined) return causeOf(cause, where);
  const words = message.replace(/\s+/g, ' ').trim();
  if (words === noVersions) return failure('log-unsupported', 'it is older than Kafka 0.10', where);
  if (deniedTypes.has(type) || name.includes('SASL')) return failure('log-denied', words, where);
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return failure('log-not-set-up', 'there is no such topic, or it may not be seen', where);
  if (distrusted.test(words))
    return failure('log-unreachable', `its certificate is not trusted: ${words}; OCTROI_KAFKA_TLS_CA names who vouches for it`, where);
  if (impossibleTypes.has(type)) return failure('log-not-set-up', words, where);
  return failure('log-unreachable', words, where);
};

const openCluster = (access: KafkaAccess, retry: object = {}): Cluster => {
  const { brokers, ssl, sasl, ...settings } = { ...settingsOf(access), ...retry };
  const logger = new Kafka({ brokers, logLevel: logLevel.NOTHING }).logger();
  const given = { ...settings, brokers, ssl, sasl, logger, socketFactory: socketFactory(), enforceRequestTimeout: true };
  return new ClusterOf({ ...given, metadataMaxAge: 300_000, allowAutoTopicCreation: false, maxInFlightRequests: null, isolationLevel: 0 });
};

/**
 * What is asked, and the oldest version of the question that will do. Produce and Fetch: records with headers, in batches with a sequence
 * (Kafka 0.11: KIP-82, KIP-98); kafkajs would write the older form instead, and lose what is in the headers.
 */
const oldestOf: Readonly<Record<string, number>> = {
  Produce: 3,
  Fetch: 4,
  ListOffsets: 1,
  Metadata: 1,
  InitProducerId: 0,
  CreateTopics: 0,
  DescribeConfigs: 0,
  AlterConfigs: 0,
  JoinGroup: 0,
  SyncGroup: 0,
  Heartbeat: 0,
  OffsetFetch: 0,
};

/** What a broker cannot be asked, in words; null where it can be asked all that is needed. */
const unansweredBy = (versions: Versions): string | null => {
  for (const [name, oldest] of Object.entries(oldestOf)) {
    const { minVersion, maxVersion } = versions[questionNumbers[name] ?? -1] ?? { minVersion: 0, maxVersion: -1 };
    const newest = Math.max(...(requests[name]?.versions ?? []).map(Number));
    if (maxVersion < oldest) return `it is too old: ${name} is needed in version ${oldest}, and it knows ${maxVersion < 0 ? 'none' : `up to ${maxVersion}`}`;
    if (minVersion > newest) return `it is too new: ${name} is asked in version ${newest} at the most, and it knows none below ${minVersion}`;
  }
  return null;
};

/** Whether the broker that answers first knows what it will be asked. Rejects with `log-unreachable`, `log-denied`, `log-unsupported` */
export const checkVersions = async (access: KafkaAccess): Promise<void> => {
  const where = `Kafka ${access.brokers.join(',')}`;
  const cluster = openCluster(access, { retry: fewRetries });
  try {
    await cluster.connect();
    const unanswered = unansweredBy(cluster.brokerPool.versions ?? {});
    if (unanswered !== null) throw fail('log-unsupported', unanswered, where);
  } catch (error) {
    throw new FailureError(causeOf(error, where));
  } finally {
    await cluster.disconnect().catch(() => {});
  }
};

const pauseMsMin = 50;
const pauseMsMax = 2_000;

/** A connection to the leaders of one topic. */
export class KafkaClient {
  readonly topic: string;
  /** Where it leads, for messages. */
  readonly where: string;
  readonly #access: KafkaAccess;
  #cluster: Promise<Cluster> | null = null;
  #connections = 0;
  readonly #closing = new AbortController();

  constructor(access: KafkaAccess, topic: string) {
    this.#access = access;
    this.topic = topic;
    this.where = `Kafka ${access.brokers.join(',')}, topic ${topic}`;
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Asks the leader of a partition, once. Rejects with whatever went wrong; the next question goes over a new connection. */
  leader<T>(partition: number, ask: (broker: Broker) => Promise<T>): Promise<T> {
    return this.#once(async (cluster) => {
      const found = cluster.findTopicPartitionMetadata(this.topic).find(({ partitionId }) => partitionId === partition);
      if (found === undefined) throw fail('log-not-set-up', `there is no partition ${partition}`, this.where);
      return ask(await cluster.findBroker({ nodeId: String(found.leader) }));
    });
  }

  /** Asks a broker that any question of the whole cluster can go to, once. */
  controller<T>(ask: (broker: Broker) => Promise<T>): Promise<T> {
    return this.#once(async (cluster) => ask(await cluster.findControllerBroker()));
  }

  /**
   * Tries again until it succeeds, with growing pauses.
   * @param failed told each failure @returns null where the client was closed meanwhile
   */
  async held<T>(attempt: () => Promise<T>, failed: (cause: Failure, error: unknown) => void = () => {}): Promise<T | null> {
    for (let pauseMs = pauseMsMin; !this.isClosed; pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
      try {
        return await attempt();
      } catch (error) {
        if (this.isClosed) break;
        failed(causeOf(error, this.where), error);
        await this.pause(pauseMs);
      }
    }
    return null;
  }

  /** Waits, but for no longer than the client is open. */
  async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#closing.signal }).catch(() => {});
  }

  /** Ends whatever is asked at the moment. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#drop();
  }

  async #once<T>(ask: (cluster: Cluster) => Promise<T>): Promise<T> {
    if (this.isClosed) throw fail('log-unreachable', 'the log is closed', this.where);
    this.#cluster ??= this.#connect();
    const used = this.#cluster;
    try {
      return await ask(await used);
    } catch (error) {
      // It may be the leader that moved, a socket that ended, or a broker that hangs: what is known of the cluster is learnt anew.
      if (this.#cluster === used) await this.#drop();
      throw error;
    }
  }

  async #connect(): Promise<Cluster> {
    // kafkajs begins with the first of the list, each time anew: where that one is dead, the next connection goes by another.
    const { brokers } = this.#access;
    const first = this.#connections++ % brokers.length;
    const cluster = openCluster({ ...this.#access, brokers: [...brokers.slice(first), ...brokers.slice(0, first)] });
    try {
      await cluster.connect();
      await cluster.addMultipleTargetTopics([this.topic]);
      return cluster;
    } catch (error) {
      await cluster.disconnect().catch(() => {});
      throw error;
    }
  }

  async #drop(): Promise<void> {
    const cluster = this.#cluster;
    this.#cluster = null;
    await cluster?.then((one) => one.disconnect()).catch(() => {});
  }
}
