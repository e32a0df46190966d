/**
 * One, two and four plants over a real Kafka and a real InfluxDB, two gates before them, and once pages beside two: how fast all is stored, and
 * the CPU seconds of each role for a million readings, less what it takes at rest. Prints JSON.
 *
 *   node bench/scale.ts [messages] [devices]      default 60,000 and 300; flat out; the devices report once a minute of event time
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LoadReport } from '../cli/bench-load.ts';
import { openReader } from '../cli/parts/log.ts';
import { resolveConfig } from '../config.ts';
import { Scope } from '../core/scope.ts';
import { type LoadOptions, loadReadingsPerMessage } from '../simulators/load.ts';
import { freePort } from '../torture/free-port.ts';
import { Gate, until } from '../torture/gate.ts';
import { influxEnvironment, kafkaEnvironment, openInfluxd, openKafka, storedPositions } from '../torture/rigs/town-of-many.ts';
import { RoleProcess } from '../torture/role.ts';
import { cpuSeconds } from './processes.ts';

const [messages = 60_000, devices = 300] = process.argv.slice(2).map(Number);
const partitions = 4;
const idleMs = 10_000;
const storedMsMax = 600_000;
const cases: readonly { readonly plants: number; readonly pages: number }[] = [
  { plants: 1, pages: 0 },
  { plants: 2, pages: 0 },
  { plants: 4, pages: 0 },
  { plants: 2, pages: 1 },
];

const load = async (options: LoadOptions): Promise<LoadReport> => {
  const child = fork(new URL('../cli/bench-load.ts', import.meta.url));
  child.send(options);
  const [report] = (await once(child, 'message')) as [LoadReport];
  return report;
};

const rounded = (value: number): number => Math.round(value * 10) / 10;

const measured = async (base: string, { plants: plantCount, pages: pageCount }: (typeof cases)[number]): Promise<object> => {
  const scope = new Scope();
  const folder = (name: string): string => mkdtempSync(join(base, `${name}-`));
  try {
    const [kafka, influxd] = await Promise.all([openKafka(scope), openInfluxd(scope)]);
    const env = { ...(await kafkaEnvironment(kafka, 'town', partitions)), ...(await influxEnvironment(influxd)), OCTROI_LOG_LEVEL: 'info' };
    const { config } = resolveConfig({ role: 'plant', data: folder('judge') }, env);
    const gates: Gate[] = [];
    for (const name of ['gate-1', 'gate-2']) gates.push(Gate.in(scope, { data: folder(name), mqttPort: await freePort(), env: { ...env, OCTROI_COMMIT_MS: '', OCTROI_SNAPSHOT_MS: '', OCTROI_ROLE: 'gate', OCTROI_LOG_LEVEL: 'error' } })); // biome-ignore format: one line
    for (const gate of gates) await gate.start();
    const plants = Array.from({ length: plantCount }, (_, n) => RoleProcess.in(scope, { role: 'plant', data: folder(`plant-${n + 1}`), env }));
    for (const plant of plants) await plant.start();
    await until('the plants share the partitions', 180_000, () => plants.every(({ partitions: own }) => own.length === partitions / plantCount));
    const positions = storedPositions(config);
    scope.add(() => positions.close());
    await until('every partition is followed', 180_000, async () => (await positions.read()).every((position) => position > 0));
    const pages = Array.from({ length: pageCount }, (_, n) => RoleProcess.in(scope, { role: 'web', data: folder(`web-${n + 1}`), env }));
    for (const page of pages) await page.start();
    await delay(8_000); // what was loaded is swept

    const pids: Record<string, () => number[]> = {
      gates: () => gates.map(({ pid = 0 }) => pid),
      plants: () => plants.map(({ pid = 0 }) => pid),
      ...(pageCount === 0 ? {} : { pages: () => pages.map(({ pid = 0 }) => pid) }),
      kafka: () => [kafka.pid()],
      influxdb: () => [influxd.pid()],
    };
    const used = (): Record<string, number> => Object.fromEntries(Object.entries(pids).map(([name, own]) => [name, own().reduce((sum, pid) => sum + cpuSeconds(pid), 0)])); // biome-ignore format: one line
    const opened = used();
    await delay(idleMs);
    const rested = used();
    const began = performance.now();
    const shared = { connections: devices / 2, window: 8, messages: messages / 2, firstAt: Date.now() - 60 * 86_400_000, stepMs: 60_000 };
    const reports = await Promise.all(gates.map(({ mqttPort: port }, place) => load({ ...shared, port, firstDevice: (place * devices) / 2 })));
    const sentSeconds = (performance.now() - began) / 1_000;
    const ends: number[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      const reader = openReader(config, partition);
      ends.push(await reader.end());
      await reader.close();
    }
    await until('all is stored', storedMsMax, async () => {
      await delay(500);
      const now = await positions.read().catch(() => null);
      return now?.every((position, partition) => position >= (ends[partition] as number));
    });
    const seconds = (performance.now() - began) / 1_000;
    const done = used();
    const acknowledged = reports.reduce((sum, report) => sum + report.acknowledged, 0);
    const millions = (acknowledged * loadReadingsPerMessage) / 1e6;
    const idle = (name: string): number => ((rested[name] as number) - (opened[name] as number)) / (idleMs / 1_000);
    return {
      plants: plantCount,
      pages: pageCount,
      messages: acknowledged,
      acknowledgedMessagesPerSecond: Math.round(acknowledged / sentSeconds),
      storedReadingsPerSecond: Math.round((acknowledged * loadReadingsPerMessage) / seconds),
      seconds: rounded(seconds),
      idleCpuPercent: Object.fromEntries(Object.keys(pids).map((name) => [name, rounded(idle(name) * 100)])),
      cpuSecondsPerMillionReadings: Object.fromEntries(Object.keys(pids).map((name) => [name, rounded(((done[name] as number) - (rested[name] as number) - idle(name) * seconds) / millions)])), // biome-ignore format: one line
    };
  } finally {
    await scope.close();
  }
};

const base = mkdtempSync(join(tmpdir(), 'octroi-scale-'));
try {
  const rows: object[] = [];
  const load1 = loadavg()[0] ?? 0;
  for (const one of cases) {
    rows.push(await measured(base, one));
    process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
  }
  const machine = { cores: availableParallelism(), cpu: cpus()[0]?.model ?? '', node: process.version, loadBefore: rounded(load1) };
  console.log(JSON.stringify({ date: new Date().toISOString(), machine, partitions, rows }, null, 2));
} finally {
  rmSync(base, { recursive: true, force: true });
}
