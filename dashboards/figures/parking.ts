/** Car parks and bays as they stand now: never a number that is not known, never more free places than there are. */
import type { ResolvedType } from '../../core/device-type.ts';
import { Flag } from '../../core/reading.ts';
import type { LatestReading } from '../../core/store.ts';
import type { Device } from '../../core/town.ts';
import type { Directory } from '../directory.ts';
import { keyName } from '../directory.ts';
import { isPrivate } from './residential.ts';

export type CarParkState = 'free' | 'full' | 'unknown' | 'closed';

export interface CarPark {
  readonly device: string;
  readonly name: string;
  readonly state: CarParkState;
  /** null where it is not known. */
  readonly free: number | null;
  readonly capacity: number | null;
  /** Event time of the last report. */
  readonly at: number | null;
  /** Older than this it is no longer relied on, ms. */
  readonly holdMs: number;
  readonly place: readonly [number, number] | null;
  readonly simulated: boolean;
}

export interface Street {
  readonly site: string;
  readonly name: string;
  readonly free: number;
  readonly occupied: number;
  readonly unknown: number;
  readonly at: number | null;
}

type Latest = ReadonlyMap<string, LatestReading>;
export const latestByKey = (latest: readonly LatestReading[]): Latest => new Map(latest.map((one) => [keyName(one), one]));

const holdOf = (types: ReadonlyMap<string, ResolvedType>, device: Device, quantity: string): number => {
  const type = types.get(device.type);
  return device.holdMs ?? type?.rules.get(quantity)?.holdMs ?? type?.holdMs ?? 0;
};

/** The value that still holds; null where there is none, it was refused, or it is too old. */
const held = (latest: LatestReading | undefined, holdMs: number, now: number): number | null =>
  latest === undefined || (latest.flags & Flag.excluded) !== 0 || now - latest.at > holdMs ? null : latest.value;

const carPark = (directory: Directory, types: ReadonlyMap<string, ResolvedType>, latest: Latest, device: Device, now: number): CarPark => {
  const report = latest.get(keyName({ subject: device.id, quantity: 'free_places' }));
  const holdMs = holdOf(types, device, 'free_places');
  const told = held(latest.get(keyName({ subject: device.id, quantity: 'capacity' })), holdOf(types, device, 'capacity'), now);
  const capacity = told ?? device.capacity ?? null;
  const site = device.site === undefined ? null : directory.site(device.site);
  const value = held(report, holdMs, now);
  const free = value === null || (capacity !== null && value > capacity) ? null : Math.max(0, value);
  const state: CarParkState = told === 0 ? 'closed' : free === null ? 'unknown' : free === 0 ? 'full' : 'free';
  return {
    device: device.id,
    name: device.label ?? site?.name ?? device.id,
    state,
    free: state === 'closed' ? null : free,
    capacity: capacity === 0 ? null : capacity,
    at: report?.at ?? null,
    holdMs,
    place: device.at ?? site?.at ?? null,
    simulated: device.simulated ?? false,
  };
};

export const carParks = (directory: Directory, types: ReadonlyMap<string, ResolvedType>, latest: Latest, now: number): CarPark[] =>
  directory.town.devices
    .filter((device) => directory.typeOf(device)?.parking === 'car-park' && !isPrivate(directory, device.id))
    .map((device) => carPark(directory, types, latest, device, now))
    .sort((a, b) => a.name.localeCompare(b.name, 'fr'));

/** Bays by street: what is free, what is not, and what is not known. */
export const streets = (directory: Directory, types: ReadonlyMap<string, ResolvedType>, latest: Latest, now: number): Street[] =>
  directory.town.sites
    .flatMap((site): Street[] => {
      const bays = directory.devicesOf(site.id).filter((bay) => directory.typeOf(bay)?.parking === 'bay');
      if (bays.length === 0 || site.owner === 'residential') return [];
      const counts = { free: 0, occupied: 0, unknown: 0 };
      let at: number | null = null;
      for (const bay of bays) {
        const report = latest.get(keyName({ subject: bay.id, quantity: 'occupancy' }));
        const state = held(report, holdOf(types, bay, 'occupancy'), now);
        counts[state === null ? 'unknown' : state === 0 ? 'free' : 'occupied']++;
        if (report !== undefined) at = Math.max(at ?? 0, report.at);
      }
      return [{ site: site.id, name: site.name, ...counts, at }];
    })
    .sort((a, b) => a.name.localeCompare(b.name, 'fr'));
