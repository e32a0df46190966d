/**
 * `octroi bench`: the whole of octroi under load on this machine, in a folder of its own: durable, folded, judged and
 * stored. Prints acknowledgements a second, latency, CPU and memory of each process, and what is missing.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import gateHeap from '../bin/gate-heap.json' with { type: 'json' };
import { fail } from '../core/failure.ts';
import type { Books } from '../core/store.ts';
import { books } from '../dashboards/books.ts';
import { loadReadingsPerMessage } from '../simulators/load.ts';
import type { LoadReport } from './bench-load.ts';
import { reachControl } from './control.ts';
import { plainCommand, print } from './options.ts';
import { residentMb } from './resident.ts';

interface Case {
  readonly name: string;
  readonly connections: number;
  /** Messages that a connection has in flight. */
  readonly window: number;
  readonly messages: number;
  readonly ratePerSecond?: number;
}

/** The loads that are measured, one after the other, each on a gate of its own. */
const cases: readonly Case[] = [
  { name: 'devices, 10,000/s', connections: 1000, window: 1, messages: 150_000, ratePerSecond: 10_000 },
  { name: 'devices, flat out', connections: 1000, window: 1, messages: 300_000 },
  { name: 'gateways, flat out', connections: 20, window: 16, messages: 600_000 },
];

/** Units of CPU time a second in /proc: the same on every Linux that Node runs on. */
const clockTicks = 100;

/** CPU seconds that a process has used; 0 where there is no /proc. */
const cpuOf = (pid: number): number => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / clockTicks;
  } catch {
    return 0;
  }
};

const childrenOf = (pid: number): number[] => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
};

const startGate = async (data: string): Promise<{ child: ChildProcess; mqtt: number }> => {
  const child = fork(new URL('./octroi.ts', import.meta.url), ['start', '--data', data, '--no-demo', '--http-port', '0', '--mqtt-port', '0'], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: gateHeap,
    env: { ...process.env, OCTROI_LOG_LEVEL: 'warn' },
  });
  for (let tries = 0; tries < 300; tries++) {
    await delay(100);
    const client = await reachControl(data);
    if (client === null) continue;
    const { mqtt } = await client.remote.addresses();
    client.close();
    return { child, mqtt };
  }
  throw fail('unavailable', 'the gate did not come up within 30 s', data);
};

const load = async (port: number, one: Case): Promise<LoadReport> => {
  const child = fork(new URL('./bench-load.ts', import.meta.url));
  child.send({
    port,
    connections: one.connections,
    window: one.window,
    messages: one.messages,
    firstAt: Date.parse('2026-01-15T00:00:00Z'),
    ...(one.ratePerSecond === undefined ? {} : { ratePerSecond: one.ratePerSecond }),
  });
  const [report] = (await once(child, 'message')) as [LoadReport];
  return report;
};

const runCase = async (one: Case): Promise<Record<string, unknown>> => {
  const data = mkdtempSync(join(tmpdir(), 'octroi-bench-'));
  const { child, mqtt } = await startGate(data);
  const client = await reachControl(data);
  const gate = child.pid as number;
  const [plant = 0] = childrenOf(gate);
  let residentMax = 0;
  const watching = setInterval(() => {
    residentMax = Math.max(residentMax, residentMb([gate, plant]));
  }, 250);
  try {
    if (client === null) throw fail('unavailable', 'the gate does not answer', data);
    await delay(1_000);
    const [gateCpu, plantCpu] = [cpuOf(gate), cpuOf(plant)];
    const report = await load(mqtt, one);
    const kept = () => books({ books: () => client.remote.view('books', []) as Promise<Books> });
    const began = performance.now();
    let found = await kept();
    while (found.readings.accepted < report.acknowledged * loadReadingsPerMessage && performance.now() - began < 120_000) {
      await delay(100);
      found = await kept();
    }
    const millions = report.acknowledged / 1e6;
    const [gateUsed, plantUsed] = [cpuOf(gate) - gateCpu, cpuOf(plant) - plantCpu];
    return {
      case: one.name,
      acknowledged: report.acknowledged,
      stored: found.readings.stored / loadReadingsPerMessage,
      lost: report.acknowledged - found.readings.stored / loadReadingsPerMessage,
      balanced: found.balanced,
      acksPerSecond: Math.round(report.acksPerSecond),
      latencyMsP50: report.latencyMsP50,
      latencyMsP99: report.latencyMsP99,
      caughtUpMs: Math.round(performance.now() - began),
      cpuSecondsPerMillion: Math.round(((gateUsed + plantUsed) / millions) * 10) / 10,
      cpuSecondsPerMillionGate: Math.round((gateUsed / millions) * 10) / 10,
      cpuSecondsPerMillionPlant: Math.round((plantUsed / millions) * 10) / 10,
      cpuSecondsPerMillionGenerator: Math.round((report.cpuSeconds / millions) * 10) / 10,
      residentMbMax: residentMax,
    };
  } finally {
    clearInterval(watching);
    client?.close();
    child.kill('SIGTERM');
    await once(child, 'exit');
    rmSync(data, { recursive: true, force: true });
  }
};

/** @throws FailureError `bad-request` where no case is called like that */
const chosen = (only = ''): readonly Case[] => {
  const found = cases.filter(({ name }) => name.includes(only));
  if (found.length === 0) throw fail('bad-request', `no case is called "${only}"; there are ${cases.map(({ name }) => `"${name}"`).join(', ')}`, '--only');
  return found;
};

export const benchCommand = (): Command =>
  plainCommand('bench', 'measure octroi under load on this machine')
    .option('--only <name>', 'a part of a case name')
    .action(async ({ only, json }: { only?: string; json?: boolean }) => {
      const rows: Record<string, unknown>[] = [];
      for (const one of chosen(only)) {
        rows.push(await runCase(one));
        if (json !== true) console.table([rows.at(-1)]);
      }
      const machine = { cores: availableParallelism(), cpu: cpus()[0]?.model ?? '', node: process.version };
      print(json, { machine, rows }, () => JSON.stringify(machine));
    });
