/**
 * What each process of compose.yaml costs: CPU seconds by role, idle and for a million messages of three readings, resident memory, and bytes on disk.
 * Runs `npm run stack` on free ports and a temporary folder. Prints JSON.
 *
 *   node bench/roles.ts [messages] [messages a second] [devices]      default 40,000, 1,000 and 300; the devices report once a minute of event time
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { residentMb } from '../cli/resident.ts';
import { runLoad } from '../simulators/load.ts';
import { cpuSeconds } from './processes.ts';

const [messages = 40_000, ratePerSecond = 1_000, devices = 300] = process.argv.slice(2).map(Number);
const idleMs = 15_000;
const data = mkdtempSync(join(tmpdir(), 'octroi-roles-'));
const stack = spawn(process.execPath, [join(import.meta.dirname, '../bin/stack.mjs'), '--data', data, '--free-ports'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
let said = '';
stack.stdout.on('data', (text) => (said += text));

const below = (pid: number): number[] => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...below(child)]);
};

/** The service that a process belongs to, by the folder that it was given. */
const serviceOf = (pid: number): string => {
  const words = [...readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0'), ...readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')];
  const path = words.map((word) => word.replace(/^\w+=/, '')).find((word) => word.startsWith(`${data}/`));
  return path === undefined ? 'launcher' : basename(path.slice(data.length + 1).split('/')[0] ?? '');
};

const cpu = (): Map<string, number> => {
  const found = new Map<string, number>();
  for (const pid of below(stack.pid as number)) found.set(serviceOf(pid), (found.get(serviceOf(pid)) ?? 0) + cpuSeconds(pid));
  return found;
};
const resident = (): Record<string, number> => {
  const pids = new Map<string, number[]>();
  for (const pid of below(stack.pid as number)) pids.set(serviceOf(pid), [...(pids.get(serviceOf(pid)) ?? []), pid]);
  return Object.fromEntries([...pids].map(([name, own]) => [name, residentMb(own)]));
};
const bytesIn = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).blocks * 512, 0);

const since = (before: Map<string, number>, after: Map<string, number>, scale: number): Record<string, number> =>
  Object.fromEntries([...after].map(([name, seconds]) => [name, Math.round((seconds - (before.get(name) ?? 0)) * scale * 10) / 10]));

try {
  while (!said.includes("octroi's stack is open")) {
    if (stack.exitCode !== null) throw new Error(said);
    await delay(200);
  }
  const port = Number(/gate-1 +mqtt:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1]);
  const web = /web +(http:\/\/\S+)/.exec(said)?.[1];
  const ledger = async () => (await fetch(`${web}/api/v1/ledger`)).json() as Promise<{ readings: { stored: number } }>;
  await delay(5_000); // what was loaded is swept
  const opened = cpu();
  await delay(idleMs);
  const rested = cpu();
  const disk = { kafka: bytesIn(join(data, 'kafka')), influxdb: bytesIn(join(data, 'influxdb')) };
  const began = performance.now();
  const load = await runLoad({ port, connections: devices, window: 4, messages, ratePerSecond, firstAt: Date.now() - 86_400_000, stepMs: 60_000 });
  const sentMs = performance.now() - began;
  let stored = 0;
  for (let last = -1; stored !== last || stored < load.acknowledged * 3; await delay(3_000)) [last, stored] = [stored, (await ledger()).readings.stored];
  const seconds = (performance.now() - began) / 1_000;
  const done = cpu();
  const idle = since(opened, rested, 100_000 / idleMs);
  console.log(
    JSON.stringify(
      {
        date: new Date().toISOString(),
        messages: load.acknowledged,
        acknowledgedPerSecond: Math.round(load.acknowledged / (sentMs / 1_000)),
        storedReadings: stored,
        untilStoredSeconds: Math.round(seconds),
        idleCpuPercent: idle,
        // Less what they take at rest, which does not grow with the load.
        cpuSecondsPerMillionMessages: Object.fromEntries(
          Object.entries(since(rested, done, 1e6 / load.acknowledged)).map(([name, one]) => [
            name,
            Math.round(one - (((idle[name] ?? 0) / 100) * seconds * 1e6) / load.acknowledged),
          ]),
        ),
        residentMb: resident(),
        bytesPerReading: {
          kafka: Math.round((bytesIn(join(data, 'kafka')) - disk.kafka) / stored),
          influxdb: Math.round((bytesIn(join(data, 'influxdb')) - disk.influxdb) / stored),
        },
      },
      null,
      2,
    ),
  );
} finally {
  const ended = once(stack, 'exit');
  stack.kill('SIGINT');
  await ended;
  rmSync(data, { recursive: true, force: true });
}
