/** Starts the plant's process and starts it again whenever it ends. What the plant does is its own; the gate goes on accepting all the while. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { answering, calling } from '../core/channel.ts';
import { type Failure, FailureError, failure } from '../core/failure.ts';
import type { GateReport, PlantLife } from '../core/views.ts';
import type { FromPlant, GateCalls, ToPlant } from './plant.ts';
import { type Away, standIn } from './plant-away.ts';

/** Pause before a plant that ended is started again: it doubles from the one to the other, and starts anew after a quiet minute. */
const restartMsMin = 200;
const restartMsMax = 10_000;
const quietMs = 60_000;
/** From that pause on a page stands in, ms. */
const standInMs = 800;

/** Failures that no restart cures: where the first start meets one, the gate does not open. */
const hopeless: ReadonlySet<string> = new Set(['port-taken', 'newer-version', 'bad-setting', 'not-loopback']);

/** glibc gives each thread an arena of its own and keeps what it frees: two are enough, and take half the memory. */
const fewArenas = { MALLOC_ARENA_MAX: '2' };

export interface Supervised {
  /** Address of the pages; resolves when the plant is up, and rejects with a FailureError where it cannot start at all. */
  readonly http: Promise<string>;
  view(name: string, args: readonly unknown[]): Promise<unknown>;
  tell(message: ToPlant): void;
  life(): PlantLife;
  /** What kept it from running may be gone: a plant that waits to be started again waits no longer. */
  restartNow(): void;
  close(): Promise<void>;
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

/**
 * Starts the plant, and keeps it running until it is closed.
 * @param calls what the plant may ask of the gate
 * @param report what the stand-in page says
 * @param onStart called when a plant listens: tell it where the log stands
 */
export const supervisePlant = (config: Config, logger: Logger, calls: GateCalls, report: () => GateReport | null, onStart: () => void): Supervised => {
  let child: ChildProcess | null = null;
  let stopping = false;
  let restartMs = restartMsMin;
  let startedAt = 0;
  let wasReady = false;
  let restart: NodeJS.Timeout | undefined;
  /** The port that was found free for 0 stays the same when the plant comes back. */
  let { httpPort } = config;
  let away: Promise<Away | null> = Promise.resolve(null);
  let why: string | null = null;
  let life: PlantLife = { starts: 0, endedAt: null, why: null };
  let ended: () => void = () => {};
  /** News for the plant that runs; each plant begins anew. */
  let tell: (message: ToPlant) => void = () => {};
  const { promise: http, resolve, reject } = Promise.withResolvers<string>();
  http.catch(() => {});

  const send = (message: ToPlant): void => {
    if (child?.connected === true) child.send(message);
  };
  const asked = calling<{ view(name: string, args: readonly unknown[]): Promise<unknown> }>(send);
  const answer = answering(calls, send);

  const opened = (url: string): void => {
    httpPort = Number(new URL(url).port) || httpPort;
    resolve(url);
  };
  const isReady = (ready: { readonly url: string; readonly position: number }): void => {
    wasReady = true;
    logger.info(ready, 'the plant is up');
    opened(ready.url);
    onStart();
  };
  const isBroken = (failed: Failure): void => {
    why = `${failed.code}: ${failed.message.split('\n')[0]}`;
    if (!wasReady && hopeless.has(failed.code)) {
      stopping = true;
      reject(new FailureError(failed));
    } else logger.error({ why: failed }, 'the plant failed');
  };
  const standsIn = async (): Promise<Away | null> => {
    const stand = await standIn(config.httpHost, httpPort, report);
    if (stand !== null) opened(stand.url);
    return stand;
  };
  const leave = async (): Promise<void> => {
    await (await away)?.close();
    away = Promise.resolve(null);
  };
  const hasEnded = (code: number | null, signal: string | null): void => {
    asked.abort(failure('unavailable', 'the plant ended'));
    child = null;
    if (stopping) {
      ended();
      return;
    }
    if (performance.now() - startedAt > quietMs) restartMs = restartMsMin;
    life = { ...life, endedAt: Date.now(), why: why ?? `ended with ${signal ?? code}` };
    why = null;
    logger.warn({ code, signal, restartMs, starts: life.starts, why: life.why }, 'the plant ended; it is started again');
    if (restartMs >= standInMs) away = standsIn();
    restart = setTimeout(start, restartMs);
    restartMs = Math.min(restartMs * 2, restartMsMax);
  };
  const start = async (): Promise<void> => {
    restart = undefined;
    await leave();
    if (stopping) return;
    startedAt = performance.now();
    life = { ...life, starts: life.starts + 1 };
    child = fork(new URL('./plant.ts', import.meta.url), [JSON.stringify({ ...config, httpPort })], {
      execArgv: ['--max-semi-space-size=16'],
      serialization: 'advanced',
      env: { ...process.env, ...fewArenas },
    });
    tell = newsTo(child);
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
  void start();

  return {
    http,
    // A question to nobody would wait for ever.
    view: async (name, args) => {
      if (child?.connected !== true) throw new FailureError(failure('unavailable', 'the plant is starting'));
      return asked.remote.view(name, args);
    },
    tell: (message) => tell(message),
    life: () => life,
    restartNow() {
      if (restart === undefined) return;
      clearTimeout(restart);
      restartMs = restartMsMin;
      void start();
    },
    async close() {
      stopping = true;
      clearTimeout(restart);
      await leave();
      if (child === null) return;
      const done = new Promise<void>((resolveEnded) => {
        ended = resolveEnded;
      });
      send({ stop: true });
      await done;
    },
  };
};
