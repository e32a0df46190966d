/** A role of `octroi start` that has no door, as a process: started, watched, killed. A gate is `gate.ts`. What is done to it is left to the rows. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import allocators from '../bin/allocators.json' with { type: 'json' };
import type { Scope } from '../core/scope.ts';
import { until } from './gate.ts';

const command = fileURLToPath(new URL('../cli/octroi.ts', import.meta.url));

export interface RoleOptions {
  readonly role: 'plant' | 'web';
  readonly data: string;
  readonly env: Readonly<Record<string, string>>;
  readonly httpPort?: number;
}

/** A plant, or pages, that is started again and again on the same folder. */
export class RoleProcess {
  readonly #options: RoleOptions;
  #child: ChildProcess | null = null;
  #said = '';

  private constructor(options: RoleOptions) {
    this.#options = options;
  }

  /** One of the scope; not started yet. */
  static in(scope: Scope, options: RoleOptions): RoleProcess {
    const made = new RoleProcess(options);
    scope.add(() => made.kill());
    return made;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** How it ended by itself; null while it runs, and where it was ended. */
  get exited(): number | string | null {
    return this.#child?.exitCode ?? this.#child?.signalCode ?? null;
  }

  /** All that it wrote since its last start. */
  get log(): string {
    return this.#said;
  }

  /** The partitions that it was last given. */
  get partitions(): number[] {
    const [, last = ''] = [...this.#said.matchAll(/"partitions":\[([\d,]*)\]/g)].at(-1) ?? [];
    return last === '' ? [] : last.split(',').map(Number);
  }

  /** What its own log says: an object a line; what is none is left out. */
  get lines(): readonly { readonly time: number; readonly msg: string; readonly partition?: number; readonly partitions?: readonly number[] }[] {
    return this.#said
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line));
  }

  /** Starts it, and waits until it says that it is open. */
  async start(): Promise<void> {
    const { role, data, env, httpPort = 0 } = this.#options;
    const args = ['start', '--role', role, '--data', data, '--http-port', String(httpPort)];
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', command, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH ?? '', ...allocators, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? '', ...env },
    });
    this.#child = child;
    this.#said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => {
        if (this.#child === child) this.#said += text;
      });
    await until(`the ${role} is open`, 120_000, () => {
      const end = child.exitCode ?? child.signalCode;
      if (end !== null) throw new Error(`the ${role} ended with ${end}: ${this.#said.slice(-2_000)}`);
      return this.#child !== child || this.#said.includes(`octroi is open, as a ${role}.`);
    });
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** SIGTERM. @returns its exit code */
  async stop(): Promise<number | null> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const [code] = await exited;
    return code as number | null;
  }
}
