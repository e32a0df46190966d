/** Starts the plant's process and starts it again whenever it ends. What the plant does is its own; the gate goes on accepting all the while. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { answering, calling } from '../core/channel.ts';
import { type Failure, FailureError, failure } from '../core/failure.ts';
import type { FromPlant, GateCalls, ToPlant } from './plant.ts';

/** Pause before a plant that ended is started again: it doubles from the one to the other, and starts anew after a quiet minute. */
const restartMsMin = 200;
const restartMsMax = 10_000;
const quietMs = 60_000;

/** Failures that no restart cures: where the first start meets one, the gate does not open. */
const hopeless: ReadonlySet<string> = new Set(['port-taken', 'newer-version', 'bad-setting', 'not-loopback']);

/** glibc gives each thread an arena of its own and keeps what it frees: two are enough, and take half the memory. */
const fewArenas = { MALLOC_ARENA_MAX: '2' };

export interface Supervised {
  /** Address of the pages; resolves when the plant is up, and rejects with a FailureError where it cannot start at all. */
  readonly http: Promise<string>;
  view(name: string, args: readonly unknown[]): Promise<unknown>;
  tell(message: ToPlant): void;
  close(): Promise<void>;
}

/**
 * @param calls what the plant may ask of the gate
 * @param onStart called when a plant listens: tell it where the log stands
 */
export const supervisePlant = (config: Config, logger: Logger, calls: GateCalls, onStart: () => void): Supervised => {
  let child: ChildProcess | null = null;
  let stopping = false;
  let restartMs = restartMsMin;
  let startedAt = 0;
  let wasReady = false;
  let restart: NodeJS.Timeout | undefined;
  let ended: () => void = () => {};
  const { promise: http, resolve, reject } = Promise.withResolvers<string>();
  http.catch(() => {});

  const send = (message: ToPlant): void => {
    if (child?.connected === true) child.send(message);
  };
  const asked = calling<{ view(name: string, args: readonly unknown[]): Promise<unknown> }>(send);
  const answer = answering(calls, send);

  const isReady = (ready: { readonly url: string; readonly position: number }): void => {
    wasReady = true;
    logger.info(ready, 'the plant is up');
    resolve(ready.url);
    onStart();
  };
  const isBroken = (why: Failure): void => {
    if (!wasReady && hopeless.has(why.code)) {
      stopping = true;
      reject(new FailureError(why));
    } else logger.error({ why }, 'the plant failed');
  };
  const hasEnded = (code: number | null, signal: string | null): void => {
    asked.abort(failure('unavailable', 'the plant ended'));
    child = null;
    if (stopping) {
      ended();
      return;
    }
    if (Date.now() - startedAt > quietMs) restartMs = restartMsMin;
    logger.warn({ code, signal, restartMs }, 'the plant ended; it is started again');
    restart = setTimeout(start, restartMs);
    restartMs = Math.min(restartMs * 2, restartMsMax);
  };
  const start = (): void => {
    startedAt = Date.now();
    child = fork(new URL('./plant.ts', import.meta.url), [JSON.stringify(config)], {
      execArgv: ['--max-semi-space-size=16'],
      serialization: 'advanced',
      env: { ...process.env, ...fewArenas },
    });
    child.on('spawn', onStart);
    child.on('message', (message: FromPlant) => {
      if ('ready' in message) isReady(message.ready);
      else if ('broken' in message) isBroken(message.broken);
      else {
        answer(message);
        asked.receive(message);
      }
    });
    child.on('exit', hasEnded);
  };
  start();

  return {
    http,
    view: (name, args) => asked.remote.view(name, args),
    tell: send,
    async close() {
      stopping = true;
      clearTimeout(restart);
      if (child === null) return;
      const done = new Promise<void>((resolveEnded) => {
        ended = resolveEnded;
      });
      send({ stop: true });
      await done;
    },
  };
};
