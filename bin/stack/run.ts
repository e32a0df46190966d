/** `npm run stack`: the services of compose.yaml as plain processes of this machine, until Ctrl-C. Which they are is left to `plan.ts`, how each is run to `servers.ts`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { FailureError, fail } from '../../core/failure.ts';
import { freePort } from '../../torture/free-port.ts';
import { onPorts, type Plan, planOf, portsOf, type Service } from './plan.ts';
import { type Process, processOf, root } from './servers.ts';

const healthyMsMax = 120_000;
/** One try of what runs once: longer than it waits for a server by itself. */
const onceMsMax = 90_000;
/** One question about its health. */
const answerMsMax = 3_000;
const restartMs = 1_000;
const stopMsMax = 30_000;
/** How often what runs once is tried: Kafka takes connections a little before it can be asked. */
const triesMax = 10;

/** For development on this machine alone; what is set in the environment goes first. */
const developmentOnly = {
  OCTROI_INFLUX_TOKEN: 'for-development-only',
  OCTROI_INFLUX_PASSWORD: 'for-development-only',
  GRAFANA_PASSWORD: 'for-development-only',
};

const { values } = parseArgs({
  options: { data: { type: 'string', default: join(root, 'data', 'stack') }, 'free-ports': { type: 'boolean', default: false } },
});
const data = resolve(values.data);
const stopping = new AbortController();

const readPlan = async (): Promise<Plan> => {
  const plan = planOf(readFileSync(join(root, 'compose.yaml'), 'utf8'), { ...developmentOnly, ...process.env });
  if (!values['free-ports']) return plan;
  const moved = new Map<string, string>();
  for (const port of portsOf(plan)) moved.set(port, String(await freePort()));
  return onPorts(plan, moved);
};

const isUp = async (health: string): Promise<boolean> => {
  if (health.startsWith('http')) return fetch(health, { signal: AbortSignal.timeout(answerMsMax) }).then(({ ok }) => ok, () => false); // biome-ignore format: one line
  const socket = connect(Number(health.split(':')[1]), health.split(':')[0]);
  const up = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false);
  socket.destroy();
  return up;
};

const running = new Map<string, ChildProcess>();

/** In a group of its own: Ctrl-C reaches this process alone, which ends the others in order. What it says goes to a file. */
const spawned = (name: string, { command, args, env }: Process): ChildProcess => {
  const log = openSync(join(data, `${name}.log`), 'a', 0o600);
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([one]) => !one.startsWith('OCTROI_') || one === 'OCTROI_SERVERS_DIR'));
  const child = spawn(command, args, { cwd: root, env: { ...inherited, ...env }, stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  running.set(name, child);
  child.once('exit', () => running.delete(name));
  return child;
};

const inLog = (name: string): string => join(data, `${name}.log`);

const runOnce = async (name: string, process: Process): Promise<void> => {
  for (let tries = 1; ; tries++) {
    const child = spawned(name, process);
    const late = setTimeout(() => child.kill('SIGKILL'), onceMsMax);
    const [code] = await once(child, 'exit');
    clearTimeout(late);
    if (code === 0) return;
    if (tries === triesMax || stopping.signal.aborted) throw fail('unavailable', `${name} ended with ${code}: ${inLog(name)} says why`, name);
    await delay(restartMs, undefined, { signal: stopping.signal });
  }
};

/** Starts it now, and again whenever it ends by itself. */
const keepRunning = (name: string, process: Process): void => {
  const child = spawned(name, process);
  child.once('exit', (code, signal) => {
    if (stopping.signal.aborted) return;
    console.log(`${name} ended with ${code ?? signal}; it is started again. ${inLog(name)} says why`);
    setTimeout(() => stopping.signal.aborted || keepRunning(name, process), restartMs);
  });
};

const runService = async (name: string, service: Service): Promise<boolean> => {
  const process = processOf(service, join(data, name));
  if (process === null) return false;
  if (service.restart === 'on-failure') {
    await runOnce(name, process);
    return true;
  }
  if (process.health !== null && (await isUp(process.health))) throw fail('port-taken', `something answers at ${process.health} already`, name);
  keepRunning(name, process);
  const until = performance.now() + healthyMsMax;
  while (process.health !== null && !(await isUp(process.health))) {
    if (performance.now() > until) throw fail('unavailable', `${name} does not answer at ${process.health}: ${inLog(name)} says why`, name);
    await delay(100, undefined, { signal: stopping.signal });
  }
  await process.prepare?.();
  return true;
};

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => process.kill(-(child.pid as number), 'SIGKILL'), stopMsMax); // its whole group
  await exit;
  clearTimeout(late);
};

/** What was started last ends first; octroi's processes before the servers that they need. */
const stop = async (): Promise<void> => {
  stopping.abort();
  const names = [...running.keys()].reverse();
  const isServer = (name: string): boolean => name === 'kafka' || name === 'influxdb';
  await Promise.all(names.filter((name) => !isServer(name)).map((name) => ended(running.get(name) as ChildProcess)));
  await Promise.all(names.filter(isServer).map((name) => ended(running.get(name) as ChildProcess)));
};

const whereabouts = ({ services }: Plan, left: readonly string[]): string => {
  const rows: [string, string][] = [];
  for (const [name, { environment, command }] of services) {
    const { OCTROI_HTTP_PORT: http, OCTROI_MQTT_PORT: mqtt } = environment;
    if (http === undefined) continue;
    const door = mqtt === undefined ? '' : `mqtt://127.0.0.1:${mqtt}  `;
    rows.push([name, command?.at(-1) === 'web' ? `http://127.0.0.1:${http}` : `${door}health http://127.0.0.1:${http}/health/ready`]);
  }
  const { OCTROI_KAFKA_BROKERS = '', OCTROI_INFLUX_URL = '', OCTROI_INFLUX_ORG = '' } = services.get('web')?.environment ?? {};
  rows.push(
    ['kafka', OCTROI_KAFKA_BROKERS],
    ['influxdb', `${OCTROI_INFLUX_URL}  organisation ${OCTROI_INFLUX_ORG}, token as in compose.yaml or "for-development-only"`],
  );
  for (const name of left) rows.push([name, 'none without a container; octroi dashboards build --out grafana makes what one of your own is given']);
  rows.push(['data', `${data}, with a log of each process`]);
  return rows.map(([name, where]) => `    ${name.padEnd(9)} ${where}\n`).join('');
};

const main = async (): Promise<void> => {
  // A terminal's Ctrl-C comes twice, by itself and from the launcher: the second must not end this process before its children.
  const stopAsked = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  const left: string[] = [];
  try {
    const plan = await readPlan();
    const start = async (): Promise<void> => {
      for (const [name, service] of plan.services) {
        if (stopping.signal.aborted) return;
        console.log(`${name} …`);
        if (!(await runService(name, service))) left.push(name);
      }
      console.log(`\n  octroi's stack is open; Ctrl-C ends it.\n${whereabouts(plan, left)}`);
    };
    const broken = Promise.withResolvers<never>();
    start().catch((error: unknown) => stopping.signal.aborted || broken.reject(error));
    await Promise.race([stopAsked, broken.promise]);
    console.log('the stack closes …');
  } finally {
    await stop();
  }
};

try {
  await main();
} catch (error) {
  console.error(`octroi: ${error instanceof FailureError ? error.message : String(error)}`);
  process.exit(1);
}
process.exit(0);
