/**
 * How many places of a car park will be free, and how far such forecasts were from what came: the model of `core/occupancy.ts`, given
 * the quarters of the last weeks. What is free now is left to `parking.ts`.
 */
import { ratio } from '../../core/exact.ts';
import { horizonsMs, occupancy } from '../../core/occupancy.ts';
import type { Element } from '../../core/pane.ts';
import { dayMs, quarterMs } from '../../core/time.ts';
import type { Views } from '../../core/views.ts';
import type { Directory } from '../directory.ts';

/** What is forecast of a car park. */
export const forecastQuantity = 'free_places';
/** History that it is given, ms. */
const historyMs = 42 * dayMs;
/** The last quarter that closed is no older than this, ms: from longer ago the nearest horizon has passed. */
const freshMs = 2 * quarterMs;
/** Days that it must have seen, and forecasts of a horizon whose outcome is known: before, nothing is said. */
const daysMin = 14;
const outcomesMin = 200;

export interface Forecast {
  readonly minutes: number;
  /** Epoch ms. */
  readonly at: number;
  /** Places. */
  readonly free: number;
  /** Mean of how far forecasts so far ahead were from what came, places. */
  readonly usualError: number;
}

/** Places that were free when a quarter ended; null where that is not known. Where nothing came in it, what was reported before still holds. */
const freeAtEnd = ({ observedMs, lastValue, integral2 }: Readonly<Element>): number | null =>
  lastValue ?? (observedMs < quarterMs / 2 ? null : ratio(integral2, 2 * observedMs));

/**
 * @param quarters closed panes of 15 minutes, in order; those that are missing were not seen
 * @param zone IANA @param capacity places, where known
 * @param until end of the last quarter that closed, epoch ms
 * @returns one for each horizon; none while it learns, or where it is not known how many are free
 */
export const forecasts = (quarters: readonly Readonly<Element>[], zone: string, capacity: number | null, until: number): Forecast[] => {
  const [first] = quarters;
  if (first === undefined || until - first.start < daysMin * dayMs || quarters.at(-1)?.end !== until) return [];
  const model = occupancy(zone, capacity ?? Number.POSITIVE_INFINITY);
  const byEnd = new Map(quarters.map((pane) => [pane.end, freeAtEnd(pane)]));
  const known = horizonsMs.map(() => ({ due: new Map<number, number>(), error: 0, count: 0 }));
  for (let at = first.end; at <= until; at += quarterMs) {
    const free = byEnd.get(at) ?? null;
    model.take(at, free);
    for (const [n, horizonMs] of horizonsMs.entries()) {
      const one = known[n] as (typeof known)[number];
      const said = one.due.get(at);
      one.due.delete(at);
      if (said !== undefined && free !== null) {
        one.error += Math.abs(free - said);
        one.count++;
      }
      const next = free === null || at - first.start < (daysMin / 2) * dayMs ? null : model.forecast(horizonMs);
      if (next !== null) one.due.set(at + horizonMs, next);
    }
  }
  return horizonsMs.flatMap((horizonMs, n) => {
    const { due, error, count } = known[n] as (typeof known)[number];
    const free = due.get(until + horizonMs);
    if (free === undefined || count < outcomesMin) return [];
    return [{ minutes: horizonMs / 60_000, at: until + horizonMs, free: Math.round(free), usualError: Math.max(1, Math.round(error / count)) }];
  });
};

/** What was forecast last, by car park: weeks of quarters are run through once for each quarter that closes, not for each who asks. What a revision changes of older ones counts from the next quarter on. */
const told = new WeakMap<Views, Map<string, { readonly basis: string; readonly found: Promise<Forecast[]> }>>();

/**
 * The forecasts of a car park, from the quarters of its last weeks.
 * @param now epoch ms
 * @returns as `forecasts`
 * @throws FailureError `not-found`, field `device`
 */
export const forecastsOf = async (views: Views, directory: Directory, id: string, now: number): Promise<Forecast[]> => {
  const device = directory.device(id);
  const quarters = async (from: number): Promise<Element[]> => {
    const limit = Math.ceil((now - from) / quarterMs) + 1;
    const panes = await views.panes({ keys: [{ subject: id, quantity: forecastQuantity }], window: 'PT15M', from, to: now, limit });
    return panes.filter(({ open, end }) => !open && end <= now);
  };
  const last = (await quarters(Math.floor(now / quarterMs) * quarterMs - 3 * quarterMs)).at(-1);
  if (last === undefined || now - last.end >= freshMs) return [];
  const { capacity = null } = device;
  const zone = directory.zoneOf(device);
  const basis = `${last.end} ${zone} ${capacity}`;
  const byDevice = told.get(views) ?? new Map();
  told.set(views, byDevice);
  const before = byDevice.get(id);
  if (before?.basis === basis) return before.found;
  const found = quarters(Math.floor((now - historyMs) / quarterMs) * quarterMs).then((all) => forecasts(all, zone, capacity, last.end));
  byDevice.set(id, { basis, found });
  found.catch(() => byDevice.delete(id));
  return found;
};
