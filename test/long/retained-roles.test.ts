/** What MQTT retains where there are many gates, over a real Kafka and a real InfluxDB: public figures and alarms at either gate, at one that comes later, behind a killed plant. About 60 s. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openSharedTopic } from '../../cli/roles/shared-topic.ts';
import { partitionOf } from '../../log/kafka/partitions.ts';
import { kafkaReader } from '../../log/kafka.ts';
import { noInfluxd } from '../../torture/rigs/influxd.ts';
import { noKafka } from '../../torture/rigs/kafka-server.ts';
import { bothServers, type RoleProcess, roleEnvironment, startRole } from '../e2e/roles.ts';
import { folder, octroi, until } from '../e2e/running.ts';
import { readAll } from '../log/drafts.ts';
import { withReason } from '../reason.ts';

const reason = noKafka() ?? noInfluxd;

const partitions = 2;
const inPartition = (partition: number, name: string): string => {
  for (let n = 0; ; n++) if (partitionOf(`${name}-${n}`, partitions) === partition) return `${name}-${n}`;
};
/** One in each partition, and a room in the one that has not the alarm stage. */
const parks = [inPartition(0, 'parc'), inPartition(1, 'parc')] as const;
const [park, otherPark] = parks;
const room = inPartition(1, 'room');
const secretSha256 = createHash('sha256').update('weighty').digest('hex');

const townText = (owner: 'public' | 'professional'): string => `name: Issy
zone: Europe/Paris
admission: open
operators: [{ id: camille, secretSha256: ${secretSha256} }]
sites:
  - { id: centre, name: Parking du Centre, use: car-park, owner: ${owner} }
  - { id: gare, name: Parking de la Gare, use: car-park, owner: public }
alarms: { kinds: { out-of-range: { offDelayMs: 1000, latched: false } } }
devices:
  - { id: ${park}, type: car-park, site: centre, capacity: 100 }
  - { id: ${otherPark}, type: car-park, site: gare, capacity: 100 }
  - { id: ${room}, type: room-sensor }
`;

const rowOf = (id: string): string => `city/v1/public/parking-availability/${id}`;
const alarm = `city/v1/operators/alarms/device/${room}/out-of-range`;

