/** Real Kafkas: nodes in temporary folders on free ports of this machine, each ended by its own process. How they are fetched is `bin/servers/kafka.sh`. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, cpSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KafkaAccess, KafkaClient } from '../../log/kafka/client.ts';
import { setUpTopic } from '../../log/kafka/topics.ts';
import type { KafkaLogOptions } from '../../log/kafka.ts';
import { freePort } from '../free-port.ts';
import { killed, noServer, untilServes } from './server-process.ts';

const servers = process.env.OCTROI_SERVERS_DIR ?? join(homedir(), '.cache', 'octroi-servers');
const folderOf = (version: string): string => join(servers, `kafka-${version}`);

export const kafkaVersions = ['4.1.1', '3.9.1'] as const;
export type KafkaVersion = (typeof kafkaVersions)[number];

/** Why nothing over Kafka can run here; null where it can. */
export const noKafka = (version: KafkaVersion = '4.1.1'): string | null => {
  if (!existsSync(folderOf(version))) return noServer(`Kafka ${version}, which bin/servers/kafka.sh ${version} fetches`);
  return spawnSync('java', ['-version']).status === 0 ? null : noServer('Java, which runs Kafka');
};

/** One node as a process. */
export interface KafkaNode {
  readonly pid: () => number;
  /** Ends the node at once. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and folder. */
  start(): Promise<void>;
  pause(): void;
  resume(): void;
  /** Ends the node and removes its folder. */
  close(): Promise<void>;
}

/** Nodes of one cluster, reached without TLS. */
export interface KafkaCluster extends KafkaAccess {
  readonly nodes: readonly KafkaNode[];
  close(): Promise<void>;
}

export interface KafkaServer extends KafkaAccess, KafkaNode {
  /** A topic as `octroi kafka setup` makes it, or with other settings. */
  topic(partitions?: number): Promise<KafkaLogOptions>;
}

type Settings = Readonly<Record<string, string | number | boolean>>;

/** One more way in. */
export interface Listener {
  readonly port: number;
  readonly protocol: 'SSL' | 'SASL_SSL' | 'SASL_PLAINTEXT';
  readonly settings: Settings;
}

export interface KafkaOptions {
  readonly version?: KafkaVersion;
  readonly listener?: Listener;
  /** Changes the storage before its first start, with what Kafka's own tools say: the class path comes with it. */
  readonly format?: (data: string, properties: string, classPath: string) => void;
}

interface Place {
  readonly id: number;
  readonly port: number;
  readonly controller: number;
}

