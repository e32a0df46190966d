/**
 * Operator alarm-band: tells the alarms what was judged, with the dead band of its limit (ISA-18.2): what is over for its detector and
 * lies just within its limit is not over for its alarm. It sees readings, so it works beside them; what becomes of the alarm is left to
 * `alarms.ts`, which may be elsewhere.
 */
import type { AlarmNews } from '../core/alarm.ts';
import { type Quantity, toQuanta } from '../core/quantity.ts';
import { type Anomaly, Flag, type Reading } from '../core/reading.ts';
import { type AlarmTown, alarmRuleOf } from './alarm-rules.ts';

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
const returningOf = ({ subject, quantity, kind, usual, observed, until }: Anomaly): Returning | null =>
  until === null || usual === null || observed === null || (observed <= usual[1] && observed >= usual[0])
    ? null
    : { subject, quantity, kind, limits: usual, above: observed > usual[1], from: until };

/** True where a reading of it has come back behind the limit by the dead band. */
const isBack = ({ subject, quantity: name, limits: [low, high], above, from }: Returning, percent: number, quantity: Quantity, one: Reading): boolean => {
  if (one.subject !== subject || one.quantity !== name || one.at < from || one.value === null || (one.flags & Flag.excluded) !== 0) return false;
  const band = (percent / 100) * (high - low);
  return above ? one.value <= toQuanta(quantity, high - band) : one.value >= toQuanta(quantity, low + band);
};

/** By name: one tick may find many devices silent, in an order that is another one after a restore. */
const byName = (anomalies: readonly Anomaly[]): Anomaly[] => [...anomalies].sort(({ id: a }, { id: b }) => (a < b ? -1 : a > b ? 1 : 0));

/**
 * What one envelope tells the alarms, by the anomalies and readings that it put out.
 * @param returning anomalies that are withheld, by id: those that are added stay in it until their value has come back. A town that wants
 * no dead band any more, or does not know the quantity, waits for nothing
 */
export const judgementsOf = (
  returning: Map<string, Returning>,
  { find, town }: AlarmTown,
  anomalies: readonly Anomaly[],
  readings: readonly Reading[],
): AlarmNews[] => {
  const bandOf = (kind: Anomaly['kind']): number => alarmRuleOf(kind, town().alarms)?.deadBandPercent ?? 0;
  const told: AlarmNews[] = [];
  for (const anomaly of byName(anomalies)) {
    const withheld = bandOf(anomaly.kind) > 0 ? returningOf(anomaly) : null;
    if (withheld !== null) returning.set(anomaly.id, withheld);
    told.push({ anomaly, isWithheld: withheld !== null });
  }
  for (const [id, one] of returning) {
    const band = bandOf(one.kind);
    const quantity = find(one.subject)?.type?.rules.get(one.quantity)?.quantity;
    if (band > 0 && quantity !== undefined && !readings.some((reading) => isBack(one, band, quantity, reading))) continue;
    returning.delete(id);
    told.push({ back: id });
  }
  return told;
};
