/**
 * Tells alarms to a channel: once for each state that they come into, in order, again and again until it was taken. What was told is kept,
 * so that a restart tells what was missed. What an alarm is, and what is one, is left to the pipeline.
 */
import type { Alarm, AlarmState } from '../core/alarm.ts';
import type { Views } from '../core/views.ts';
import type { Channel } from './channel.ts';

/** The wait after a failure doubles from the first to the last, ms. */
export const retryMs = { first: 1_000, last: 300_000 } as const;
/** Open alarms that are looked at, at the start and when a quiet time ends. */
const openMax = 1_000;
/** How often it is looked whether a quiet time has ended, ms. */
const lookMs = 30_000;

/** The state in which each alarm was last told, by its id; an alarm whose end was told is forgotten. */
export type Told = Readonly<Record<string, AlarmState>>;

export interface NotifierOptions {
  readonly channel: Channel;
  readonly views: Pick<Views, 'alarms' | 'alarm' | 'onCommit'>;
  readonly told: Told;
  /** Called after each that was taken. */
  readonly keep: (told: Told) => Promise<void>;
  /** True while only what is of high priority is told. */
  readonly isQuiet: () => boolean;
  /** Says what failed, and how long it waits. */
  readonly tell: (what: { readonly channel: string; readonly alarm: string; readonly error: string; readonly waitMs: number }) => void;
  readonly retry?: { readonly first: number; readonly last: number };
}

export interface Notifier {
  /** Alarms that wait to be told. */
  readonly waiting: () => number;
  close(): Promise<void>;
}

export const notifier = ({ channel, views, told: before, keep, isQuiet, tell, retry = retryMs }: NotifierOptions): Notifier => {
  const told = new Map(Object.entries(before));
  /** The last version of each alarm that has news: as many as are open at the most. */
  const waiting = new Map<string, Alarm>();
  let wake = (): void => {};
  let isClosed = false;

  const notice = (alarm: Alarm): void => {
    const last = told.get(alarm.id);
    const isNews = alarm.state !== last && !alarm.flood && alarm.shelved === null && !(last === undefined && alarm.state === 'normal');
    if (isNews) waiting.set(alarm.id, alarm);
    else waiting.delete(alarm.id);
    if (isNews) wake();
  };
  const look = async (): Promise<void> => {
    const open = await views.alarms({ open: true, limit: openMax });
    for (const alarm of open.rows) notice(alarm);
    const shown = new Set(open.rows.map(({ id }) => id));
    for (const id of told.keys()) {
      const alarm = shown.has(id) ? null : await views.alarm(id);
      if (alarm !== null) notice(alarm);
    }
  };
  const due = (): Alarm | undefined => [...waiting.values()].find(({ priority }) => priority === 'high' || !isQuiet());
  const pause = (ms: number, isEarly = true): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      const end = (): void => {
        clearTimeout(timer);
        resolve();
      };
      wake = isEarly ? end : () => (isClosed ? end() : undefined);
    });

  const sendAll = async (): Promise<void> => {
    let waitMs: number = retry.first;
    while (!isClosed) {
      const alarm = due();
      if (alarm === undefined) {
        await pause(lookMs);
        continue;
      }
      try {
        await channel.send(alarm);
        if (waiting.get(alarm.id) === alarm) waiting.delete(alarm.id);
        if (alarm.state === 'normal') told.delete(alarm.id);
        else told.set(alarm.id, alarm.state);
        await keep(Object.fromEntries(told));
        waitMs = retry.first;
      } catch (error) {
        tell({ channel: channel.name, alarm: alarm.id, error: error instanceof Error ? error.message : String(error), waitMs });
        await pause(waitMs, false);
        waitMs = Math.min(retry.last, 2 * waitMs);
      }
    }
  };

  const end = views.onCommit(({ alarms }) => {
    for (const alarm of alarms) notice(alarm);
  });
  const done = look()
    .catch((error: Error) => tell({ channel: channel.name, alarm: '', error: error.message, waitMs: 0 }))
    .then(sendAll);
  return {
    waiting: () => waiting.size,
    async close() {
      isClosed = true;
      end();
      wake();
      await done;
      channel.close();
    },
  };
};
