/** Where alarms are told beside pages, API and SSE: the channels that the settings name, and what each was told. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Config } from '../config.ts';
import type { Views } from '../core/views.ts';
import type { Channel } from '../notify/channel.ts';
import { mail } from '../notify/mail.ts';
import { type Notifier, notifier, type Told } from '../notify/notifier.ts';
import { isQuietAt } from '../notify/quiet-hours.ts';
import { webhook } from '../notify/webhook.ts';
import { writeWhole } from './whole-file.ts';

const channelsOf = ({ webhookUrl, webhookSecret, mailUrl, mailFrom, mailTo }: Config): Channel[] => [
  ...(webhookUrl === undefined || webhookSecret === undefined ? [] : [webhook({ url: webhookUrl, secret: webhookSecret })]),
  ...(mailUrl === undefined || mailFrom === undefined || mailTo === undefined ? [] : [mail({ url: mailUrl, from: mailFrom, to: mailTo })]),
];

/** What is no such file tells all that is open once more. */
const toldIn = async (file: string): Promise<Told> => {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Told;
  } catch {
    return {};
  }
};

export const openNotices = async (config: Config, views: Views): Promise<Notifier[]> => {
  const logger = pino({ level: config.logLevel, base: { role: 'plant' } });
  const { zone } = await views.town();
  return Promise.all(
    channelsOf(config).map(async (channel) => {
      const file = join(config.data, `told-by-${channel.name}.json`);
      return notifier({
        channel,
        views,
        told: await toldIn(file),
        keep: (told) => writeWhole(file, JSON.stringify(told)),
        isQuiet: () => config.quietHours !== undefined && isQuietAt(config.quietHours, zone, Date.now()),
        tell: (what) => logger.warn(what, 'an alarm could not be told; it is tried again'),
      });
    }),
  );
};
