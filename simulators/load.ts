/**
 * The load generator: many connections, a window of unacknowledged messages each, and what the gate took responsibility for.
 * It measures and keeps a journal; starting the gate, killing it and comparing the store are left to the commands that use it.
 */
import { createConnection, type Socket } from 'node:net';
import { loadSubject, loadTemperature, publishTemplate, writePublish } from './load-packets.ts';
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
const paceMs = 2;

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

interface Line {
  readonly journal: Journal;
  /** Sends at most `count` messages; returns how many it sent. */
  pump(count: number): number;
  readonly givenUp: boolean;
  readonly ready: boolean;
  open(): void;
  close(): void;
}

/** One connection, one device. Packet ids are the slots of its window, so that looking one up costs an array access. */
const line = (run: Run, device: number, quota: number): Line => {
  const { options, stepMs } = run;
  const { window, firstAt, password } = options;
  const subject = loadSubject(device);
  // The generator keeps its own session.
  const greeting = connectPacket({ clientId: subject, keepalive: 0, ...(password === undefined ? {} : { userName: options.userName ?? subject, password }) });
  const template = publishTemplate(device, firstAt, options.payloadBytes ?? 200);
  const size = template.bytes.length;
  const acknowledged = new Uint8Array(quota);
  const slotSeq = new Int32Array(window).fill(-1);
  const slotSentAt = new Float64Array(window);
  const free = Array.from({ length: window }, (_, slot) => window - 1 - slot);
  let next = 0;
  let socket: Socket | undefined;
  let ready = false;
  let closed = false;
  let givenUp = false;
  let rest: Buffer = Buffer.alloc(0);

  const pump = (count: number): number => {
    if (!ready || socket === undefined || socket.writableLength > writeBytesMax) return 0;
    const n = Math.min(count, free.length, quota - next);
    if (n <= 0) return 0;
    const bytes = Buffer.allocUnsafe(n * size);
    const now = performance.now();
    for (let i = 0; i < n; i++) {
      const slot = free.pop() ?? 0;
      slotSeq[slot] = next;
      slotSentAt[slot] = now;
      writePublish(bytes, i * size, template, slot + 1, firstAt + next * stepMs, next, false);
      next++;
    }
    if (run.sent === 0) run.startedAt = now;
    run.sent += n;
    socket.write(bytes);
    return n;
  };

  /** Everything in flight again, oldest first. MQTT 3.1.1 §4.4. */
  const resend = (): void => {
    const slots = [...slotSeq.keys()].filter((slot) => (slotSeq[slot] ?? -1) >= 0).sort((a, b) => (slotSeq[a] ?? 0) - (slotSeq[b] ?? 0));
    const bytes = Buffer.allocUnsafe(slots.length * size);
    for (const [i, slot] of slots.entries()) {
      const seq = slotSeq[slot] ?? 0;
      writePublish(bytes, i * size, template, slot + 1, firstAt + seq * stepMs, seq, true);
    }
    run.resent += slots.length;
    if (slots.length > 0) socket?.write(bytes);
  };

  const settle = (id: number, now: number): void => {
    const slot = id - 1;
    const seq = slotSeq[slot] ?? -1;
    if (seq < 0) return; // a second acknowledgement, after a re-sending
    slotSeq[slot] = -1;
    free.push(slot);
    acknowledged[seq] = 1;
    if (run.acknowledged % run.stride === 0 && run.kept < run.latencies.length) run.latencies[run.kept++] = now - (slotSentAt[slot] ?? now);
    run.acknowledged++;
    run.lastAckAt = now;
    options.onAcknowledged?.(run.acknowledged);
  };

  const receive = (chunk: Buffer): void => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const now = performance.now();
    let at = 0;
    // CONNACK and PUBACK are all that comes, and both are four bytes long.
    for (; at + 4 <= bytes.length; at += 4) {
      const type = (bytes[at] ?? 0) & 0xf0;
      if (type === packetType.puback) settle(bytes.readUInt16BE(at + 2), now);
      else if (type === packetType.connack && bytes[at + 3] === 0) {
        ready = true;
        resend();
      } else {
        if (type === packetType.connack) run.refused++;
        closed = true;
        socket?.destroy();
        break;
      }
    }
    rest = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
    run.progress();
    if (options.ratePerSecond === undefined) pump(window);
  };

  const lost = (): void => {
    ready = false;
    rest = Buffer.alloc(0);
    if (closed || options.resend !== true) {
      givenUp = true;
      run.progress();
      return;
    }
    setTimeout(() => {
      if (closed) return;
      run.reconnects++;
      open();
    }, reconnectMs).unref();
  };

  const open = (): void => {
    socket = createConnection({ port: options.port, host: options.host ?? '127.0.0.1', noDelay: true });
    socket.on('connect', () => socket?.write(greeting));
    socket.on('data', receive);
    socket.on('drain', () => void (options.ratePerSecond === undefined && pump(window)));
    // 'close' follows and is where it is dealt with.
    socket.on('error', () => undefined);
    socket.on('close', lost);
  };

  return {
    journal: {
      subject,
      acknowledged,
      get sent() {
        return next;
      },
    },
    pump,
    open,
    close() {
      closed = true;
      if (ready) socket?.end(disconnectPacket);
      socket?.destroySoon();
    },
    get givenUp() {
      return givenUp;
    },
    get ready() {
      return ready;
    },
  };
};

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
    const lines = Array.from({ length: connections }, (_, n) =>
      line(run, firstDevice + n, Math.floor(messages / connections) + (n < messages % connections ? 1 : 0)),
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
