/** Alarms for operators over MQTT, from a running gate: retained, changed by an answer, there again behind a restart, and gone for who is no operator any more. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { folder, octroi, started, until } from './running.ts';

const all = 'city/v1/operators/alarms/#';
const topic = 'city/v1/operators/alarms/device/oven-1/out-of-range';

const townIn = (data: string, operators: string): string => {
  const file = join(data, 'town.yaml');
  writeFileSync(file, `name: Town\nzone: Europe/Paris\nadmission: open\n${operators}devices: [{ id: oven-1, type: room-sensor }]\n`);
  return file;
};

/** What an operator's client holds of each topic. */
const listening = async (port: number): Promise<{ client: MqttClient; held: Map<string, string> }> => {
  const held = new Map<string, string>();
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { username: 'camille', password: 'weighty', reconnectPeriod: 0 });
  onTestFinished(() => void client.end(true));
  client.on('error', () => {});
  client.on('message', (name, payload) => {
    if (payload.length === 0) held.delete(name);
    else held.set(name, payload.toString('utf8'));
  });
  await client.subscribeAsync(all);
  return { client, held };
};

test('an operator reads what is open; nobody else does', async () => {
  const data = folder();
  const hash = createHash('sha256').update('weighty').digest('hex');
  const file = townIn(folder(), `operators: [{ id: camille, secretSha256: ${hash} }]\n`);
  const gate = await started(data, {}, '--town', file);
  const device = await mqtt.connectAsync(`mqtt://127.0.0.1:${gate.mqttPort}`, { username: 'oven-1' });
  await device.publishAsync('city/v1/a/oven-1/telemetry', JSON.stringify({ values: { temperature: 900 } }), { qos: 1 });
  await expect(device.subscribeAsync(all)).rejects.toThrow();
  await device.endAsync();
  const { held } = await listening(gate.mqttPort);
  const stateOf = (on: ReadonlyMap<string, string>): string | undefined => JSON.parse(on.get(topic) ?? '{}').state;
  await until('the alarm', () => stateOf(held) === 'active');
  const { id } = JSON.parse(held.get(topic) ?? '{}');
  expect((await octroi(['alarms', 'acknowledge', id, '--by', 'Camille', '--data', data])).code).toBe(0);
  await until('the answer', () => stateOf(held) === 'acknowledged');
  expect((await gate.stop()).code).toBe(0);

  const again = await started(data, {}, '--town', file);
  const second = await listening(again.mqttPort);
  await until('what is still open', () => stateOf(second.held) === 'acknowledged');
  const ended = new Promise<void>((resolve) => second.client.once('close', () => resolve()));
  expect((await octroi(['town', 'apply', townIn(folder(), ''), '--data', data])).code).toBe(0);
  await ended;
  const stranger = await mqtt.connectAsync(`mqtt://127.0.0.1:${again.mqttPort}`, { username: 'camille', password: 'weighty', reconnectPeriod: 0 });
  onTestFinished(() => void stranger.end(true));
  await expect(stranger.subscribeAsync(all)).rejects.toThrow();
});
