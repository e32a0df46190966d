/** What the gate and the commands append themselves: nobody sent it, and it has no topic. What each kind holds is in `core/envelope.ts`. */
import type { Command, Draft } from '../core/envelope.ts';
import type { LogWriter } from '../core/log.ts';

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

export const commandDraft = (command: Command): Draft => ownDraft('command', JSON.stringify(command));

/** Appends, and resolves with the offset when that is durable. */
export const durably = (log: Pick<LogWriter, 'append'>, draft: Draft): Promise<number> => new Promise((resolve) => log.append(draft, resolve));
