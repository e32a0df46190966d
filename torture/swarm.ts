/** Many devices as they are: a keepalive, pings, now and then a message, and again when the connection is lost. Counting on the gate's side is left to the rows. */
import { connect, type Socket } from 'node:net';
import type { Scope } from '../core/scope.ts';
import { loadSubject, publishTemplate, writePublish } from '../simulators/load-packets.ts';
import { connectPacket, disconnectPacket, packetType, pingPacket } from '../simulators/mqtt-packets.ts';
import type { Promised } from './load.ts';

export interface SwarmOptions {
  readonly port: number;
  readonly devices: number;
  readonly keepaliveSeconds: number;
  readonly pingMs: number;
  readonly publishMs: number;
}

export interface Swarm {
  /** Devices that are connected and were greeted. */
  readonly online: () => number;
  /** Connections that ended, and not by the device. */
  readonly lost: () => number;
  stop(): Promised[];
}

const reconnectMs = 200;
/** Event times of a device's messages are that far apart: several windows close in a short run. */
const stepMs = 60_000;

const device = (options: SwarmOptions, n: number, counts: { online: number; lost: number }): { open(): void; stop(): Promised } => {
  const subject = loadSubject(n);
  const firstAt = Date.now() - 86_400_000;
  const template = publishTemplate(n, firstAt, 200);
  const told: number[] = [];
  let socket: Socket | null = null;
  let isGreeted = false;
  let isStopped = false;
  /** The message in flight; -1: none. */
  let seq = -1;
  let sent = 0;
  let rest: Buffer = Buffer.alloc(0);
  const timers: NodeJS.Timeout[] = [];
  const send = (dup: boolean): void => {
    const bytes = Buffer.allocUnsafe(template.bytes.length);
    writePublish(bytes, 0, template, 1, firstAt + seq * stepMs, seq, dup);
    socket?.write(bytes);
  };
  const next = (): void => {
    if (!isGreeted || seq >= 0) return;
    seq = sent++;
    send(false);
  };
  const greeted = (): void => {
    isGreeted = true;
    counts.online++;
    if (seq >= 0) send(true);
  };
  const receive = (chunk: Buffer): void => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 2 && rest.length >= 2 + (rest[1] ?? 0)) {
      const type = rest[0];
      rest = rest.subarray(2 + (rest[1] ?? 0));
      if (type === packetType.connack) greeted();
      else if (type === packetType.puback && seq >= 0) {
        told.push(seq);
        seq = -1;
      }
    }
  };
  const open = (): void => {
    if (isStopped) return;
    rest = Buffer.alloc(0);
    const one = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
    socket = one;
    one.on('connect', () => one.write(connectPacket({ clientId: subject, keepalive: options.keepaliveSeconds })));
    one.on('data', receive);
    one.on('error', () => {}); // 'close' follows
    one.on('close', () => {
      if (isGreeted) {
        counts.online--;
        if (!isStopped) counts.lost++;
      }
      isGreeted = false;
      if (!isStopped) setTimeout(open, reconnectMs).unref();
    });
  };
  return {
    open() {
      open();
      // Spread over the period, so that they do not all speak at once.
      timers.push(setTimeout(() => timers.push(setInterval(next, options.publishMs)), (n * 7) % options.publishMs));
      timers.push(setTimeout(() => timers.push(setInterval(() => isGreeted && socket?.write(pingPacket), options.pingMs)), (n * 13) % options.pingMs));
    },
    stop() {
      isStopped = true;
      for (const timer of timers) clearInterval(timer);
      if (isGreeted) socket?.end(disconnectPacket);
      socket?.destroySoon();
      return { subject, firstAt, stepMs, sent, told };
    },
  };
};

/** Connects all at once. */
export const startSwarm = (scope: Scope, options: SwarmOptions): Swarm => {
  const counts = { online: 0, lost: 0 };
  const devices = Array.from({ length: options.devices }, (_, n) => device(options, n, counts));
  for (const one of devices) one.open();
  const stop = (): Promised[] => devices.map((one) => one.stop());
  scope.add(stop);
  return { online: () => counts.online, lost: () => counts.lost, stop };
};
