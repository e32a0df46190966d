/**
 * Retained messages for who subscribes: one replay of a connection at a time, however often it asks. Which messages are retained is left to
 * `own-topics.ts`, and the sending to aedes.
 */
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { Aedes, PublishPacket } from 'aedes';
import { retainedOf, sessionOf } from './aedes-client.ts';
import type { Session } from './session.ts';
import { matchesFilter } from './topic.ts';

/** So many retained topics are compared with the filters before others have their turn. */
const comparedAtOnce = 256;

/** The replay of the first filters, and then of those that were asked for meanwhile, until none is. Sends each topic once. */
async function* replays(session: Session, first: readonly string[], retained: () => Iterable<PublishPacket>): AsyncGenerator<PublishPacket> {
  let filters = first;
  let compared = 0;
  while (filters.length > 0) {
    session.replayNext = new Set();
    for (const packet of retained()) {
      if (++compared % comparedAtOnce === 0) await turn();
      if (session.closed) return;
      if (filters.some((filter) => matchesFilter(filter, packet.topic))) yield packet;
    }
    filters = [...session.replayNext];
  }
  session.replayNext = null;
}

/**
 * A repeated SUBSCRIBE is answered at once and its retained messages are sent again [MQTT-3.8.4-3], but after those under way: aedes alone
 * would begin one more replay for each. What comes meanwhile is answered by one, so that the filters that a connection may hold bound what waits.
 * @param retained what is retained at this moment; aedes keeps none of it
 */
export const takeReplays = (aedes: Aedes, retained: () => Iterable<PublishPacket>): void => {
  const persistence = retainedOf(aedes);
  let session: Session | undefined;
  // It says who subscribes right before it asks for what is retained.
  aedes.on('subscribe', (_subscriptions, client) => {
    session = sessionOf(client);
  });
  persistence.storeRetained = async () => {};
  persistence.createRetainedStreamCombi = (filters) => {
    if (session === undefined) return Readable.from([]);
    if (session.replayNext === null) {
      session.replayNext = new Set();
      return Readable.from(replays(session, filters, retained));
    }
    for (const filter of filters) session.replayNext.add(filter);
    return Readable.from([]);
  };
};
