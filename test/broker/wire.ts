/** Raw sockets for the tests of the door. The packets are those of `simulators/mqtt-packets.ts`. */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocket } from 'ws';
import { type ConnectOptions, connectPacket } from '../../simulators/mqtt-packets.ts';

/** A raw client: what it received, and waiting for it. */
export class Wire {
  readonly socket: Duplex;
  received = Buffer.alloc(0);
  closed = false;
  readonly whenClosed: Promise<void>;

  private constructor(socket: Duplex) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    socket.on('error', () => {});
    this.whenClosed = new Promise((resolve) => {
      const end = (): void => {
        this.closed = true;
        resolve();
      };
      // A WebSocket that the server has closed only ends.
      socket.once('end', end);
      socket.once('close', end);
    });
  }

  static async open(port: number): Promise<Wire> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Wire(socket);
  }

  /** Over WebSocket. */
  static async openWebSocket(port: number): Promise<Wire> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, 'mqtt');
    await once(socket, 'open');
    return new Wire(createWebSocketStream(socket));
  }

  /** Ends the connection as a cable that is pulled does not, and a process that dies does. */
  abort(): void {
    // Node does not let go of a socket that is reset while it is being shut down.
    if (!this.closed && 'resetAndDestroy' in this.socket) (this.socket as Socket).resetAndDestroy();
    else this.socket.destroy();
  }

  /** Opens, connects, and has its CONNACK taken off. */
  static async greeted(port: number, options: ConnectOptions = {}): Promise<Wire> {
    const wire = await Wire.open(port);
    wire.send(connectPacket(options));
    await wire.until(4);
    wire.received = wire.received.subarray(4);
    return wire;
  }

  send(...parts: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  /** Waits for that many bytes in all, or the end. */
  async until(bytes: number): Promise<Buffer> {
    while (this.received.length < bytes && !this.closed) await this.#next();
    return this.received;
  }

  /** The next data, or the end. A race with `whenClosed` would keep something of each wait for as long as the connection stands. */
  #next(): Promise<void> {
    const names = ['data', 'end', 'close'] as const;
    return new Promise((resolve) => {
      const come = (): void => {
        for (const name of names) this.socket.off(name, come);
        resolve();
      };
      for (const name of names) this.socket.on(name, come);
    });
  }
}
