/**
 * A gate that holds millions of readings and goes on receiving: how long a site's month of hours and the town's day take meanwhile,
 * how much memory that needs, and how long it takes behind `kill -9` of everything until a reading is acknowledged again. Prints JSON.
 *
 *   node bench/full.ts [readings] [seconds of load] [devices]      default 10,000,000, 60 and 1,000
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import gateHeap from '../bin/gate-heap.json' with { type: 'json' };
import type { LoadReport } from '../cli/bench-load.ts';
import { reachControl } from '../cli/control.ts';
import { residentMb } from '../cli/resident.ts';
import type { Ledger } from '../core/store.ts';
import { calendar } from '../core/window.ts';
import { type LoadOptions, loadReadingsPerMessage } from '../simulators/load.ts';
import { loadSubject } from '../simulators/load-packets.ts';

const readings = Number(process.argv[2] ?? 10_000_000);
const loadSeconds = Number(process.argv[3] ?? 60);
const devices = Number(process.argv[4] ?? 1_000);
const devicesOfSite = 20;
const sites = devices / devicesOfSite;
const ratePerSecond = 5_000;
const perDevice = Math.ceil(readings / loadReadingsPerMessage / devices);
const stepMs = 900_000;
const liveAt = Date.now() - loadSeconds * 5_000 - 60_000;
const begin = liveAt - (perDevice + 1) * stepMs;

const startGate = async (data: string): Promise<ChildProcess> =>
  fork(new URL('../cli/octroi.ts', import.meta.url), ['start', '--data', data, '--no-demo', '--http-port', '0', '--mqtt-port', '0'], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: gateHeap,
    env: { ...process.env, OCTROI_LOG_LEVEL: 'error' },
  });

const reach = async (data: string) => {
  for (let tries = 0; tries < 600; tries++, await delay(50)) {
    const client = await reachControl(data);
    if (client !== null) return client;
  }
  throw new Error('the gate did not come up within 30 s');
};

const childrenOf = async (pid: number): Promise<number[]> =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').filter(Boolean).map(Number);

const load = async (options: Omit<LoadOptions, 'host'>): Promise<LoadReport> => {
  const child = fork(new URL('../cli/bench-load.ts', import.meta.url));
  child.send(options);
  const [report] = (await once(child, 'message')) as [LoadReport];
  return report;
};

const atShare = (values: readonly number[], share: number): number => Math.round([...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? 0);

const data = await mkdtemp(join(tmpdir(), 'octroi-full-'));
let gate = await startGate(data);

/** Watches the memory of gate and plant. */
const watchResident = async (): Promise<() => number> => {
  const pids = [gate.pid ?? 0, ...(await childrenOf(gate.pid ?? 0))];
  let max = 0;
  const watching = setInterval(() => {
    max = Math.max(max, residentMb(pids));
  }, 500);
  return () => {
    clearInterval(watching);
    return max;
  };
};

try {
  const filling = await reach(data);
  const residentFilling = await watchResident();
  const messages = perDevice * devices;
  const processedBy = async (client: typeof filling): Promise<number> => ((await client.remote.view('ledger', [])) as Ledger).readings.accepted;
  const filledFrom = performance.now();
  const filled = await load({ port: (await filling.remote.addresses()).mqtt, connections: devices, window: 4, messages, firstAt: begin, stepMs });
  while ((await processedBy(filling)) < messages * loadReadingsPerMessage) await delay(250);
  const fillSeconds = Math.round((performance.now() - filledFrom) / 1_000);
  const residentMbFilling = residentFilling();
  filling.close();
  gate.kill('SIGTERM');
  await once(gate, 'exit');
  gate = await startGate(data);
  const client = await reach(data);
  const { mqtt } = await client.remote.addresses();
  const residentLoaded = await watchResident();

  const key = (n: number) => ({ subject: loadSubject(n), quantity: 'temperature' });
  const month = calendar('Europe/Paris').windowAt(4, liveAt - 20 * 86_400_000);
  const siteMonth = { window: 'PT1H', from: month.start, to: month.end, limit: 50_000 };
  const day = calendar('Europe/Paris').windowAt(3, liveAt - 5 * 86_400_000);
  const townDay = { keys: Array.from({ length: devices }, (_, n) => key(n)), window: 'PT1H', from: day.start, to: day.end, limit: 50_000 };
  const took = { siteMonth: [] as number[], townDay: [] as number[] };
  const rows = { siteMonth: 0, townDay: 0 };
  const ask = async (name: 'siteMonth' | 'townDay', query: object): Promise<void> => {
    const from = performance.now();
    rows[name] = ((await client.remote.view('panes', [query])) as unknown[]).length;
    took[name].push(performance.now() - from);
  };
  const askOnce = async (site: number): Promise<void> => {
    await ask('siteMonth', { ...siteMonth, keys: Array.from({ length: devicesOfSite }, (_, n) => key(site * devicesOfSite + n)) });
    if (site % 5 === 0) await ask('townDay', townDay);
  };
  for (let n = 0; n < 10; n++) await askOnce(n % sites);
  const timesOf = (): object => ({
    siteMonth: { rows: rows.siteMonth, asked: took.siteMonth.length, msP50: atShare(took.siteMonth, 0.5), msP95: atShare(took.siteMonth, 0.95) },
    townDay: { rows: rows.townDay, asked: took.townDay.length, msP50: atShare(took.townDay, 0.5), msP95: atShare(took.townDay, 0.95) },
  });
  const atRest = timesOf();
  took.siteMonth = [];
  took.townDay = [];
  const loading = load({ port: mqtt, connections: devices, window: 4, messages: loadSeconds * ratePerSecond, ratePerSecond, firstAt: liveAt });
  let live: LoadReport | null = null;
  void loading.then((report) => {
    live = report;
  });
  for (let site = 0; live === null; site = (site + 1) % sites) {
    await askOnce(site);
    await delay(250);
  }
  const report = await loading;
  const residentMbUnderLoad = residentLoaded();

  // With a few seconds of the traffic not yet processed, everything ends at once.
  await load({ port: mqtt, connections: devices, window: 4, messages: 100_000, firstAt: liveAt + loadSeconds * 10_000 - 500_000 });
  const before = await processedBy(client);
  const pids = [gate.pid ?? 0, ...(await childrenOf(gate.pid ?? 0))];
  client.close();
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await once(gate, 'exit');
  const restartedFrom = performance.now();
  gate = await startGate(data);
  const again = await reach(data);
  const { mqtt: mqttAgain } = await again.remote.addresses();
  await load({ port: mqttAgain, connections: 1, window: 1, messages: 1, firstDevice: devices + 1, firstAt: Date.now() });
  const acceptingMs = Math.round(performance.now() - restartedFrom);
  again.close();
  console.log(
    JSON.stringify({
      readings: messages * loadReadingsPerMessage,
      fillSeconds,
      fillAcksPerSecond: Math.round(filled.acksPerSecond),
      load: {
        ratePerSecond,
        acknowledged: report.acknowledged,
        acksPerSecond: Math.round(report.acksPerSecond),
        latencyMsP99: Math.round(report.latencyMsP99),
      },
      atRest,
      underLoad: timesOf(),
      residentMbMax: { filling: residentMbFilling, underLoad: residentMbUnderLoad },
      restart: { messagesInLog: messages + report.acknowledged + 100_000, readingsProcessedBefore: before, acceptingMs },
    }),
  );
} finally {
  gate.kill('SIGTERM');
  await once(gate, 'exit');
  await rm(data, { recursive: true, force: true });
}
