/** GET /feed/v1/events: public rows that changed, as server-sent events, resumable. What is kept is left to changes.ts. */
import type { FastifyInstance } from 'fastify';
import { eventText, heartbeatMs, openEventStream } from '../core/event-stream.ts';
import { getRoute } from './catalogue.ts';
import type { Change, Changes } from './changes.ts';
import { badParameter, notFound, tooMany } from './ods-error.ts';
import { record } from './present.ts';
import { parametersOf, textOf } from './query.ts';
import type { Tables } from './tables.ts';

/** Open streams; further ones get 429. */
export const streamsMax = 200;

const message = ({ id, dataset, record: recordId, row }: Change): string => {
  const fields =
    row === null
      ? null
      : record(
          dataset.fields.map((field) => ({ field, as: field.name })),
          row.fields,
          'UTC',
        );
  return eventText(row === null ? 'removed' : 'changed', { dataset: dataset.id, record: recordId, fields }, id);
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

    const write = openEventStream(reply);
    const send = (change: Change): void => {
      if (wanted === undefined || change.dataset.id === wanted) write(message(change));
    };
    // An id at once: who is cut before the first change can still come back without a gap.
    const missed = seen === undefined ? [] : changes.since(seen);
    write(`retry: 2000\nid: ${missed === null || seen === undefined ? changes.newest() : seen}\n`);
    write(missed === null ? eventText('gap', { after: seen }) : eventText('ready', {}));
    for (const change of missed ?? []) send(change);
    const end = changes.listen(send);
    const beat = setInterval(() => write(': \n\n'), heartbeatMs);
    reply.raw.on('close', () => {
      end();
      clearInterval(beat);
    });
  });
};
