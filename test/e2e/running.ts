/** The real command as a process: run to its end, or started and watched. What is expected of it is left to the tests. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const command = fileURLToPath(new URL('../../cli/octroi.ts', import.meta.url));
const flags = ['--disable-warning=ExperimentalWarning', command];

/** A folder that goes with the test. */
export const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'octroi-e2e-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const spawned = (
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  limits: Pick<SpawnOptions, 'timeout' | 'killSignal'> = {},
): { child: ChildProcess; said: { out: string; err: string } } => {
  const child = spawn(process.execPath, [...flags, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH ?? '', ...env }, ...limits });
  const said = { out: '', err: '' };
  child.stdout.on('data', (text) => (said.out += text));
  child.stderr.on('data', (text) => (said.err += text));
  return { child, said };
};

/** Runs a command to its end; one that runs on is killed, and its code is null. */
export const octroi = async (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> => {
  const { child, said } = spawned(args, env, { timeout: 500_000, killSignal: 'SIGKILL' });
  const [code] = await once(child, 'close');
  return { code, ...said };
};

export interface Running {
  readonly pid: number;
  readonly http: string;
  readonly mqttPort: number;
  /** What it wrote to its standard output so far: its own log, a JSON object a line. */
  readonly log: () => string;
  /** What it wrote to its standard error. */
  readonly complaints: () => string;
  readonly plantPid: () => number | undefined;
  /** @returns its code and how long it took, ms */
  stop(signal?: NodeJS.Signals): Promise<{ readonly code: number | null; readonly ms: number }>;
}

const childrenOf = (pid: number): number[] => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

/** Resolves when `found` finds something; looks again at each line that the process writes. */
const awaited = <T>(child: ChildProcess, found: () => T | null): Promise<T> =>
  new Promise((resolve, reject) => {
    const look = (): void => {
      const one = found();
      if (one !== null) resolve(one);
    };
    child.stdout?.on('data', look);
    child.once('close', () => reject(new Error('the process ended')));
    look();
  });

/** `octroi start` without the demo town, on free ports, up to the moment it says that it is open. Killed with the test. */
export const started = async (data: string, env: Readonly<Record<string, string>> = {}, ...more: string[]): Promise<Running> => {
  const { child, said } = spawned(['start', '--data', data, '--no-demo', '--http-port', '0', '--mqtt-port', '0', ...more], env);
  const exited = once(child, 'exit');
  const pid = child.pid as number;
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) for (const one of [...childrenOf(pid), pid]) process.kill(one, 'SIGKILL');
    await exited;
  });
  try {
    const [, http, port] = await awaited(child, () => /pages {2}(\S+)\s+MQTT {3}mqtt:\/\/[\d.]+:(\d+)/.exec(said.out));
    return {
      pid,
      http: http as string,
      mqttPort: Number(port),
      log: () => said.out,
      complaints: () => said.err,
      plantPid: () => childrenOf(pid)[0],
      async stop(signal = 'SIGTERM') {
        const from = performance.now();
        child.kill(signal);
        const [code] = await exited;
        return { code, ms: performance.now() - from };
      },
    };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${said.out}\n${said.err}`);
  }
};

/** How long something is waited for, ms: how fast it is, is measured elsewhere, and a machine may do much else. */
const patienceMs = 300_000;

/** Looks every 50 ms until `holds` gives something. @returns what it gave, and how long it took, ms */
export const until = async <T>(
  what: string,
  holds: () => T | null | false | undefined | Promise<T | null | false | undefined>,
): Promise<{ value: T; ms: number }> => {
  const from = performance.now();
  for (;;) {
    const value = await holds();
    const ms = performance.now() - from;
    if (value !== null && value !== false && value !== undefined) return { value, ms };
    if (ms > patienceMs) throw new Error(`${what}: not within ${patienceMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
