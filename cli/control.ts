/** The gate's control socket: commands on a data folder in use go through it. One JSON message a line; mode 0600. */
import { chmod, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { answering, type Calls, calling, type Wire } from '../core/channel.ts';
import type { EnvelopeKind, RegistryChange } from '../core/envelope.ts';
import { fail, failure } from '../core/failure.ts';

/** What a command may ask of a running gate. */
export interface Control {
  change(change: RegistryChange): Promise<number>;
  /** Appends envelopes whose payload is text. @returns the offset after them, once they are durable */
  append(
    drafts: readonly { readonly kind: Extract<EnvelopeKind, 'import' | 'command' | 'registry'>; readonly subject: string; readonly payload: string }[],
  ): Promise<number>;
  /** Calls a method of the plant's views, or `verify`. */
  view(name: string, args: readonly unknown[]): Promise<unknown>;
  /** Offset after the last envelope that is on disk. */
  durableEnd(): Promise<number>;
  addresses(): Promise<{ readonly http: string | null; readonly mqtt: number }>;
}

/** Longest line, bytes: an import's batch fits. */
const lineBytesMax = 32 * 1024 * 1024;

/** Unix sockets have short names: the path may be at most about 100 characters. */
export const controlPath = (data: string): string => join(data, 'control.sock');

/** Hands each line's message on; cuts a peer that sends what is none. */
const lines = (socket: Socket, receive: (message: Wire) => void): void => {
  let parts: Buffer[] = [];
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, end));
      const line = Buffer.concat(parts).toString('utf8');
      parts = [];
      bytes = 0;
      from = end + 1;
      try {
        receive(JSON.parse(line));
      } catch {
        socket.destroy();
        return;
      }
    }
    parts.push(chunk.subarray(from));
    bytes += chunk.length - from;
    if (bytes > lineBytesMax) socket.destroy();
  });
};

export const listenControl = async (data: string, control: Control): Promise<Server> => {
  const path = controlPath(data);
  await rm(path, { force: true });
  const server = createServer((socket) => {
    const send = (message: Wire): void => void socket.write(`${JSON.stringify(message)}\n`);
    lines(socket, answering(control, send));
    socket.on('error', () => socket.destroy());
  });
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: Error) => reject(fail('data-not-writable', error.message, path)));
      server.listen(path, resolve);
    });
  } finally {
    process.umask(before);
  }
  await chmod(path, 0o600);
  return server;
};

export interface ControlClient {
  readonly remote: Control;
  close(): void;
}

/** Reaches the gate that uses the folder. @returns null where none answers */
export const reachControl = (data: string): Promise<ControlClient | null> =>
  new Promise((resolve) => {
    const socket = createConnection(controlPath(data));
    let calls: Calls<Control>;
    socket.once('connect', () => {
      calls = calling<Control>((message) => void socket.write(`${JSON.stringify(message)}\n`));
      lines(socket, calls.receive);
      resolve({ remote: calls.remote, close: () => socket.end() });
    });
    socket.on('error', () => resolve(null));
    socket.on('close', () => calls?.abort(failure('unavailable', 'the gate went away', data)));
  });
