/** How each image of compose.yaml is run as a plain process: the same settings for a server of `bin/servers`, or for octroi from its sources. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../core/failure.ts';
import type { Service } from './plan.ts';

export const root = join(import.meta.dirname, '..', '..');

export interface Process {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where it can be asked whether it is up: HTTP, or `host:port` that takes connections. */
  readonly health: string | null;
  /** Done once it is up: repeatable. */
  readonly prepare?: () => Promise<void>;
}

/** @param home folder of what the service keeps */
type Runner = (service: Service, home: string) => Process;

/** Runs a script of `bin/servers`; it says on standard error what it does, and how long that takes. @returns what it provides */
const provided = (script: string, ...args: string[]): string => {
  const { status, stdout } = spawnSync('bash', [join(root, 'bin', 'servers', script), ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) throw fail('unavailable', `bin/servers/${script} could not provide its server`, script);
  return stdout.trim().split('\n').at(-1) ?? '';
};

const setting = ({ environment, image }: Service, name: string): string => {
  const value = environment[name];
  if (value === undefined) throw fail('bad-setting', `${image} has no ${name}`, name);
  return value;
};

/** The image's way to its settings: KAFKA_LOG_DIRS is log.dirs. */
export const kafkaProperties = (environment: Service['environment']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment)
      .filter(([name]) => name.startsWith('KAFKA_'))
      .map(([name, value]) => [name.slice('KAFKA_'.length).toLowerCase().replaceAll('_', '.'), value]),
  );

const kafka: Runner = (service, home) => {
  const folder = provided('kafka.sh', service.image.split(':')[1] ?? '');
  const data = join(home, 'data');
  if (!existsSync(data)) cpSync(join(folder, 'formatted'), data, { recursive: true });
  const properties = { ...kafkaProperties(service.environment), 'log.dirs': data };
  writeFileSync(join(home, 'server.properties'), Object.entries(properties).map(([name, value]) => `${name}=${value}\n`).join('')); // biome-ignore format: one line
  writeFileSync(join(home, 'log.properties'), 'rootLogger.level=warn\n');
  const jvm = ['-Xmx512m', '-XX:+UseSerialGC', `-Dlog4j2.configurationFile=${join(home, 'log.properties')}`, '-cp', join(folder, 'lib', '*')];
  const [, address = ''] = /PLAINTEXT:\/\/([\d.]+:\d+)/.exec(setting(service, 'KAFKA_ADVERTISED_LISTENERS')) ?? [];
  return { command: 'java', args: [...jvm, 'kafka.Kafka', join(home, 'server.properties')], env: {}, health: address };
};

const influxdb: Runner = (service, home) => {
  const url = `http://${setting(service, 'INFLUXD_HTTP_BIND_ADDRESS')}`;
  const own = Object.fromEntries(Object.entries(service.environment).filter(([name]) => name.startsWith('INFLUXD_')));
  const initial = (name: string): string => setting(service, `DOCKER_INFLUXDB_INIT_${name}`);
  return {
    command: provided('influxd.sh'),
    args: ['--log-level', 'error'],
    env: {
      ...own,
      INFLUXD_BOLT_PATH: join(home, 'influxd.bolt'),
      INFLUXD_SQLITE_PATH: join(home, 'influxd.sqlite'),
      INFLUXD_ENGINE_PATH: join(home, 'engine'),
    },
    health: `${url}/health`,
    async prepare() {
      const answer = await fetch(`${url}/api/v2/setup`, {
        method: 'POST',
        body: JSON.stringify({
          username: initial('USERNAME'),
          password: initial('PASSWORD'),
          org: initial('ORG'),
          bucket: initial('BUCKET'),
          token: initial('ADMIN_TOKEN'),
        }),
      });
      if (!answer.ok && answer.status !== 422) throw fail('unavailable', `InfluxDB could not be set up: ${await answer.text()}`, url);
    },
  };
};

const octroi: Runner = ({ environment, command = [] }, home) => ({
  command: process.execPath,
  args: [join(root, 'bin', 'octroi.mjs'), ...command],
  env: { ...environment, OCTROI_DATA: home },
  health: environment.OCTROI_HTTP_PORT === undefined ? null : `http://127.0.0.1:${environment.OCTROI_HTTP_PORT}/health/live`,
});

/** By the image's name without its tag. Grafana has no runner: there is no way to its server but its own packages. */
const runners: Readonly<Record<string, Runner>> = { 'apache/kafka': kafka, influxdb, octroi };

/** @returns null for what cannot be run without a container */
export const processOf = (service: Service, home: string): Process | null => {
  const runner = runners[service.image.split(':')[0] ?? ''];
  if (runner === undefined) return null;
  mkdirSync(home, { recursive: true, mode: 0o700 });
  return runner(service, home);
};