const portOf = ({ said }: RoleProcess): string => /mqtt:\/\/[\d.]+:(\d+)/.exec(said())?.[1] as string;
const entered = async (gate: RoleProcess, options: mqtt.IClientOptions = {}): Promise<mqtt.MqttClient> => {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${portOf(gate)}`, { reconnectPeriod: 0, ...options });
  onTestFinished(() => void client.end(true));
  return client;
};

interface Reader {
  readonly client: mqtt.MqttClient;
  /** Last message of each topic. */
  readonly heard: Map<string, string>;
}
const reading = async (gate: RoleProcess, filter: string, options: mqtt.IClientOptions = {}): Promise<Reader> => {
  const client = await entered(gate, options);
  const heard = new Map<string, string>();
  client.on('message', (topic, payload) => void heard.set(topic, payload.toString('utf8')));
  await client.subscribeAsync(filter);
  return { client, heard };
};
const asOperator = { username: 'camille', password: 'weighty' };
const citizenAt = (gate: RoleProcess): Promise<Reader> => reading(gate, 'city/v1/public/#');
const operatorAt = (gate: RoleProcess): Promise<Reader> => reading(gate, 'city/v1/operators/#', asOperator);

const freeIn = ({ heard }: Reader, id: string): number | undefined => JSON.parse(heard.get(rowOf(id)) || '{}').free;
const stateIn = ({ heard }: Reader): string | undefined => JSON.parse(heard.get(alarm) || '{}').state;

/** Whether this plant has a partition, by what it last said. */
const has = ({ child, said }: RoleProcess, partition: number): boolean =>
  child.exitCode === null && child.signalCode === null && [...said().matchAll(/"partitions":\[([\d,]*)\]/g)].at(-1)?.[1]?.split(',').includes(String(partition)) === true; // biome-ignore format: one line

describe.skipIf(reason !== null)(withReason('what MQTT retains with many gates', reason), () => {
  const servers = bothServers();

  test('is at every gate for whom it is for, whoever of the plants is killed or writes what is old', async () => {
    // Without snapshots whoever takes a partition over runs all of it again.
    const env = { ...(await roleEnvironment(servers, 'kept', partitions)), OCTROI_SNAPSHOT_MS: '600000' };
    expect((await octroi(['kafka', 'setup'], env)).out).toMatch(/\nmade {4}kept-retained \(1 partition/);
    const townFile = (owner: 'public' | 'professional'): string => {
      const file = join(folder(), 'town.yaml');
      writeFileSync(file, townText(owner));
      return file;
    };
    const data = folder();
    const first = await startRole('gate', env, '--town', townFile('public'), '--mqtt-port', '0', '--data', data);
    const [second, ...plants] = await Promise.all([startRole('gate', env, '--mqtt-port', '0'), startRole('plant', env), startRole('plant', env)]);
    await until('the partitions are shared', () => [0, 1].every((one) => plants.some((plant) => has(plant, one))));

    const device = await entered(first);
    const say = (id: string, values: object): Promise<unknown> =>
      device.publishAsync(`city/v1/town/${id}/telemetry`, JSON.stringify({ ts: Date.now(), values }), { qos: 1 });
    const operators = await Promise.all([first, second].map(operatorAt));
    const citizens = await Promise.all([first, second].map(citizenAt));
    await expect(citizens[0]?.client.subscribeAsync('city/v1/operators/#')).rejects.toThrow();

    await Promise.all([say(park, { free_places: 42 }), say(otherPark, { free_places: 7 }), say(room, { temperature: 900 })]);
    for (const one of citizens) await until('both car parks are shown', () => freeIn(one, park) === 42 && freeIn(one, otherPark) === 7);
    for (const one of operators) await until('the alarm is shown', () => stateIn(one) === 'active');
    for (const { heard } of citizens) expect([...heard.keys()].sort()).toEqual(parks.map(rowOf).sort());

    // Whose partition it is writes its own figure over what a plant that slept has written.
    const options = { brokers: servers.kafka.brokers, topic: 'kept-retained', partition: 0, messageBytesMax: 1_000_000 };
    const topic = await openSharedTopic(options);
    onTestFinished(() => topic.close());
    const payloadOf = async (): Promise<string | undefined> => {
      const found = (await topic.news()).find((one) => one.topic === rowOf(park));
      return found && Buffer.from(found.payload).toString('utf8');
    };
    const own = (await payloadOf()) as string;
    const slept = { kind: 'message', subject: rowOf(park), topic: rowOf(park), qos: 0, dup: false, packetId: 0 } as const;
    await topic.put({ ...slept, sender: String(partitionOf(park, partitions)), payload: Buffer.from(own.replace('42', '99')) });
    await until('its own is there again', async () => (await payloadOf()) === own);

    // The plant with the alarm stage is killed: what is retained stays, and goes on.
    const killed = plants.find((plant) => has(plant, 0)) as RoleProcess;
    killed.child.kill('SIGKILL');
    await once(killed.child, 'exit');
    const third = await startRole('gate', env, '--mqtt-port', '0');
    const [late, lateOperator] = await Promise.all([citizenAt(third), operatorAt(third)]);
    await until('a gate that comes later has both', () => freeIn(late, park) === 42 && stateIn(lateOperator) === 'active');
    await Promise.all([say(park, { free_places: 41 }), say(room, { temperature: 20 })]);
    for (const one of [...citizens, late]) await until('the next figure', () => freeIn(one, park) === 41);
    for (const one of [...operators, lateOperator]) await until('the end of the alarm', () => one.heard.get(alarm) === '');

    // What is public no longer is withdrawn, and nothing else.
    expect((await octroi(['town', 'apply', townFile('professional'), '--data', data], env)).code).toBe(0);
    for (const one of [...citizens, late]) await until('it is withdrawn', () => one.heard.get(rowOf(park)) === '');
    const last = await startRole('gate', env, '--mqtt-port', '0');
    const [lastCitizen, lastOperator] = await Promise.all([citizenAt(last), operatorAt(last)]);
    await until('what is left', () => freeIn(lastCitizen, otherPark) === 7);
    expect([[...lastCitizen.heard.keys()], [...lastOperator.heard.keys()]]).toEqual([[rowOf(otherPark)], []]);

    // All that was ever said of it: who took its partition over has withdrawn nothing, nor said anything twice.
    const reader = kafkaReader(options);
    onTestFinished(() => reader.close());
    const { envelopes } = await readAll(reader, 0, await reader.end());
    const records = envelopes.filter((one) => one.topic === rowOf(park)).map(({ payload }) => Buffer.from(payload).toString('utf8'));
    const said = records.map((text) => (text === '' ? 'withdrawn' : JSON.parse(text).free));
    expect(said.slice(said.indexOf(42))).toEqual([42, 99, 42, 41, 'withdrawn']);
  });
});
