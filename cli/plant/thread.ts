/** The plant's thread as its owner sees it: told how far the log is durable, asked, stopped. What runs in it is `worker.ts`. */
import { Worker } from 'node:worker_threads';
import type { Config } from '../../config.ts';
import { calling } from '../../core/channel.ts';
import { type Failure, FailureError, failure, failureOf } from '../../core/failure.ts';
import type { GateReport, LiveEvent, Views } from '../../core/views.ts';
import type { ToldBy } from '../../processors/alarm-stage.ts';
import type { Verifications } from './verifications.ts';
import type { Assigned, FromWorker, ToWorker } from './worker.ts';

/** What a plant's thread answers. */
export type PlantViews = Omit<Views, 'change' | 'act' | 'onCommit'> &
  Verifications & {
    /** Resolves when all below `end` is committed. */
    reached(end: number): Promise<void>;
    /** How many readings of these devices lie behind, and the offset up to which that is known: figures hold them once that is reached. */
    waiting(subjects: readonly string[]): Promise<{ readonly readings: number; readonly end: number }>;
    /** Public rows of its partition that MQTT retains, by topic; null where it has not come again as far as its store. */
    retained(): Promise<ReadonlyMap<string, string> | null>;
    /** Of the alarm stage: what the channels were told by all below `end`, processed or not yet committed. */
    told(): Promise<{ readonly end: number; readonly by: ToldBy }>;
  };

export interface PlantThread {
  readonly views: PlantViews;
  /** The position at which the store stands at the start. Rejects with what kept it from opening. */
  readonly ready: Promise<number>;
  /** Resolves when the thread has ended, and its store is closed as far as that can be waited for: null after `stop`, else the reason. */
  readonly ended: Promise<unknown>;
  /** The log is durable up to `logEnd`; what the gate says of itself goes to the status. */
  tell(logEnd: number, report?: GateReport | null): void;
  /** Asks it for a sign of life. @returns how long it has owed one, ms; 0 where it owes none, and while it opens the store */
  ping(): number;
  /** Fails whatever it was asked and has not answered. */
  abort(cause: Failure): void;
  /** Tells a spare which partition is its own. */
  follow(partition: number, onEvent?: (event: LiveEvent) => void): void;
  /** Lets it commit what it has, with a snapshot, and end. */
  stop(): void;
  /** Ends it as it is, without another commit. Not for the embedded store, which aborts the whole process. */
  drop(): void;
}

const heapMbMax = 512;
/** Rows die with their commit: of 12 MB too many outlive a sweep (a replay takes a tenth longer), of 24 as few as of this. */
const nurseryMbMax = 16;

/** A thread that failed closes its store before it ends; for one that hangs there nobody waits longer, ms. */
const failedMsMax = 10_000;

/** Starts the thread that owns the store of a data folder. @param partition of the log that it runs; null: a spare, which `follow` tells */
export const startPlantThread = (config: Config, onEvent?: (event: LiveEvent) => void, partition: number | null = 0): PlantThread => {
  let hear = onEvent;
  const assigned: Assigned | null = partition === null ? null : { partition, live: onEvent !== undefined };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { config, assigned },
    resourceLimits: { maxOldGenerationSizeMb: heapMbMax, maxYoungGenerationSizeMb: nurseryMbMax },
  });
  const send = (message: ToWorker): void => worker.postMessage(message);
  const asked = calling<PlantViews>(send);
  const ready = Promise.withResolvers<number>();
  const ended = Promise.withResolvers<unknown>();
  ready.promise.catch(() => {}); // told through `ended` as well

  let isOpen = false;
  let pingedAt: number | null = null;
  const ping = (): number => {
    if (!isOpen) return 0;
    if (pingedAt !== null) return performance.now() - pingedAt;
    pingedAt = performance.now();
    send({ ping: true });
    return 0;
  };

  let reason: unknown = null;
  const failed = (error: unknown): void => {
    reason ??= error;
    asked.end(failureOf(reason));
    ready.reject(reason);
    setTimeout(() => ended.resolve(reason), failedMsMax).unref();
  };
  const gone = (code: number): void => {
    if (code !== 0) failed(new Error(`the plant's thread ended with ${code}`));
    const over = failure('unavailable', "the plant's thread has ended");
    asked.end(over);
    ready.reject(new FailureError(over));
    ended.resolve(reason);
  };
  worker.on('message', (message: FromWorker) => {
    if ('event' in message) hear?.(message.event);
    else if ('pong' in message) pingedAt = null;
    else if ('ready' in message) {
      isOpen = true;
      ready.resolve(message.ready);
    } else if ('broken' in message) failed(new FailureError(message.broken));
    else asked.receive(message);
  });
  worker.on('error', failed);
  worker.on('exit', gone);

  return {
    views: asked.remote,
    ready: ready.promise,
    ended: ended.promise,
    tell: (logEnd, report = null) => send({ logEnd, report }),
    ping,
    abort: asked.abort,
    follow(own, onOwn) {
      hear = onOwn;
      worker.postMessage({ partition: own, live: onOwn !== undefined } satisfies Assigned);
    },
    stop: () => send({ stop: true }),
    drop: () => void worker.terminate(),
  };
};
