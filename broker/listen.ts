/** The sockets that the door listens on: TCP, and WebSocket over HTTP. What comes through them is left to `door.ts`. */
import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { fail } from '../core/failure.ts';

/** @returns the port. @throws FailureError `port-taken`, `bad-setting` */
export const listening = async (server: Server | HttpServer, host: string, port: number): Promise<number> => {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || code === 'EACCES') throw fail('port-taken', message, `port ${port}`);
    throw fail('bad-setting', message, `${host}:${port}`);
  }
  // Accepting can fail for want of file descriptors; the next connection may succeed.
  server.on('error', () => {});
  return (server.address() as AddressInfo).port;
};

const isLoopback = (name: string): boolean => name === 'localhost' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name);

/** The address as a URL writes it. */
const written = (address: string): string => (address.includes(':') ? `[${address}]` : address.toLowerCase());

/**
 * A page of another host must not use a visitor's browser to reach a door that only this machine can reach: Origin and
 * Host name the same, and that is the address itself, since a foreign name may be made to lead here (DNS rebinding).
 * What is no browser sends no Origin.
 */
const sameHost = ({ headers: { origin, host }, socket }: IncomingMessage, bound: string): boolean => {
  if (origin === undefined) return true;
  if (!URL.canParse(origin) || !URL.canParse(`http://${host}`)) return false;
  const name = new URL(`http://${host}`).hostname;
  // Bound to all of a machine's addresses, it is the one that was reached.
  const reached = (socket.localAddress ?? '').replace(/^::ffff:/, '');
  return new URL(origin).hostname === name && (isLoopback(name) || name === written(bound) || name === written(reached));
};

export interface WebSocketDoor {
  readonly http: HttpServer;
  readonly ws: WebSocketServer;
}

/** MQTT over WebSocket, not yet listening. @param bound the address that it will listen on @param enter takes each connection as a stream of bytes */
export const webSocketDoor = (bound: string, messageBytesMax: number, enter: (stream: Duplex, request: IncomingMessage) => void): WebSocketDoor => {
  const http = createHttpServer((_request, response) => response.writeHead(426).end());
  const ws = new WebSocketServer({
    server: http,
    maxPayload: messageBytesMax,
    perMessageDeflate: false,
    handleProtocols: (protocols) => (protocols.has('mqtt') ? 'mqtt' : protocols.has('mqttv3.1') ? 'mqttv3.1' : false),
    verifyClient: ({ req }: { req: IncomingMessage }) => sameHost(req, bound),
  });
  ws.on('error', () => {});
  ws.on('connection', (socket, request) => enter(createWebSocketStream(socket), request));
  return { http, ws };
};
