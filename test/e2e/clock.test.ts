/** The clock of the gate's machine is set while it runs: the alarm comes, readings go on to the store at once, nothing is refused. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import mqtt from 'mqtt';
import { expect, test } from 'vitest';
import { folder, started, until } from './running.ts';

test.skipIf(process.platform !== 'linux')('the clock of the machine is set back and forth', { timeout: 60_000 }, async (context) => {
  const made = folder();
  const library = join(made, 'set-clock.so');
  const source = fileURLToPath(new URL('./set-clock.c', import.meta.url));
  if (spawnSync('gcc', ['-shared', '-fPIC', '-o', library, source, '-ldl']).status !== 0) return context.skip('no gcc here');
  const file = join(made, 'seconds');
  writeFileSync(file, Buffer.alloc(8));
  const set = (seconds: number): void => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds));
    const handle = openSync(file, 'r+');
    writeSync(handle, bytes, 0, 8, 0);
    closeSync(handle);
  };

  const gate = await started(folder(), { OCTROI_COMMIT_MS: '200', OCTROI_LOG_LEVEL: 'fatal', LD_PRELOAD: library, CLOCK_FILE: file });
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gate.mqttPort}`);
  const ask = async <T>(path: string): Promise<T> => (await fetch(`${gate.http}/api/v1/${path}`)).json() as Promise<T>;
  let sent = 0;
  const oneMore = async (): Promise<void> => {
    const value = ++sent;
    await client.publishAsync('city/v1/a/sensor-1/telemetry', JSON.stringify({ ts: Date.now(), values: { temperature: value } }), { qos: 1 });
    await until('the reading in the store', 5_000, async () => {
      const { latest } = await ask<{ latest?: { value: number }[] }>('latest?device=sensor-1').catch(() => ({ latest: [] }));
      return latest?.[0]?.value === value;
    });
  };
  const steps = async (): Promise<number[]> => {
    const { anomalies } = await ask<{ anomalies: { kind: string; observed: number }[] }>('anomalies');
    expect(anomalies.filter(({ kind }) => kind === 'silent')).toEqual([]);
    return anomalies.filter(({ kind }) => kind === 'clock-step').map(({ observed }) => Math.round(observed / 60));
  };

  await oneMore();
  const alarms: number[] = [];
  for (const [seconds, stepMinutes] of [
    [-3_600, -60],
    [0, 60],
    [86_400, 1_440],
    [0, -1_440],
  ] as const) {
    set(seconds);
    alarms.push(stepMinutes);
    await until('the alarm', 5_000, async () => (await steps()).length === alarms.length);
    await oneMore();
  }
  expect((await steps()).sort()).toEqual(alarms.sort());
  const { readings, balanced } = await ask<{ readings: Record<string, number>; balanced: boolean }>('ledger');
  expect(readings).toMatchObject({ accepted: sent, stored: sent, dead_letter: 0 });
  expect(balanced).toBe(true);
  await client.endAsync();
  expect((await gate.stop()).code).toBe(0);
});
