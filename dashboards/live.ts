/** The stream of commits: the last events are kept, fewer while nobody reads, so that who comes back misses nothing or is told. Sending is left to the route. */
import type { LiveEvent, Views } from '../core/views.ts';
import { eventsKept, eventValuesKeptMax, eventValuesUnreadMax } from './limits.ts';

export interface Live {
  /**
   * What came after a position that a reader has already seen.
   * @returns null where that can no longer be told: older than what is kept, or from another log
   */
  since(position: number): readonly LiveEvent[] | null;
  /** The newest position; null before the first event. */
  position(): number | null;
  /** Tells each event. @returns a function that ends it */
  listen(listener: (event: LiveEvent) => void): () => void;
  /** Open streams, for the limit. */
  readonly readers: () => number;
  end(): void;
}

export const live = (views: Views, kept = eventsKept, valuesKept = eventValuesKeptMax): Live => {
  const events: LiveEvent[] = [];
  const listeners = new Set<(event: LiveEvent) => void>();
  /** Position of the last event that is no longer kept. */
  let floor: number | null = null;
  let newest: number | null = null;
  let values = 0;
  /** Commits since a stream was open. After as many as are kept, nobody has left who could be told them all. */
  let unread = kept;
  const forget = (): void => {
    const oldest = events.shift();
    if (oldest === undefined) return;
    floor = oldest.position;
    values -= oldest.latest.length;
  };
  const end = views.onCommit((event) => {
    if (event.position <= (newest ?? -1)) return;
    newest = event.position;
    unread = listeners.size > 0 ? 0 : unread + 1;
    events.push(event);
    values += event.latest.length;
    const most = unread > kept ? Math.min(valuesKept, eventValuesUnreadMax) : valuesKept;
    while (events.length > kept || (values > most && events.length > 1)) forget();
    for (const listener of listeners) listener(event);
  });
  return {
    since(position) {
      if (newest === null || position > newest) return null;
      if (position !== floor && !events.some((event) => event.position === position)) return null;
      return events.filter((event) => event.position > position);
    },
    position: () => newest,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    readers: () => listeners.size,
    end,
  };
};
