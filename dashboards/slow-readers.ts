/** Cuts those who do not read what they asked for, so that they cost bounded memory and delay nobody. Streams have a closer limit of their own. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface SlowReaders {
  /** Bytes that wait for readers, all together. */
  waitingBytes(): number;
  /** Connections cut since the server began. */
  cut(): number;
  end(): void;
}

export interface ReaderLimits {
  /** How long a reader may leave bytes waiting without ever being done, ms; then it is cut. */
  readonly answerMsMax: number;
  /** Bytes that may wait for all readers together; beyond it those with the most are cut. */
  readonly waitingBytesMax: number;
}

/** How often is looked, ms. */
const sweepMs = 250;

export const cutSlowReaders = (server: Server, { answerMsMax, waitingBytesMax }: ReaderLimits): SlowReaders => {
  /** Since when bytes wait for it, ms of the monotonic clock; null where none do. */
  const since = new Map<Socket, number | null>();
  let cuts = 0;
  server.on('connection', (socket: Socket) => {
    since.set(socket, null);
    socket.once('close', () => since.delete(socket));
  });
  const waitingBytes = (): number => [...since.keys()].reduce((sum, { writableLength }) => sum + writableLength, 0);
  const cut = (socket: Socket): void => {
    cuts++;
    since.delete(socket);
    socket.destroy();
  };
  const sweep = (): void => {
    const now = performance.now();
    for (const [socket, from] of since) {
      if (socket.writableLength === 0) since.set(socket, null);
      else if (from === null) since.set(socket, now);
      else if (now - from > answerMsMax) cut(socket);
    }
    let left = waitingBytes();
    if (left <= waitingBytesMax) return;
    for (const socket of [...since.keys()].sort((a, b) => b.writableLength - a.writableLength)) {
      if (left <= waitingBytesMax) return;
      left -= socket.writableLength;
      cut(socket);
    }
  };
  const sweeping = setInterval(sweep, sweepMs).unref();
  return { waitingBytes, cut: () => cuts, end: () => clearInterval(sweeping) };
};
