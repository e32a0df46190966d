/** MQTT 3.1.1 bytes and raw sockets for the tests of the door. */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocket } from 'ws';

export const text = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
};

export const lengthBytes = (length: number): Buffer => {
  const bytes: number[] = [];
  let rest = length;
  do {
    bytes.push((rest & 127) | (rest > 127 ? 128 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.from(bytes);
};

export const packet = (first: number, body: Buffer): Buffer => Buffer.concat([Buffer.from([first]), lengthBytes(body.length), body]);

export interface ConnectOptions {
  readonly clientId?: string;
  readonly userName?: string;
  readonly password?: string;
  readonly keepalive?: number;
  readonly clean?: boolean;
  readonly level?: number;
  readonly will?: { readonly topic: string; readonly payload: string };
}

export const connectPacket = ({ clientId = '', userName, password, keepalive = 60, clean = true, level = 4, will }: ConnectOptions = {}): Buffer => {
  const flags = (clean ? 2 : 0) | (will ? 4 : 0) | (userName === undefined ? 0 : 128) | (password === undefined ? 0 : 64);
  const parts = [text('MQTT'), Buffer.from([level, flags, keepalive >> 8, keepalive & 255]), text(clientId)];
  if (will) parts.push(text(will.topic), text(will.payload));
  if (userName !== undefined) parts.push(text(userName));
  if (password !== undefined) parts.push(text(password));
  return packet(0x10, Buffer.concat(parts));
};

export const publishPacket = (topic: string | Buffer, payload: string | Buffer, qos = 1, packetId = 1, dup = false, retain = false): Buffer => {
  const id = qos === 0 ? Buffer.alloc(0) : Buffer.from([packetId >> 8, packetId & 255]);
  return packet(0x30 | (qos << 1) | (dup ? 8 : 0) | (retain ? 1 : 0), Buffer.concat([text(topic), id, Buffer.from(payload as string)]));
};

export const subscribePacket = (filters: readonly string[], packetId = 1): Buffer =>
  packet(0x82, Buffer.concat([Buffer.from([packetId >> 8, packetId & 255]), ...filters.flatMap((filter) => [text(filter), Buffer.from([0])])]));

export const pingPacket = Buffer.from([0xc0, 0]);

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
    while (this.received.length < bytes && !this.closed) await Promise.race([once(this.socket, 'data').catch(() => this.whenClosed), this.whenClosed]);
    return this.received;
  }
}
