/** Import profiles: YAML that says what a CSV file means. Checked by zod and against the device types; reading the files is left to `rows.ts`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { ResolvedType } from '../core/device-type.ts';
import { type FailureError, fail } from '../core/failure.ts';
import { deviceSchema } from '../core/town.ts';
import { unitFactor } from '../core/unit.ts';
import { isZone } from '../core/window.ts';
import { type Fault, type PlacedFault, readYaml } from '../core/yaml.ts';
import { dateOrders, missingHours, repeatedHours } from './civil.ts';

const zone = z.string().refine(isZone, 'not an IANA time zone');
const name = z.string().min(1).max(200);

const columnSchema = z.strictObject({
  column: name,
  /** Absent in a long file: there a column of the file names the device. */
  device: name.optional(),
  quantity: name,
  /** UCUM code of the file's numbers; default the quantity's own. */
  unit: name.optional(),
  /** Texts that mark a missing value, beside the profile's. Numbers are compared as numbers: 0 is also 0.0. */
  missing: z.array(z.string()).default([]),
  /** Zone of the row's stamp for this column, where it differs from the profile's. */
  zone: zone.optional(),
});

const profileSchema = z.strictObject({
  name,
  /** Names of the files that it knows, without folders. */
  files: z.array(name).min(1),
  /** Where the data come from, and under which licence. */
  source: name,
  delimiter: z.enum([',', ';', '\t']).default(','),
  decimal: z.enum(['.', ',']).default('.'),
  time: z.strictObject({
    column: name,
    /** `civil`: YYYY-MM-DD HH:MM[:SS] in `zone`, or as `dateOrder` says. `offset`: the stamp says its own offset. */
    format: z.enum(['civil', 'offset']),
    /** `dmy`: a `civil` stamp is DD/MM/YYYY HH:MM[:SS]; dots and hyphens serve too. */
    dateOrder: z.enum(dateOrders).default('ymd'),
    zone: zone.default('UTC'),
    /** Which end of its interval a row is stamped with; readings begin at the start. `instant`: there is no interval. */
    stamp: z.enum(['start', 'end', 'instant']),
    missingHour: z.enum(missingHours).default('refuse'),
    /** A file that holds both hours of the autumn day in the order of time is read whole with `inOrder`: see `civil.ts`. */
    repeatedHour: z.enum(repeatedHours).default('refuse'),
    /** `end`: 00:00 is the end of the day that it names (24:00 elsewhere). */
    midnight: z.enum(['start', 'end']).default('start'),
  }),
  /** Length of a row's interval, ms: the span of deltas, and what lies between the start and an `end` stamp. */
  stepMs: z.int().positive().optional(),
  /** Texts that mark a missing value in any column; an empty cell always does. */
  missing: z.array(z.string()).default([]),
  /** Long files: the column that names the device. */
  deviceColumn: name.optional(),
  devices: z.array(deviceSchema.omit({ imported: true })).min(1),
  columns: z.array(columnSchema).min(1),
  /** Columns that are not read. A column named nowhere is an error. */
  ignore: z.array(name).default([]),
});

type Parsed = z.infer<typeof profileSchema>;

export interface ProfileColumn {
  readonly column: string;
  /** Absent in a long file. */
  readonly device: string | undefined;
  readonly quantity: string;
  /** From the file's unit to the canonical one. */
  readonly factor: number;
  /** The values are words of a state. */
  readonly words: boolean;
  /** Length of a delta, ms; 0 for other kinds. */
  readonly spanMs: number;
  /** All texts that mark a missing value. */
  readonly missing: readonly string[];
  readonly zone: string;
}

export interface Profile extends Omit<Parsed, 'columns'> {
  readonly columns: readonly ProfileColumn[];
}

type Types = ReadonlyMap<string, ResolvedType>;

