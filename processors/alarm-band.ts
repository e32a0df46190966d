/** The dead band of an alarm (ISA-18.2): what is over for its detector and lies just within its limit is not over for its alarm. What becomes of the alarm then is left to `alarms.ts`. */
import { type Quantity, toQuanta } from '../core/quantity.ts';
import { type Anomaly, Flag, type Reading } from '../core/reading.ts';

/** An anomaly that is over, whose value has not come back far enough yet. */
export interface Returning {
  readonly subject: string;
  readonly quantity: string;
  readonly kind: Anomaly['kind'];
  /** Its limits, in the canonical unit, and which of them its first value had passed. */
  readonly limits: readonly [low: number, high: number];
  readonly above: boolean;
  /** Event time at which it was over: what was measured before says nothing. */
  readonly from: number;
}

/** @returns null where it lasts, or had no limit that its value had passed */
export const returningOf = ({ subject, quantity, kind, usual, observed, until }: Anomaly): Returning | null =>
  until === null || usual === null || observed === null || (observed <= usual[1] && observed >= usual[0])
    ? null
    : { subject, quantity, kind, limits: usual, above: observed > usual[1], from: until };

/** True where a reading of it has come back behind the limit by the dead band. */
export const isBack = (
  { subject, quantity: name, limits: [low, high], above, from }: Returning,
  percent: number,
  quantity: Quantity,
  one: Reading,
): boolean => {
  if (one.subject !== subject || one.quantity !== name || one.at < from || one.value === null || (one.flags & Flag.excluded) !== 0) return false;
  const band = (percent / 100) * (high - low);
  return above ? one.value <= toQuanta(quantity, high - band) : one.value >= toQuanta(quantity, low + band);
};
