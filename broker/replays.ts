/**
 * Retained messages for who subscribes: one replay of a connection at a time, however often it asks. Which messages are retained is left to
 * `own-topics.ts`, and the sending to aedes.
 */
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { Aedes, PublishPacket } from 'aedes';
import { retainedOf, sessionOf } from './aedes-client.ts';
import type { Session } from './session.ts';

/** So many retained topics are compared with the filters before others have their turn. */
const comparedAtOnce = 256;

/** True where the filter matches the topic, both by their levels (MQTT 3.1.1, 4.7). */
const matches = (filter: readonly string[], topic: readonly string[]): boolean => {
  for (const [n, level] of filter.entries()) {
    if (level === '#') return true;
    if (n >= topic.length || (level !== '+' && level !== topic[n])) return false;
  }
  return filter.length === topic.length;
};

/** What the filters match, each topic once. */
async function* matching(retained: Readable, filters: readonly string[]): AsyncGenerator<PublishPacket> {
  const split = filters.map((filter) => filter.split('/'));
  let compared = 0;
  for await (const packet of retained as AsyncIterable<PublishPacket>) {
    if (++compared % comparedAtOnce === 0) await turn();
    const topic = packet.topic.split('/');
    if (split.some((filter) => matches(filter, topic))) yield packet;
  }
}

/** The replay of the first filters, and then of those that were asked for meanwhile, until none is. */
async function* replays(session: Session, first: readonly string[], retained: () => Readable | null): AsyncGenerator<PublishPacket> {
  let filters = first;
  while (filters.length > 0) {
    session.replayNext = new Set();
    const stream = session.closed ? null : retained();
    if (stream === null) return;
    for await (const packet of matching(stream, filters)) {
      if (session.closed) return;
      yield packet;
    }
    filters = [...session.replayNext];
  }
  session.replayNext = null;
}

/**
 * A repeated SUBSCRIBE is answered at once and its retained messages are sent again [MQTT-3.8.4-3], but after those under way: aedes alone
 * would begin one more replay for each. What comes meanwhile is answered by one, so that the filters that a connection may hold bound what waits.
 */
export const takeReplays = (aedes: Aedes): void => {
  const persistence = retainedOf(aedes);
  const open = persistence.createRetainedStreamCombi.bind(persistence);
  let session: Session | undefined;
  // It says who subscribes right before it asks for what is retained.
  aedes.on('subscribe', (_subscriptions, client) => {
    session = sessionOf(client);
  });
  persistence.createRetainedStreamCombi = (filters) => {
    if (session === undefined) return Readable.from([]);
    if (session.replayNext === null) {
      session.replayNext = new Set();
      return Readable.from(replays(session, filters, () => (aedes.closed ? null : open(['#']))));
    }
    for (const filter of filters) session.replayNext.add(filter);
    return Readable.from([]);
  };
};
