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

/** A page of another host must not use a visitor's browser to reach a door that only this machine can reach. */
const sameHost = (request: IncomingMessage): boolean => {
  const { origin, host } = request.headers;
  if (origin === undefined) return true;
  return URL.canParse(origin) && URL.canParse(`http://${host}`) && new URL(origin).hostname === new URL(`http://${host}`).hostname;
};

export interface WebSocketDoor {
  readonly http: HttpServer;
  readonly ws: WebSocketServer;
}

/** MQTT over WebSocket, not yet listening. @param enter takes each connection as a stream of bytes */
export const webSocketDoor = (messageBytesMax: number, enter: (stream: Duplex, request: IncomingMessage) => void): WebSocketDoor => {
  const http = createHttpServer((_request, response) => response.writeHead(426).end());
  const ws = new WebSocketServer({
    server: http,
    maxPayload: messageBytesMax,
    perMessageDeflate: false,
    handleProtocols: (protocols) => (protocols.has('mqtt') ? 'mqtt' : protocols.has('mqttv3.1') ? 'mqttv3.1' : false),
    verifyClient: ({ req }: { req: IncomingMessage }) => sameHost(req),
  });
  ws.on('error', () => {});
  ws.on('connection', (socket, request) => enter(createWebSocketStream(socket), request));
  return { http, ws };
};
