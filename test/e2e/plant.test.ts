/** The plant goes away and comes back while the gate stays: what the gate holds for it, and what each does meanwhile. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import mqtt from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { reachControl } from '../../cli/control.ts';
import { storeFile } from '../../cli/keep/data-folder.ts';
import { readTown } from '../../cli/keep/town-file.ts';
import { ownDraft } from '../../cli/own-draft.ts';
import { openWorkshop } from '../../cli/workshop.ts';
import { configSchema } from '../../config.ts';
import { balance } from '../../core/ledger.ts';
import { openAppendFile } from '../../log/append-file-writer.ts';
import { folder, started, until } from './running.ts';

const brisk = { OCTROI_COMMIT_MS: '100' };
/** For what has no promise of its own: the machine may be busy with other things, ms. */

const townText = (owner: string): string => `name: Ville
zone: Europe/Paris
admission: open
sites:
  - { id: centre, name: Parking du Centre, use: car-park, owner: ${owner} }
devices:
  - { id: parc-a, type: car-park, site: centre, capacity: 100 }
`;

const townFile = (owner: string): string => {
  const file = join(folder(), 'town.yaml');
  writeFileSync(file, townText(owner));
  return file;
};

test('a public message that may no longer leave when the plant comes back is retained no longer', async () => {
  const data = folder();
  const gate = await started(data, brisk, '--town', townFile('public'));
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gate.mqttPort}`);
  onTestFinished(() => client.endAsync(true));
  const heard = new Map<string, string>();
  client.on('message', (topic, payload) => void heard.set(topic, payload.toString('utf8')));
  await client.subscribeAsync('city/v1/public/#');
  const payload = JSON.stringify({ ts: Date.now(), values: { free_places: 42, capacity: 100 } });
  await client.publishAsync('city/v1/centre/parc-a/telemetry', payload, { qos: 1 });
  const topic = 'city/v1/public/parking-availability/parc-a';
  await until('the public row', () => heard.get(topic)?.includes('42'));

  process.kill(gate.plantPid() as number, 'SIGKILL');
  const control = await reachControl(data);
  await control?.remote.change({ action: 'apply', town: await readTown(townFile('professional')) }); // before the next plant is up
  control?.close();
  await until('its end', () => heard.get(topic) === '');

  const late = await mqtt.connectAsync(`mqtt://127.0.0.1:${gate.mqttPort}`);
  onTestFinished(() => late.endAsync(true));
  const retained: string[] = [];
  late.on('message', (one) => retained.push(one));
  await late.subscribeAsync('city/v1/public/#');
  await late.publishAsync('any/topic', '', { qos: 1 }); // what is retained comes before its acknowledgement
  expect(retained).toEqual([]);
  expect((await gate.stop()).code).toBe(0);
});

