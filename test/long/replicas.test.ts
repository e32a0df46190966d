/** Three real brokers, each record on all of them: each is killed in turn under load, then two at once. One to two minutes. */
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Scope } from '../../core/scope.ts';
import { administration } from '../../log/kafka/client.ts';
import { freePort } from '../../torture/free-port.ts';
import { Gate, metric } from '../../torture/gate.ts';
import { promisedOf, startLoad, untilAcknowledged } from '../../torture/load.ts';
import { judge } from '../../torture/oracle.ts';
import { type KafkaCluster, type KafkaNode, noKafka, startKafkaCluster } from '../../torture/rigs/kafka-server.ts';
import { folder, octroi, until } from '../e2e/running.ts';
import { withReason } from '../reason.ts';

const reason = noKafka();
const topic = 'copies';

/** How many brokers are in step, of the one partition. */
const inStep = async (cluster: KafkaCluster): Promise<number> => {
  const admin = administration(cluster).admin();
  try {
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions[0]?.isr.length ?? 0;
  } catch {
    return 0;
  } finally {
    await admin.disconnect();
  }
};

describe.skipIf(reason !== null)(withReason('three brokers', reason), { timeout: 600_000 }, () => {
  test('with one away acknowledgements go on, with two they are held; nothing is lost, nothing is there twice', async () => {
    const scope = new Scope();
    onTestFinished(() => scope.close());
    const cluster = await startKafkaCluster(3);
    scope.add(() => cluster.close());
    const kafkaBrokers = cluster.brokers.join(',');
    const env = { OCTROI_LOG: 'kafka', OCTROI_KAFKA_BROKERS: kafkaBrokers, OCTROI_KAFKA_TOPIC: topic, OCTROI_LOG_LEVEL: 'fatal' };
    expect(await octroi(['kafka', 'setup'], env)).toMatchObject({ code: 0, err: '', out: expect.stringContaining('(1 partition, 3 copies)') });
    const data = folder();
    const gate = Gate.in(scope, { data, mqttPort: await freePort(), httpPort: await freePort(), env });
    await gate.start();
    const load = startLoad(scope, { port: gate.mqttPort, messages: 1_000_000, ratePerSecond: 200, firstAt: Date.now() - 30 * 86_400_000, stepMs: 60_000 });
    const pauses: number[] = [];
    for (const node of cluster.nodes) {
      await until('all three are in step', async () => (await inStep(cluster)) === 3);
      await untilAcknowledged(200, load, gate);
      await node.kill();
      const from = performance.now();
      await untilAcknowledged(1, load, gate);
      pauses.push(Math.round(performance.now() - from));
      await untilAcknowledged(400, load, gate);
      expect(await inStep(cluster)).toBeLessThan(3);
      await node.start();
    }
    await until('all three are in step', async () => (await inStep(cluster)) === 3);

    // One copy alone is not enough: what it has could go with it.
    const [first, second] = cluster.nodes as [KafkaNode, KafkaNode];
    await Promise.all([first.kill(), second.kill()]);
    await until('the gate says that it cannot write', async () => (await metric(gate, 'octroi_log_writable')) === 0);
    const held = load.acknowledged();
    await delay(3_000);
    expect(load.acknowledged()).toBe(held);
    await Promise.all([first.start(), second.start()]);
    await untilAcknowledged(400, load, gate);

    load.stop();
    const promised = promisedOf(load.options, await load.result);
    await delay(3_000); // ticks, at which what came behind is identified
    expect(await gate.stop()).toBe(0);
    const { faults, acknowledged, panes } = await judge(data, { promised }, { log: 'kafka', kafkaBrokers, kafkaTopic: topic });
    expect(faults).toEqual([]);
    expect([acknowledged > 2_000, panes > 100]).toEqual([true, true]);
    console.log(`the leader or a follower killed: acknowledged again after ${pauses.join(', ')} ms; ${acknowledged} messages`);
  });
});
