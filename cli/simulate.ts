/** `octroi simulate`: drives load against a broker through real MQTT connections, and reports what was acknowledged and how fast. Comparing a store with it is left to `bench`. */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import type { Command } from 'commander';
import { type Config, isLoopback, simulatePasswordVariable } from '../config.ts';
import { fail } from '../core/failure.ts';
import { type LoadResult, loadReadingsPerMessage, runLoad } from '../simulators/load.ts';
import { reachControl } from './control.ts';
import { configOf, plainCommand, positive, print } from './options.ts';
import { stopAsked } from './stop-asked.ts';

/** Messages in flight, by connection. */
const window = 8;
/** Silence after which the broker counts as gone, ms. */
const patienceMs = 15_000;
const connectMsMax = 5_000;
const progressMs = 1_000;

const limits = { devices: 10_000, rate: 100_000, minutes: 1_440 } as const;

interface Options {
  readonly devices: string;
  readonly rate?: string;
  readonly minutes: string;
  readonly host: string;
  readonly port?: string;
  readonly data?: string;
  readonly user?: string;
  readonly password?: string;
  readonly yesRemote?: boolean;
  readonly json?: boolean;
}

/** A load test on a machine of others can put it out of service, and what it stores there stays. */
const requireOwn = ({ host, yesRemote }: Options): void => {
  if (isLoopback(host) || yesRemote === true) return;
  throw fail(
    'bad-request',
    `${host} is another machine: load can put it out of service, and its readings stay there; with --yes-remote you say that you may`,
    '--host',
  );
};

/** The port that was given, else the one of the gate that uses the data folder, else the one of the settings. */
const portOf = async ({ port }: Options, config: Config): Promise<number> => {
  if (port !== undefined) return Math.floor(positive(port, 65_535, '--port'));
  const gate = await reachControl(config.data);
  if (gate === null) return config.mqttPort;
  const { mqtt } = await gate.remote.addresses();
  gate.close();
  return mqtt;
};

/** @throws FailureError `unavailable` where nobody listens */
const requireListener = async (host: string, port: number): Promise<void> => {
  const socket = createConnection({ host, port, timeout: connectMsMax });
  socket.once('timeout', () => socket.destroy(new Error('no answer')));
  try {
    await once(socket, 'connect');
  } catch (error) {
    throw fail('unavailable', `nobody listens: ${(error as Error).message}`, `${host}:${port}`);
  } finally {
    socket.destroy();
  }
};

const rounded = (value: number): number => Math.round(value * 10) / 10;

const reportOf = (result: LoadResult, asked: { readonly devices: number; readonly rate: number; readonly messages: number }) => ({
  ...asked,
  sent: result.sent,
  acknowledged: result.acknowledged,
  unacknowledged: result.sent - result.acknowledged,
  readings: result.acknowledged * loadReadingsPerMessage,
  resent: result.resent,
  errors: { refused: result.refused, connectionsLost: result.reconnects },
  seconds: rounded(result.durationMs / 1000),
  acksPerSecond: rounded(result.acksPerSecond),
  latencyMs: { p50: rounded(result.latencyMsP50), p95: rounded(result.latencyMsP95), p99: rounded(result.latencyMsP99), max: rounded(result.latencyMsMax) },
  complete: result.complete,
});

const textOf = ({
  sent,
  acknowledged,
  unacknowledged,
  readings,
  resent,
  errors,
  seconds,
  acksPerSecond,
  latencyMs,
  complete,
}: ReturnType<typeof reportOf>): string =>
  [
    `sent          ${sent} messages in ${seconds} s`,
    `acknowledged  ${acknowledged} (${readings} readings), ${acksPerSecond}/s; without an answer: ${unacknowledged}`,
    `latency       p50 ${latencyMs.p50} ms, p95 ${latencyMs.p95} ms, p99 ${latencyMs.p99} ms, max ${latencyMs.max} ms`,
    `errors        refused ${errors.refused}, connections lost ${errors.connectionsLost}; sent again ${resent}`,
    complete ? 'complete' : 'NOT COMPLETE',
  ].join('\n');

const simulate = async (options: Options): Promise<void> => {
  requireOwn(options);
  const { host, data, user, json } = options;
  const password = options.password ?? process.env[simulatePasswordVariable];
  const devices = Math.ceil(positive(options.devices, limits.devices, '--devices'));
  const rate = positive(options.rate ?? String(devices / 10), limits.rate, '--rate');
  const messages = Math.ceil(rate * 60 * positive(options.minutes, limits.minutes, '--minutes'));
  const port = await portOf(options, configOf({ data }));
  await requireListener(host, port);

  let acknowledged = 0;
  const began = performance.now();
  const progress = setInterval(() => {
    const seconds = Math.round((performance.now() - began) / 1000);
    process.stderr.write(`${seconds} s: ${acknowledged} of ${messages} acknowledged${process.stderr.isTTY ? '\r' : '\n'}`);
  }, progressMs);
  const ending = new AbortController();
  void stopAsked().then(() => ending.abort());
  const result = await runLoad({
    host,
    port,
    connections: Math.min(devices, messages),
    window,
    messages,
    ratePerSecond: rate,
    firstAt: Date.now(),
    stepMs: Math.max(1, Math.round((1000 * devices) / rate)),
    ...(password === undefined ? {} : { password }),
    ...(user === undefined ? {} : { userName: user }),
    resend: true,
    patienceMs,
    signal: ending.signal,
    onAcknowledged: (count) => {
      acknowledged = count;
    },
  });
  clearInterval(progress);
  const report = reportOf(result, { devices, rate, messages });
  print(json, report, () => textOf(report));
  if (!report.complete) process.exitCode = 1;
};

export const simulateCommand = (): Command =>
  plainCommand('simulate', 'drive load against a gate, or another broker, and report; its devices dev-000000, … and their readings stay there')
    .option('--devices <n>', 'devices, a connection each', '100')
    .option('--rate <r>', 'messages a second of all together; default a tenth of the devices')
    .option('--minutes <m>', 'how long', '1')
    .option('--host <host>', 'the broker', '127.0.0.1')
    .option('--port <n>', 'its port; default that of the gate that uses the data folder')
    .option('--data <dir>', 'data folder of the gate (OCTROI_DATA, default data)')
    .option('--user <name>', 'user name; default that of each device')
    .option('--password <secret>', `password (better ${simulatePasswordVariable}, which other users of the machine do not see)`)
    .option('--yes-remote', 'the host is another machine, and you may load it')
    .action(simulate);
