/** The open-data side, put together: the privacy gate, its tables, the routes on top and what MQTT retains. Each part is left to its own file. */
import { randomBytes } from 'node:crypto';
import type { FastifyError, FastifyInstance } from 'fastify';
import type { ResolvedType } from '../core/device-type.ts';
import type { Views } from '../core/views.ts';
import { catalogue } from './catalogue.ts';
import { changesOf } from './changes.ts';
import { events } from './events.ts';
import { exports } from './exports.ts';
import { OdsError } from './ods-error.ts';
import { privacyGate } from './privacy-gate.ts';
import { datasets } from './registry.ts';
import { type PublicBroker, retain } from './retained.ts';
import { tables } from './tables.ts';

export interface FeedOptions {
  readonly views: Views;
  readonly types: ReadonlyMap<string, ResolvedType>;
  readonly broker: PublicBroker;
  /** Epoch ms; default the machine's clock. */
  readonly clock?: () => number;
}

/** Open data is for every page of every host; nothing else of the server is. */
const openToAll = (app: FastifyInstance): void => {
  app.addHook('onRequest', async (_, reply) => {
    reply.header('access-control-allow-origin', '*').header('cross-origin-resource-policy', 'cross-origin').header('cache-control', 'no-cache');
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error instanceof OdsError) return reply.code(error.status).send({ error_code: error.code, message: error.message });
    request.log.error({ err: error }, 'a request of the feed failed');
    return reply.code(503).header('retry-after', '2').send({ error_code: 'ServiceUnavailable', message: 'The data cannot be read at the moment.' });
  });
};

/** The feed as a plug-in of the HTTP server. */
export const feed =
  ({ views, types, broker, clock = Date.now }: FeedOptions): ((app: FastifyInstance) => Promise<void>) =>
  async (app) => {
    const shelves = tables(privacyGate({ views, types, datasets }), clock);
    openToAll(app);
    const warn =
      (what: string) =>
      (error: unknown): void =>
        app.log.warn({ err: error }, what);
    const changes = changesOf(shelves, randomBytes(6).toString('hex'));
    retain(shelves, broker, warn('the public rows could not be retained'));
    events(app, shelves, changes);
    exports(app, shelves);
    catalogue(app, shelves, async () => (await views.town()).name);
    const end = views.onCommit(() => {
      shelves.refresh().catch(warn('the public rows could not be made'));
    });
    app.addHook('onClose', async () => end());
  };