test('what comes late is stored, and told to nobody as the latest', async () => {
  const gate = await started(folder(), brisk);
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gate.mqttPort}`);
  onTestFinished(() => client.endAsync(true));
  const now = Date.now();
  const send = (ago: number, temperature: number): Promise<unknown> =>
    client.publishAsync('city/v1/a/sensor-1/telemetry', JSON.stringify({ ts: now - ago, values: { temperature } }), { qos: 1 });
  const stored = (count: number) =>
    until(`${count} readings`, async () => {
      const { readings } = (await (await fetch(`${gate.http}/api/v1/ledger`)).json()) as { readings: Record<string, number> };
      return readings.stored === count;
    });
  const stream = await fetch(`${gate.http}/api/v1/events`);
  let heard = '';
  const listening = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of stream.body as ReadableStream<Uint8Array>) heard += decoder.decode(chunk, { stream: true });
  })().catch(() => {});
  await send(60_000, 1);
  await stored(1);
  await send(3_600_000, 9);
  await stored(2);
  await Promise.all([send(30_000, 2), send(40_000, 8)]);
  await until('the last', () => heard.includes('"value":2'));
  expect(heard.match(/(?<="value":)\d+/g)).toEqual(['1', '2']);
  expect((await gate.stop()).code).toBe(0);
  await listening;
});

test('a plant that hangs is noticed, ended and started again, and the gate goes on taking readings', async () => {
  const data = folder();
  const gate = await started(data, { ...brisk, OCTROI_PLANT_SILENT_MS_MAX: '3000' });
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gate.mqttPort}`);
  onTestFinished(() => client.endAsync(true));
  const at = Date.now();
  const send = (n: number): Promise<unknown> =>
    client.publishAsync('city/v1/a/sensor-1/telemetry', JSON.stringify({ ts: at + n, values: { temperature: n } }), { qos: 1 });
  await send(1);

  const plant = gate.plantPid() as number;
  process.kill(plant, 'SIGSTOP');
  await Promise.all([send(2), send(3)]); // acknowledged
  const alarm = await until('the alarm', () => gate.log().includes('the plant does not answer'));
  expect(alarm.ms).toBeGreaterThan(1_500);
  await send(4);
  const latest = `${gate.http}/api/v1/latest?device=sensor-1`;
  await until('the readings', async () => (await fetch(latest).catch(() => null))?.ok && (await (await fetch(latest)).text()).includes('"value":4'));
  expect(gate.plantPid()).not.toBe(plant);
  await until('the metrics', async () => (await (await fetch(`${gate.http}/metrics`)).text()).includes('\noctroi_plant_hangs_total 1\n'));
  const page = await (await fetch(`${gate.http}/fr/operations`)).text();
  expect(page).toContain('il ne répondait plus depuis 3');
  const { readings } = (await (await fetch(`${gate.http}/api/v1/ledger`)).json()) as { readings: Record<string, number> };
  expect(readings).toMatchObject({ accepted: 4, stored: 4 });
  expect((await gate.stop()).code).toBe(0);
});

const devices = 30;
const messages = 3_000;
const readingsPerMessage = 100;

/** A log that no store has seen: messages of many readings, 300,000 in all. */
const writeBacklog = async (data: string): Promise<void> => {
  const log = await openAppendFile({ folder: data, clock: Date.now });
  log.append(ownDraft('registry', JSON.stringify({ action: 'apply', town: { name: 'Town', zone: 'Europe/Paris', admission: 'open' } })));
  const from = Date.now() - 86_400_000;
  for (let message = 0; message < messages; message++) {
    const subject = `sensor-${message % devices}`;
    const first = Math.floor(message / devices) * readingsPerMessage;
    const batch = Array.from({ length: readingsPerMessage }, (_, n) => ({ ts: from + (first + n) * 5_000, values: { temperature: n / 10 } }));
    const payload = Buffer.from(JSON.stringify(batch));
    log.append({ kind: 'message', subject, sender: subject, topic: `city/v1/a/${subject}/telemetry`, payload, qos: 1, dup: false, packetId: 1 });
  }
  await log.flush();
  await log.close();
};

/** Where the store stands, by its own file. */
const positionIn = async (data: string): Promise<number> => {
  const instance = await DuckDBInstance.create(storeFile(data));
  const connection = await instance.connect();
  const rows = await (await connection.run('SELECT log_position FROM progress')).getRowObjectsJson();
  connection.closeSync();
  instance.closeSync();
  return Number(rows[0]?.log_position);
};

test('Ctrl-C while the plant is far behind: it ends soon with what it has in hand, and goes on from there', async () => {
  const data = folder();
  await writeBacklog(data);
  const gate = await started(data);
  const { code, ms } = await gate.stop('SIGINT');
  expect([code, gate.complaints()]).toEqual([0, '']);
  expect(gate.log()).not.toContain('Error');
  expect(ms).toBeLessThan(8_000);
  const position = await positionIn(data);
  expect(position).toBeGreaterThan(0);
  expect(position).toBeLessThan(messages);

  const workshop = await openWorkshop(configSchema.parse({ data }));
  try {
    const books = balance(await workshop.views.ledger(), await workshop.views.recount());
    expect(books).toMatchObject({ balanced: true, readings: { stored: messages * readingsPerMessage } });
    expect(await workshop.views.verify()).toMatchObject({ different: 0 });
  } finally {
    await workshop.close();
  }
});
