/** Settings that only show in a running octroi reach the part that they are of: each is given a value that is not its default. */
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { demoConfig, demoTownFile, startDemo } from '../../cli/demo.ts';
import { influxAccess } from '../../cli/parts/influx.ts';
import { kafkaAccess } from '../../cli/parts/kafka.ts';
import { openPlant } from '../../cli/plant/parts.ts';
import { resolveConfig } from '../../config.ts';
import { dayMs } from '../../core/time.ts';
import { connectPacket } from '../../simulators/mqtt-packets.ts';
import type { DuckDbStore } from '../../stores/duckdb.ts';
import { freePort } from '../../torture/free-port.ts';
import { testBroker } from '../simulators/broker.ts';
import { folder, octroi, started, until } from './running.ts';

const quiet = { OCTROI_LOG_LEVEL: 'fatal' };

/** All that a server answers before it closes. */
const answered = (port: number, host: string, bytes: Buffer): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = '';
    const socket = connect(port, host, () => socket.write(bytes));
    socket.on('data', (chunk) => {
      said += chunk.toString('hex');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(said));
  });

test('nobody but its owner reads the data folder', async () => {
  const data = join(folder(), 'data');
  const gate = await started(data, quiet);
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gate.mqttPort}`);
  onTestFinished(() => client.endAsync(true));
  await client.publishAsync('city/v1/here/a/telemetry', JSON.stringify({ values: { temperature: 20 } }), { qos: 1 });
  const latest = async (): Promise<string> => (await fetch(`${gate.http}/api/v1/latest?device=a`)).text();
  await until('the reading in the store', async () => (await latest()).includes('20'));
  const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((one) => one.isFile() || one.isDirectory());
  expect(files.map(({ name }) => name)).toContain('octroi.duckdb');
  expect(statSync(data).mode & 0o777).toBe(0o700);
  for (const { parentPath, name } of files) expect([name, statSync(join(parentPath, name)).mode & 0o077]).toEqual([name, 0]);
});

test('addresses, MQTT over WebSocket, the front of the door, when a month closes', async () => {
  const wsPort = await freePort();
  const gate = await started(folder(), {
    ...quiet,
    OCTROI_MQTT_HOST: '127.0.0.2',
    OCTROI_HTTP_HOST: '127.0.0.3',
    OCTROI_MQTT_WS_PORT: String(wsPort),
    OCTROI_MQTT_FRONT: 'aedes',
    OCTROI_MONTH_CLOSES_AFTER_DAYS: '3660',
  });
  expect(new URL(gate.http).hostname).toBe('127.0.0.3');
  await expect(fetch(gate.http.replace('127.0.0.3', '127.0.0.1'))).rejects.toThrow();
  const greeting = connectPacket({ clientId: 'twice' });
  // Where the scanner has sent the CONNACK of the first, aedes closes without one: test/broker/vectors.
  expect(await answered(gate.mqttPort, '127.0.0.2', Buffer.concat([greeting, greeting]))).toBe('');
  await expect(answered(gate.mqttPort, '127.0.0.1', greeting)).rejects.toThrow('ECONNREFUSED');

  const at = Date.now() - 70 * dayMs;
  const client = await mqtt.connectAsync(`ws://127.0.0.2:${wsPort}`);
  await client.publishAsync('city/v1/a/sensor/telemetry', JSON.stringify({ ts: at, values: { temperature: 20 } }), { qos: 1 });
  await client.endAsync();
  const { value } = await until('the reading is stored', async () => {
    const answer = await fetch(`${gate.http}/api/v1/explain?device=sensor&quantity=temperature&window=P1M&at=${at}`);
    return answer.ok ? ((await answer.json()) as { end: string; month: object }) : null;
  });
  expect(value.month).toEqual({ state: 'provisional', closes: new Date(Date.parse(value.end) + 3_660 * dayMs).toISOString() });
});

test.each([
  [{ OCTROI_HTTP_HOST: '0.0.0.0' }, 'the pages would listen on 0.0.0.0 without access control (OCTROI_HTTP_HOST)'],
  [{ OCTROI_MQTT_HOST: '0.0.0.0' }, 'the town admits anybody, and the door would listen on 0.0.0.0 (admission)'],
])('%o: refused, as wrong use', async (env, why) => {
  const { code, err } = await octroi(['start', '--data', folder(), '--no-demo', '--http-port', '0', '--mqtt-port', '0'], { ...quiet, ...env });
  expect(err).toContain(`octroi: not-loopback: ${why}. Keep 127.0.0.1`);
  expect(code).toBe(2);
});

