/** A full disk that the store runs into, and a broken store, with real clients: nothing acknowledged is lost, alarms come in time, everything goes on by itself. More such trouble is in `torture/`. */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import mqtt from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { openWorkshop } from '../../cli/workshop.ts';
import { configSchema } from '../../config.ts';
import { balance } from '../../core/ledger.ts';
import { type LoadResult, loadReading, loadReadingsPerMessage, runLoad } from '../../simulators/load.ts';
import { fill } from '../../torture/rigs/disks.ts';
import { folder, type Running, started, until } from './running.ts';

const brisk = { OCTROI_COMMIT_MS: '200', OCTROI_SNAPSHOT_MS: '2000' };

/** A disk of so many MB, or null where none can be mounted. */
const disk = (mb: number): string | null => {
  const path = folder();
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mb}m`, 'tmpfs', path]).status !== 0) return null;
  onTestFinished(() => void spawnSync('umount', ['-l', path]));
  return path;
};

/** For what has no promise of its own: the machine may be busy with other things, ms. */

const get = async (url: string): Promise<string> => (await fetch(url, { headers: { 'accept-language': 'en' } }).catch(() => null))?.text() ?? '';
const metric = async ({ http }: Running, name: string): Promise<number | null> => {
  const found = new RegExp(`^${name} (\\S+)$`, 'm').exec(await get(`${http}/metrics`));
  return found === null ? null : Number(found[1]);
};

interface Load {
  readonly acknowledged: () => number;
  readonly options: Parameters<typeof runLoad>[0];
  readonly result: Promise<LoadResult>;
}

const load = (port: number, messages: number, ratePerSecond: number): Load => {
  let acknowledged = 0;
  const options = { port, connections: 20, window: 4, messages, ratePerSecond, firstAt: Date.now() - 3_600_000, resend: true, patienceMs: 40_000 };
  return { options, acknowledged: () => acknowledged, result: runLoad({ ...options, onAcknowledged: (count) => (acknowledged = count) }) };
};

/** What was acknowledged is stored, once, with its value; the books balance; every figure is the one that SQL computes. */
const expectAllStored = async (data: string, { options, result }: Load): Promise<void> => {
  const { sent, journal } = await result;
  const workshop = await openWorkshop(configSchema.parse({ data }));
  try {
    const books = balance(await workshop.views.ledger(), await workshop.views.recount());
    expect(books.balanced).toBe(true);
    expect(books.readings.stored).toBe(sent * loadReadingsPerMessage);
    for (const { subject, acknowledged } of journal) {
      const { rows } = await workshop.views.readings({ subject, quantity: 'temperature', from: 0, to: Number.MAX_SAFE_INTEGER, limit: 10_000 });
      const stored = new Map(rows.map((row) => [row.at, row.value]));
      for (const [seq, told] of acknowledged.entries()) {
        const { at, temperature } = loadReading(options, seq);
        if (told === 1) expect([subject, seq, stored.get(at)]).toEqual([subject, seq, Math.round(temperature * 100)]);
      }
    }
    expect(await workshop.views.verify()).toMatchObject({ different: 0 });
  } finally {
    await workshop.close();
  }
};

test('the disk fills up, the store runs into it, and it is freed again', async (context) => {
  const data = disk(48);
  if (data === null) return context.skip('no tmpfs can be mounted here');
  const gate = await started(data, { ...brisk, OCTROI_DISK_RESERVE_MB: '0' });
  const running = load(gate.mqttPort, 6_000, 500);
  await until('some are acknowledged', () => running.acknowledged() > 500);
  const free = fill(data);
  await until('the alarm in the log', () => gate.log().includes('the log cannot be written'));

  const held = running.acknowledged();
  await until('the plant ends', () => gate.log().includes('the plant ended'));
  await delay(1_500); // a while in which nothing may be acknowledged
  expect(running.acknowledged()).toBe(held);

  free();
  await until('acknowledgements', () => running.acknowledged() > held);
  await until('the plant catches up', async () => (await metric(gate, 'octroi_store_writable')) === 1 && (await metric(gate, 'octroi_lag_envelopes')) === 0);
  expect(gate.log()).toContain('the log is written again');
  const { complete, reconnects } = await running.result;
  expect([complete, reconnects]).toEqual([true, 0]);
  expect((await gate.stop()).code).toBe(0);
  await expectAllStored(data, running);
});

test('a store that cannot be opened: readings are taken, a page says so, nothing spins, it mends itself', async () => {
  const data = folder();
  writeFileSync(join(data, 'store'), 'in the way');
  const gate = await started(data, brisk);
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gate.mqttPort}`);
  await client.publishAsync('city/v1/a/sensor-1/telemetry', JSON.stringify({ ts: Date.now(), values: { temperature: 20 } }), { qos: 1 });
  await client.endAsync();

  const { value: page } = await until('the page that stands in', async () => {
    const text = await get(`${gate.http}/en/operations`);
    return text.includes('The pages are away') ? text : null;
  });
  expect(page).toContain('The gate is open: readings are taken and kept.');
  expect(page).toContain('EEXIST');
  // It stands in for moments: between them the next plant tries.
  await until('its metrics', async () => {
    const text = await get(`${gate.http}/metrics`);
    return text.includes('\noctroi_plant_up 0\n') && text.includes('\noctroi_log_writable 1\n');
  });
  await until('its readiness', async () => (await fetch(`${gate.http}/health/ready`).catch(() => null))?.status === 503);
  await until('starts further and further apart', () => (gate.log().match(/the plant ended/g)?.length ?? 0) >= 4);
  expect(gate.log()).toContain('"restartMs":1600');

  rmSync(join(data, 'store'));
  const latest = `${gate.http}/api/v1/latest?device=sensor-1`;
  await until('the reading in the store', async () => (await get(latest)).includes('"value":20'));
  expect(await get(`${gate.http}/en/operations`)).toContain('it last ended');
  expect((await gate.stop()).code).toBe(0);
});
