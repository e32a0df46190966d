/** The town as routes look things up in it: devices, sites, quantities, and which keys have readings. Figures are left to the routes. */
import type { DeviceType, ResolvedType } from '../core/device-type.ts';
import { fail } from '../core/failure.ts';
import type { Quantity } from '../core/quantity.ts';
import type { Key } from '../core/store.ts';
import type { Device, Past, Site, Town } from '../core/town.ts';
import type { Views } from '../core/views.ts';
import { finestLevel, type Level } from '../core/window.ts';

export interface Directory {
  readonly town: Town;
  /** Throws FailureError `not-found`, field `device`. */
  device(id: string): Device;
  /** Throws FailureError `not-found`, field `site`. */
  site(id: string): Site;
  /** Undefined where the town has no such device. */
  find(id: string): Device | undefined;
  /** Undefined where the town has no such site. */
  findSite(id: string): Site | undefined;
  /** True where the subject ever stood at a home, whether it is in the town or not. */
  wasHome(subject: string): boolean;
  devicesOf(site: string): readonly Device[];
  /** Undefined where this octroi has no such type. */
  typeOf(device: Device): DeviceType | undefined;
  /** Throws FailureError `bad-request`, field `quantity`. */
  quantity(name: string): Quantity;
  findQuantity(name: string): Quantity | undefined;
  /** True where the key has a reading. */
  has(subject: string, quantity: string): boolean;
  quantitiesOf(subject: string): readonly string[];
  zoneOf(device: Device): string;
  /** The finest window that the device has figures in, of a quantity or of any; before its first reading, what it will have. */
  finestOf(device: Device, quantity?: string): Level;
}

type FoldedKey = Awaited<ReturnType<Views['keys']>>[number];

/** A key as one word. */
export const keyName = ({ subject, quantity }: Key): string => `${subject}/${quantity}`;

/** Every quantity of the types, by name. */
export const quantitiesOf = (types: ReadonlyMap<string, ResolvedType>): Map<string, Quantity> =>
  new Map([...types.values()].flatMap(({ rules }) => [...rules].map(([name, { quantity }]) => [name, quantity] as const)));

interface Told {
  readonly town: Town;
  readonly keys: readonly FoldedKey[];
  readonly past: readonly Past[];
}

const describe = ({ town, keys, past }: Told, types: ReadonlyMap<string, ResolvedType>, quantities: ReadonlyMap<string, Quantity>): Directory => {
  const homes = new Set(past.flatMap(({ subject, home }) => (home ? [subject] : [])));
  const devices = new Map(town.devices.map((device) => [device.id, device]));
  const sites = new Map(town.sites.map((site) => [site.id, site]));
  const bySite = Map.groupBy(town.devices, ({ site }) => site);
  const known = new Set(keys.map(keyName));
  const bySubject = Map.groupBy(keys, ({ subject }) => subject);
  return {
    town,
    device(id) {
      const device = devices.get(id);
      if (device === undefined) throw fail('not-found', `no device "${id}" in the town`, 'device');
      return device;
    },
    site(id) {
      const site = sites.get(id);
      if (site === undefined) throw fail('not-found', `no site "${id}" in the town`, 'site');
      return site;
    },
    find: (id) => devices.get(id),
    findSite: (id) => sites.get(id),
    wasHome: (subject) => homes.has(subject),
    devicesOf: (site) => bySite.get(site) ?? [],
    typeOf: ({ type }) => types.get(type)?.type,
    quantity(name) {
      const quantity = quantities.get(name);
      if (quantity === undefined) throw fail('bad-request', `no quantity "${name}"`, 'quantity');
      return quantity;
    },
    findQuantity: (name) => quantities.get(name),
    has: (subject, quantity) => known.has(keyName({ subject, quantity })),
    quantitiesOf: (subject) => (bySubject.get(subject) ?? []).map(({ quantity }) => quantity),
    zoneOf: (device) => device.zone ?? (device.site === undefined ? undefined : sites.get(device.site)?.zone) ?? town.zone,
    finestOf(device, quantity) {
      const folded = (bySubject.get(device.id) ?? []).filter((key) => quantity === undefined || key.quantity === quantity).map(({ finest }) => finest);
      return folded.length > 0 ? (Math.min(...folded) as Level) : finestLevel(device.intervalMs ?? types.get(device.type)?.type.intervalMs ?? 0);
    },
  };
};

/** Asks for the town once between two commits. @returns the directory as of the last commit, and what ends the listening */
export const directoryOf = (views: Views, types: ReadonlyMap<string, ResolvedType>): { current(): Promise<Directory>; end(): void } => {
  const quantities = quantitiesOf(types);
  let known: Promise<Directory> | null = null;
  const end = views.onCommit(() => {
    known = null;
  });
  return {
    current() {
      if (known !== null) return known;
      const asked = Promise.all([views.town(), views.keys(), views.past()]).then(([town, keys, past]) => describe({ town, keys, past }, types, quantities));
      known = asked;
      asked.catch(() => {
        if (known === asked) known = null;
      });
      return asked;
    },
    end,
  };
};
