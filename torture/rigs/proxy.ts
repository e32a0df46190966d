/** A proxy that treats connections badly: byte by byte, cut in mid-packet, half open, or with bytes changed. When it does what is left to the rows. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Scope } from '../../core/scope.ts';

interface Pair {
  readonly device: Socket;
  readonly gate: Socket;
  /** Bytes from the device until the next trouble; negative: none is set. */
  left: number;
  isChopped: boolean;
  isDeaf: boolean;
}

export interface ChaosProxy {
  readonly port: number;
  /** From now on each byte of the open connections goes by itself, in both directions, for so many bytes; then as ever. */
  chop(bytes: number): void;
  /** Each open connection is reset after so many more bytes from its device, wherever in a packet that is. */
  cut(bytes: () => number): void;
  /** The open connections carry nothing more; the gate never hears of their end, the devices hear of it after so many ms. */
  halfOpen(ms: number): void;
  /** Text that is replaced in what devices send, of the same length. */
  change: { readonly from: string; readonly to: string } | null;
}

/** Passes bytes on, as the troubles of the pair have it. */
const pass = (pair: Pair, to: Socket, bytes: Buffer): void => {
  if (pair.isDeaf) return;
  if (!pair.isChopped) {
    to.write(bytes);
    return;
  }
  for (const byte of bytes) {
    to.cork();
    to.write(Buffer.from([byte]));
    to.uncork(); // a write of its own each: without delay (TCP_NODELAY) a segment of its own
  }
};

const changed = (bytes: Buffer, change: ChaosProxy['change']): Buffer => {
  if (change === null) return bytes;
  for (let at = bytes.indexOf(change.from); at >= 0; at = bytes.indexOf(change.from, at + 1)) bytes.write(change.to, at);
  return bytes;
};

/** Listens on a port of its own before the gate. */
export const chaosProxy = async (scope: Scope, gatePort: number): Promise<ChaosProxy> => {
  const pairs = new Set<Pair>();
  let proxy: ChaosProxy | null = null;
  let chopLeft = 0;
  const fromDevice = (pair: Pair, bytes: Buffer): void => {
    if (pair.isChopped) chopLeft -= bytes.length;
    if (chopLeft <= 0) for (const one of pairs) one.isChopped = false;
    const given = changed(bytes, proxy?.change ?? null);
    if (pair.left < 0 || given.length < pair.left) {
      if (pair.left >= 0) pair.left -= given.length;
      pass(pair, pair.gate, given);
      return;
    }
    pass(pair, pair.gate, given.subarray(0, pair.left));
    pair.gate.end();
    pair.device.destroy();
  };
  const server = createServer({ noDelay: true }, (device) => {
    const pair: Pair = { device, gate: connect({ port: gatePort, host: '127.0.0.1', noDelay: true }), left: -1, isChopped: false, isDeaf: false };
    pairs.add(pair);
    device.on('data', (bytes) => fromDevice(pair, bytes));
    pair.gate.on('data', (bytes) => pass(pair, device, bytes));
    for (const [one, other] of [
      [device, pair.gate],
      [pair.gate, device],
    ] as const) {
      one.on('error', () => {}); // 'close' follows
      one.on('close', () => {
        if (!pair.isDeaf) other.destroy();
        if (device.destroyed && pair.gate.destroyed) pairs.delete(pair);
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.add(() => {
    server.close();
    for (const { device, gate } of pairs) {
      device.destroy();
      gate.destroy();
    }
  });
  proxy = {
    port: (server.address() as AddressInfo).port,
    chop(bytes) {
      chopLeft = bytes;
      for (const pair of pairs) pair.isChopped = true;
    },
    cut(bytes) {
      for (const pair of pairs) pair.left = bytes();
    },
    halfOpen(ms) {
      for (const pair of pairs) {
        pair.isDeaf = true;
        setTimeout(() => pair.device.destroy(), ms).unref();
      }
    },
    change: null,
  };
  return proxy;
};
