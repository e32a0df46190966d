/**
 * The load generator: many connections, a window of unacknowledged messages each, and what the gate took responsibility for.
 * It measures and keeps a journal; starting the gate, killing it and comparing the store are left to the commands that use it.
 */
import { createConnection, type Socket } from 'node:net';
import { loadSubject, loadTemperature, type PublishTemplate, publishTemplate, writePublish } from './load-packets.ts';
import { connectPacket, disconnectPacket, packetType } from './mqtt-packets.ts';

export interface LoadOptions {
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** One device each. */
  readonly connections: number;
  /** Messages in flight, by connection; at most 65,535. */
  readonly window: number;
  /** Of all connections together. */
  readonly messages: number;
  /** Messages a second, all together; absent: as fast as acknowledgements come. */
  readonly ratePerSecond?: number;
  /** Event time of each device's first message, epoch ms; the following ones are `stepMs` apart. */
  readonly firstAt: number;
  /** Default 1,000. */
  readonly stepMs?: number;
  /** Size of the JSON, default 200. */
  readonly payloadBytes?: number;
  /** Number of the first device, default 0. */
  readonly firstDevice?: number;
  /** Sent as password. */
  readonly password?: string;
  /** Sent with the password; default the device's name. */
  readonly userName?: string;
  /** After a lost connection: connect again and send what was not acknowledged with DUP. Default false: the connection is given up. */
  readonly resend?: boolean;
  /** Ends with what there is when nothing was acknowledged for so long; default 30,000. */
  readonly patienceMs?: number;
  readonly signal?: AbortSignal;
  /** Told after each acknowledgement, with their number so far. */
  readonly onAcknowledged?: (count: number) => void;
}

/** What one device was promised. */
export interface Journal {
  readonly subject: string;
  /** Message numbers below it were sent at least once. */
  readonly sent: number;
  /** By message number: 1 where a PUBACK came. */
  readonly acknowledged: Uint8Array;
}

export interface LoadResult {
  /** All messages were acknowledged. */
  readonly complete: boolean;
  /** First sendings. */
  readonly sent: number;
  readonly acknowledged: number;
  /** Sendings with DUP. */
  readonly resent: number;
  readonly reconnects: number;
  /** Connections that the broker refused: they sent nothing more. */
  readonly refused: number;
  /** From the first message to the last acknowledgement. */
  readonly durationMs: number;
  readonly acksPerSecond: number;
  /** From the first sending to the acknowledgement; with a rate the generator's own delay is not in it. */
  readonly latencyMsP50: number;
  readonly latencyMsP95: number;
  readonly latencyMsP99: number;
  readonly latencyMsMax: number;
  readonly journal: readonly Journal[];
}

/** Readings in a message. */
export const loadReadingsPerMessage = 3;

/** What message number `seq` says, for comparison with a store. */
export const loadReading = (options: Pick<LoadOptions, 'firstAt' | 'stepMs'>, seq: number): { readonly at: number; readonly temperature: number } => ({
  at: options.firstAt + seq * (options.stepMs ?? 1_000),
  temperature: loadTemperature(seq),
});

/** Latencies kept; beyond it one in n. */
const latenciesMax = 2_000_000;
const writeBytesMax = 262_144;
const reconnectMs = 200;
/** Pace of a paced run: so often what is due is sent. */
const paceMs = 1;

/** What all connections share. */
interface Run {
  readonly options: LoadOptions;
  readonly stepMs: number;
  sent: number;
  acknowledged: number;
  resent: number;
  reconnects: number;
  refused: number;
  startedAt: number;
  lastAckAt: number;
  readonly latencies: Float32Array;
  readonly stride: number;
  kept: number;
  /** Every acknowledgement, and every connection that was given up. */
  progress(): void;
}

/** Messages in flight of one connection. Packet ids are the slots of its window, from 1, so that looking one up costs an array access. */
class Window {
  readonly #seq: Int32Array;
  readonly #sentAt: Float64Array;
  readonly #free: number[];

  constructor(size: number) {
    this.#seq = new Int32Array(size).fill(-1);
    this.#sentAt = new Float64Array(size);
    this.#free = Array.from({ length: size }, (_, slot) => size - 1 - slot);
  }

  get room(): number {
    return this.#free.length;
  }

  /** @returns the packet id of message number `seq`; there must be room */
  take(seq: number, now: number): number {
    const slot = this.#free.pop() ?? 0;
    this.#seq[slot] = seq;
    this.#sentAt[slot] = now;
    return slot + 1;
  }

