/** The town as it held at a position of the log: the applied file, and the devices adopted since; who may speak for whom. */
import type { QuantityRule, ResolvedType } from '../core/device-type.ts';
import type { FoldRule } from '../core/fold.ts';
import { holdsValue, toQuanta } from '../core/quantity.ts';
import { type Device, emptyTown, type Past, pastFaults, standingIn, type Town } from '../core/town.ts';
import { finestLevel } from '../core/window.ts';

/** Device types by name. */
export type Types = ReadonlyMap<string, ResolvedType>;

/** A device, and what its type says of it. */
export interface Declared {
  readonly device: Device;
  readonly type: ResolvedType;
  /** Where it stands, or its site, longitude and latitude. */
  readonly place?: readonly [number, number] | undefined;
}

export interface Registry {
  readonly town: () => Town;
  readonly find: (subject: string) => Declared | undefined;
  /** Sets the town; adopted devices that it does not declare stay, but for those that are named. */
  readonly apply: (town: Town, gone?: ReadonlySet<string>) => void;
  /** Adds a device that the town does not declare; false where it is already known or its type is not. */
  readonly adopt: (device: Device) => boolean;
  readonly adopted: () => readonly Device[];
  readonly zoneOf: (device: Device) => string;
  /** What is remembered of a subject for good. */
  readonly past: (subject: string) => Past;
  /** True where the device may stand as it does in the town of now, after all that was. */
  readonly keepsPast: (device: Device) => boolean;
  /** Subjects that ever stood at a home, in the order in which they did. */
  readonly homes: () => readonly string[];
  /** Adds to these: out of a snapshot. */
  readonly remember: (homes: readonly string[]) => void;
}

const placesOf = ({ sites }: Town): Map<string, readonly [number, number]> =>
  new Map(sites.flatMap(({ id, at }) => (at === undefined ? [] : [[id, at] as const])));

/** The type of devices that are adopted unseen. */
export const genericTypeName = 'generic';

/** @param zoneKept the zone whose days the figures of a subject are stored by; null where it has none */
export const registry = (types: Types, zoneKept: (subject: string) => string | null = () => null): Registry => {
  let town: Town = emptyTown;
  let standing = standingIn(town);
  let siteAt = placesOf(town);
  /** For good: it outlives the device in the town. */
  const homes = new Set<string>();
  let adopted = new Map<string, Device>();
  const declared = new Map<string, Declared>();

  const declare = (device: Device): boolean => {
    if (standing(device).home) homes.add(device.id);
    const type = types.get(device.type);
    if (type === undefined) return false;
    declared.set(device.id, { device, type, place: device.at ?? siteAt.get(device.site ?? '') });
    return true;
  };

  const past = (subject: string): Past => ({ subject, zone: zoneKept(subject), home: homes.has(subject) });

  return {
    town: () => town,
    find: (subject) => declared.get(subject),
    apply(next, gone = new Set()) {
      town = next;
      standing = standingIn(next);
      siteAt = placesOf(next);
      adopted = new Map([...adopted].filter(([id]) => !gone.has(id)));
      declared.clear();
      for (const device of adopted.values()) declare(device);
      for (const device of next.devices) declare(device);
      const inFile = new Set(next.devices.map(({ id }) => id));
      adopted = new Map([...adopted].filter(([id]) => !inFile.has(id)));
    },
    adopt(device) {
      if (declared.has(device.id) || !declare(device)) return false;
      adopted.set(device.id, device);
      return true;
    },
    adopted: () => [...adopted.values()],
    zoneOf: (device) => standing(device).zone,
    past,
    keepsPast: (device) => pastFaults(past(device.id), device, standing(device)).length === 0,
    homes: () => [...homes],
    remember(more) {
      for (const subject of more) homes.add(subject);
    },
  };
};

/** True where `sender` may publish as `device`: the device itself, a gateway declared for it, or anybody in an open town where it has no secret. */
export const maySpeak = (town: Town, device: Device, sender: string): boolean =>
  sender === device.id || (device.via?.includes(sender) ?? false) || (town.admission === 'open' && device.secretSha256 === undefined);

/**
 * True where what waited for the device to be known may be its own: nobody gave a name that nobody had declared, and an
 * operator has taken the device in without asking for a secret.
 */
export const mayHaveSpoken = (device: Device, sender: string): boolean => sender === '' && device.secretSha256 === undefined;

/** The device as it is adopted: the gateways of the town that sent for it may go on. Nobody else may: a device that spoke in its name is none. */
export const throughGateways = ({ gateways }: Town, device: Device, senders: Iterable<string>): Device => {
  const sent = new Set(senders);
  const heard = gateways.map(({ id }) => id).filter((id) => sent.has(id));
  return heard.length === 0 ? device : { ...device, via: [...new Set([...(device.via ?? []), ...heard])] };
};

/** Ends of registers whose digits are not known: five digits of the unit and more, quanta. */
const learntEnds = (perUnit: number): number[] => [1e5, 1e6, 1e7, 1e8, 1e9].map((end) => end * perUnit);

/** How a device's readings of one quantity are folded; see `FoldRule`. */
export const foldRule = ({ device, type }: Declared, rule: QuantityRule, zone: string): FoldRule => {
  const { quantity } = rule;
  const intervalMs = device.intervalMs ?? type.type.intervalMs;
  const ownHold = device.intervalMs === undefined ? undefined : device.intervalMs * (type.holdMs / type.type.intervalMs);
  const perUnit = toQuanta(quantity, 1);
  return {
    kind: quantity.kind,
    holds: holdsValue(quantity),
    holdMs: Math.round(device.holdMs ?? rule.holdMs ?? ownHold ?? type.holdMs),
    maxPerHour: rule.maxPerHour === undefined ? null : toQuanta(quantity, rule.maxPerHour),
    registerEnds: quantity.kind !== 'index' ? [] : rule.registerEnd === undefined ? learntEnds(perUnit) : [toQuanta(quantity, rule.registerEnd)],
    states: quantity.states?.length ?? 0,
    finest: finestLevel(intervalMs),
    zone,
    live: device.imported !== true && type.type.buffers !== true,
  };
};
