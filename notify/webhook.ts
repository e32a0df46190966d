/** Channel: HTTP POST of JSON, signed as Standard Webhooks 1.0.0 says, so that the receiver can tell who sent it and when. */
import { createHmac } from 'node:crypto';
import type { Alarm } from '../core/alarm.ts';
import { type Channel, noticeId } from './channel.ts';

/** How long the receiver may take, ms. */
const answerMsMax = 15_000;

export interface WebhookOptions {
  readonly url: string;
  /** `whsec_` and the key in base64. */
  readonly secret: string;
  /** Epoch ms. */
  readonly clock?: () => number;
}

/** What a receiver computes too: HMAC-SHA-256 of `id.timestamp.body`. */
export const signatureOf = (secret: string, id: string, seconds: number, body: string): string =>
  `v1,${createHmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64'))
    .update(`${id}.${seconds}.${body}`)
    .digest('base64')}`;

export const webhook = ({ url, secret, clock = Date.now }: WebhookOptions): Channel => ({
  name: 'webhook',
  async send(alarm: Alarm) {
    const at = clock();
    const seconds = Math.floor(at / 1_000);
    // A name of an alarm may hold what is no header.
    const id = Buffer.from(noticeId(alarm)).toString('base64url');
    const body = JSON.stringify({ type: `alarm.${alarm.state}`, timestamp: new Date(at).toISOString(), data: alarm });
    const answer = await fetch(url, {
      method: 'POST',
      redirect: 'error',
      signal: AbortSignal.timeout(answerMsMax),
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': signatureOf(secret, id, seconds, body),
      },
      body,
    });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
  },
  close() {},
});
