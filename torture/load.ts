/** Devices that publish while things go wrong, under QoS 1 and 2, and the journal of what each was told. Judging it is left to `oracle.ts`. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import mqtt from 'mqtt';
import type { Scope } from '../core/scope.ts';
import { type LoadOptions, type LoadResult, runLoad } from '../simulators/load.ts';
import { loadSubject, loadTemperature, loadTopic } from '../simulators/load-packets.ts';
import { type Gate, until } from './gate.ts';
import type { ToLoad } from './load-process.ts';

/** What one device was promised: message `seq` said `loadTemperature(seq)` at `firstAt + seq × stepMs`. */
export interface Promised {
  readonly subject: string;
  readonly firstAt: number;
  readonly stepMs: number;
  /** Message numbers below it were sent at least once. */
  readonly sent: number;
  /** Message numbers that were acknowledged. */
  readonly told: readonly number[] | Uint32Array;
}

/** Packed: a long run has tens of millions of them. */
const toldOf = (acknowledged: Uint8Array): Uint32Array => {
  const told = new Uint32Array(acknowledged.reduce((sum, one) => sum + one, 0));
  let n = 0;
  for (let seq = 0; seq < acknowledged.length; seq++) if (acknowledged[seq] === 1) told[n++] = seq;
  return told;
};

/** What a load was promised, for the oracle. */
export const promisedOf = (options: Pick<LoadOptions, 'firstAt' | 'stepMs'>, { journal }: LoadResult): Promised[] =>
  journal.map(({ subject, sent, acknowledged }) => ({ subject, firstAt: options.firstAt, stepMs: options.stepMs ?? 1_000, sent, told: toldOf(acknowledged) }));

export interface Load {
  readonly acknowledged: () => number;
  /** Resolves when all is acknowledged, or patience has ended. */
  readonly result: Promise<LoadResult>;
  readonly options: LoadOptions;
  /** Ends with what there is. */
  stop(): void;
}

/** A machine that does much else starts a gate in ten seconds and more. */
const patienceMs = 180_000;

/** Waits until so many more messages are acknowledged. @throws Error with what the gate said */
export const untilAcknowledged = async (more: number, load: Load, gate: Gate): Promise<void> => {
  const before = load.acknowledged();
  await until('acknowledgements', patienceMs, () => load.acknowledged() >= before + more).catch((error: Error) => {
    throw new Error(`${error.message}, ${load.acknowledged()} came before; the gate (process ${gate.pid ?? 'none'}) said: ${gate.log.slice(-2_000)}`);
  });
};

/** Waits until each device's first minute has ended, so that there are panes to compare: a slow machine may be short of them. */
export const untilMinuteEnded = (load: Load, gate: Gate): Promise<void> =>
  untilAcknowledged(Math.ceil((load.options.connections * 62_000) / (load.options.stepMs ?? 1_000)), load, gate);

/** QoS 1 with re-sending: 40 devices with four messages in flight each, unless told. */
export const startLoad = (scope: Scope, given: Pick<LoadOptions, 'port' | 'messages' | 'ratePerSecond'> & Partial<LoadOptions>): Load => {
  const ending = new AbortController();
  let acknowledged = 0;
  const options: LoadOptions = { connections: 40, window: 4, firstAt: Date.now() - 86_400_000, resend: true, patienceMs, ...given };
  const result = runLoad({
    ...options,
    signal: ending.signal,
    onAcknowledged(count) {
      acknowledged = count;
    },
  });
  scope.add(async () => {
    ending.abort();
    await result;
  });
  return { options, result, acknowledged: () => acknowledged, stop: () => ending.abort() };
};

export interface Qos2Load {
  /** No new messages; resolves when those in flight are through, with what was promised. */
  finish(): Promise<Promised[]>;
}

const pauseMs = 25;

/** QoS 2 by a common client library, which keeps the sessions: each device one message at a time, acknowledged at PUBCOMP. */
export const startQos2 = (scope: Scope, port: number, devices: number, firstDevice: number): Qos2Load => {
  const firstAt = Date.now() - 86_400_000;
  let finishing = false;
  const lines = Array.from({ length: devices }, (_, n) => {
    const subject = loadSubject(firstDevice + n);
    const client = mqtt.connect({ host: '127.0.0.1', port, clientId: subject, clean: false, reconnectPeriod: 100, connectTimeout: 2_000 });
    client.on('error', () => {}); // it connects again
    scope.add(() => client.end(true));
    const told: number[] = [];
    let sent = 0;
    const work = async (): Promise<Promised> => {
      while (!finishing) {
        const seq = sent++;
        await client.publishAsync(
          loadTopic(firstDevice + n),
          JSON.stringify({ ts: firstAt + seq * 1_000, values: { temperature: loadTemperature(seq), humidity: 48.2, pm25: 12.77 } }),
          { qos: 2 },
        );
        told.push(seq);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
      await client.endAsync();
      return { subject, firstAt, stepMs: 1_000, sent, told };
    };
    const done = work();
    done.catch(() => {}); // told by `finish`
    return done;
  });
  return {
    finish() {
      finishing = true;
      return Promise.all(lines);
    },
  };
};

/** As `startLoad`, in a process of its own and without word of each acknowledgement. */
export const forkLoad = (scope: Scope, options: LoadOptions): { finish(): Promise<LoadResult> } => {
  const child = fork(new URL('./load-process.ts', import.meta.url), { execArgv: ['--disable-warning=ExperimentalWarning'], serialization: 'advanced' });
  scope.add(() => child.kill('SIGKILL'));
  const tell = (message: ToLoad): void => void (child.connected && child.send(message));
  const told = once(child, 'message');
  told.catch(() => {}); // told by `finish`
  tell({ options });
  return {
    async finish() {
      tell({ stop: true });
      const [result] = await told;
      return result as LoadResult;
    },
  };
};
