/** The HTTP server: its limits, its guards and what is registered on it. What the routes answer is left to `api/` and `web/`. */
import compress from '@fastify/compress';
import helmet from '@fastify/helmet';
import { type FastifyError, type FastifyInstance, fastify, LogController } from 'fastify';
import type { ResolvedType } from '../core/device-type.ts';
import { FailureError, fail } from '../core/failure.ts';
import type { Views } from '../core/views.ts';
import { api } from './api/api.ts';
import { directoryOf } from './directory.ts';
import { guard } from './guard.ts';
import { withLag } from './lag.ts';
import { answerMsMax, bodyBytesMax, connectionsMax, headerBytesMax, headerMsMax, keepAliveMs, requestMsMax, waitingBytesMax } from './limits.ts';
import { live } from './live.ts';
import { answerUnreadable, answerUnrouted } from './no-route.ts';
import { problemHandler } from './problem.ts';
import { cutSlowReaders, type ReaderLimits } from './slow-readers.ts';
import { web } from './web/routes.ts';

export interface HttpOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly logLevel: string;
  readonly views: Views;
  readonly types: ReadonlyMap<string, ResolvedType>;
  /** Further routes, each registered by itself. */
  readonly plugins?: readonly ((app: FastifyInstance) => Promise<void>)[];
  /** GeoJSON feature collections of the town by file name without its ending; shown on the map with their attribution. */
  readonly geo?: unknown;
  /** Epoch ms; default the machine's clock. */
  readonly clock?: () => number;
  /** Default: those of limits.ts. */
  readonly limits?: Partial<ReaderLimits & { readonly headerMsMax: number; readonly connectionsMax: number }>;
}

/** How often requests that do not end are looked for, ms; Node's own default is half a minute. */
const checkMs = 1_000;

export interface HttpServer {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  readonly app: FastifyInstance;
  close(): Promise<void>;
}

/** All that a page loads comes from this server: no inline script or style, no other host. */
const contentSecurityPolicy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    objectSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
};

/** The server with all its routes, not yet listening: tests talk to it with `inject`. */
export const httpApp = async (options: HttpOptions): Promise<FastifyInstance> => {
  const limits = { answerMsMax, waitingBytesMax, headerMsMax, connectionsMax, ...options.limits };
  const app = fastify({
    logger: { level: options.logLevel, base: { role: 'web' } },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyBytesMax,
    // What is wrong with a URL itself (an escape, a parameter's length) is found before any route and its handlers.
    frameworkErrors: (error, request, reply) => void problemHandler(error, request, reply),
    clientErrorHandler: answerUnreadable,
    requestTimeout: requestMsMax,
    keepAliveTimeout: keepAliveMs,
    forceCloseConnections: true,
    http: {
      maxHeaderSize: headerBytesMax,
      headersTimeout: limits.headerMsMax,
      connectionsCheckingInterval: Math.min(checkMs, limits.headerMsMax),
      requireHostHeader: false, // the guard says what is wrong, Node would only say 400
    },
  });
  app.server.maxConnections = limits.connectionsMax;
  const readers = cutSlowReaders(app.server, limits);
  const { views, types, clock = Date.now } = options;
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    const told = error instanceof FailureError ? new FailureError(await withLag(error.failure, views, clock)) : error;
    return problemHandler(told, request, reply);
  });
  answerUnrouted(app);
  guard(app, options.host);
  await app.register(helmet, { contentSecurityPolicy, strictTransportSecurity: false, referrerPolicy: { policy: 'same-origin' } });
  await app.register(compress, { threshold: 1_024 });
  app.get('/health/live', async () => ({ status: 'live' }));
  const directory = directoryOf(views, types);
  const stream = live(views);
  app.addHook('onClose', async () => {
    directory.end();
    stream.end();
    readers.end();
  });
  const context = { views, types, clock, directory: directory.current, live: stream, readers };
  await app.register(api(context));
  await app.register(web(context, options.geo));
  for (const plugin of options.plugins ?? []) await app.register(async (inner: FastifyInstance) => plugin(inner));
  await app.ready();
  return app;
};

/**
 * Starts the server.
 * @throws FailureError `port-taken`
 */
export const httpServer = async (options: HttpOptions): Promise<HttpServer> => {
  const app = await httpApp(options);
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await app.close();
    if (error instanceof FailureError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw fail('port-taken', code === 'EADDRINUSE' ? `port ${options.port} is in use` : message, `${options.host}:${options.port}`);
  }
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return { url: `http://${host}:${port}`, app, close: () => app.close() };
};