/** Resolves one column against the type of its device. */
const resolveColumn = (profile: Parsed, place: number, types: Types, faults: Fault[]): ProfileColumn => {
  const given = profile.columns[place] as Parsed['columns'][number];
  const path = ['columns', place];
  const devices = profile.deviceColumn === undefined ? profile.devices.filter(({ id }) => id === given.device) : profile.devices;
  if ((given.device === undefined) !== (profile.deviceColumn !== undefined))
    faults.push([path, 'name a device for the column, or a deviceColumn for the file']);
  else if (devices.length === 0) faults.push([[...path, 'device'], `no device "${given.device}"`]);
  const column = { column: given.column, device: given.device, quantity: given.quantity, zone: given.zone ?? profile.time.zone };
  const missing = ['', ...profile.missing, ...given.missing];
  let [factor, spanMs, words] = [1, 0, false];
  for (const device of devices) {
    const rule = types.get(device.type)?.rules.get(given.quantity);
    if (rule === undefined) {
      faults.push([[...path, 'quantity'], `a ${device.type} does not measure "${given.quantity}"`]);
      break;
    }
    const { quantity } = rule;
    const found = unitFactor(given.unit ?? quantity.unit, quantity.unit);
    if (found === undefined) faults.push([[...path, 'unit'], `"${given.unit}" does not convert to "${quantity.unit}"`]);
    else factor = found;
    words = quantity.kind === 'state';
    if (quantity.kind !== 'delta') continue;
    if (profile.stepMs === undefined) faults.push([path, `"${quantity.name}" is an amount of an interval: say stepMs`]);
    else spanMs = profile.stepMs;
  }
  return { ...column, factor, words, spanMs, missing };
};

/** What zod cannot see. */
const crossCheck = (profile: Parsed, columns: readonly ProfileColumn[], types: Types, faults: Fault[]): void => {
  const once = (names: readonly (string | undefined)[], key: string): void => {
    for (const [i, one] of names.entries()) if (names.indexOf(one) !== i) faults.push([[key, i], `"${one}" is there twice`]);
  };
  once(
    profile.devices.map(({ id }) => id),
    'devices',
  );
  once([...profile.columns.map(({ column }) => column), ...profile.ignore, profile.time.column, profile.deviceColumn ?? ''], 'columns');
  once(
    columns.map(({ device, quantity }) => `${device ?? ''} ${quantity}`),
    'columns',
  );
  for (const [i, { type }] of profile.devices.entries()) if (!types.has(type)) faults.push([['devices', i, 'type'], `no device type "${type}"`]);
  if (profile.time.stamp === 'end' && profile.stepMs === undefined) faults.push([['time', 'stamp'], 'a stamp at the end needs stepMs']);
  for (const [i, { device, zone: own }] of columns.entries()) {
    if (columns.some((other) => other.device === device && other.zone !== own))
      faults.push([['columns', i, 'zone'], 'the columns of one device have two zones']);
  }
};

const invalid = (faults: readonly PlacedFault[]): FailureError =>
  fail('profile-invalid', faults.map(({ where, message }) => `${where}: ${message}`).join('\n'));

/**
 * Reads a profile.
 * @param source the YAML text
 * @param types device types by name
 * @param file its name, for messages
 * @throws FailureError `profile-invalid` with every fault and its `file:line`
 */
export const parseProfile = (source: string, types: Types, file: string): Profile => {
  const read = readYaml(source, profileSchema, file);
  if (!read.ok) throw invalid(read.faults);
  const profile = read.value;
  const faults: Fault[] = [];
  const columns = profile.columns.map((_, place) => resolveColumn(profile, place, types, faults));
  crossCheck(profile, columns, types, faults);
  if (faults.length > 0) throw invalid(read.placed(faults));
  return { ...profile, columns };
};

/** Reads a profile's file. @throws FailureError `profile-invalid` */
export const readProfile = (file: string, types: Types): Profile => {
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch (error) {
    throw fail('profile-invalid', error instanceof Error ? error.message : String(error), file);
  }
  return parseProfile(source, types, file);
};

const folder = join(import.meta.dirname, 'profiles');

/** The profiles that come with octroi, by name of their file. */
export const bundledProfiles = (types: Types): Profile[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => parseProfile(readFileSync(join(folder, file), 'utf8'), types, `imports/profiles/${file}`));
