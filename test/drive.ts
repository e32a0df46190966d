/** Drives a pipeline without broker or timers: send, let time pass, read the outputs; crash and come back. */
import type { Relayed } from '../core/alarm.ts';
import type { Envelope } from '../core/envelope.ts';
import type { Pane } from '../core/pane.ts';
import type { Ledger, Store } from '../core/store.ts';
import { type Town, townSchema } from '../core/town.ts';
import type { WindowName } from '../core/window.ts';
import { resolveTypes } from '../devices/registry.ts';
import { memoryReader } from '../log/memory.ts';
import { alarmsRelayed } from '../processors/alarm-relay.ts';
import { alarmsHere } from '../processors/alarms.ts';
import { type Pipeline, pipeline } from '../processors/pipeline.ts';
import type { ReopenLimits } from '../processors/reopen.ts';
import { type Run, run } from '../processors/run.ts';
import { memoryStore } from '../stores/memory.ts';

export interface Drive {
  readonly store: Store;
  pipeline: Pipeline;
  readonly log: Envelope[];
  /** Publishes a payload of a device at the present log time. */
  send(subject: string, payload: unknown, options?: Partial<Envelope>): void;
  append(kind: Envelope['kind'], body: unknown, subject?: string): void;
  /** Ticks each second, or in one leap of the given step. */
  tick(untilMs: number, stepMs?: number): void;
  /** Sets the log time without a tick. */
  at(logTime: number): void;
  now(): number;
  /** Processes what was sent, and commits. */
  process(): Promise<void>;
  checkpoint(): Promise<void>;
  /** Loses everything that was not committed, and restores from the store. */
  crash(): Promise<void>;
  ledger(): Ledger;
  /** Final panes of a key. */
  panes(subject: string, quantity: string, window: WindowName): Promise<Pane[]>;
}

export const townOf = (devices: Town['devices'], extra: Partial<Town> = {}): Town =>
  townSchema.parse({ name: 'Test', zone: 'Europe/Paris', admission: 'open', devices, ...extra });

/** Where judgements go, instead of becoming alarms in the pipeline. */
export type Relay = (judgements: readonly Relayed[]) => Promise<void>;

/** @param limits how much one envelope reopens @param relay makes it one partition of several */
export const drive = async (town: Town, start: number, store: Store = memoryStore(), limits?: ReopenLimits, relay?: Relay): Promise<Drive> => {
  const alarming = relay === undefined ? alarmsHere : alarmsRelayed;
  const log: Envelope[] = [];
  const reader = memoryReader(log);
  const types = resolveTypes();
  let now = start;
  let running: Run;

  const self: Drive = {
    store,
    pipeline: pipeline(types, store, reader, limits, alarming),
    log,
    send(subject, payload, options = {}) {
      const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
      const draft = {
        kind: 'message' as const,
        subject,
        sender: '',
        topic: `city/v1/here/${subject}/telemetry`,
        payload: Buffer.from(text),
        qos: 1 as const,
        dup: false,
        packetId: 1,
      };
      log.push({ ...draft, partition: 0, offset: log.length, logTime: now, ...options });
    },
    append(kind, body, subject = '') {
      self.send(subject, body, { kind, topic: '' });
    },
    tick(untilMs, stepMs = 1000) {
      while (now < untilMs) {
        now = Math.min(untilMs, now + stepMs);
        self.append('tick', { wall: now, qos0Dropped: 0, held: 0, connections: 0, diskFreeBytes: -1 });
      }
    },
    at(logTime) {
      now = Math.max(now, logTime);
    },
    now: () => now,
    async process() {
      await running.to(log.length);
      await running.commit();
    },
    checkpoint: () => running.checkpoint(),
    async crash() {
      self.pipeline = pipeline(types, store, reader, limits, alarming);
      running = await run(self.pipeline, reader, store, undefined, relay);
    },
    ledger: () => self.pipeline.ledger(log.length),
    panes: (subject, quantity, window) => store.panesOf({ keys: [{ subject, quantity }], window, from: 0, to: Number.MAX_SAFE_INTEGER, limit: 1_000_000 }),
  };
  running = await run(self.pipeline, reader, store, undefined, relay);
  self.append('registry', { action: 'apply', town });
  self.tick(start + 1000);
  now = start;
  return self;
};
