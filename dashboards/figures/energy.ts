/** Which meters make a site's energy, and their sums by period. Money and CO₂ follow from the town file's factors; what a page shows is left to it. */
import { type CarrierName, carrierNames, type DeviceType } from '../../core/device-type.ts';
import { fail } from '../../core/failure.ts';
import type { Element } from '../../core/pane.ts';
import type { Key } from '../../core/store.ts';
import type { Device, Site, Town } from '../../core/town.ts';
import type { ShownPane, Views } from '../../core/views.ts';
import type { WindowName } from '../../core/window.ts';
import { type Directory, keyName } from '../directory.ts';
import { panesMax } from '../limits.ts';
import { share } from '../present.ts';
import { sumPanes } from '../sums.ts';

/** What is counted of a carrier: the register, or else the amounts of intervals. */
export const energyQuantities: Readonly<Record<CarrierName, readonly [string, ...string[]]>> = {
  electricity: ['active_energy_import', 'active_energy'],
  gas: ['gas_energy_index', 'gas_energy'],
  heat: ['heat_energy', 'heat_amount'],
};

export interface Meter extends Key {
  readonly carrier: CarrierName;
  readonly device: Device;
  /** The other form, where it reported both: what was known before it went over to the register is known afterwards. Both have one unit and quantum. */
  readonly also: readonly string[];
}

const meterOf = (directory: Directory, device: Device, carrier: CarrierName): Meter => {
  const quantities = energyQuantities[carrier];
  const [quantity = quantities[0], ...also] = quantities.filter((name) => directory.has(device.id, name));
  return { subject: device.id, quantity, also, carrier, device };
};

type Energy = NonNullable<DeviceType['energy']>;
const measures = (directory: Directory, site: string, carrier: CarrierName, of: Energy['of']): Device[] =>
  directory.devicesOf(site).filter((device) => {
    const energy = directory.typeOf(device)?.energy;
    return energy?.carrier === carrier && energy.of === of;
  });

/** The meters of a site, those that never reported included: they lower its coverage. What lies behind a meter is not counted twice. */
export const metersOf = (directory: Directory, { id }: Site): Meter[] =>
  carrierNames.flatMap((carrier) => {
    const supply = measures(directory, id, carrier, 'supply');
    const devices = supply.length > 0 ? supply : measures(directory, id, carrier, 'appliance');
    return devices.map((device) => meterOf(directory, device, carrier));
  });

export interface MeteredSite {
  readonly site: Site;
  /** At least one. */
  readonly meters: readonly Meter[];
}

/** Sites with their meters, and those that have none. */
export const byMeters = (directory: Directory, sites: readonly Site[]): { readonly metered: readonly MeteredSite[]; readonly unmetered: readonly Site[] } => {
  const all = sites.map((site) => ({ site, meters: metersOf(directory, site) }));
  return {
    metered: all.filter(({ meters }) => meters.length > 0),
    unmetered: all.filter(({ meters }) => meters.length === 0).map(({ site }) => site),
  };
};

/** What the roofs of some sites feed in. */
export const inverters = (directory: Directory, sites: readonly Site[]): Key[] =>
  sites.flatMap(({ id }) => measures(directory, id, 'electricity', 'production').map((device) => ({ subject: device.id, quantity: 'active_energy_export' })));

/** By `keyName`. */
export type Panes = ReadonlyMap<string, readonly ShownPane[]>;

/** Of each window the pane that was observed longest; of equals the first. */
const bestObserved = (panes: readonly ShownPane[]): ShownPane[] => {
  const best = new Map<number, ShownPane>();
  for (const pane of panes) if (pane.observedMs > (best.get(pane.start)?.observedMs ?? -1)) best.set(pane.start, pane);
  return [...best.values()].sort((a, b) => a.start - b.start);
};

