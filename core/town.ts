/** The town file: YAML under version control, checked by zod; errors name the line and the remedy. */
import { z } from 'zod';
import { alarmFaults, alarmSettingsSchema } from './alarm.ts';
import { type Failure, failure } from './failure.ts';
import { isZone } from './window.ts';
import { type Fault, readYaml } from './yaml.ts';

const id = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/, 'letters, digits, ".", "_" and "-", at most 64');
const zone = z.string().refine(isZone, 'not an IANA time zone');
const text = z.string().min(1).max(200);
const lonLat = z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)]);

/** Who owns a site decides what may be published of it. */
export const ownerClasses = ['public', 'professional', 'residential'] as const;

export const deviceSchema = z.strictObject({
  id,
  /** Name of a device type. */
  type: id,
  site: id.optional(),
  label: text.optional(),
  /** Where it differs from the type's. */
  intervalMs: z.int().positive().optional(),
  /** The type's `holdMs` where it differs. */
  holdMs: z.int().positive().optional(),
  /** Senders that may speak for it. */
  via: z.array(id).optional(),
  /** SHA-256 of its secret, hex. */
  secretSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  zone: zone.optional(),
  at: lonLat.optional(),
  /** Places of a car park, vehicles of a charge point: what "full" means. */
  capacity: z.int().positive().optional(),
  /** Declared by an import profile: nothing was live, so the gate's own absence does not count against it. */
  imported: z.boolean().optional(),
  simulated: z.boolean().optional(),
});

const siteSchema = z.strictObject({
  id,
  name: text,
  use: text.optional(),
  owner: z.enum(ownerClasses),
  areaM2: z.number().positive().optional(),
  zone: zone.optional(),
  quarter: id.optional(),
  at: lonLat.optional(),
});

export const townSchema = z.strictObject({
  name: text,
  zone,
  /** `open`: whoever connects from this machine may publish, and an unknown device with known quantities is adopted. `declared`: only what this file names. */
  admission: z.enum(['open', 'declared']).default('declared'),
  quarters: z.array(z.strictObject({ id, name: text })).default([]),
  sites: z.array(siteSchema).default([]),
  devices: z.array(deviceSchema).default([]),
  /** Senders that are not devices, with the hash of their secret. */
  gateways: z.array(z.strictObject({ id, secretSha256: z.string().regex(/^[0-9a-f]{64}$/) })).default([]),
  /** People and programs that may read what is for operators on MQTT, with the hash of their secret; nobody else may. */
  operators: z.array(z.strictObject({ id, secretSha256: z.string().regex(/^[0-9a-f]{64}$/) })).default([]),
  /** Where what becomes an alarm, how soon and how weighty it is, is not as octroi has it. */
  alarms: alarmSettingsSchema.optional(),
  tariffs: z
    .strictObject({ electricityEurPerKWh: z.number().nonnegative(), gasEurPerKWh: z.number().nonnegative(), heatEurPerKWh: z.number().nonnegative() })
    .optional(),
  co2: z.strictObject({ electricityGPerKWh: z.number().nonnegative(), gasGPerKWh: z.number().nonnegative(), heatGPerKWh: z.number().nonnegative() }).optional(),
});

export type Town = z.infer<typeof townSchema>;
export type Site = Town['sites'][number];
export type Device = z.infer<typeof deviceSchema>;

/** True for a name that a device may have. */
export const isDeviceId = (text: string): boolean => id.safeParse(text).success;

/** A town without anything: what an import starts from in a fresh data folder. */
export const emptyTown: Town = townSchema.parse({ name: 'Town', zone: 'Europe/Paris' });
/** The same, that takes whoever comes: what a fresh gate starts from when no file is given. */
export const freshTown: Town = { ...emptyTown, admission: 'open' };

/** What keeps a device from standing in a town, whatever was: no such type, no such site, days that are not its site's. */
export const deviceFaults = (town: Town, device: Device, typeNames: ReadonlySet<string>): [path: string[], message: string][] => {
  const found: [string[], string][] = [];
  if (!typeNames.has(device.type)) found.push([['type'], `no device type "${device.type}"; there are ${[...typeNames].join(', ')}`]);
  const site = town.sites.find(({ id }) => id === device.site);
  if (device.site !== undefined && site === undefined) found.push([['site'], `no site "${device.site}"`]);
  const siteZone = site?.zone ?? town.zone;
  if (device.site !== undefined && device.zone !== undefined && device.zone !== siteZone) {
    found.push([['zone'], `the site "${device.site}" keeps the days of ${siteZone}: its devices cannot keep others`]);
  }
  return found;
};

/** Why no device may be adopted under the name; undefined where one may. */
export const operatorFault = ({ operators }: Town, name: string): string | undefined =>
  operators.some(({ id }) => id === name) ? `"${name}" is an operator: a device needs a name of its own` : undefined;

/** What keeps a device from being adopted: what keeps it from standing in the town, or an operator's name. */
const adoptionFaults = (town: Town, device: Device, typeNames: ReadonlySet<string>): [path: string[], message: string][] => {
  const taken = operatorFault(town, device.id);
  return [...(taken === undefined ? [] : [[['id'], taken] satisfies [string[], string]]), ...deviceFaults(town, device, typeNames)];
};

/**
 * Reads a device that is to be adopted.
 * @param given as it came, of any shape
 * @returns the device, or the first fault with its field (code `bad-request`)
 */
