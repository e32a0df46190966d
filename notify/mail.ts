/** Channel: mail by SMTP, in French and English. */
import { createTransport } from 'nodemailer';
import type { Alarm } from '../core/alarm.ts';
import { type Channel, noticeId } from './channel.ts';

export interface MailOptions {
  /** `smtp://user:password@host:port`, or `smtps://`. */
  readonly url: string;
  readonly from: string;
  /** Addresses, with commas between. */
  readonly to: string;
  /** IANA zone in which moments are told. */
  readonly zone: string;
}

const states: Readonly<Record<Alarm['state'], readonly [fr: string, en: string]>> = {
  active: ['sans réponse', 'unanswered'],
  acknowledged: ['prise en compte', 'acknowledged'],
  returned: ['finie, sans réponse', 'over, unanswered'],
  normal: ['terminée', 'over'],
};

/** 25 October 2026, 02:30 +01:00 in words of the language: in the hour that comes twice the offset tells which. */
const moment = (at: number, zone: string, language: 0 | 1): string =>
  new Intl.DateTimeFormat(language === 0 ? 'fr-FR' : 'en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'longOffset',
  }).format(at);

const lines = ({ cause, state, since, until, anomalies, acknowledged, reason }: Alarm, zone: string, language: 0 | 1): string =>
  [
    `${cause}: ${states[state][language]}`,
    reason[language === 0 ? 'fr' : 'en'],
    `${moment(since, zone, language)} – ${until === null ? '…' : moment(until, zone, language)}${anomalies > 1 ? `, ${anomalies} anomalies` : ''}`,
    ...(acknowledged === null ? [] : [`${acknowledged.by}: ${acknowledged.comment}`]),
  ].join('\n');

export const mail = ({ url, from, to, zone }: MailOptions): Channel => {
  const transport = createTransport({ url, connectionTimeout: 15_000, socketTimeout: 30_000 });
  return {
    name: 'mail',
    async send(alarm) {
      // The same alarm again is an answer to its first mail: mail programs show them as one thread.
      const thread = `<${Buffer.from(alarm.id).toString('base64url')}@octroi.invalid>`;
      const id =
        alarm.version === 0
          ? { messageId: thread }
          : { messageId: `<${Buffer.from(noticeId(alarm)).toString('base64url')}@octroi.invalid>`, references: thread };
      const subject = `[octroi] ${alarm.priority}: ${alarm.cause} (${states[alarm.state].join(', ')})`;
      await transport.sendMail({ from, to, subject, text: `${lines(alarm, zone, 0)}\n\n${lines(alarm, zone, 1)}\n`, ...id });
    },
    close: () => transport.close(),
  };
};
