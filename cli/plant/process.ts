/** One process of the plant as the gate sees it: told, asked, heard, ended. When there is to be another one is left to `supervisor.ts`. */
import { type ChildProcess, fork } from 'node:child_process';
import glibc from '../../bin/allocators.json' with { type: 'json' };
import { type Config, configSecrets } from '../../config.ts';
import { answering, calling } from '../../core/channel.ts';
import { type Failure, FailureError, failure } from '../../core/failure.ts';
import type { FromPlant, GateCalls, PlantReady, ToPlant } from './main.ts';

/**
 * Allocators give each thread an arena of its own and keep what it frees: glibc's, for Node, and the one inside DuckDB. Few arenas, and
 * pages that go back after a second, take half the memory, in no more time (measured). glibc also raises the size from which a buffer has
 * pages of its own, once it has freed a large one: what is large then lies among the small, and nothing goes back. It stays at 32 KB here.
 * What the environment says goes before.
 */
const allocators = { ...glibc, DUCKDB_JE_MALLOC_CONF: 'narenas:1,dirty_decay_ms:1000,muzzy_decay_ms:0' };

/** What a plant says of itself. */
export interface PlantHeard {
  started(): void;
  ready(ready: PlantReady): void;
  broken(failed: Failure): void;
  /** Called about once a second. @param threadSilentMs as in `PlantLife` */
  alive(threadSilentMs: number): void;
}

export interface PlantProcess {
  /** What a command or a page asks of it. Fails with `unavailable` where it has ended. */
  view(name: string, args: readonly unknown[]): Promise<unknown>;
  tell(message: ToPlant): void;
  /** How long nothing came from it, ms; null before its first word. */
  silentMs(): number | null;
  /** Counts its silence anew: this process itself stood still, and what the plant said meanwhile is not read yet. */
  excuse(): void;
  /** Lets it commit what it has in hand, and end. */
  stop(): void;
  kill(): void;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/** Tells one process its news, a message at a time: of what comes while it is slow to take one, only the newest counts. */
const newsTo = (child: ChildProcess): ((message: ToPlant) => void) => {
  let isTelling = false;
  let newest: ToPlant | null = null;
  const tell = (message: ToPlant): void => {
    if (isTelling) {
      newest = message;
      return;
    }
    if (!child.connected) return;
    isTelling = true;
    child.send(message, undefined, undefined, () => {
      isTelling = false;
      const next = newest;
      newest = null;
      if (next !== null) tell(next);
    });
  };
  return tell;
};

const endOf = (child: ChildProcess): Promise<number | string> =>
  new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code ?? 0));
    child.on('error', (error) => child.pid === undefined && resolve(error.message));
  });

/** A plant at work makes much that dies with its commit. */
const plantHeap = ['--max-semi-space-size=4', '--heap-growing-percent=60'];

/** Starts one. @param calls what it may ask of the gate */
export const plantProcess = (config: Config, calls: GateCalls, heard: PlantHeard): PlantProcess => {
  // Arguments can be read by everybody on the machine; the environment cannot.
  const { open, secrets } = configSecrets.apart(config);
  const child = fork(new URL('./main.ts', import.meta.url), [JSON.stringify(open)], {
    execArgv: plantHeap,
    serialization: 'advanced',
    env: { ...allocators, ...process.env, ...secrets },
  });
  const send = (message: ToPlant): void => {
    // Without a listener of its own a message to a process that has just died would end this one.
    if (child.connected) child.send(message, undefined, undefined, () => {});
  };
  const asked = calling<{ view(name: string, args: readonly unknown[]): Promise<unknown> }>(send);
  const answer = answering(calls, send);
  let heardAt: number | null = null;

  child.on('spawn', heard.started);
  child.on('message', (message: FromPlant) => {
    heardAt = performance.now();
    if ('ready' in message) heard.ready(message.ready);
    else if ('broken' in message) heard.broken(message.broken);
    else if ('threadSilentMs' in message) heard.alive(message.threadSilentMs);
    else {
      answer(message);
      asked.receive(message);
    }
  });
  const ended = endOf(child);
  void ended.then(() => asked.abort(failure('unavailable', 'the plant ended')));

  return {
    // A question to nobody would wait for ever.
    async view(name, args) {
      if (!child.connected) throw new FailureError(failure('unavailable', 'the plant is starting'));
      return asked.remote.view(name, args);
    },
    tell: newsTo(child),
    silentMs: () => (heardAt === null ? null : performance.now() - heardAt),
    excuse() {
      if (heardAt !== null) heardAt = performance.now();
    },
    stop: () => send({ stop: true }),
    kill: () => void child.kill('SIGKILL'), // what hangs hears no other
    ended,
  };
};
