/** `octroi verify` as a person meets it: what it says of an empty store and of one without figures, which is no failure. */
import { connectAsync } from 'mqtt';
import { expect, test } from 'vitest';
import { folder, octroi, started } from './running.ts';

const verify = (data: string) => octroi(['verify', '--data', data]);

test('where no window has closed there is nothing to compare, and nothing has failed', async () => {
  const data = folder();
  const gate = await started(data);
  expect(await verify(data)).toMatchObject({ code: 0, out: 'nothing to compare: the store holds no readings\n' });
  const device = await connectAsync(`mqtt://127.0.0.1:${gate.mqttPort}`);
  await device.publishAsync('city/v1/centre/first/telemetry', JSON.stringify({ ts: Date.now(), values: { temperature: 20 } }), { qos: 1 });
  await device.endAsync();
  await gate.stop();
  const young = await verify(data);
  expect(young).toMatchObject({
    code: 0,
    out: 'nothing to compare yet: of 1 series with readings none has a figure; run it again when the first window has closed\n',
  });
  const told = await octroi(['verify', '--data', data, '--json']);
  expect([told.code, JSON.parse(told.out)]).toMatchObject([0, { compared: 0, different: 0, keys: 1, complete: true }]);
});
