/** What the gate and the commands append themselves: nobody sent it, and it has no topic. What each kind holds is in `core/envelope.ts`. */
import type { Draft } from '../core/envelope.ts';

/** @param text the payload @param subject the device concerned; empty for ticks, commands and registry changes */
export const ownDraft = (kind: Exclude<Draft['kind'], 'message'>, text: string, subject = ''): Draft => ({
  kind,
  subject,
  sender: '',
  topic: '',
  payload: Buffer.from(text),
  qos: 1,
  dup: false,
  packetId: 0,
});
