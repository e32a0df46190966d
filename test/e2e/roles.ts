/** Roles of `octroi start` as processes over a real Kafka and a real InfluxDB. What they are made to do is left to the tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { type Influxd, startInfluxd } from '../../torture/rigs/influxd.ts';
import { type KafkaServer, startKafka } from '../../torture/rigs/kafka-server.ts';
import { folder, until } from './running.ts';

const command = fileURLToPath(new URL('../../cli/octroi.ts', import.meta.url));

interface Servers {
  readonly kafka: KafkaServer;
  readonly influxd: Influxd;
}

/** Kafka and InfluxDB for the tests of one `describe`: opened before the first, ended behind the last. */
export const bothServers = (): Servers => {
  const servers: { -readonly [Name in keyof Servers]?: Servers[Name] } = {};
  beforeAll(async () => {
    [servers.kafka, servers.influxd] = await Promise.all([startKafka(), startInfluxd()]);
  });
  afterAll(async () => {
    await servers.kafka?.close();
    await servers.influxd?.close();
  });
  return servers as Servers;
};

/** The settings of all processes of one town, with fresh buckets. */
export const roleEnvironment = async ({ kafka, influxd }: Servers, topic: string, partitions: number): Promise<Record<string, string>> => {
  const buckets = await influxd.buckets();
  return {
    OCTROI_LOG: 'kafka',
    OCTROI_KAFKA_BROKERS: kafka.brokers.join(','),
    OCTROI_KAFKA_TOPIC: topic,
    OCTROI_KAFKA_PARTITIONS: String(partitions),
    OCTROI_KAFKA_REPLICATION: '1',
    OCTROI_STORE: 'influxdb',
    OCTROI_INFLUX_URL: influxd.url,
    OCTROI_INFLUX_ORG: influxd.org,
    OCTROI_INFLUX_TOKEN: influxd.token,
    OCTROI_INFLUX_RAW_BUCKET: buckets.raw,
    OCTROI_INFLUX_PANES_BUCKET: buckets.panes,
    OCTROI_INFLUX_STATE_BUCKET: buckets.state,
    OCTROI_COMMIT_MS: '500',
    OCTROI_SNAPSHOT_MS: '5000',
  };
};

export interface RoleProcess {
  readonly child: ChildProcess;
  /** Where it answers over HTTP. */
  readonly http: string;
  readonly said: () => string;
}

/** Starts one and waits until it says that it is open. Killed with the test. */
export const startRole = async (role: 'gate' | 'plant' | 'web', env: Record<string, string>, ...more: string[]): Promise<RoleProcess> => {
  const args = ['start', '--role', role, '--data', folder(), '--http-port', '0', ...more];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', ...env },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const { value } = await until(`the ${role} is open`, () => {
    if (child.exitCode !== null) throw new Error(`the ${role} ended with ${child.exitCode}: ${said}`);
    return new RegExp(`octroi is open, as a ${role}\\.\\s+\\w+\\s+(http://\\S+)`).exec(said);
  });
  return { child, http: value[1] as string, said: () => said };
};
