/** The real gate as a process with everything around it: started, watched, stopped, killed. What is done to it is left to the rows. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import allocators from '../bin/allocators.json' with { type: 'json' };
import gateHeap from '../bin/gate-heap.json' with { type: 'json' };
import type { Scope } from '../core/scope.ts';

const command = fileURLToPath(new URL('../cli/octroi.ts', import.meta.url));

/** Looks every 20 ms until `holds` gives something. @throws Error after `msMax` */
export const until = async <T>(what: string, msMax: number, holds: () => T | null | false | undefined | Promise<T | null | false | undefined>): Promise<T> => {
  for (const from = performance.now(); ; await delay(20)) {
    const value = await holds();
    if (value !== null && value !== false && value !== undefined) return value;
    if (performance.now() - from > msMax) throw new Error(`${what}: not within ${msMax} ms`);
  }
};

const connects = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

const childrenOf = (pid: number): number[] => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return []; // it has just ended
  }
};

/** Sends a signal to a process that may have ended. */
export const signalTo = (pid: number | undefined, signal: NodeJS.Signals): void => {
  try {
    if (pid !== undefined) process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

export interface GateOptions {
  readonly data: string;
  readonly mqttPort: number;
  readonly httpPort?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** A gate that is started again and again, on the same ports and folder. */
export class Gate {
  readonly mqttPort: number;
  readonly #options: GateOptions;
  #child: ChildProcess | null = null;
  #said = '';

  private constructor(options: GateOptions) {
    this.#options = options;
    this.mqttPort = options.mqttPort;
  }

  /** A gate of the scope; not started yet. */
  static in(scope: Scope, options: GateOptions): Gate {
    const gate = new Gate(options);
    scope.add(() => gate.kill());
    return gate;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get plantPid(): number | undefined {
    return this.pid === undefined ? undefined : childrenOf(this.pid)[0];
  }

  /** All that its processes wrote so far, over all starts: a JSON object a line, and complaints. */
  get log(): string {
    return this.#said;
  }

  get http(): string {
    return `http://127.0.0.1:${this.#options.httpPort}`;
  }

  /** Starts it. @returns ms until its door took a connection */
  async start(more: Readonly<Record<string, string>> = {}): Promise<number> {
    const { data, mqttPort, httpPort = 0, env } = this.#options;
    const from = performance.now();
    const args = ['start', '--data', data, '--no-demo', '--http-port', String(httpPort), '--mqtt-port', String(mqttPort)];
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...gateHeap, command, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH ?? '',
        ...allocators,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? '',
        OCTROI_COMMIT_MS: '200',
        OCTROI_SNAPSHOT_MS: '2000',
        ...env,
        ...more,
      },
    });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (this.#said += text));
    this.#child = child;
    await until('the door is open', 300_000, () => {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`the gate ended with ${child.exitCode ?? child.signalCode}: ${this.#said.slice(-2_000)}`);
      return connects(mqttPort);
    });
    return performance.now() - from;
  }

  /**
   * Nothing runs on: as the power goes, so do the programs. A system call on its way goes on. Without it, a sync that is under way while
   * ext4 is shut down can return success for what is lost: 2 of 400 cuts, with a program of 20 lines in C; with it, 0 of 400.
   */
  freeze(): void {
    for (const pid of [this.pid, this.plantPid]) signalTo(pid, 'SIGSTOP');
  }

  /** kill -9 of the plant alone. */
  killPlant(): void {
    if (this.pid !== undefined) for (const child of childrenOf(this.pid)) signalTo(child, 'SIGKILL');
  }

  /** kill -9 of the gate, and of what it started. */
  async kill(both = true): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#child = null;
    const plants = childrenOf(child.pid as number);
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await exited;
    }
    if (both) for (const plant of plants) signalTo(plant, 'SIGKILL');
  }

  /** SIGTERM. @returns its exit code */
  async stop(): Promise<number | null> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const [code] = await exited;
    this.#child = null;
    return code;
  }
}

/** Text of an address; empty where nobody answers. */
export const get = async (url: string): Promise<string> => {
  try {
    return await (await fetch(url, { headers: { 'accept-language': 'en' }, signal: AbortSignal.timeout(10_000) })).text();
  } catch {
    return '';
  }
};

/** A figure of `/metrics`; null where it is not there. */
export const metric = async (gate: Gate, name: string): Promise<number | null> => {
  const found = new RegExp(`^${name} (\\S+)$`, 'm').exec(await get(`${gate.http}/metrics`));
  return found === null ? null : Number(found[1]);
};

/** Resolves when the plant answers for itself: while it is away, a page of the gate's stands in for it. */
export const plantIsUp = (gate: Gate, msMax = 180_000): Promise<true> =>
  until('the plant is up', msMax, async () => (await metric(gate, 'octroi_plant_up')) === 1);
