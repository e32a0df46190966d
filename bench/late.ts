/**
 * What comes late costs, over a real InfluxDB: one tick at which each of so many devices has something behind. Questions, seconds, and CPU
 * seconds of InfluxDB, for each of the ways in which something can be late. Prints JSON.
 *
 *   node bench/late.ts [devices] [days]      default 500 and 2
 */
import { availableParallelism, loadavg } from 'node:os';
import { types } from '../cli/types.ts';
import type { Envelope } from '../core/envelope.ts';
import { dayMs, minuteMs } from '../core/time.ts';
import { townSchema } from '../core/town.ts';
import { memoryReader } from '../log/memory.ts';
import { pipeline } from '../processors/pipeline.ts';
import { run } from '../processors/run.ts';
import { influxDbStore } from '../stores/influxdb.ts';
import { startProxy } from '../torture/rigs/http-proxy.ts';
import { startInfluxd } from '../torture/rigs/influxd.ts';
import { cpuSeconds } from './processes.ts';

const [devices = 500, days = 2] = process.argv.slice(2).map(Number);
const intervalMs = 15 * minuteMs;
const perDay = dayMs / intervalMs;
const begin = Date.UTC(2026, 5, 1);
/** Readings of each device; those whose number ends in 7 are left out, and come late. */
const count = days * perDay;
const isLeftOut = (n: number): boolean => n % 10 === 7;

const log: Envelope[] = [];
const reader = memoryReader(log);
let logTime = begin + count * intervalMs;
const append = (kind: Envelope['kind'], subject: string, body: unknown): void => {
  const payload = Buffer.from(JSON.stringify(body));
  const topic = kind === 'message' ? `city/v1/here/${subject}/telemetry` : '';
  log.push({ kind, subject, sender: '', topic, payload, qos: 1, dup: false, packetId: 1, partition: 0, offset: log.length, logTime });
};
const say = (device: number, n: number): void =>
  append('message', `meter-${device}`, { ts: begin + n * intervalMs, values: { temperature: (n % 40) + device / 100 } });
const tick = (): void => {
  logTime += 1_000;
  append('tick', '', { wall: logTime, qos0Dropped: 0, held: 0, connections: 0, diskFreeBytes: -1 });
};

const influxd = await startInfluxd();
const proxy = await startProxy(influxd.url);
const store = await influxDbStore({ ...influxd, url: proxy.url, buckets: await influxd.buckets() });
try {
  const town = Array.from({ length: devices }, (_, n) => ({ id: `meter-${n}`, type: 'generic', intervalMs }));
  append('registry', '', { action: 'apply', town: townSchema.parse({ name: 'Late', zone: 'Europe/Paris', admission: 'open', devices: town }) });
  const running = await run(pipeline(types, store, reader), reader, store);
  for (let n = 0; n < count; n++) for (let device = 0; device < devices; device++) if (!isLeftOut(n)) say(device, n);
  tick();
  await running.to(log.length);
  await running.checkpoint();

  /** One tick behind what `late` has sent. */
  const measure = async (late: (device: number) => number): Promise<object> => {
    for (let device = 0; device < devices; device++) say(device, late(device));
    await running.to(log.length);
    await running.commit();
    tick();
    const [asked, cpu, own, from] = [proxy.asked.length, cpuSeconds(influxd.pid()), process.cpuUsage(), performance.now()];
    await running.to(log.length);
    const seconds = (performance.now() - from) / 1_000;
    const used = process.cpuUsage(own);
    const { readings } = store.ledger();
    await running.commit();
    return {
      questions: proxy.asked.slice(asked).filter(({ path }) => path === '/api/v2/query').length,
      seconds: Math.round(seconds * 100) / 100,
      influxdbCpuSeconds: Math.round((cpuSeconds(influxd.pid()) - cpu) * 100) / 100,
      ownCpuSeconds: Math.round((used.user + used.system) / 10_000) / 100,
      stored: store.ledger().readings.stored - readings.stored,
      duplicate: store.ledger().readings.duplicate - readings.duplicate,
    };
  };
  const repeated = await measure(() => count - 12);
  const anHour = await measure(() => count - 9 - ((count - 9 - 7) % 10));
  const aDay = await measure(() => 7 + 10 * Math.floor((count - perDay) / 10));
  const scattered = await measure((device) => 7 + 10 * (device % Math.floor(count / 10 - 6)));
  const cores = availableParallelism();
  console.log(JSON.stringify({ devices, days, cores, loadAverage: Math.round(loadavg()[0] ?? 0), repeated, anHour, aDay, scattered }, null, 2));
} finally {
  await store.close();
  await proxy.close();
  await influxd.close();
}
