/** An alarm's way: raised by a reading over MQTT, answered from the command line, by the API, behind a restart; told by SSE. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import mqtt from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import type { Alarm } from '../../core/alarm.ts';
import { folder, octroi, started, until } from './running.ts';

test('an alarm is listed, answered at the command line with and without a gate, and stays answered', async () => {
  const data = folder();
  const alarms = async (...args: string[]) => octroi(['alarms', ...args, '--data', data, '--json']);
  const listed = async (): Promise<Alarm[]> => JSON.parse((await alarms()).out.trim().split('\n').at(-1) ?? '').alarms;
  const posted: string[] = [];
  const receiver = createServer(async (request, response) => {
    for await (const part of request) posted.push(String(part));
    response.end();
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  onTestFinished(() => void receiver.close());
  const hook = { OCTROI_WEBHOOK_URL: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`, OCTROI_WEBHOOK_SECRET: `whsec_${'a'.repeat(43)}=` };
  const gate = await started(data, hook);
  const events = await fetch(`${gate.http}/api/v1/events`);
  const told = (async () => {
    let text = '';
    for await (const part of events.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(part).toString('utf8');
      if (text.includes('"state":"active"')) return text;
    }
    return text;
  })();
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gate.mqttPort}`);
  await client.publishAsync('city/v1/a/oven-1/telemetry', JSON.stringify({ values: { temperature: 900 } }), { qos: 1 });
  await client.endAsync();
  const { value: raised } = await until('the alarm', async () => (await listed())[0]);
  expect(raised).toMatchObject({ cause: 'device/oven-1/out-of-range', state: 'active' });
  expect(await told).toContain('device/oven-1/out-of-range');

  const found = await fetch(`${gate.http}/api/v1/learning?device=oven-1`);
  expect(await found.json()).toEqual({ learning: [{ device: 'oven-1', quantity: 'temperature', days: 0, of: 21 }] });
  const { code } = await alarms('acknowledge', raised.id, '--by', 'Camille', '--comment', 'on my way');
  expect(code).toBe(0);
  await until('the answer', async () => (await listed())[0]?.state === 'acknowledged');
  await until('the post', () => posted.join('').includes('alarm.acknowledged'));
  expect(posted.map((body) => JSON.parse(body).type)).toEqual(['alarm.active', 'alarm.acknowledged']);
  expect((await gate.stop()).code).toBe(0);

  expect((await alarms('label', raised.id, '--by', 'Camille', '--verdict', 'known')).code).toBe(0);
  expect(await listed()).toMatchObject([{ label: { verdict: 'known' }, acknowledged: { by: 'Camille', comment: 'on my way' } }]);
  const exported = JSON.parse((await alarms('labels')).out.trim()).labels;
  expect(exported).toEqual([
    expect.objectContaining({ alarm: raised.id, kind: 'out-of-range', device: 'oven-1', verdict: 'known', by: 'Camille', comment: '' }),
  ]);
  expect((await octroi(['alarms', 'labels', '--data', data])).out).toMatch(/^known {2}device\/oven-1\/out-of-range\/\d+\n {7}by Camille, 20\S+Z\n$/);
  const shown = await octroi(['alarms', '--data', data]);
  expect(shown.out).toMatch(
    /^medium acknowledged since 20\S+Z {2}device\/oven-1\/out-of-range\/\d+\n {7}900 °C is outside .*\nknown {2}device\/oven-1\/out-of-range, by Camille/,
  );
  expect((await alarms('end-exception', 'device/oven-1/out-of-range', '--by', 'Alix')).code).toBe(0);
  expect(await alarms('acknowledge', 'device/none/stuck/1', '--by', 'Alix')).toMatchObject({
    code: 1,
    err: expect.stringContaining('no alarm "device/none/stuck/1"'),
  });
  expect(await alarms('shelve', raised.id, '--by', 'Alix', '--minutes', 'soon')).toMatchObject({ code: 2, err: expect.stringContaining('--minutes') });
  expect(await alarms('acknowledge', raised.id)).toMatchObject({ code: 2, err: expect.stringContaining('--by') });
});