/** Each with a secret where none belongs. */
const withSecret = [
  ['OCTROI_INFLUX_URL', 'http://bob:S3CR3T@127.0.0.1:8086', 'OCTROI_INFLUX_TOKEN'],
  ['OCTROI_INFLUX_URL', 'http:////S3CR3T@127.0.0.1:8086', 'OCTROI_INFLUX_TOKEN'],
  ['OCTROI_INFLUX_URL', 'bob:S3CR3T@127.0.0.1:8086', 'OCTROI_INFLUX_TOKEN'],
  ['OCTROI_KAFKA_BROKERS', '127.0.0.1:9092,bob:S3CR3T@127.0.0.1:9093', 'OCTROI_KAFKA_PASSWORD'],
  ['OCTROI_WEBHOOK_URL', 'https://bob:S3CR3T@127.0.0.1/hook', 'the signature'],
  ['OCTROI_WEBHOOK_URL', 'https:////:S3CR3T@127.0.0.1/hook', 'the signature'],
] as const;

test.each(withSecret)('%s that names a user is refused, and not printed: %s', (name, value, elsewhere) => {
  const resolved = (): unknown => resolveConfig({}, { [name]: value, OCTROI_WEBHOOK_SECRET: `whsec_${'A'.repeat(32)}` });
  expect(resolved).toThrow(`bad-setting: ${name} is not one: an address without a user is expected`);
  expect(resolved).toThrow(elsewhere);
  expect(resolved).not.toThrow('S3CR3T');
});

test('what the list of settings prints of an address, and of what may hold a secret', async () => {
  const { code, err } = await octroi(['config'], { OCTROI_INFLUX_URL: 'http://bob:S3CR3T@127.0.0.1:8086' });
  expect([code, err]).toEqual([2, expect.not.stringContaining('S3CR3T')]);
  const env = {
    OCTROI_INFLUX_URL: 'http://influx:8086',
    OCTROI_MAIL_URL: 'smtp://bob:S3CR3T@127.0.0.1',
    OCTROI_MAIL_FROM: 'a@town.example',
    OCTROI_MAIL_TO: 'b@town.example',
  };
  const { out } = await octroi(['config'], env);
  expect(out).toContain('http://influx:8086');
  expect(out).not.toContain('S3CR3T');
});

test('memory and threads of the embedded store', async () => {
  const plant = await openPlant(resolveConfig({ data: folder() }, { OCTROI_STORE_MEMORY_MB: '200', OCTROI_STORE_THREADS: '1' }).config);
  onTestFinished(() => plant.close());
  const connection = await (plant.store as DuckDbStore).connect();
  const [row] = await (await connection.runAndReadAll("SELECT current_setting('memory_limit'), current_setting('threads')")).getRowsJson();
  connection.closeSync();
  expect(row).toEqual(['190.7 MiB', '1']);
});

test('the speed of the demo town', async () => {
  const broker = await testBroker();
  const { config } = resolveConfig({ data: folder() }, { OCTROI_DEMO_SPEED: '600' });
  const began = Date.now();
  const end = startDemo({ mqttPort: broker.port, logger: { info: () => {} } }, config, began);
  onTestFinished(async () => {
    await end();
    await broker.close();
  });
  // In life it reports every ten minutes.
  const stamps = (): Set<number> =>
    new Set(
      broker.received
        .filter(({ topic }) => topic.endsWith('/station-a/telemetry'))
        .flatMap(({ payload }) => payload as { ts: number } | { ts: number }[])
        .flatMap(({ ts }) => (ts > began ? [ts] : [])),
    );
  await until('reports of the present', () => stamps().size >= 3);
});

test('the buckets on InfluxDB, and TLS to the brokers with certificates of their own', () => {
  const ca = join(folder(), 'ca.pem');
  writeFileSync(ca, 'certificates');
  const { config } = resolveConfig(
    {},
    {
      OCTROI_STORE: 'influxdb',
      OCTROI_INFLUX_ORG: 'town',
      OCTROI_INFLUX_TOKEN: 'secret',
      OCTROI_INFLUX_RAW_BUCKET: 'a',
      OCTROI_INFLUX_PANES_BUCKET: 'b',
      OCTROI_INFLUX_STATE_BUCKET: 'c',
      OCTROI_KAFKA_TLS: 'true',
      OCTROI_KAFKA_TLS_CA: ca,
    },
  );
  expect(influxAccess(config)).toEqual({ url: 'http://127.0.0.1:8086', org: 'town', token: 'secret', buckets: { raw: 'a', panes: 'b', state: 'c' } });
  expect(kafkaAccess(config).tls).toEqual({ ca: 'certificates' });
  expect(kafkaAccess({ ...config, kafkaTls: false }).tls).toBeUndefined();
  expect(() => kafkaAccess({ ...config, kafkaTlsCa: `${ca}.gone` })).toThrow('bad-setting: ENOENT');
});

test('on a terminal the demo writes no lines of level info, unless they are asked for', () => {
  const level = (isTerminal: boolean, environment: Record<string, string> = {}) => demoConfig(resolveConfig({}, environment).config, isTerminal, environment);
  expect(level(true)).toMatchObject({ logLevel: 'warn', town: demoTownFile });
  expect(level(false)).toMatchObject({ logLevel: 'info', town: demoTownFile });
  expect(level(true, { OCTROI_LOG_LEVEL: 'info' })).toMatchObject({ logLevel: 'info' });
  expect(level(true, { OCTROI_LOG_LEVEL: '' })).toMatchObject({ logLevel: 'warn' });
});
