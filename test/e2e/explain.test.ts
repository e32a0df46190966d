/** `octroi explain` beside a plant that does not keep up: figures that are older than what was acknowledged say so. */
import mqtt from 'mqtt';
import { expect, test } from 'vitest';
import { folder, octroi, started, until } from './running.ts';

const day = Date.parse('2026-03-02T00:00:00Z');

test('a receipt says how far the plant is behind', async () => {
  const data = folder();
  const send = async (port: number, n: number): Promise<void> => {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`);
    await client.publishAsync('city/v1/a/sensor-1/telemetry', JSON.stringify({ ts: day + n * 60_000, values: { temperature: n } }), { qos: 1 });
    await client.endAsync();
  };
  const explain = (quantity: string, ...more: string[]): ReturnType<typeof octroi> =>
    octroi(['explain', 'sensor-1', quantity, 'PT1H', '2026-03-02T00:30:00Z', '--data', data, ...more]);

  const before = await started(data);
  await send(before.mqttPort, 1);
  const kept = await until('the reading', async () => ((await fetch(`${before.http}/api/v1/latest?device=sensor-1`)).ok ? explain('temperature') : null));
  expect(kept.value.out).not.toContain('behind');
  expect((await before.stop()).code).toBe(0);

  // So much of the disk is to be kept for the log that the store takes nothing.
  const gate = await started(data, { OCTROI_DISK_RESERVE_MB: '1048576' });
  await send(gate.mqttPort, 2);
  const { value: late } = await until('the note', async () => {
    const answer = await explain('temperature');
    return answer.out.includes('behind') ? answer : null;
  });
  expect(late.out).toMatch(/^the plant is \d+ envelopes behind, at 20\d\d-\S+Z: what came since is not in these figures\n/);
  expect(late.out).toContain(`reading ${new Date(day + 60_000).toISOString()} 1 Cel`);
  expect(late.out).not.toContain(new Date(day + 120_000).toISOString());
  const { behind } = JSON.parse((await explain('temperature', '--json')).out.trim().split('\n').at(-1) ?? '') as { behind: number };
  expect(behind).toBeGreaterThan(2);
  const unknown = await explain('humidity');
  expect([unknown.code, unknown.err]).toEqual([
    1,
    expect.stringMatching(/not-found: no reading of "humidity" from "sensor-1", which has temperature; the plant is \d+ envelopes behind/),
  ]);
  const misspelt = await octroi(['explain', 'sensor1', 'temperature', 'PT1H', '2026-03-02T00:30:00Z', '--data', data]);
  expect([misspelt.code, misspelt.err]).toEqual([1, expect.stringContaining('no device "sensor1"; the nearest names are sensor-1')]);
  const life = await octroi(['explain', 'sensor-1', 'temperature', 'P', '2026-03-02T00:30:00Z', '--data', data]);
  expect([life.code, life.out]).toEqual([0, expect.stringContaining('sensor-1 temperature, its whole life (Europe/Paris)')]);
  expect((await gate.stop()).code).toBe(0);
});
