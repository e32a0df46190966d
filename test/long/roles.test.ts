/** Two gates and two plants over a real Kafka and a real InfluxDB: killed, paused, woken under load. About 100 s. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { pipelineOf } from '../../cli/plant/parts.ts';
import { Scope } from '../../core/scope.ts';
import type { Store } from '../../core/store.ts';
import { partitionOf } from '../../log/kafka/partitions.ts';
import { type KafkaLogOptions, kafkaReader } from '../../log/kafka.ts';
import { run } from '../../processors/run.ts';
import { type LoadResult, loadReadingsPerMessage } from '../../simulators/load.ts';
import { influxDbStore } from '../../stores/influxdb.ts';
import { memoryStore } from '../../stores/memory.ts';
import { freePort } from '../../torture/free-port.ts';
import { Gate } from '../../torture/gate.ts';
import { type Load, startLoad, untilAcknowledged } from '../../torture/load.ts';
import { noInfluxd } from '../../torture/rigs/influxd.ts';
import { noKafka } from '../../torture/rigs/kafka-server.ts';
import { bothServers, type RoleProcess, roleEnvironment, startRole } from '../e2e/roles.ts';
import { folder, octroi, until } from '../e2e/running.ts';
import { withReason } from '../reason.ts';

const reason = noKafka() ?? noInfluxd;

const partitions = 4;
/** Partitions that a plant follows, in the order in which it said so. */
const followedBy = ({ said }: RoleProcess): number[] =>
  [...said().matchAll(/"partition":(\d+),"position":\d+,"msg":"a partition is followed"/g)].map(([, one]) => Number(one));

const dumped = async (store: Store): Promise<string[]> => {
  const lines: string[] = [];
  for await (const line of store.dump()) lines.push(line);
  return lines;
};

describe.skipIf(reason !== null)(withReason('gates and plants', reason), () => {
  const servers = bothServers();

  test('a plant that is killed or paused is replaced; what any gate acknowledged is there, once, and every figure is that of one run', async () => {
    const env = await roleEnvironment(servers, 'many', partitions);
    const made = await octroi(['kafka', 'setup'], env);
    expect(made.err).toBe('');
    expect(made.out).toMatch(/^made {4}many \(4 partitions.*\nmade {4}many-town \(1 partition/);
    const scope = new Scope();
    onTestFinished(() => scope.close());
    const gates = [];
    for (const _ of [1, 2]) {
      const gate = Gate.in(scope, { data: folder(), mqttPort: await freePort(), env: { ...env, OCTROI_ROLE: 'gate' } });
      await gate.start();
      gates.push(gate);
    }
    const [one, other] = gates as [Gate, Gate];
    const plants = await Promise.all([startRole('plant', env), startRole('plant', env)]);
    const [first, second] = plants as [RoleProcess, RoleProcess];
    await until('the partitions are shared', () => followedBy(first).length > 0 && followedBy(second).length > 0);

    // The same devices say the same through either gate.
    const firstAt = Date.now() - 86_400_000;
    const loads = gates.map((gate): Load => startLoad(scope, { port: gate.mqttPort, connections: 20, messages: 1_000_000, ratePerSecond: 100, firstAt }));
    const [load] = loads as [Load];
    await untilAcknowledged(300, load, one);

    const taken = async (of: RoleProcess, what: () => Promise<void>): Promise<number> => {
      const before = followedBy(of).length;
      const has = new Set(followedBy(of));
      await what();
      return (await until('the partitions are taken over', () => new Set([...has, ...followedBy(of).slice(before)]).size === partitions)).ms;
    };
    const killed = await taken(second, async () => void first.child.kill('SIGKILL'));
    await untilAcknowledged(200, load, one);

    const third = await startRole('plant', env);
    await until('the partitions are shared again', () => followedBy(third).length > 0);
    const paused = await taken(third, async () => void second.child.kill('SIGSTOP'));
    await untilAcknowledged(200, load, one);
    second.child.kill('SIGCONT');
    await other.kill(true);
    await other.start();
    await delay(5_000);
    await untilAcknowledged(200, load, one);

    for (const each of loads) each.stop();
    const results: LoadResult[] = [];
    for (const each of loads) results.push(await each.result);
    for (const gate of gates) expect(await gate.stop()).toBe(0);

    const options = (partition: number): KafkaLogOptions => ({ brokers: servers.kafka.brokers, topic: 'many', partition, messageBytesMax: 20 * 2 ** 20 });
    const named = (which: string): string => env[`OCTROI_INFLUX_${which}_BUCKET`] as string;
    const buckets = { raw: named('RAW'), panes: named('PANES'), state: named('STATE') };
    const open = (partition: number): Promise<Store> =>
      influxDbStore({ url: servers.influxd.url, org: servers.influxd.org, token: servers.influxd.token, buckets, partition });
    const told = new Map<string, Set<number>>();
    for (const { journal } of results)
      for (const { subject, acknowledged } of journal) {
        const seqs = told.get(subject) ?? new Set();
        for (const [seq, was] of acknowledged.entries()) if (was === 1) seqs.add(seq);
        told.set(subject, seqs);
      }
    let stored = 0;
    for (let partition = 0; partition < partitions; partition++) {
      const reader = kafkaReader(options(partition));
      const end = await reader.end();
      const { value: store } = await until(`partition ${partition} is in the store`, async () => {
        const opened = await open(partition);
        if (opened.position === end) return opened;
        await opened.close();
        return null;
      });
      const reference = memoryStore();
      const anew = await run(pipelineOf({ role: 'plant' }, reference, reader), reader, reference);
      await anew.to(end);
      await anew.commit();
      expect(await dumped(store)).toEqual(await dumped(reference));
      expect(await store.recount()).toEqual(await reference.recount());
      expect(store.ledger().readings).toMatchObject({ deadLetter: 0, corrected: 0, stored: (await store.recount()).stored });
      for (const [subject, seqs] of told) {
        if (partitionOf(subject, partitions) !== partition) continue;
        const { rows } = await store.readings({ subject, quantity: 'temperature', from: 0, to: Number.MAX_SAFE_INTEGER, limit: 100_000 });
        const at = new Set(rows.map((row) => row.at));
        expect([...seqs].filter((seq) => !at.has(firstAt + seq * 1_000))).toEqual([]);
        expect(at.size).toBe(rows.length);
        stored += rows.length * loadReadingsPerMessage;
      }
      await store.close();
      await reader.close();
    }
    const acknowledged = [...told.values()].reduce((sum, { size }) => sum + size, 0);
    expect(stored).toBeGreaterThanOrEqual(acknowledged * loadReadingsPerMessage);
    expect(acknowledged).toBeGreaterThan(800);
    console.log(`taken over ${Math.round(killed)} ms after a kill, ${Math.round(paused)} ms after a pause; ${acknowledged} messages`);
    for (const { child } of [second, third]) {
      child.kill('SIGTERM');
      expect((await once(child, 'exit'))[0]).toBe(0);
    }
  });
});
