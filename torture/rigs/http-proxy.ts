/** A proxy between a client and its real server that lets requests through, answers in the server's place, cuts them off, or keeps them waiting. */
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What becomes of a request: it passes; is answered with a status; is cut off before or after the server had it; or passes once a promise resolves. */
export type Fate =
  | 'pass'
  | 'cut'
  | 'cut-after'
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | { readonly until: Promise<void> };

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly bucket: string;
  /** How many requests came before it. */
  readonly place: number;
}

export interface InTheWay {
  readonly url: string;
  /** Decides on each request; may be replaced at any time. */
  decide: (asked: Asked) => Fate;
  readonly asked: Asked[];
  close(): Promise<void>;
}

const bodyOf = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

export const startProxy = async (target: string): Promise<InTheWay> => {
  const asked: Asked[] = [];
  const server = createServer(async (incoming, answer) => {
    const body = await bodyOf(incoming);
    const url = new URL(incoming.url ?? '/', target);
    const one = { method: incoming.method ?? '', path: url.pathname, bucket: url.searchParams.get('bucket') ?? '', place: asked.length };
    asked.push(one);
    const fate = proxy.decide(one);
    if (fate === 'cut') return void incoming.socket.destroy();
    if (typeof fate === 'object' && 'status' in fate) return void answer.writeHead(fate.status, fate.headers).end(fate.body ?? '{"message":"in the way"}');
    if (typeof fate === 'object') await fate.until;
    const { connection: _, ...headers } = incoming.headers;
    const passed = request(url, { method: one.method, headers }, (from) => {
      if (fate === 'cut-after') return void from.resume().on('end', () => incoming.socket.destroy());
      answer.writeHead(from.statusCode ?? 502, from.headers);
      from.pipe(answer);
    });
    passed.on('error', () => incoming.socket.destroy());
    passed.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: InTheWay = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    decide: () => 'pass',
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return proxy;
};
