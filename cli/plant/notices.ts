/** Where alarms are told beside pages, API and SSE: the channels that the settings name, and what each was told. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, pino } from 'pino';
import type { Config } from '../../config.ts';
import type { Alarm, Told } from '../../core/alarm.ts';
import type { LogWriter } from '../../core/log.ts';
import type { Views } from '../../core/views.ts';
import { shownAlarm } from '../../dashboards/api/alarms.ts';
import { type AlarmTopics, keepAlarmTopics } from '../../notify/alarm-topics.ts';
import type { Channel } from '../../notify/channel.ts';
import { mail } from '../../notify/mail.ts';
import { type Notifier, notifier } from '../../notify/notifier.ts';
import { isQuietAt } from '../../notify/quiet-hours.ts';
import { webhook } from '../../notify/webhook.ts';
import { writeWhole } from '../keep/whole-file.ts';
import { openAlarmLog } from '../parts/kafka.ts';
import { noteTold } from '../roles/alarm-log.ts';
import type { Wanted } from '../roles/retained-topic.ts';
import type { GateCalls } from './main.ts';
import type { PlantThread } from './thread.ts';

const channelsOf = ({ webhookUrl, webhookSecret, mailUrl, mailFrom, mailTo }: Config, zone: string): Channel[] => [
  ...(webhookUrl === undefined || webhookSecret === undefined ? [] : [webhook({ url: webhookUrl, secret: webhookSecret })]),
  ...(mailUrl === undefined || mailFrom === undefined || mailTo === undefined ? [] : [mail({ url: mailUrl, from: mailFrom, to: mailTo, zone })]),
];

/** What is no such file tells all that is open once more. */
const toldIn = async (file: string): Promise<Told> => {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Told;
  } catch {
    return {};
  }
};

/** What notices ask of the plant. */
type Asked = Pick<Views, 'status' | 'town' | 'alarms' | 'alarm' | 'onCommit'>;

/** What was told before, and where that is kept. */
interface Memory {
  /** Resolves when all that was in the log at first is processed: what a plant that catches up passes through is over, and told to nobody. */
  caughtUp(signal: AbortSignal): Promise<void>;
  toldBy(channel: string): Promise<Told>;
  keep(channel: string, told: Told, last: Alarm): Promise<void>;
}

const open = async (config: Config, views: Asked, memory: Memory, zone: string, channel: Channel, logger: Logger): Promise<Notifier> =>
  notifier({
    channel,
    views,
    told: await memory.toldBy(channel.name),
    keep: (told, last) => memory.keep(channel.name, told, last),
    isQuiet: () => config.quietHours !== undefined && isQuietAt(config.quietHours, zone, Date.now()),
    tell: (what) => logger.warn(what, 'an alarm could not be told; it is tried again'),
  });

/** So long what is on its way is waited for at the end, ms. */
const endMsMax = 5_000;
/** How often it is looked whether the plant has caught up, ms. */
const lookMs = 500;

/** In the data folder, where the plant has one to itself. */
const folderMemory = ({ data }: Config, { status }: Asked): Memory => {
  const fileOf = (channel: string): string => join(data, `told-by-${channel}.json`);
  return {
    async caughtUp(signal) {
      const { logEnd } = await status();
      while ((await status()).position < logEnd) await delay(lookMs, undefined, { signal, ref: false });
    },
    toldBy: (channel) => toldIn(fileOf(channel)),
    keep: (channel, told) => writeWhole(fileOf(channel), JSON.stringify(told)),
  };
};

/**
 * In the alarm log: whoever takes the stage over knows what was told.
 * @param end of that log when the stage was taken over
 */
const logMemory = ({ told, status }: PlantThread['views'], log: LogWriter, end: number): Memory => ({
  async caughtUp(signal) {
    // Behind a restart the pipeline may be behind its store.
    while ((await status()).position < end || (await told()).end < end) await delay(lookMs, undefined, { signal, ref: false });
  },
  toldBy: async (channel) => (await told()).by[channel] ?? {},
  async keep(channel, _, { id, state }) {
    await noteTold(log, { channel, alarm: id, state });
  },
});

const isTelling = ({ webhookUrl, mailUrl }: Config): boolean => webhookUrl !== undefined || mailUrl !== undefined;

export interface Notices {
  /** Resolves when what is on its way was taken, or was not. */
  close(): Promise<void>;
}

/** Keeps what is open on MQTT, for operators, from now on until it is closed. */
export const tellOperators = (
  config: Config,
  views: Pick<Views, 'alarms' | 'onCommit'>,
  gate: Pick<GateCalls, 'publishToOperators' | 'clearOperators'>,
): AlarmTopics => {
  const logger = pino({ level: config.logLevel, base: { role: 'plant' } });
  return keepAlarmTopics({
    views,
    publish: (topic, payload) => gate.publishToOperators(topic, payload),
    clear: () => gate.clearOperators(),
    bodyOf: shownAlarm,
    failed: (error) => logger.warn({ error: String(error) }, 'an alarm could not be put on MQTT; it is tried again'),
  });
};

/** Tells alarms from when the plant has caught up, until it is closed: what is not told by then is told behind the next start. */
export const keepNotices = (config: Config, views: Asked, memory: Memory = folderMemory(config, views)): Notices => {
  const logger = pino({ level: config.logLevel, base: { role: 'plant' } });
  const ending = new AbortController();
  const opened: Notifier[] = [];
  const start = async (): Promise<void> => {
    await memory.caughtUp(ending.signal);
    const { zone } = await views.town();
    for (const channel of channelsOf(config, zone)) if (!ending.signal.aborted) opened.push(await open(config, views, memory, zone, channel, logger));
  };
  if (isTelling(config))
    start().catch((error: Error) => {
      if (!ending.signal.aborted) logger.error({ error: error.message }, 'alarms are not told until the next start');
    });
  return {
    async close() {
      ending.abort();
      await Promise.all(opened.map((one) => one.close()));
    },
  };
};

/**
 * Tells the alarms of all partitions, for as long as this process has the alarm stage.
 * @param thread that runs it
 * @returns what ends it; rejects as `openKafkaWriter`
 */
export const tellForStage = async (config: Config, { views }: PlantThread, onCommit: Views['onCommit']): Promise<Notices> => {
  if (!isTelling(config)) return { close: async () => {} };
  const log = await openAlarmLog(config);
  const { status, town, alarms, alarm } = views;
  const notices = keepNotices(config, { status, town, alarms, alarm, onCommit }, logMemory(views, log, log.durableEnd));
  return {
    async close() {
      // The other side may take its time, and the thread that is asked may have ended.
      await Promise.race([notices.close(), delay(endMsMax, undefined, { ref: false })]);
      await log.close();
    },
  };
};

/** Open alarms of all partitions as they are to be retained, for as long as this process has the alarm stage. */
export const retainedForStage = (config: Config, alarms: Views['alarms'], onCommit: Views['onCommit']): { readonly wanted: Wanted; close(): void } => {
  const open = new Map<string, string>();
  const { begun, close } = tellOperators(
    config,
    { alarms, onCommit },
    {
      async publishToOperators(topic, payload) {
        if (payload === '') open.delete(topic);
        else open.set(topic, payload);
      },
      clearOperators: async () => open.clear(),
    },
  );
  return { wanted: () => begun.then(() => open), close };
};
