/** A real Kafka for tests: one node in a temporary folder on free ports of this machine, ended by its own process. How it is fetched is `bin/servers/kafka.sh`. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KafkaAccess, KafkaClient } from '../../log/kafka/client.ts';
import { setUpTopic } from '../../log/kafka/topics.ts';
import type { KafkaLogOptions } from '../../log/kafka.ts';
import { freePort } from '../../torture/free-port.ts';
import { noServer } from '../reason.ts';
import { killed, untilServes } from '../server-process.ts';

const servers = process.env.OCTROI_SERVERS_DIR ?? join(homedir(), '.cache', 'octroi-servers');
const folderOf = (version: string): string => join(servers, `kafka-${version}`);

export const kafkaVersions = ['4.1.1', '3.9.1'] as const;
export type KafkaVersion = (typeof kafkaVersions)[number];

/** Why tests over Kafka cannot run here; null where they can. */
export const noKafka = (version: KafkaVersion = '4.1.1'): string | null => {
  if (!existsSync(folderOf(version))) return noServer(`Kafka ${version}, which bin/servers/kafka.sh ${version} fetches`);
  return spawnSync('java', ['-version']).status === 0 ? null : noServer('Java, which runs Kafka');
};

export interface KafkaServer extends KafkaAccess {
  /** A topic as `octroi kafka setup` makes it, or with other settings. */
  topic(partitions?: number): Promise<KafkaLogOptions>;
  readonly pid: () => number;
  /** Ends the server at once. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and folder. */
  start(): Promise<void>;
  pause(): void;
  resume(): void;
  /** Ends the server and removes its folder. */
  close(): Promise<void>;
}

const properties = (home: string, port: number, controller: number): string =>
  Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(home, 'data'),
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1_000,
    // A node that was killed comes back only when the controller has given up the one before.
    'broker.session.timeout.ms': 2_000,
    'broker.heartbeat.interval.ms': 500,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

const jvm = ['-Xmx256m', '-Xms64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];

/** @param ports of the broker and of its controller: those that another node had, or any free ones */
export const startKafka = async (version: KafkaVersion = '4.1.1'): Promise<KafkaServer> => {
  const home = await mkdtemp(join(tmpdir(), 'octroi-kafka-'));
  const [port, controller] = [await freePort(), await freePort()];
  const access: KafkaAccess = { brokers: [`127.0.0.1:${port}`] };
  cpSync(join(folderOf(version), 'formatted'), join(home, 'data'), { recursive: true });
  writeFileSync(join(home, 'server.properties'), properties(home, port, controller));
  // Both logging libraries are quiet with it; what a node says on its way to its end is still on its standard output.
  writeFileSync(join(home, 'log.properties'), 'log4j.rootLogger=OFF\nrootLogger.level=off\n');
  let child: ChildProcess;
  let named = 0;

  const isUp = async (): Promise<boolean> => {
    const client = new KafkaClient(access, `no-such-topic-${port}`);
    try {
      await client.controller((broker) => broker.initProducerId({ transactionTimeout: 1_000 }));
      return true;
    } catch (error) {
      return (error as { type?: string }).type === 'UNKNOWN_TOPIC_OR_PARTITION';
    } finally {
      await client.close();
    }
  };
  const start = async (): Promise<void> => {
    const quiet = [`-Dlog4j2.configurationFile=${join(home, 'log.properties')}`, `-Dlog4j.configuration=file:${join(home, 'log.properties')}`];
    const args = [...jvm, ...quiet, '-cp', join(folderOf(version), 'lib', '*'), 'kafka.Kafka', join(home, 'server.properties')];
    child = spawn('java', args, { stdio: 'ignore' });
    await untilServes('Kafka', child, isUp);
  };
  const kill = (): Promise<void> => killed(child);

  await start();
  return {
    ...access,
    async topic(partitions = 1) {
      const messageBytesMax = 4 * 2 ** 20;
      const topic = `log-${named++}`;
      await setUpTopic(access, { topic, partitions, replication: 1, retentionMs: 86_400_000, messageBytesMax });
      return { ...access, topic, partition: 0, messageBytesMax };
    },
    pid: () => child.pid as number,
    kill,
    start,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async close() {
      await kill();
      await rm(home, { recursive: true, force: true });
    },
  };
};
