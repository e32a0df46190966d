/** GET /feed/v1/events: public rows that changed, as server-sent events, resumable. What is kept is left to changes.ts. */
import type { FastifyInstance } from 'fastify';
import { getRoute } from './catalogue.ts';
import type { Change, Changes } from './changes.ts';
import { badParameter, notFound, tooMany } from './ods-error.ts';
import { record } from './present.ts';
import { parametersOf, textOf } from './query.ts';
import type { Tables } from './tables.ts';

/** Open streams; further ones get 429. */
export const streamsMax = 200;
/** Bytes that may wait for one reader; a slower one is cut, and comes back with its last id. */
const bufferBytesMax = 1_048_576;
/** Silence after which a stream says that it lives, ms. */
const heartbeatMs = 15_000;

const message = ({ id, dataset, record: recordId, row }: Change): string => {
  const fields =
    row === null
      ? null
      : record(
          dataset.fields.map((field) => ({ field, as: field.name })),
          row.fields,
          'UTC',
        );
  return `id: ${id}\nevent: ${row === null ? 'removed' : 'changed'}\ndata: ${JSON.stringify({ dataset: dataset.id, record: recordId, fields })}\n\n`;
};

export const events = (app: FastifyInstance, tables: Tables, changes: Changes): void => {
  getRoute(app, '/feed/v1/events', async (request, reply) => {
    const parameters = parametersOf(request.query, ['dataset', 'last_event_id']);
    const wanted = textOf(parameters, 'dataset');
    if (wanted !== undefined && !tables.datasets.some(({ id }) => id === wanted)) throw notFound(`The dataset ${wanted}`);
    const header = request.headers['last-event-id'];
    const seen = typeof header === 'string' ? header : textOf(parameters, 'last_event_id');
    if (seen !== undefined && !/^[\w-]{1,60}$/.test(seen)) throw badParameter('Invalid value for Last-Event-ID: it is not an id of this stream.');
    if (changes.readers() >= streamsMax) throw tooMany(`${streamsMax} streams are open.`);

    reply.hijack();
    const { raw } = reply;
    const headers = Object.fromEntries(Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined)) as Record<string, string>;
    raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    const write = (text: string): void => {
      if (raw.destroyed) return;
      if (raw.writableLength > bufferBytesMax) raw.destroy();
      else raw.write(text);
    };
    const send = (change: Change): void => {
      if (wanted === undefined || change.dataset.id === wanted) write(message(change));
    };
    // An id at once: who is cut before the first change can still come back without a gap.
    const missed = seen === undefined ? [] : changes.since(seen);
    write(`retry: 2000\nid: ${missed === null || seen === undefined ? changes.newest() : seen}\n`);
    write(missed === null ? `event: gap\ndata: ${JSON.stringify({ after: seen })}\n\n` : `event: ready\ndata: {}\n\n`);
    for (const change of missed ?? []) send(change);
    const end = changes.listen(send);
    const beat = setInterval(() => write(': \n\n'), heartbeatMs);
    raw.on('close', () => {
      end();
      clearInterval(beat);
    });
  });
};