/** Panes by key; of a meter that reported both forms, of each window the one that knows more. @throws FailureError `too-wide` */
export const panesByKey = async (
  views: Views,
  keys: readonly (Key & { readonly also?: readonly string[] })[],
  window: WindowName,
  from: number,
  to: number,
): Promise<Panes> => {
  const formsOf = ({ subject, quantity, also = [] }: (typeof keys)[number]): Key[] => [quantity, ...also].map((one) => ({ subject, quantity: one }));
  const found = keys.length === 0 ? [] : await views.panes({ keys: keys.flatMap(formsOf), window, from, to, limit: panesMax });
  if (found.length > panesMax) throw fail('too-wide', `more than ${panesMax} windows`, 'from');
  const panes = Map.groupBy(found, keyName);
  for (const key of keys) {
    if ((key.also ?? []).length > 0) panes.set(keyName(key), bestObserved(formsOf(key).flatMap((one) => panes.get(keyName(one)) ?? [])));
  }
  return panes;
};

export interface Amount {
  /** kWh; null where nothing is known. */
  readonly kWh: number | null;
  /** 0 to 1, of the part of the period that is over. */
  readonly coverage: number;
  readonly meters: number;
  /** Event time of the last reading in it; null where there is none. */
  readonly until: number | null;
}

/** What some meters used in [from, to), from panes that tile it. `now` cuts the part that is not over. */
export const amount = (directory: Directory, keys: readonly Key[], panes: Panes, from: number, to: number, now: number): Amount => {
  const elapsed = Math.max(1, Math.min(to, now) - from);
  let kWh: number | null = null;
  let covered = 0;
  let until: number | null = null;
  for (const key of keys) {
    const own = (panes.get(keyName(key)) ?? []).filter(({ start, end }) => start >= from && end <= to);
    const quantity = directory.quantity(key.quantity);
    for (const pane of own) {
      const { value } = sumPanes(quantity, [pane], 1);
      if (value !== null) kWh = (kWh ?? 0) + value;
      if (pane.lastAt !== null) until = Math.max(until ?? 0, pane.lastAt);
    }
    covered += Math.min(1, own.reduce((sum, pane: Readonly<Element>) => sum + pane.observedMs, 0) / elapsed);
  }
  return { kWh: kWh === null ? null : Math.round(kWh * 1e4) / 1e4, coverage: keys.length === 0 ? 0 : share(covered / keys.length), meters: keys.length, until };
};

export interface Bill {
  readonly eur: number | null;
  readonly co2Kg: number | null;
}

/** Money and CO₂ of kWh by carrier; null where the town file gives no factor or nothing is known. */
export const bill = (town: Town, amounts: Readonly<Record<CarrierName, Amount>>): Bill => {
  const sum = (factor: (name: CarrierName) => number | undefined): number | null => {
    let total: number | null = null;
    for (const name of carrierNames) {
      const { kWh } = amounts[name];
      const by = factor(name);
      if (kWh !== null && by !== undefined) total = (total ?? 0) + kWh * by;
    }
    return total;
  };
  return {
    eur: sum((name) => town.tariffs?.[`${name}EurPerKWh`]),
    co2Kg: sum((name) => (town.co2 === undefined ? undefined : town.co2[`${name}GPerKWh`] / 1000)),
  };
};

export interface PeriodFigures extends Bill {
  readonly start: number;
  readonly end: number;
  readonly total: Amount;
  readonly byCarrier: Readonly<Record<CarrierName, Amount>>;
}

/** All figures of some meters in one period. */
export const periodFigures = (directory: Directory, meters: readonly Meter[], panes: Panes, start: number, end: number, now: number): PeriodFigures => {
  const of = (name: CarrierName): Amount =>
    amount(
      directory,
      meters.filter(({ carrier }) => carrier === name),
      panes,
      start,
      end,
      now,
    );
  const byCarrier = { electricity: of('electricity'), gas: of('gas'), heat: of('heat') };
  return { start, end, total: amount(directory, meters, panes, start, end, now), byCarrier, ...bill(directory.town, byCarrier) };
};
