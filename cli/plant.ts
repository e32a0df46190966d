/** The plant's process: the worker thread with the store behind it, the pages and the API before it. Started and watched by the gate. */
import { Worker } from 'node:worker_threads';
import type { Config } from '../config.ts';
import { answering, calling, type Wire } from '../core/channel.ts';
import type { RegistryChange, Tick } from '../core/envelope.ts';
import { failure } from '../core/failure.ts';
import type { LiveEvent, Views } from '../core/views.ts';
import type { FromWorker, ToWorker } from './plant-worker.ts';
import { serve } from './serve.ts';

export type ToPlant = Wire | { readonly logEnd: number; readonly gate: Tick | null; readonly trouble: string | null } | { readonly stop: true };
export type FromPlant = Wire | { readonly ready: { readonly url: string; readonly position: number } } | { readonly broken: string };

/** What the gate does for the plant. */
export interface GateCalls {
  change(change: RegistryChange): Promise<number>;
  publish(topic: string, payload: string, retain: boolean): Promise<void>;
}

const config = JSON.parse(process.argv[2] ?? '{}') as Config;
const toGate = (message: FromPlant): void => {
  if (process.connected) process.send?.(message);
};

const worker = new Worker(new URL('./plant-worker.ts', import.meta.url), { workerData: { config }, resourceLimits: { maxOldGenerationSizeMb: 512 } });
const toWorker = (message: ToWorker): void => worker.postMessage(message);
const asked = calling<Omit<Views, 'change' | 'onCommit'> & { verify(): Promise<unknown> }>(toWorker);
const gate = calling<GateCalls>(toGate);
const listeners = new Set<(event: LiveEvent) => void>();

const views: Views = new Proxy({} as Views, {
  get: (_, name) => {
    if (name === 'change') return (change: RegistryChange) => gate.remote.change(change);
    if (name === 'onCommit') {
      return (listener: (event: LiveEvent) => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      };
    }
    return asked.remote[name as keyof typeof asked.remote];
  },
});

/** The gate may ask what a command asks of it. */
const answerGate = answering(
  { view: (name: string, args: unknown[]) => (asked.remote as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[name]?.(...args) },
  toGate,
);

const end = (why: string): never => {
  toGate({ broken: why });
  process.exit(1);
};

let server: Awaited<ReturnType<typeof serve>> | undefined;

worker.on('message', (message: FromWorker) => {
  if ('event' in message) for (const listener of listeners) listener(message.event);
  else if ('broken' in message) end(message.broken);
  else if ('ready' in message) {
    serve(config, views, gate.remote).then(
      (started) => {
        server = started;
        toGate({ ready: { url: started.url, position: message.ready } });
      },
      (error: Error) => end(error.message),
    );
  } else asked.receive(message);
});
worker.on('error', (error) => end(String(error.stack ?? error)));
worker.on('exit', (code) => {
  if (code === 0) process.exit(0);
  end(`the plant's thread ended with ${code}`);
});

process.on('message', (message: ToPlant) => {
  if ('stop' in message) void stop();
  else if ('logEnd' in message) toWorker(message);
  else {
    gate.receive(message);
    answerGate(message);
  }
});
// Without its gate a plant has nothing to read from: it commits and goes.
process.on('disconnect', () => void stop());
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});

/** After that a stop no longer waits for what hangs: the log holds whatever was not committed. */
const stopMsMax = 10_000;
let stopping = false;
const stop = async (): Promise<void> => {
  if (stopping) return;
  stopping = true;
  gate.abort(failure('unavailable', 'the gate is stopping'));
  setTimeout(() => process.exit(1), stopMsMax).unref();
  await server?.close();
  toWorker({ stop: true });
};
