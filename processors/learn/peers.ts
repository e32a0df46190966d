/**
 * What the solar plants of a partition gave on the last days, each as a share of its own best: the one thing that detectors know
 * of other devices. When a share is unusual is left to `detect/solar-peers.ts`.
 */
import { median } from '../../core/median.ts';

/** Shares by local day (number since 1970), then by `<quantity>/<device>`. Plain, as it leaves and comes back with the snapshot. */
export type PeerDays = Record<string, Record<string, number>>;

/** Days that are kept: the last one told of, and those before it. */
const daysKept = 3;
/** Plants of a day at the most; of more, those told first are peers. */
export const peersMax = 1_000;
/** Others that a median needs. */
const peersMin = 3;

/** What one plant tells and asks. */
export interface Peers {
  /** Says what it gave on a day that is over; older days than those kept pass by. */
  tell(day: number, share: number): void;
  /** The median of what the others told of a day, and of how many; null where too few did. */
  others(day: number): { readonly median: number; readonly count: number } | null;
}

const forgetBefore = (days: PeerDays, first: number): void => {
  for (const day of Object.keys(days)) if (Number(day) < first) delete days[day];
};

/** Those of a device, for one of its quantities. */
export const peersOf = (days: PeerDays, subject: string, quantity: string): Peers => {
  const own = `${quantity}/${subject}`;
  return {
    tell(day, share) {
      forgetBefore(days, day - daysKept + 1);
      if (Object.keys(days).some((kept) => Number(kept) >= day + daysKept)) return;
      days[day] ??= {};
      const told = days[day];
      if (own in told || Object.keys(told).length < peersMax) told[own] = share;
    },
    others(day) {
      const told = Object.entries(days[day] ?? {}).flatMap(([name, share]) => (name !== own && name.startsWith(`${quantity}/`) ? [share] : []));
      const middle = median(told);
      return told.length < peersMin || middle === null ? null : { median: middle, count: told.length };
    },
  };
};