  /** @returns the message that an acknowledgement is of, and when it was sent; null where it is a second one, after a re-sending */
  settle(id: number): { readonly seq: number; readonly sentAt: number } | null {
    const slot = id - 1;
    const seq = this.#seq[slot] ?? -1;
    if (seq < 0) return null;
    this.#seq[slot] = -1;
    this.#free.push(slot);
    return { seq, sentAt: this.#sentAt[slot] ?? 0 };
  }

  /** Everything in flight, oldest first. */
  inFlight(): { readonly id: number; readonly seq: number }[] {
    return [...this.#seq]
      .map((seq, slot) => ({ id: slot + 1, seq }))
      .filter(({ seq }) => seq >= 0)
      .sort((a, b) => a.seq - b.seq);
  }
}

/** Counts an acknowledgement, and keeps its latency if its turn has come. */
const count = (run: Run, sentAt: number, now: number): void => {
  if (run.acknowledged % run.stride === 0 && run.kept < run.latencies.length) run.latencies[run.kept++] = now - sentAt;
  run.acknowledged++;
  run.lastAckAt = now;
  run.options.onAcknowledged?.(run.acknowledged);
};

/** One connection, one device. */
class Line {
  readonly journal: Journal;
  /** Connected, and greeted by the broker. */
  ready = false;
  givenUp = false;
  readonly #run: Run;
  readonly #quota: number;
  readonly #acknowledged: Uint8Array;
  readonly #template: PublishTemplate;
  readonly #window: Window;
  #next = 0;
  #socket: Socket | undefined;
  #closed = false;
  #rest: Buffer = Buffer.alloc(0);

  /** @param quota messages that it sends in all */
  constructor(run: Run, device: number, quota: number) {
    const { options } = run;
    this.#run = run;
    this.#quota = quota;
    this.#acknowledged = new Uint8Array(quota);
    this.#template = publishTemplate(device, options.firstAt, options.payloadBytes ?? 200);
    this.#window = new Window(options.window);
    const sent = (): number => this.#next;
    this.journal = {
      subject: loadSubject(device),
      acknowledged: this.#acknowledged,
      get sent() {
        return sent();
      },
    };
  }

  open(): void {
    const { port, host = '127.0.0.1', password, userName = this.journal.subject, ratePerSecond } = this.#run.options;
    const credentials = password === undefined ? {} : { userName, password };
    const socket = createConnection({ port, host, noDelay: true });
    this.#socket = socket;
    // The generator keeps its own session, and needs no keepalive.
    socket.on('connect', () => socket.write(connectPacket({ clientId: this.journal.subject, keepalive: 0, ...credentials })));
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('drain', () => void (ratePerSecond === undefined && this.pump(this.#window.room)));
    // 'close' follows and is where it is dealt with.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#lost());
  }

  close(): void {
    this.#closed = true;
    if (this.ready) this.#socket?.end(disconnectPacket);
    this.#socket?.destroySoon();
  }

  /** Sends at most `most` messages; returns how many it sent. */
  pump(most: number): number {
    if (!this.ready || this.#socket === undefined || this.#socket.writableLength > writeBytesMax) return 0;
    const n = Math.min(most, this.#window.room, this.#quota - this.#next);
    if (n <= 0) return 0;
    const bytes = Buffer.allocUnsafe(n * this.#template.bytes.length);
    const now = performance.now();
    for (let i = 0; i < n; i++, this.#next++) this.#write(bytes, i, this.#window.take(this.#next, now), this.#next, false);
    if (this.#run.sent === 0) this.#run.startedAt = now;
    this.#run.sent += n;
    this.#socket.write(bytes);
    return n;
  }

  /** Everything in flight again, oldest first. MQTT 3.1.1 §4.4. */
  #resend(): void {
    const inFlight = this.#window.inFlight();
    const bytes = Buffer.allocUnsafe(inFlight.length * this.#template.bytes.length);
    for (const [i, { id, seq }] of inFlight.entries()) this.#write(bytes, i, id, seq, true);
    this.#run.resent += inFlight.length;
    if (inFlight.length > 0) this.#socket?.write(bytes);
  }

  #write(bytes: Buffer, place: number, id: number, seq: number, dup: boolean): void {
    const { options, stepMs } = this.#run;
    writePublish(bytes, place * this.#template.bytes.length, this.#template, id, options.firstAt + seq * stepMs, seq, dup);
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const now = performance.now();
    let at = 0;
    // CONNACK and PUBACK are all that comes, and both are four bytes long.
    for (; at + 4 <= bytes.length; at += 4) if (!this.#answer(bytes, at, now)) break;
    this.#rest = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
    this.#run.progress();
    if (this.#run.options.ratePerSecond === undefined) this.pump(this.#window.room);
  }

  /** @returns false where the broker refused, or said what no broker says */
  #answer(bytes: Buffer, at: number, now: number): boolean {
    const type = (bytes[at] ?? 0) & 0xf0;
    if (type === packetType.puback) {
      this.#settle(bytes.readUInt16BE(at + 2), now);
      return true;
    }
    if (type === packetType.connack && bytes[at + 3] === 0) {
      this.ready = true;
      this.#resend();
      return true;
    }
    if (type === packetType.connack) this.#run.refused++;
    this.#closed = true;
    this.#socket?.destroy();
    return false;
  }

  #settle(id: number, now: number): void {
    const settled = this.#window.settle(id);
    if (settled === null) return;
    this.#acknowledged[settled.seq] = 1;
    count(this.#run, settled.sentAt, now);
  }

  #lost(): void {
    this.ready = false;
    this.#rest = Buffer.alloc(0);
    if (this.#closed || this.#run.options.resend !== true) {
      this.givenUp = true;
      this.#run.progress();
      return;
    }
    setTimeout(() => {
      if (this.#closed) return;
      this.#run.reconnects++;
      this.open();
    }, reconnectMs).unref();
  }
}

/** Spreads what is due over the connections, one message a turn. */
const pacer = (run: Run, lines: readonly Line[], ratePerSecond: number): NodeJS.Timeout => {
  let turn = 0;
  let begun: number | undefined;
  return setInterval(() => {
    // The pace starts when everybody is connected.
    if (begun === undefined && !lines.every((one) => one.ready || one.givenUp)) return;
    const now = performance.now();
    begun ??= now;
    let due = Math.min(run.options.messages, Math.floor(((now - begun) / 1000) * ratePerSecond)) - run.sent;
    for (let idle = 0; due > 0 && idle < lines.length; turn = (turn + 1) % lines.length) {
      const sent = lines[turn]?.pump(1) ?? 0;
      due -= sent;
      idle = sent === 0 ? idle + 1 : 0;
    }
  }, paceMs);
};

const percentile = (sorted: Float32Array, share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

const resultOf = (run: Run, lines: readonly Line[]): LoadResult => {
  const latencies = run.latencies.slice(0, run.kept).sort();
  const durationMs = Math.max(0, run.lastAckAt - run.startedAt);
  return {
    complete: run.acknowledged === run.options.messages,
    sent: run.sent,
    acknowledged: run.acknowledged,
    resent: run.resent,
    reconnects: run.reconnects,
    refused: run.refused,
    durationMs,
    acksPerSecond: durationMs === 0 ? 0 : (run.acknowledged * 1000) / durationMs,
    latencyMsP50: percentile(latencies, 0.5),
    latencyMsP95: percentile(latencies, 0.95),
    latencyMsP99: percentile(latencies, 0.99),
    latencyMsMax: latencies.at(-1) ?? 0,
    journal: lines.map(({ journal }) => journal),
  };
};

/**
 * Publishes with QoS 1 as `dev-000000`, `dev-000001`, … and waits for the acknowledgements.
 * @returns what was acknowledged; it does not reject: a gate that is away shows as `complete: false`
 */
export const runLoad = (options: LoadOptions): Promise<LoadResult> =>
  new Promise((resolve) => {
    const { connections, messages, patienceMs = 30_000, firstDevice = 0, signal } = options;
    const stride = Math.max(1, Math.ceil(messages / latenciesMax));
    let ended = false;
    const run: Run = {
      options,
      stepMs: options.stepMs ?? 1_000,
      sent: 0,
      acknowledged: 0,
      resent: 0,
      reconnects: 0,
      refused: 0,
      startedAt: performance.now(),
      lastAckAt: performance.now(),
      latencies: new Float32Array(Math.ceil(messages / stride)),
      stride,
      kept: 0,
      progress() {
        if (run.acknowledged === messages || lines.every(({ givenUp }) => givenUp)) end();
      },
    };
    const lines = Array.from(
      { length: connections },
      (_, n) => new Line(run, firstDevice + n, Math.floor(messages / connections) + (n < messages % connections ? 1 : 0)),
    );
    const end = (): void => {
      if (ended) return;
      ended = true;
      clearInterval(pace);
      clearInterval(patience);
      signal?.removeEventListener('abort', end);
      for (const one of lines) one.close();
      resolve(resultOf(run, lines));
    };
    const pace = options.ratePerSecond === undefined ? undefined : pacer(run, lines, options.ratePerSecond);
    const patience = setInterval(() => performance.now() - run.lastAckAt > patienceMs && end(), 250);
    signal?.addEventListener('abort', end);
    for (const one of lines) one.open();
    if (signal?.aborted === true) end();
  });
