/**
 * The log in the folder with InfluxDB as the store, beside a rival on the same machine in the same minutes, round by round: mosquitto, Telegraf
 * and InfluxDB, driven by the script that is named. CPU seconds of all processes but the load generators, for a million readings that were
 * stored; octroi's hold one look at its ledger with the recount of all rows, as the rival's hold its script's count. Prints JSON.
 *
 *   node bench/influx-path.ts <script of the rival> [rounds] [messages]      default 2 and 150,000
 *
 * The script takes N, R, C, W and B (messages, messages a second, connections, in flight, packets a write) and says on one line what was
 * acknowledged, stored, and used.
 */
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LoadReport } from '../cli/bench-load.ts';
import { residentMb } from '../cli/resident.ts';
import { Scope } from '../core/scope.ts';
import { type LoadOptions, loadReadingsPerMessage } from '../simulators/load.ts';
import { freePort } from '../torture/free-port.ts';
import { Gate, get, metric, plantIsUp, until } from '../torture/gate.ts';
import { influxEnvironment, openInfluxd } from '../torture/rigs/town-of-many.ts';
import { childrenOf, cpuSeconds } from './processes.ts';

const [script = '', ...numbers] = process.argv.slice(2);
const [rounds = 2, messages = 150_000] = numbers.map(Number);

type Case = Pick<LoadOptions, 'connections' | 'window' | 'ratePerSecond'>;
const cases: Record<string, Case> = {
  'a thousand devices, one in flight, flat out': { connections: 1_000, window: 1 },
  'a thousand devices, one in flight, 5,000 messages a second': { connections: 1_000, window: 1, ratePerSecond: 5_000 },
  'twenty gateways, 16 in flight, flat out': { connections: 20, window: 16 },
};

const rounded = (value: number): number => Math.round(value * 10) / 10;

interface Used {
  readonly acknowledged: number;
  /** Messages of which all readings are stored. */
  readonly stored: number;
  /** CPU seconds by process. */
  readonly seconds: Readonly<Record<string, number>>;
  readonly resident: string;
}

const rowOf = (who: string, { acknowledged, stored, seconds, resident }: Used): object => {
  const perMillion = (one: number): number => rounded((one * 1e6) / (stored * loadReadingsPerMessage));
  const all = Object.values(seconds).reduce((sum, one) => sum + one, 0);
  const of = Object.fromEntries(Object.entries(seconds).map(([name, one]) => [name, perMillion(one)]));
  return { who, acknowledged, lost: acknowledged - stored, cpuSecondsPerMillionReadings: perMillion(all), of, residentMb: resident };
};

const rival = ({ connections, window, ratePerSecond = 0 }: Case): Used => {
  const env = { ...process.env, N: `${messages}`, R: `${ratePerSecond}`, C: `${connections}`, W: `${window}`, B: `${window}` };
  const { status, stdout, stderr } = spawnSync('bash', [script], { encoding: 'utf8', env, timeout: 600_000 });
  const said = /acknowledged (\d+), stored (\d+),.*\(mosquitto ([\d.]+), Telegraf ([\d.]+), InfluxDB ([\d.]+) s\)/.exec(stdout);
  if (status !== 0 || said === null) throw new Error(`${script} said: ${stdout}${stderr}`);
  const [acknowledged, stored, mosquitto, telegraf, influxdb] = said.slice(1).map(Number) as [number, number, number, number, number];
  return { acknowledged, stored, seconds: { mosquitto, telegraf, influxdb }, resident: /resident MB: (.*)/.exec(stdout)?.[1] ?? '' };
};

const load = async (options: LoadOptions): Promise<LoadReport> => {
  const child = fork(new URL('../cli/bench-load.ts', import.meta.url));
  child.send(options);
  const [report] = (await once(child, 'message')) as [LoadReport];
  return report;
};

const octroi = async (base: string, how: Case): Promise<Used> => {
  const scope = new Scope();
  try {
    const influxd = await openInfluxd(scope);
    const env = { ...(await influxEnvironment(influxd)), OCTROI_COMMIT_MS: '', OCTROI_SNAPSHOT_MS: '', OCTROI_LOG_LEVEL: 'error' };
    const gate = Gate.in(scope, { data: mkdtempSync(join(base, 'gate-')), mqttPort: await freePort(), httpPort: await freePort(), env });
    await gate.start();
    await plantIsUp(gate);
    await delay(3_000);
    const pid = gate.pid ?? 0;
    const plant = childrenOf(pid)[0] ?? 0;
    const used = () => ({ gate: cpuSeconds(pid), plant: cpuSeconds(plant), influxdb: cpuSeconds(influxd.pid()) });
    const before = used();
    const { acknowledged } = await load({ port: gate.mqttPort, ...how, messages, firstAt: Date.parse('2026-01-15T00:00:00Z') });
    const committed = 'octroi_readings_total{fate="stored"}';
    await until('all is stored', 300_000, async () => {
      await delay(2_000);
      return ((await metric(gate, committed)) ?? 0) >= acknowledged * loadReadingsPerMessage;
    });
    const { recount } = JSON.parse(await get(`${gate.http}/api/v1/ledger`)) as { recount: { stored: number } };
    const after = used();
    const seconds = { gate: after.gate - before.gate, plant: after.plant - before.plant, influxdb: after.influxdb - before.influxdb };
    const resident = `octroi ${residentMb([pid, plant])}, InfluxDB ${residentMb([influxd.pid()])}`;
    return { acknowledged, stored: recount.stored / loadReadingsPerMessage, seconds, resident };
  } finally {
    await scope.close();
  }
};

const base = mkdtempSync(join(tmpdir(), 'octroi-influx-path-'));
try {
  const rows: object[] = [];
  const loadBefore = rounded(loadavg()[0] ?? 0);
  for (let round = 0; round < rounds; round++) {
    for (const [name, how] of Object.entries(cases)) {
      rows.push({ case: name, ...rowOf('mosquitto, Telegraf, InfluxDB', rival(how)) });
      process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
      rows.push({ case: name, ...rowOf('octroi, InfluxDB', await octroi(base, how)) });
      process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
    }
  }
  const machine = { cores: availableParallelism(), cpu: cpus()[0]?.model ?? '', node: process.version, loadBefore };
  console.log(JSON.stringify({ date: new Date().toISOString(), machine, messages, rows }, null, 2));
} finally {
  rmSync(base, { recursive: true, force: true });
}
