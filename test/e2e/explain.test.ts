/** `octroi explain` as a person reads it: times of the town, rounded figures; beside a plant that does not keep up, figures that are older say so. */
import { resolve } from 'node:path';
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
  expect(late.out).toMatch(/^the plant is \d+ envelopes behind, at 20\d\d-\S+\+0[12]:00: what came since is not in these figures\n/);
  expect(late.out).toContain('reading 2026-03-02T01:01:00+01:00 1 Cel');
  expect(late.out).not.toContain('T01:02:00');
  const { behind } = JSON.parse((await explain('temperature', '--json')).out.trim().split('\n').at(-1) ?? '') as { behind: number };
  expect(behind).toBeGreaterThan(2);
  const unknown = await explain('humidity');
  expect([unknown.code, unknown.err]).toEqual([
    1,
    expect.stringMatching(/not-found: no reading of "humidity" from "sensor-1", which has temperature; the plant is \d+ envelopes behind/),
  ]);
  const misspelt = await octroi(['explain', 'sensor1', 'temperature', 'PT1H', '2026-03-02T00:30:00Z', '--data', data]);
  expect([misspelt.code, misspelt.err]).toEqual([1, expect.stringContaining('no device "sensor1"; the nearest names are sensor-1')]);
  expect([misspelt.err, unknown.err]).toEqual([expect.stringContaining(`(in ${resolve(data)})`), expect.stringContaining(`(in ${resolve(data)})`)]);
  const alarm = await octroi(['alarms', 'acknowledge', 'no-such', '--by', 'me', '--data', data]);
  expect([alarm.code, alarm.err]).toEqual([1, expect.stringContaining(`not-found: no alarm "no-such" (in ${resolve(data)})`)]);
  const elsewhere = await octroi(['explain', 'sensor-1', 'temperature', 'PT1H', '2026-03-02T00:30:00Z', '--data', `${data}/none`]);
  expect([elsewhere.code, elsewhere.err]).toEqual([1, expect.stringContaining(`no-data: there is no log in it (${resolve(data)}/none)`)]);
  const life = await octroi(['explain', 'sensor-1', 'temperature', 'P', '2026-03-02T00:30:00Z', '--data', data]);
  expect([life.code, life.out]).toEqual([0, expect.stringContaining('sensor-1 temperature, its whole life (Europe/Paris)')]);
  expect((await gate.stop()).code).toBe(0);
});

test('times are those of the town, figures are rounded; after the newest reading the next one decides', async () => {
  const data = folder();
  const gate = await started(data);
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gate.mqttPort}`);
  const send = (ts: number, temperature: number) =>
    client.publishAsync('city/v1/a/sensor-2/telemetry', JSON.stringify({ ts, values: { temperature } }), { qos: 1 });
  await send(day, 20);
  await send(day + 60_000, 20.1);
  await send(day + 170_000, 20.2);
  await send(day + 171_000, 20.2);
  const now = Math.floor(Date.now() / 1000) * 1000;
  await send(now, 22);
  await client.publishAsync('city/v1/a/meter-1/telemetry', JSON.stringify({ ts: now, values: { active_energy_import: 7 } }), { qos: 1 });
  const explain = (at: number, ...more: string[]) =>
    octroi(['explain', 'sensor-2', 'temperature', 'PT1H', new Date(at).toISOString(), '--data', data, ...more]);
  const { value: past } = await until('the readings', async () => {
    const answer = await explain(day);
    return answer.out.includes('neighbour') ? answer : null;
  });
  expect(past.out).toContain('sensor-2 temperature, PT1H from 2026-03-02T01:00:00+01:00 to 2026-03-02T02:00:00+01:00 (Europe/Paris)\n');
  // At 01:02 it was 20.15: (20.05 × 60 + 20.125 × 60 + 20.175 × 50 + 20.2) / 171 = 20.1137426…
  expect(past.out).toContain('mean 20.1137 Cel (observed 171 s)');
  expect(past.out).toContain('\ngap 2026-03-02T01:02:51+01:00 to 2026-03-02T02:00:00+01:00\n');
  const fresh = await explain(now);
  expect(fresh.out).toMatch(/\nnot known yet: 20\S+[+-]\d\d:\d\d to 20\S+: a reading counts until the next one, if that comes within 3 min\n/);
  expect(fresh.out).not.toMatch(/ $/m);
  const alone = await octroi(['explain', 'meter-1', 'active_energy_import', 'PT1H', new Date(now).toISOString(), '--data', data]);
  expect(alone.out).toContain('as it stands: no sum (observed 0 s)');
  // Where the rounded figures are alike, all digits show what changed.
  await send(day + 171_000, 20.19);
  await client.endAsync();
  const { value: changed } = await until('the change', async () => {
    const answer = await explain(day);
    return answer.out.includes('became') ? answer : null;
  });
  expect(changed.out).toMatch(/\nchange 20\S+: mean 20\.11374\d+ Cel .+ became mean 20\.11371\d+ Cel .+; a correction\n/);
  expect((await gate.stop()).code).toBe(0);
});