const settingsOf = (home: string, own: Place, all: readonly Place[], listener: Listener | undefined): Settings => {
  const more = listener === undefined ? '' : `,SECURE://127.0.0.1:${listener.port}`;
  const copies = all.length;
  return {
    'process.roles': 'broker,controller',
    'node.id': own.id,
    'controller.quorum.voters': all.map(({ id, controller }) => `${id}@127.0.0.1:${controller}`).join(','),
    listeners: `PLAINTEXT://127.0.0.1:${own.port},CONTROLLER://127.0.0.1:${own.controller}${more}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${own.port}${more}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': `PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT${listener === undefined ? '' : `,SECURE:${listener.protocol}`}`,
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(home, 'data'),
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': copies,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1_000,
    // A node that was killed comes back only when the controller has given up the one before.
    'broker.session.timeout.ms': 2_000,
    'broker.heartbeat.interval.ms': 500,
    // Its default alone is 128 MB.
    'log.cleaner.dedupe.buffer.size': 16_777_216,
    ...listener?.settings,
  };
};

const jvm = ['-Xms64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];

/** The storage that every node begins with, under its own names. */
const layOut = (version: KafkaVersion, data: string, id: number): void => {
  cpSync(join(folderOf(version), 'formatted'), data, { recursive: true });
  const file = join(data, 'meta.properties');
  const directory = randomBytes(16).toString('base64url');
  const named = readFileSync(file, 'utf8').replace(/^node\.id=.*$/m, `node.id=${id}`).replace(/^directory\.id=.*$/m, `directory.id=${directory}`); // biome-ignore format: one line
  writeFileSync(file, named);
};

/** Answers whether the node tells of topics. */
const isUp = async (port: number): Promise<boolean> => {
  const client = new KafkaClient({ brokers: [`127.0.0.1:${port}`] }, `no-such-topic-${port}`);
  try {
    await client.controller((broker) => broker.initProducerId({ transactionTimeout: 1_000 }));
    return true;
  } catch (error) {
    return (error as { type?: string }).type === 'UNKNOWN_TOPIC_OR_PARTITION';
  } finally {
    await client.close();
  }
};

const makeNode = async (own: Place, all: readonly Place[], { version = '4.1.1', listener, format }: KafkaOptions): Promise<KafkaNode> => {
  const home = await mkdtemp(join(tmpdir(), 'octroi-kafka-'));
  const classPath = join(folderOf(version), 'lib', '*');
  const properties = join(home, 'server.properties');
  const settings = Object.entries(settingsOf(home, own, all, listener));
  writeFileSync(properties, settings.map(([name, value]) => `${name}=${value}\n`).join(''));
  // Both logging libraries are quiet with it; what a node says on its way to its end is still on its standard output.
  writeFileSync(join(home, 'log.properties'), 'log4j.rootLogger=OFF\nrootLogger.level=off\n');
  layOut(version, join(home, 'data'), own.id);
  format?.(join(home, 'data'), properties, classPath);
  const quiet = [`-Dlog4j2.configurationFile=${join(home, 'log.properties')}`, `-Dlog4j.configuration=file:${join(home, 'log.properties')}`];
  const heap = all.length > 1 ? '-Xmx200m' : '-Xmx256m';
  let child: ChildProcess;
  const kill = (): Promise<void> => killed(child);
  return {
    pid: () => child.pid as number,
    kill,
    async start() {
      const said = openSync(join(home, 'said.log'), 'w');
      child = spawn('java', [heap, ...jvm, ...quiet, '-cp', classPath, 'kafka.Kafka', properties], { stdio: ['ignore', said, said] });
      closeSync(said);
      await untilServes('Kafka', child, () => isUp(own.port)).catch((error: Error) => {
        throw new Error(`${error.message}: ${readFileSync(join(home, 'said.log'), 'utf8').slice(-2_000)}`);
      });
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async close() {
      await kill();
      await rm(home, { recursive: true, force: true });
    },
  };
};

/** Starts so many nodes as one cluster, each a broker and a voter. */
export const startKafkaCluster = async (size: number, options: KafkaOptions = {}): Promise<KafkaCluster> => {
  const places: Place[] = [];
  for (let id = 1; id <= size; id++) places.push({ id, port: await freePort(), controller: await freePort() });
  const nodes: KafkaNode[] = [];
  for (const own of places) nodes.push(await makeNode(own, places, options));
  const close = async (): Promise<void> => {
    for (const node of nodes) await node.close();
  };
  try {
    await Promise.all(nodes.map((node) => node.start()));
  } catch (error) {
    await close();
    throw error;
  }
  return { brokers: places.map(({ port }) => `127.0.0.1:${port}`), nodes, close };
};

/** Starts one node by itself. */
export const startKafka = async (version: KafkaVersion = '4.1.1', options: Omit<KafkaOptions, 'version'> = {}): Promise<KafkaServer> => {
  const { brokers, nodes } = await startKafkaCluster(1, { version, ...options });
  let named = 0;
  return {
    ...(nodes[0] as KafkaNode),
    brokers,
    async topic(partitions = 1) {
      const messageBytesMax = 4 * 2 ** 20;
      const topic = `log-${named++}`;
      await setUpTopic({ brokers }, { topic, partitions, replication: 1, retentionMs: 86_400_000, messageBytesMax });
      return { brokers, topic, partition: 0, messageBytesMax };
    },
  };
};