export const adoptable = (town: Town, given: unknown, typeNames: ReadonlySet<string>): { readonly device: Device } | { readonly refused: Failure } => {
  const parsed = deviceSchema.safeParse(given);
  const [issue] = parsed.error?.issues ?? [];
  const [path, message] = parsed.success ? (adoptionFaults(town, parsed.data, typeNames)[0] ?? []) : [issue?.path ?? [], issue?.message];
  if (parsed.success && path === undefined) return { device: parsed.data };
  return { refused: failure('bad-request', `not a device that can be adopted: ${message}`, (path ?? []).join('.') || 'device') };
};

/** What zod cannot see: names used twice, names that nothing declares. */
const crossCheck = (town: Town, typeNames: ReadonlySet<string>): Fault[] => {
  const found: Fault[] = alarmFaults(town.alarms);
  const seen = (list: readonly { readonly id: string }[], key: string): Set<string> => {
    const ids = new Set<string>();
    for (const [i, { id: one }] of list.entries()) {
      if (ids.has(one)) found.push([[key, i, 'id'], `"${one}" is declared twice`]);
      ids.add(one);
    }
    return ids;
  };
  const quarters = seen(town.quarters, 'quarters');
  seen(town.sites, 'sites');
  const senders = new Set([...seen(town.devices, 'devices'), ...seen(town.gateways, 'gateways')]);
  seen(town.operators, 'operators');
  for (const [i, { id: one }] of town.operators.entries()) {
    if (senders.has(one)) found.push([['operators', i, 'id'], `"${one}" is a device or a gateway: an operator needs a name of its own`]);
  }
  for (const [i, site] of town.sites.entries()) {
    if (site.quarter !== undefined && !quarters.has(site.quarter)) found.push([['sites', i, 'quarter'], `no quarter "${site.quarter}"`]);
  }
  for (const [i, device] of town.devices.entries()) {
    for (const [path, message] of deviceFaults(town, device, typeNames)) found.push([['devices', i, ...path], message]);
    for (const [j, sender] of (device.via ?? []).entries()) {
      if (!senders.has(sender)) found.push([['devices', i, 'via', j], `no device or gateway "${sender}"`]);
    }
  }
  return found;
};

/** What is remembered for good of a subject that has figures, or that ever stood at a home. */
export interface Past {
  readonly subject: string;
  /** IANA zone whose days its figures are stored by; null where it has none. */
  readonly zone: string | null;
  /** It stood at a home at some time. */
  readonly home: boolean;
}

/** Where a device stands. */
export interface Standing {
  readonly zone: string;
  /** At a site that is somebody's home. */
  readonly home: boolean;
}

/** Looks up where the devices of a town stand; one whose site is gone keeps the town's days. */
export const standingIn = ({ zone, sites }: Town): ((device: Device) => Standing) => {
  const byId = new Map(sites.map((site) => [site.id, site]));
  return (device) => {
    const site = device.site === undefined ? undefined : byId.get(device.site);
    return { zone: device.zone ?? site?.zone ?? zone, home: site?.owner === 'residential' };
  };
};

/** A town as its own past, for whoever knows no other: as if each of its devices had figures. */
export const pastOf = (town: Town): Past[] => {
  const standing = standingIn(town);
  return town.devices.map((device) => ({ subject: device.id, ...standing(device) }));
};

/**
 * Why a device cannot stand somewhere, because the past would be told wrongly: figures are stored by the days of the zone
 * that first held, and what was measured in a home stays private wherever its meter goes.
 * @returns each fault with the field of the device
 */
export const pastFaults = (past: Past | undefined, { id }: Device, { zone, home }: Standing): [field: 'zone' | 'site', message: string][] => {
  const faults: [field: 'zone' | 'site', message: string][] = [];
  const from = past?.zone ?? zone;
  if (from !== zone) faults.push(['zone', `device "${id}" keeps the days of ${from}, and its figures are stored by them: in ${zone} it needs another id`]);
  if (past?.home === true && !home) faults.push(['site', `device "${id}" measured a home, and its past stays private: elsewhere it needs another id`]);
  return faults;
};

/**
 * What a town cannot become of what was.
 * @param past of any subjects
 * @param after with the devices that were adopted
 * @returns each fault in words
 */
export const changeFaults = (past: Iterable<Past>, after: Town): string[] => {
  const known = new Map<string, Past>();
  for (const one of past) known.set(one.subject, one);
  const standing = standingIn(after);
  const names = new Set(after.devices.map(({ id }) => id));
  return [
    ...after.devices.flatMap((device) => pastFaults(known.get(device.id), device, standing(device)).map(([, message]) => message)),
    ...after.operators.flatMap(({ id }) => (names.has(id) ? [`operator "${id}": a device was adopted under that name`] : [])),
  ];
};

export type TownResult = { readonly ok: true; readonly town: Town } | { readonly ok: false; readonly failures: readonly Failure[] };

/**
 * Reads a town file.
 * @param source the YAML text; at most 16 MB
 * @param typeNames the device types that exist
 * @param file its name, for messages
 * @returns the town, or every fault with `file:line` (code `town-invalid`)
 */
export const parseTown = (source: string, typeNames: ReadonlySet<string>, file = 'town'): TownResult => {
  const read = readYaml(source, townSchema, file);
  const faults = read.ok ? read.placed(crossCheck(read.value, typeNames)) : read.faults;
  if (!read.ok || faults.length > 0) return { ok: false, failures: faults.map(({ where, message }) => failure('town-invalid', message, where)) };
  return { ok: true, town: read.value };
};
