/**
 * The log in the folder with InfluxDB as the store, beside a rival on the same machine in the same minutes, round by round: mosquitto, Telegraf
 * and InfluxDB, driven by the script that is named. CPU seconds of all processes but the load generators, for a million readings. Prints JSON.
 *
 *   node bench/influx-path.ts <script of the rival> [rounds] [messages] [messages a second] [devices]      default 2, 150,000, 5,000 and 1,000
 *
 * The script takes N, R and C (messages, messages a second, devices) and says on one line what was acknowledged, stored, and used.
 */
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LoadReport } from '../cli/bench-load.ts';
import { residentMb } from '../cli/resident.ts';
import { type LoadOptions, loadReadingsPerMessage } from '../simulators/load.ts';
import { freePort } from '../torture/free-port.ts';
import { Gate, get, plantIsUp, until } from '../torture/gate.ts';
import { influxEnvironment, openInfluxd } from '../torture/rigs/town-of-many.ts';
import { Scope } from '../torture/row.ts';
import { childrenOf, cpuSeconds } from './processes.ts';

const [script = '', ...numbers] = process.argv.slice(2);
const [rounds = 2, messages = 150_000, ratePerSecond = 5_000, devices = 1_000] = numbers.map(Number);
const rounded = (value: number): number => Math.round(value * 10) / 10;
const perMillionReadings = (seconds: number, count: number): number => rounded((seconds * 1e6) / (count * loadReadingsPerMessage));

const rival = (): object => {
  const env = { ...process.env, N: String(messages), R: String(ratePerSecond), C: String(devices), W: '1', B: '1' };
  const { status, stdout, stderr } = spawnSync('bash', [script], { encoding: 'utf8', env, timeout: 600_000 });
  const said = /acknowledged (\d+), stored (\d+), lost (-?\d+).*\(mosquitto ([\d.]+), Telegraf ([\d.]+), InfluxDB ([\d.]+) s\)/.exec(stdout);
  if (status !== 0 || said === null) throw new Error(`${script} said: ${stdout}${stderr}`);
  const [sent, stored, lost, mosquitto, telegraf, influxdb] = said.slice(1).map(Number) as [number, number, number, number, number, number];
  const resident = /resident MB: (.*)/.exec(stdout)?.[1] ?? '';
  return {
    who: 'mosquitto, Telegraf, InfluxDB',
    acknowledged: sent,
    stored,
    lost,
    cpuSecondsPerMillionReadings: perMillionReadings(mosquitto + telegraf + influxdb, sent),
    of: { mosquitto: perMillionReadings(mosquitto, sent), telegraf: perMillionReadings(telegraf, sent), influxdb: perMillionReadings(influxdb, sent) },
    resident,
  };
};

const load = async (options: LoadOptions): Promise<LoadReport> => {
  const child = fork(new URL('../cli/bench-load.ts', import.meta.url));
  child.send(options);
  const [report] = (await once(child, 'message')) as [LoadReport];
  return report;
};

const octroi = async (base: string): Promise<object> => {
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
    const report = await load({ port: gate.mqttPort, connections: devices, window: 1, messages, ratePerSecond, firstAt: Date.parse('2026-01-15T00:00:00Z') });
    const accepted = async (): Promise<number> => (JSON.parse((await get(`${gate.http}/api/v1/ledger`)) || '{}') as { readings?: { stored: number } }).readings?.stored ?? 0; // biome-ignore format: one line
    await until('all is stored', 300_000, async () => {
      await delay(1_000);
      return (await accepted()) >= report.acknowledged * loadReadingsPerMessage;
    });
    const after = used();
    const of = (name: keyof typeof after): number => after[name] - before[name];
    const stored = (await accepted()) / loadReadingsPerMessage;
    return {
      who: 'octroi, InfluxDB',
      acknowledged: report.acknowledged,
      stored,
      lost: report.acknowledged - stored,
      cpuSecondsPerMillionReadings: perMillionReadings(of('gate') + of('plant') + of('influxdb'), report.acknowledged),
      of: Object.fromEntries((['gate', 'plant', 'influxdb'] as const).map((name) => [name, perMillionReadings(of(name), report.acknowledged)])),
      latencyMsP99: rounded(report.latencyMsP99),
      resident: `octroi ${residentMb([pid, plant])}, InfluxDB ${residentMb([influxd.pid()])}`,
    };
  } finally {
    await scope.close();
  }
};

const base = mkdtempSync(join(tmpdir(), 'octroi-influx-path-'));
try {
  const rows: object[] = [];
  const loadBefore = rounded(loadavg()[0] ?? 0);
  for (let round = 0; round < rounds; round++) {
    rows.push(rival());
    process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
    rows.push(await octroi(base));
    process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
  }
  const machine = { cores: availableParallelism(), cpu: cpus()[0]?.model ?? '', node: process.version, loadBefore };
  console.log(JSON.stringify({ date: new Date().toISOString(), machine, messages, ratePerSecond, devices, rows }, null, 2));
} finally {
  rmSync(base, { recursive: true, force: true });
}
