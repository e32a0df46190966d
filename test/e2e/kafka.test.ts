/** `octroi start` with its log on a real Kafka: set up, checked, shown; killed with everything around it, under load. About 60 s. */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import kafkajs from 'kafkajs';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { reachControl } from '../../cli/control.ts';
import { openWorkshop } from '../../cli/workshop.ts';
import { configSchema } from '../../config.ts';
import { Scope } from '../../core/scope.ts';
import { administration } from '../../log/kafka/client.ts';
import { kafkaReader } from '../../log/kafka.ts';
import { freePort } from '../../torture/free-port.ts';
import { Gate } from '../../torture/gate.ts';
import { promisedOf, startLoad, untilAcknowledged } from '../../torture/load.ts';
import { judgeIn } from '../../torture/oracle.ts';
import { type KafkaServer, noKafka, startKafka } from '../../torture/rigs/kafka-server.ts';
import { readAll } from '../log/drafts.ts';
import { withReason } from '../reason.ts';
import { folder, octroi, started, until } from './running.ts';

const reason = noKafka();

describe.skipIf(reason !== null)(withReason('a gate with its log on Kafka', reason), () => {
  let server: KafkaServer;
  let named = 0;
  beforeAll(async () => {
    server = await startKafka();
  });
  afterAll(() => server?.close());

  const environment = (): Record<string, string> => ({
    OCTROI_LOG: 'kafka',
    OCTROI_KAFKA_BROKERS: server.brokers.join(','),
    OCTROI_KAFKA_TOPIC: `town-${named++}`,
    OCTROI_KAFKA_REPLICATION: '1',
  });
  const setUp = async (env: Record<string, string>): Promise<void> => {
    expect(await octroi(['kafka', 'setup'], env)).toMatchObject({ code: 0, err: '' });
  };
  const ports = ['--no-demo', '--http-port', '0', '--mqtt-port', '0'];

  test('opens on a topic that is set up, and says in one line what is wrong with any other', async () => {
    const env = environment();
    const data = folder();
    const start = (more: Record<string, string> = {}) => octroi(['start', '--data', data, ...ports], { ...env, ...more, OCTROI_LOG_LEVEL: 'fatal' });
    expect(await start()).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^octroi: log-not-set-up: there is no such topic .* Run octroi kafka setup[^\n]*\n$/),
    });
    const made = await octroi(['kafka', 'setup', '--json'], env);
    expect(JSON.parse(made.out)).toEqual({ topics: [{ topic: env.OCTROI_KAFKA_TOPIC, partitions: 1, replication: 1, done: 'made' }] });
    expect((await octroi(['kafka', 'setup'], env)).out).toMatch(/^kept {4}town-\d+ \(1 partition, 1 copy, synced at each batch\)\n$/);
    expect((await octroi(['doctor', '--data', data, '--json'], env)).out).toContain(`"what":"Kafka","ok":true`);

    const admin = administration(server).admin();
    await admin.connect();
    const wrong = {
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name: env.OCTROI_KAFKA_TOPIC as string,
      configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
    };
    await admin.alterConfigs({ validateOnly: false, resources: [wrong] });
    await admin.disconnect();
    expect(await start()).toMatchObject({ code: 1, err: expect.stringMatching(/^octroi: log-not-set-up: cleanup.policy is compact, not delete; [^\n]*\n$/) });
    const doctor = await octroi(['doctor', '--data', data], env);
    expect([doctor.code, doctor.out]).toEqual([1, expect.stringContaining('FAIL Kafka: log-not-set-up: cleanup.policy is compact')]);
    expect((await start({ OCTROI_KAFKA_BROKERS: '127.0.0.1:1' })).err).toMatch(/^octroi: log-unreachable: [^\n]*Start Kafka[^\n]*\n$/);
    expect(await start({ OCTROI_KAFKA_SASL: 'plain' })).toMatchObject({ code: 2, err: expect.stringContaining('SASL needs OCTROI_KAFKA_USER') });
    const hidden = await octroi(['config'], { ...env, OCTROI_KAFKA_SASL: 'plain', OCTROI_KAFKA_USER: 'gate', OCTROI_KAFKA_PASSWORD: 'a-secret' });
    expect(hidden.out).toContain('OCTROI_KAFKA_USER');
    expect(hidden.out).not.toContain('a-secret');
  });

  test('a reading is acknowledged, stored, shown; stays while the gate is away', async () => {
    const env = { ...environment(), OCTROI_COMMIT_MS: '100' };
    await setUp(env);
    const data = folder();
    const scope = new Scope();
    onTestFinished(() => scope.close());
    const gate = await started(data, env);
    const { options, result } = startLoad(scope, { port: gate.mqttPort, connections: 5, messages: 500 });
    expect(await result).toMatchObject({ complete: true, acknowledged: 500 });
    const latest = `${gate.http}/api/v1/latest?device=dev-000004`;
    await until('the readings', async () => (await (await fetch(latest)).text()).includes(new Date(options.firstAt + 99_000).toISOString()));
    expect((await gate.stop()).code).toBe(0);
    const again = await started(data, env);
    expect(await (await fetch(`${again.http}/api/v1/ledger`)).json()).toMatchObject({ readings: { accepted: 1500, stored: 1500 }, balanced: true });
    const stopped = await again.stop();
    expect(stopped.code).toBe(0);
  });

  test('what one gate is told of the town, every gate knows, and those that open later', async () => {
    const env: Record<string, string> = { ...environment(), OCTROI_ROLE: 'gate', OCTROI_KAFKA_PARTITIONS: '2', OCTROI_LOG_LEVEL: 'error' };
    await setUp(env);
    const scope = new Scope();
    onTestFinished(() => scope.close());
    const open = async (): Promise<{ data: string; gate: Gate }> => {
      const data = folder();
      const gate = Gate.in(scope, { data, mqttPort: await freePort(), env });
      await gate.start();
      return { data, gate };
    };
    /** Asks until the door answers: a gate that opens looks for a moment whether its port is free, and hangs up. */
    const isAdmitted = async (gate: Gate, password: string): Promise<boolean> => {
      for (;;) {
        try {
          const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gate.mqttPort}`, { username: 'meter', password, reconnectPeriod: 0 });
          await client.endAsync(true);
          return true;
        } catch (error) {
          if (typeof (error as { code?: unknown }).code === 'number') return false; // of its CONNACK
          await delay(50);
        }
      }
    };
    /** What the door says to a device with its secret, and with another. */
    const admits = (gate: Gate): Promise<boolean[]> => Promise.all(['right', 'wrong'].map((password) => isAdmitted(gate, password)));
    const [one, other] = [await open(), await open()];
    const secretSha256 = createHash('sha256').update('right').digest('hex');
    const town = { name: 'Ville', zone: 'Europe/Paris', admission: 'declared', devices: [{ id: 'meter', type: 'generic', secretSha256 }] };
    const control = await reachControl(one.data);
    await control?.remote.change({ action: 'apply', town });
    control?.close();
    await until('the other gate has heard of it', async () => isDeepStrictEqual(await admits(other.gate), [true, false]));
    expect(await admits(one.gate)).toEqual([true, false]);
    expect(await admits((await open()).gate)).toEqual([true, false]);
    const answered = ['alarms', 'acknowledge', 'device/meter/stuck/1', '--by', 'Camille', '--data', one.data];
    expect(await octroi(answered, env)).toMatchObject({ code: 0, err: '' });
    const written = async (topic: string, partition: number) => {
      const reader = kafkaReader({ brokers: server.brokers, topic, partition, messageBytesMax: 0 });
      const { envelopes } = await readAll(reader, 0, await reader.end());
      await reader.close();
      const count = (wanted: string): number => envelopes.filter(({ kind }) => kind === wanted).length;
      return { registry: count('registry'), command: count('command') };
    };
    const topic = env.OCTROI_KAFKA_TOPIC as string;
    // The town is told to all, that of a fresh one and this one; an answer to the stage alone.
    for (const partition of [0, 1]) expect(await written(topic, partition)).toEqual({ registry: 2, command: 0 });
    expect(await written(`${topic}-alarms`, 0)).toEqual({ registry: 2, command: 1 });
  });

  test('kill -9 of the gate, the plant and Kafka under load: nothing acknowledged is lost, nothing is there twice', async () => {
    const env: Record<string, string> = { ...environment(), OCTROI_LOG_LEVEL: 'error' };
    await setUp(env);
    const data = folder();
    const scope = new Scope();
    onTestFinished(() => scope.close());
    const gate = Gate.in(scope, { data, mqttPort: await freePort(), env });
    await gate.start();
    // A message says what was a minute after the one before: whatever the hour, windows end.
    const load = startLoad(scope, { port: gate.mqttPort, messages: 1_000_000, ratePerSecond: 300, firstAt: Date.now() - 7 * 86_400_000, stepMs: 60_000 });
    const faults: Record<string, () => Promise<unknown>> = {
      plant: async () => gate.killPlant(),
      gate: async () => {
        await gate.kill(false);
        await gate.start();
      },
      async kafka() {
        await server.kill();
        await delay(500);
        await server.start();
      },
      async both() {
        await Promise.all([server.kill(), gate.kill(true)]);
        await server.start();
        await gate.start();
      },
      async hangs() {
        server.pause();
        await delay(2_000);
        server.resume();
      },
    };
    for (const name of ['plant', 'gate', 'kafka', 'both', 'hangs']) {
      await untilAcknowledged(200, load, gate);
      await faults[name]?.();
    }
    await untilAcknowledged(200, load, gate);
    load.stop();
    const promised = promisedOf(load.options, await load.result);
    expect(await gate.stop()).toBe(0);
    const { OCTROI_KAFKA_BROKERS: kafkaBrokers, OCTROI_KAFKA_TOPIC: kafkaTopic } = env;
    const workshop = await openWorkshop(configSchema.parse({ data, log: 'kafka', kafkaBrokers, kafkaTopic }));
    onTestFinished(() => workshop.close());
    await workshop.catchUp();
    const { faults: found, acknowledged, panes } = await judgeIn(workshop, { promised });
    expect(found).toEqual([]);
    expect(acknowledged).toBeGreaterThan(1_200);
    expect(panes).toBeGreaterThan(100);
  });
});
