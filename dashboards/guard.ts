/** Who may ask: this machine's own pages. Stops DNS rebinding (Host) and forged requests (Origin). Log-in is left to a proxy for now. */
import type { FastifyInstance } from 'fastify';
import { fail, failure } from '../core/failure.ts';
import { urlCharsMax } from './limits.ts';
import { sendProblem } from './problem.ts';

const loopback = (name: string): boolean => name === 'localhost' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name);

/** The name in a Host header, without its port; '' where it is not a name. */
const nameOf = (host: string): string => /^(\[[0-9a-fA-F:]+\]|[^:/@\s]+)(:\d{1,5})?$/.exec(host)?.[1]?.toLowerCase() ?? '';

/** @param bound the address that the server listens on */
export const guard = (app: FastifyInstance, bound: string): void => {
  const own = bound.includes(':') ? `[${bound}]` : bound.toLowerCase();
  app.addHook('onRequest', async (request, reply) => {
    if (request.url.length > urlCharsMax) return sendProblem(reply, failure('bad-request', `the URL is longer than ${urlCharsMax} characters`), 414);
    const { host = '', origin } = request.headers;
    const name = nameOf(host);
    if (!loopback(name) && name !== own) throw fail('forbidden', 'the Host header names another server', 'host');
    if (request.method === 'GET' || request.method === 'HEAD') return;
    if (origin !== `http://${host}` && origin !== `https://${host}`) throw fail('forbidden', `the Origin header must be http://${host}`, 'origin');
  });
};
