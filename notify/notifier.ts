/**
 * Tells alarms to a channel: once for each state that they come into, again and again until it was taken. What was told is kept,
 * so that a restart tells what was missed. What an alarm is, and what is one, is left to the pipeline.
 */
import type { Alarm, Told } from '../core/alarm.ts';
import type { Views } from '../core/views.ts';
import type { Channel } from './channel.ts';

/** The wait after a failure doubles from the first to the last, for each alarm by itself, ms. */
export const retryMs = { first: 1_000, last: 300_000 } as const;
/** Open alarms that are looked at, at the start. */
const openMax = 1_000;
/** How often it is looked whether a quiet time has ended, ms. */
const lookMs = 30_000;

export interface NotifierOptions {
  readonly channel: Channel;
  readonly views: Pick<Views, 'alarms' | 'alarm' | 'onCommit'>;
  readonly told: Told;
  /** Called after each that was taken, with all that was told, and with that one. */
  readonly keep: (told: Told, last: Alarm) => Promise<void>;
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

const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const notifier = ({ channel, views, told: before, keep, isQuiet, tell, retry = retryMs }: NotifierOptions): Notifier => {
  const told = new Map(Object.entries(before));
  /** The newest version of each alarm that is not over, or whose end is not told. */
  const known = new Map<string, Alarm>();
  /** When an alarm that was not taken is tried again (`performance.now`), and the wait before that. */
  const retries = new Map<string, { readonly at: number; readonly waitMs: number }>();
  let wake = (): void => {};
  let isClosed = false;
  /** The alarm that is being told: what becomes of it is judged when that is over. */
  let sending = '';

  /** What is shelved or of a flood is told to nobody, and nothing of an alarm that was over before it could be told. */
  const isNews = ({ id, state, flood, priority, shelved }: Alarm): boolean => {
    const last = told.get(id);
    if (state === last) return false;
    if (state === 'normal') return last !== undefined;
    return shelved === null && (!flood || priority === 'high');
  };
  const settle = (alarm: Alarm): void => {
    if (alarm.id === sending || alarm.state !== 'normal' || isNews(alarm)) return;
    known.delete(alarm.id);
    retries.delete(alarm.id);
  };
  const notice = (alarm: Alarm): void => {
    if ((known.get(alarm.id)?.version ?? -1) >= alarm.version) return;
    known.set(alarm.id, alarm);
    settle(alarm);
    if (isNews(alarm)) wake();
  };
  const look = async (): Promise<void> => {
    const open = await views.alarms({ open: true, limit: openMax });
    for (const alarm of open.rows) notice(alarm);
    for (const id of [...told.keys()].filter((one) => !known.has(one))) {
      const alarm = await views.alarm(id);
      if (alarm !== null) notice(alarm);
      else told.delete(id); // of a store that was there before
    }
  };
  const news = (): Alarm[] => [...known.values()].filter(isNews);
  /** Those of high priority first; one that was not taken lets the others go before it. */
  const due = (): Alarm | undefined => {
    const now = performance.now();
    const free = news().filter(({ id, priority }) => (retries.get(id)?.at ?? 0) <= now && (priority === 'high' || !isQuiet()));
    return free.find(({ priority }) => priority === 'high') ?? free[0];
  };
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  /** Until the next is tried again, or a quiet time may have ended. */
  const idle = (): Promise<void> => {
    const now = performance.now();
    const next = Math.min(...news().map(({ id }) => (retries.get(id)?.at ?? now + lookMs) - now));
    return pause(Math.max(1, Math.min(lookMs, next)));
  };

  const send = async (alarm: Alarm): Promise<void> => {
    const { id, state } = alarm;
    sending = id;
    try {
      await channel.send(alarm);
      retries.delete(id);
      if (state === 'normal') told.delete(id);
      else told.set(id, state);
      await keep(Object.fromEntries(told), alarm);
    } catch (error) {
      const waitMs = Math.min(retry.last, 2 * (retries.get(id)?.waitMs ?? retry.first / 2));
      retries.set(id, { at: performance.now() + waitMs, waitMs });
      tell({ channel: channel.name, alarm: id, error: errorText(error), waitMs });
    }
    sending = '';
    // It may have moved on meanwhile.
    const newest = known.get(id);
    if (newest !== undefined) settle(newest);
  };

  const run = async (): Promise<void> => {
    for (let waitMs: number = retry.first; !isClosed; waitMs = Math.min(retry.last, 2 * waitMs)) {
      try {
        await look();
        break;
      } catch (error) {
        tell({ channel: channel.name, alarm: '', error: errorText(error), waitMs });
        await pause(waitMs);
      }
    }
    while (!isClosed) {
      const alarm = due();
      if (alarm === undefined) await idle();
      else await send(alarm);
    }
  };

  const end = views.onCommit(({ alarms }) => {
    for (const alarm of alarms) notice(alarm);
  });
  const done = run();
  return {
    waiting: () => news().length,
    async close() {
      isClosed = true;
      end();
      wake();
      await done;
      channel.close();
    },
  };
};
