/** The series that the fault suite judges: every file of a folder that an import profile knows, read as an import reads it, and judged by the pipeline's own detectors. Faults are left to `judge/`. */
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ImportRows } from '../../core/envelope.ts';
import { fail } from '../../core/failure.ts';
import type { Point } from '../../core/fold.ts';
import { fromQuanta } from '../../core/quantity.ts';
import { bundledProfiles, type Profile } from '../../imports/profile.ts';
import { readRows } from '../../imports/rows.ts';
import type { Judge, Series } from '../../judge/fault-suite.ts';
import type { SeriesClass } from '../../judge/faults.ts';
import type { About } from '../../processors/detect/detector.ts';
import { aboutOf } from '../../processors/judge.ts';
import { type OneKey, oneKey } from '../../processors/one-key.ts';
import { type Declared, foldRule } from '../../processors/registry.ts';
import { validate } from '../../processors/validate.ts';
import { types } from '../types.ts';

/** What a device type is to the suite. */
const classes: Readonly<Record<string, SeriesClass>> = {
  submeter: 'meter',
  linky: 'meter',
  'gas-meter': 'meter',
  'heat-meter': 'meter',
  'water-meter': 'meter',
  generic: 'meter',
  'pv-inverter': 'pv',
  'car-park': 'car-park',
  transformer: 'transformer',
};
/** Quantities that faults are put into; the others are judged untouched. */
const faulty = ['active_energy', 'gas_energy', 'heat_amount', 'active_power', 'load', 'oil_temperature', 'free_places'];
/** The register that a meter of amounts would show. */
const registers: Readonly<Record<string, string>> = { active_energy: 'active_energy_import', gas_energy: 'gas_energy_index', heat_amount: 'heat_energy' };

const branchOf = (one: OneKey, about: Parameters<typeof oneKey>[0]): Judge => ({
  take: one.take,
  anomalies: one.anomalies,
  branch: () => branchOf(oneKey(about, structuredClone(one.key)), about),
});

/** A series, and what the pipeline knows of its key. */
export interface KnownSeries extends Series {
  readonly quantity: string;
  readonly about: About;
}

/** @param quantity of the register, where the amounts are to be counted up */
const seriesOf = (declared: Declared, zone: string, name: string, points: readonly Point[], register: boolean): KnownSeries | null => {
  const group = classes[declared.device.type];
  const rule = declared.type.rules.get(name);
  if (group === undefined || rule === undefined || points.length === 0) return null;
  const about = aboutOf(declared, rule, foldRule(declared, rule, zone));
  const { silentAfterMs, type } = declared.type;
  return {
    name: `${declared.device.id} ${name}`,
    quantity: name,
    about,
    device: declared.device.id,
    class: group,
    zone,
    intervalMs: about.intervalMs,
    register,
    faulty: register || faulty.includes(name),
    silentAfterMs: silentAfterMs === null ? null : (silentAfterMs * about.intervalMs) / type.intervalMs,
    points,
    arrive(point) {
      const value = point.value === null ? null : fromQuanta(rule.quantity, point.value);
      const measured = validate({ declared, field: name, value, ts: point.at, spanMs: point.spanMs, seq: undefined }, Number.POSITIVE_INFINITY);
      return 'refused' in measured ? null : { ...point, value: measured.point.value, flags: measured.point.flags };
    },
    judge: () => branchOf(oneKey(about), about),
  };
};

const countUp = (points: readonly Point[]): Point[] => {
  let sum = 0;
  return points.flatMap((point) => {
    if (point.value === null || point.value < 0) return [];
    sum += point.value;
    return [{ ...point, spanMs: 0, value: sum }];
  });
};

const addRows = (declared: Declared, { columns, at, values }: ImportRows, into: Map<string, Point[]>): void => {
  for (const [column, { quantity, spanMs }] of columns.entries()) {
    const points = into.get(quantity) ?? [];
    into.set(quantity, points);
    for (const [row, ts] of at.entries()) {
      const measured = validate({ declared, field: quantity, value: values[column]?.[row] ?? null, ts, spanMs, seq: undefined }, Number.POSITIVE_INFINITY);
      if (!('refused' in measured)) points.push(measured.point);
    }
  }
};

/** All series of one file. */
const seriesOfFile = async (path: string, profile: Profile): Promise<KnownSeries[]> => {
  const devices = new Map<string, { declared: Declared; byQuantity: Map<string, Point[]> }>();
  for (const device of profile.devices) {
    const type = types.get(device.type);
    if (type !== undefined) devices.set(device.id, { declared: { device: { ...device, imported: true }, type, place: device.at }, byQuantity: new Map() });
  }
  for await (const { batches } of readRows(createReadStream(path, { encoding: 'utf8' }), profile, basename(path))) {
    for (const { subject, rows } of batches) {
      const device = devices.get(subject);
      if (device !== undefined) addRows(device.declared, rows, device.byQuantity);
    }
  }
  const found: (KnownSeries | null)[] = [];
  for (const { declared, byQuantity } of devices.values()) {
    const zone = declared.device.zone ?? 'Europe/Paris';
    for (const [name, points] of byQuantity) {
      points.sort((a, b) => a.at - b.at);
      found.push(seriesOf(declared, zone, name, points, false));
      const register = registers[name];
      if (register !== undefined) found.push(seriesOf(declared, zone, register, countUp(points), true));
    }
  }
  return found.filter((one) => one !== null);
};

export interface Folder {
  readonly series: readonly KnownSeries[];
  /** Files and why they are not judged. */
  readonly skipped: readonly { readonly file: string; readonly why: string }[];
}

/** @throws FailureError `bad-request` where the folder holds no file that a profile knows */
export const someIn = async (dir: string): Promise<Folder> => {
  const folder = await seriesIn(dir);
  if (folder.series.length > 0) return folder;
  const why = folder.skipped.map((one) => `${one.file} (${one.why})`).join(', ');
  throw fail('bad-request', `no file that an import profile knows: ${why}`, dir);
};

/** Every series of a folder that a profile knows and that is a meter's, a PV plant's, a car park's or a transformer's. */
const seriesIn = async (dir: string): Promise<Folder> => {
  const series: KnownSeries[] = [];
  const skipped: { file: string; why: string }[] = [];
  const profiles = bundledProfiles(types);
  const present = existsSync(dir) ? readdirSync(dir).sort() : [];
  for (const profile of profiles) {
    for (const file of profile.files) {
      if (!present.includes(file)) {
        skipped.push({ file, why: `not in ${dir}` });
        continue;
      }
      const found = await seriesOfFile(join(dir, file), profile);
      if (found.length === 0) skipped.push({ file, why: 'measures no meter, PV plant, car park or transformer' });
      series.push(...found);
    }
  }
  for (const file of present) if (!profiles.some(({ files }) => files.includes(file))) skipped.push({ file, why: 'no profile knows it' });
  return { series, skipped };
};
