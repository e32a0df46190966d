/** The alarm stage over a real Kafka and a real InfluxDB: an outage over two partitions, the plants that have the stage killed meanwhile, answers through the pages. About 110 s. */

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import mqtt from 'mqtt';
import { describe, expect, onTestFinished, test } from 'vitest';
import { partitionOf } from '../../log/kafka/partitions.ts';
import { noInfluxd } from '../../torture/rigs/influxd.ts';
import { noKafka } from '../../torture/rigs/kafka-server.ts';
import { bothServers, type RoleProcess, roleEnvironment, startRole } from '../e2e/roles.ts';
import { folder, octroi, until } from '../e2e/running.ts';
import { withReason } from '../reason.ts';

const reason = noKafka() ?? noInfluxd;

const partitions = 2;
/** Within that it is noted that something was told. */
const notedMs = 3_000;
/** Two rooms of each partition. */
const roomsOf = (partition: number): string[] =>
  Array.from({ length: 50 }, (_, n) => `room-${n}`)
    .filter((id) => partitionOf(id, partitions) === partition)
    .slice(0, 2);
const [soon, later] = [roomsOf(0), roomsOf(1)];
const rooms = [...soon, ...later];

/** Each room speaks once: those of one partition are silent after 6 s, those of the other after 36 s. */
const town = `name: Issy
zone: Europe/Paris
admission: declared
sites:
  - { id: school, name: School, owner: public }
alarms:
  kinds:
    silent: { onDelayMs: 1000, offDelayMs: 2000 }
devices:
${soon.map((id) => `  - { id: ${id}, type: room-sensor, site: school, intervalMs: 500 }\n`).join('')}
${later.map((id) => `  - { id: ${id}, type: room-sensor, site: school, intervalMs: 3000 }\n`).join('')}`;

interface Shown {
  readonly id: string;
  readonly cause: string;
  readonly state: string;
  readonly lasting: number;
  readonly anomalies: number;
  readonly acknowledged: { readonly by: string } | null;
}

/** Whether this plant has the stage, by what it last said of its partitions. */
const hasStage = ({ child, said }: RoleProcess): boolean =>
  child.exitCode === null && child.signalCode === null && [...said().matchAll(/"partitions":\[([\d,]*)\]/g)].at(-1)?.[1]?.split(',').includes('0') === true;

describe.skipIf(reason !== null)(withReason('the alarm stage', reason), () => {
  const servers = bothServers();

  test('an outage over two partitions is one alarm, told and answered once, though who has the stage is killed', async () => {
    const posted: { type: string; data: { id: string } }[] = [];
    const receiver = createServer(async (request, response) => {
      let body = '';
      for await (const part of request) body += part;
      posted.push(JSON.parse(body));
      response.end();
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    onTestFinished(() => void receiver.close());
    const env = {
      ...(await roleEnvironment(servers, 'one-stage', partitions)),
      OCTROI_WEBHOOK_URL: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
      OCTROI_WEBHOOK_SECRET: `whsec_${'a'.repeat(43)}=`,
    };
    expect((await octroi(['kafka', 'setup'], env)).out).toMatch(/\nmade {4}one-stage-alarms \(1 partition/);
    const file = join(folder(), 'town.yaml');
    writeFileSync(file, town);
    const [gate, first, second, ...pages] = await Promise.all([
      startRole('gate', env, '--town', file, '--mqtt-port', '0'),
      startRole('plant', env),
      startRole('plant', env),
      startRole('web', env),
      startRole('web', env),
    ]);
    const [page] = pages as [RoleProcess, ...RoleProcess[]];
    const plants = [first, second];
    const alarmsOn = async ({ http }: RoleProcess): Promise<Shown[]> => (await (await fetch(`${http}/api/v1/alarms?state=all`)).json()).alarms;
    const killStage = async (): Promise<void> => {
      const { value } = await until('a plant has the stage', () => plants.find(hasStage));
      value.child.kill('SIGKILL');
      await once(value.child, 'exit');
    };
    await until('the stage is here', () => plants.some(({ said }) => said().includes('the alarm stage is here')));

    const port = /mqtt:\/\/[\d.]+:(\d+)/.exec(gate.said())?.[1];
    const clients = await Promise.all(rooms.map((id) => mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { username: id, clientId: id })));
    const speak = () =>
      Promise.all(clients.map((client, n) => client.publishAsync(`city/v1/school/${rooms[n]}/telemetry`, '{"values":{"temperature":20}}', { qos: 1 })));
    await speak();
    const { value: raised } = await until('the alarm is raised', async () => (await alarmsOn(page))[0]);
    expect(raised.cause).toBe('site/school/silent');
    await until('it is told', () => posted.length > 0);
    await delay(notedMs);
    await killStage();
    // The numbers of an alarm are put out once a minute.
    await until('all rooms belong to it', async () => (await alarmsOn(page))[0]?.lasting === rooms.length);
    expect(await alarmsOn(page)).toMatchObject([{ id: raised.id, state: 'active', anomalies: rooms.length }]);

    plants.push(await startRole('plant', env));
    const answered = await fetch(`${page.http}/api/v1/alarms/actions`, {
      method: 'POST',
      headers: { origin: page.http, 'content-type': 'application/json' },
      body: JSON.stringify({ do: 'acknowledge', alarm: raised.id, by: 'Camille', comment: 'on my way' }),
    });
    expect(answered.status).toBe(200);
    await killStage();
    for (const one of pages)
      await until('the answer is on every page', async () => (await alarmsOn(one)).some(({ acknowledged }) => acknowledged?.by === 'Camille'));
    await until('the answer is told', () => posted.some(({ type }) => type === 'alarm.acknowledged'));

    await until('it is over', async () => {
      await speak();
      return (await alarmsOn(page)).find(({ id, state }) => id === raised.id && state === 'normal');
    });
    await until('its end is told', () => posted.some(({ type }) => type === 'alarm.normal'));
    await Promise.all(clients.map((client) => client.endAsync()));
    const told = posted.filter(({ data }) => data.id === raised.id).map(({ type }) => type);
    // What was noted is not told again; of what was told at the moment of a kill nobody knows.
    expect(told.filter((type) => type === 'alarm.active')).toHaveLength(1);
    expect([...new Set(told)]).toEqual(['alarm.active', 'alarm.acknowledged', 'alarm.normal']);
    console.log(`told: ${told.join(', ')}`);
  });
});
