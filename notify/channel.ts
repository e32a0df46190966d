/** The port `Channel`: a way on which alarms leave octroi. When and how often is left to `notifier.ts`. */
import type { Alarm } from '../core/alarm.ts';

export interface Channel {
  readonly name: string;
  /** Hands one version of an alarm to the other side. It may come again after a crash, with the same name: `<id>/<version>`. @throws Error where it was not taken */
  send(alarm: Alarm): Promise<void>;
  close(): void;
}

/** Its name in every channel: who gets it twice may drop the second. */
export const noticeId = ({ id, version }: Alarm): string => `${id}/${version}`;
