/** Where alarms are told beside pages, API and SSE: the channels that the settings name, and what each was told. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, pino } from 'pino';
import type { Config } from '../config.ts';
import type { Views } from '../core/views.ts';
import { shownAlarm } from '../dashboards/api/alarms.ts';
import { keepAlarmTopics } from '../notify/alarm-topics.ts';
import type { Channel } from '../notify/channel.ts';
import { mail } from '../notify/mail.ts';
import { type Notifier, notifier, type Told } from '../notify/notifier.ts';
import { isQuietAt } from '../notify/quiet-hours.ts';
import { webhook } from '../notify/webhook.ts';
import type { GateCalls } from './plant.ts';
import { writeWhole } from './whole-file.ts';

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

const open = async (config: Config, views: Views, zone: string, channel: Channel, logger: Logger): Promise<Notifier> => {
  const file = join(config.data, `told-by-${channel.name}.json`);
  return notifier({
    channel,
    views,
    told: await toldIn(file),
    keep: (told) => writeWhole(file, JSON.stringify(told)),
    isQuiet: () => config.quietHours !== undefined && isQuietAt(config.quietHours, zone, Date.now()),
    tell: (what) => logger.warn(what, 'an alarm could not be told; it is tried again'),
  });
};

/** How often it is looked whether the plant has caught up, ms. */
const lookMs = 500;

/** Resolves when all that was in the log at first is processed: what a plant that catches up passes through is over, and told to nobody. */
const caughtUp = async ({ status }: Views, signal: AbortSignal): Promise<void> => {
  const { logEnd } = await status();
  while ((await status()).position < logEnd) await delay(lookMs, undefined, { signal, ref: false });
};

export interface Notices {
  close(): void;
}

/** Keeps what is open on MQTT, for operators, from now on until it is closed. */
export const tellOperators = (config: Config, views: Views, gate: Pick<GateCalls, 'publishToOperators' | 'clearOperators'>): Notices => {
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
export const keepNotices = (config: Config, views: Views): Notices => {
  const logger = pino({ level: config.logLevel, base: { role: 'plant' } });
  const ending = new AbortController();
  const opened: Notifier[] = [];
  const start = async (): Promise<void> => {
    await caughtUp(views, ending.signal);
    const { zone } = await views.town();
    for (const channel of channelsOf(config, zone)) if (!ending.signal.aborted) opened.push(await open(config, views, zone, channel, logger));
  };
  if (config.webhookUrl !== undefined || config.mailUrl !== undefined)
    start().catch((error: Error) => {
      if (!ending.signal.aborted) logger.error({ error: error.message }, 'alarms are not told until the next start');
    });
  return {
    close() {
      ending.abort();
      for (const one of opened) void one.close();
    },
  };
};
