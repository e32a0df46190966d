/** When the figures of a civil month count as final. What changed them since is told by receipts. */

import { dayMs } from './time.ts';
import type { Interval } from './window.ts';

/** `provisional`: may still change without a word. `closed`: each change is listed as an adjustment. */
export type MonthState = 'provisional' | 'closed';

/** How long after its end a month closes, in days of log time, unless the settings say otherwise. */
export const monthClosesAfterDaysDefault = 10;

/** What decides it, as of now. */
export interface Closing {
  readonly closesAfterDays: number;
  /** Log time, epoch ms: the same for every reader of the same log. */
  readonly logTime: number;
}

/** Log time at which a month closes, epoch ms. */
export const closesAt = ({ end }: Interval, { closesAfterDays }: Pick<Closing, 'closesAfterDays'>): number => end + closesAfterDays * dayMs;

export const monthState = (month: Interval, closing: Closing): MonthState => (closing.logTime < closesAt(month, closing) ? 'provisional' : 'closed');
