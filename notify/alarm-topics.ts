/** Keeps alarms that are open on retained MQTT topics, one a cause, and forgets them when they are over. Who may read them is left to the broker. */
import type { Alarm } from '../core/alarm.ts';
import type { Views } from '../core/views.ts';

/** Open alarms asked for at once, at the start. */
const pageMax = 1_000;
/** What could not be published is tried again so much later, ms. */
const retryMsDefault = 10_000;

export interface AlarmTopicsOptions {
  readonly views: Pick<Views, 'alarms' | 'onCommit'>;
  /** Publishes to operators, retained; an empty payload forgets the topic. */
  readonly publish: (topic: string, payload: string) => Promise<void>;
  /** Forgets all that was published: the broker outlives the plant. */
  readonly clear: () => Promise<void>;
  /** An alarm as programs read it. */
  readonly bodyOf: (alarm: Alarm) => unknown;
  readonly failed: (error: unknown) => void;
  readonly retryMs?: number;
}

export interface AlarmTopics {
  /** Resolves when all that was open at the start has been published, or refused. */
  readonly begun: Promise<void>;
  close(): void;
}

/** `city/v1/operators/alarms/<cause>`. */
export const alarmTopic = ({ cause }: Pick<Alarm, 'cause'>): string => `city/v1/operators/alarms/${cause}`;

type Version = Pick<Alarm, 'since' | 'version'>;
const isNewer = (a: Version, b: Version): boolean => a.since > b.since || (a.since === b.since && a.version > b.version);

/** Begins with nothing retained, then what is open, then each change: of a cause only its newest state, so that a slow broker falls behind nobody. */
export const keepAlarmTopics = ({ views, publish, clear, bodyOf, failed, retryMs = retryMsDefault }: AlarmTopicsOptions): AlarmTopics => {
  /** The newest of each cause that is to be published. */
  const waiting = new Map<string, Alarm>();
  /** What each topic was last given: a label on an older alarm of the cause says nothing of the one that is open. As many as a town has causes. */
  const published = new Map<string, Version>();
  let isClosed = false;
  let isReady = false;
  let isWriting = false;
  let timer: NodeJS.Timeout | undefined;
  const begun = Promise.withResolvers<void>();

  const notice = (alarm: Alarm): void => {
    const known = waiting.get(alarm.cause);
    if (known === undefined || isNewer(alarm, known)) waiting.set(alarm.cause, alarm);
  };
  const later = (what: () => void): void => {
    clearTimeout(timer);
    if (!isClosed) timer = setTimeout(what, retryMs).unref();
  };

  const write = async (): Promise<void> => {
    if (isWriting || !isReady) return;
    isWriting = true;
    const refused: Alarm[] = [];
    for (let [one] = waiting.values(); one !== undefined && !isClosed; [one] = waiting.values()) {
      waiting.delete(one.cause);
      const last = published.get(one.cause);
      if (last !== undefined && !isNewer(one, last)) continue;
      try {
        await publish(alarmTopic(one), one.state === 'normal' ? '' : JSON.stringify(bodyOf(one)));
        published.set(one.cause, { since: one.since, version: one.version });
      } catch (error) {
        failed(error);
        refused.push(one);
      }
    }
    isWriting = false;
    if (refused.length === 0) return;
    for (const one of refused) notice(one);
    later(() => void write());
  };

  const begin = async (): Promise<void> => {
    try {
      await clear();
      for (let after: string | undefined; ; ) {
        const page = await views.alarms({ open: true, limit: pageMax, ...(after === undefined ? {} : { after }) });
        for (const alarm of page.rows) notice(alarm);
        if (page.next === null) break;
        after = page.next;
      }
      isReady = true;
    } catch (error) {
      failed(error);
      later(() => void begin());
    }
    await write();
    if (isReady) begun.resolve();
  };

  const end = views.onCommit(({ alarms }) => {
    for (const alarm of alarms) notice(alarm);
    void write();
  });
  void begin();
  return {
    begun: begun.promise,
    close() {
      isClosed = true;
      clearTimeout(timer);
      end();
    },
  };
};
