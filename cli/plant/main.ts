/** The plant's process: the worker thread with the store behind it, the pages and the API before it. Started and watched by the gate. */
import { type Config, configSecrets } from '../../config.ts';
import type { AlarmAction } from '../../core/alarm.ts';
import { answering, calling, type Wire } from '../../core/channel.ts';
import type { RegistryChange } from '../../core/envelope.ts';
import { type Failure, failure, failureOf } from '../../core/failure.ts';
import type { GateReport, LiveEvent, Status, Views } from '../../core/views.ts';
import { asides, requestRebuild } from '../keep/set-aside.ts';
import { keepNotices, type Notices, tellOperators } from './notices.ts';
import { serve } from './serve.ts';
import { startPlantThread } from './thread.ts';

export type ToPlant = Wire | { readonly logEnd: number; readonly report: GateReport | null } | { readonly stop: true };
/** Where it listens, and the offset at which its store stands. */
export interface PlantReady {
  readonly url: string;
  readonly position: number;
}
export type FromPlant = Wire | { readonly ready: PlantReady } | { readonly broken: Failure } | { readonly threadSilentMs: number };

/** What the gate does for the plant. */
export interface GateCalls {
  change(change: RegistryChange): Promise<number>;
  act(action: AlarmAction): Promise<number>;
  publish(topic: string, payload: string, retain: boolean): Promise<void>;
  /** Forgets every retained public message. */
  clearPublic(): Promise<void>;
  /** Retained, for operators alone; an empty payload forgets the topic. */
  publishToOperators(topic: string, payload: string): Promise<void>;
  clearOperators(): Promise<void>;
}

const config: Config = { ...(JSON.parse(process.argv[2] ?? '{}') as Config), ...configSecrets.taken(process.env) };
const toGate = (message: FromPlant): void => {
  // Without a listener of its own a message to a gate that has just died would end this process before its commit.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
};

const listeners = new Set<(event: LiveEvent) => void>();
const thread = startPlantThread(config, (event) => {
  for (const listener of listeners) listener(event);
});
const gate = calling<GateCalls>(toGate);

/** The gate's last news, and the thread's last status: what is known while the thread does not answer. */
let news: { readonly logEnd: number; readonly report: GateReport | null } = { logEnd: 0, report: null };
let known: Status | null = null;
let silentMs = 0;
const status = async (): Promise<Status> => {
  if (silentMs > 0 && known !== null) return { ...known, ...news, gate: news.report?.tick ?? known.gate, trouble: news.report?.trouble ?? null, silentMs };
  known = await thread.views.status();
  return known;
};

/** What comes from here each second tells the gate that this process turns. Whoever asks a thread that hangs is told so. */
const beat = (): void => {
  const owedMs = thread.ping();
  silentMs = owedMs < config.plantSilentMsMax ? 0 : Math.round(owedMs);
  if (silentMs > 0)
    thread.abort(failure('unavailable', `the plant's thread has not answered for ${Math.round(silentMs / 1000)} s; readings are taken, and wait in the log`));
  toGate({ threadSilentMs: silentMs });
};
const beatMs = 1_000;
beat();
setInterval(beat, beatMs);

const views: Views = new Proxy({} as Views, {
  get: (_, name) => {
    if (name === 'status') return status;
    if (name === 'change') return (change: RegistryChange) => gate.remote.change(change);
    if (name === 'act') return (action: AlarmAction) => gate.remote.act(action);
    if (name === 'onCommit') {
      return (listener: (event: LiveEvent) => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      };
    }
    return thread.views[name as keyof typeof thread.views];
  },
});

/** The gate may ask what a command asks of it. */
const answerGate = answering(
  { view: (name: string, args: unknown[]) => (thread.views as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[name]?.(...args) },
  toGate,
);

/** After that the process no longer waits for what hangs: the log holds whatever was not committed. */
const stopMsMax = 10_000;
/**
 * Ends the thread, and with it this process. While DuckDB works there is no leaving by `exit`: it aborts where its thread is
 * taken from under it. A signal takes it all at once, and the store is as of its last commit.
 */
const endThread = (): void => {
  thread.stop();
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), stopMsMax).unref();
};

let server: Awaited<ReturnType<typeof serve>> | undefined;
let notices: Notices | undefined;
let topics: ReturnType<typeof tellOperators> | undefined;

/** What the pages or the API failed with. */
let unserved: Failure | null = null;

thread.ready
  .then(
    async (position) => {
      server = await serve(config, views, gate.remote);
      notices = keepNotices(config, views);
      topics = tellOperators(config, views, gate.remote);
      toGate({ ready: { url: server.url, position } });
    },
    () => {}, // told by `ended`
  )
  .catch((error: unknown) => {
    unserved = failureOf(error);
    endThread();
  });

const leave = (broken: Failure): void => {
  if (process.connected) process.send?.({ broken }, undefined, undefined, () => process.exit(1));
  else process.exit(1);
};
void thread.ended.then(async (error) => {
  if (unserved !== null) return leave(unserved);
  if (error === null) process.exit(0);
  const cause = failureOf(error);
  // Once by itself; where a store was set aside before, a person should look at the disk.
  if (cause.code === 'store-corrupt' && (await asides(config.data)).length === 0) await requestRebuild(config.data);
  leave(cause);
});

process.on('message', (message: ToPlant) => {
  if ('stop' in message) void stop();
  else if ('logEnd' in message) {
    news = message;
    thread.tell(message.logEnd, message.report);
  } else {
    gate.receive(message);
    answerGate(message);
  }
});
// Without its gate a plant has nothing to read from: it commits and goes.
process.on('disconnect', () => void stop());
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});

let stopping = false;
/** What is asked is not waited for: pages of a plant that is far behind, or that still builds them, may take long. */
const stop = async (): Promise<void> => {
  if (stopping) return;
  stopping = true;
  gate.abort(failure('unavailable', 'the gate is stopping'));
  void notices?.close();
  topics?.close();
  endThread();
  await server?.close();
};
