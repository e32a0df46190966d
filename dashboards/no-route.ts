/** Requests that no route takes, answered with problems: what cannot be read as HTTP, what is nowhere, what has another method. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { type Failure, failure } from '../core/failure.ts';
import { headerBytesMax, headerMsMax, requestMsMax } from './limits.ts';
import { problemOf, sendProblem } from './problem.ts';

/** What Node found before there was a request: [status, failure]. */
const unreadable = (code: string | undefined): readonly [status: number, found: Failure] => {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return [408, failure('limit-reached', `the request did not arrive in time: ${headerMsMax} ms for its headers, ${requestMsMax} ms for all of it`)];
  if (code === 'HPE_HEADER_OVERFLOW') return [431, failure('limit-reached', `the headers are longer than ${headerBytesMax} bytes`)];
  return [400, failure('bad-request', 'this is no HTTP request')];
};

/** Answers where Node could read no request, as Node would but for the words, and cuts the connection. */
export const answerUnreadable = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [status, found] = unreadable(error.code);
  const body = JSON.stringify(problemOf(found, status));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroy(error);
};

/** Answers what is at no address with 404, and another method than those of the address with 405. Call it before the routes are registered. */
export const answerUnrouted = (app: FastifyInstance): void => {
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    methods.set(url, known);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '/';
    const allowed = [...(methods.get(path) ?? [])];
    if (allowed.length === 0) return sendProblem(reply, failure('not-found', `there is nothing at ${path}`));
    reply.header('allow', allowed.join(', '));
    return sendProblem(reply, failure('bad-request', `${path} takes ${allowed.join(' and ')}, not ${request.method}`, 'method'), 405);
  });
};
