/**
 * The pieces that every question of a dashboard is made of, in Flux: which devices, which panes, in which unit. Values stand
 * in the scripts as Grafana sends them, so only names from the catalogue, from settings and from variables go into them.
 */

import type { CarrierName, DeviceType } from '../../core/device-type.ts';
import { fail } from '../../core/failure.ts';
import type { Quantity } from '../../core/quantity.ts';
import type { WindowName } from '../../core/window.ts';

/** What the questions go to. */
export interface Source {
  readonly buckets: { readonly raw: string; readonly panes: string; readonly state: string };
  /** The catalogue. */
  readonly quantities: readonly Quantity[];
  readonly types: readonly DeviceType[];
}

/** A window as it stands in a script: its name, or a variable that holds it. */
export type Window = WindowName | `\${${string}}`;

/** A Flux string. `${` would begin an expression in it. */
export const text = (value: string): string => JSON.stringify(value).replaceAll('${', '\\${');
export const list = (values: readonly string[]): string => `[${values.map(text).join(', ')}]`;

const packages = ['array', 'bitwise', 'date', 'dict', 'strings', 'timezone'];

/** A script of these pieces, with the imports that it needs. */
export const script = (...pieces: readonly string[]): string => {
  const body = pieces.join('\n');
  const used = packages.filter((name) => new RegExp(`\\b${name}\\.[a-z]`).test(body));
  return [...used.map((name) => `import "${name}"`), body].join('\n');
};

export const quantityOf = ({ quantities }: Source, name: string): Quantity => {
  const found = quantities.find((one) => one.name === name);
  if (found === undefined) throw fail('not-found', `no quantity "${name}"`, name);
  return found;
};

/** A float literal: Flux has no 1e-4. */
const float = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : value.toFixed(10).replace(/0+$/, ''));

/**
 * `places`: where devices stand, a record each, in the order of the store's field `row`. They are read once: whatever is asked of
 * them is asked of this list. Its first record is of nothing, since Flux has no empty list that knows what it is a list of.
 */
export const places = ({ buckets }: Source): string =>
  `placeRows = from(bucket: ${text(buckets.state)}) |> range(start: 0) |> filter(fn: (r) => r._measurement == "place" and r._field == "row") |> last() |> group() |> findColumn(fn: (key) => true, column: "_value")
places = array.map(arr: array.concat(arr: ["\\t\\t\\t\\t\\t\\t\\t\\t0\\tfalse"], v: placeRows), fn: (x) => {
  p = strings.split(v: x, t: "\\t")
  return {subject: p[0], name: p[1], type: p[2], site: p[3], site_name: p[4], use: p[5], quarter: p[6], zone: p[7], capacity: p[8], home: p[9] == "true"}
})`;

/** What a function on lists makes of a place: its argument must be called x. @param expression on the place `r` */
export const ofPlace = (expression: string): string => `{
  r = x
  return ${expression}
}`;

/** The places of which the condition on `r` holds, and the one of nothing; whatever was ever somebody's home is not among them. */
export const placesWhere = (where: string): string => `array.filter(arr: places, fn: (x) => ${ofPlace(`r.subject == "" or (not r.home and (${where}))`)})`;

/** Devices of these types. */
export const ofType = (...types: readonly string[]): string => `contains(value: r.type, set: ${list(types)})`;
/** Names of the types whose energy is that. */
export const typesOf = ({ types }: Source, of: readonly NonNullable<DeviceType['energy']>['of'][], carrier?: CarrierName): string[] =>
  types.flatMap(({ name, energy }) => (energy !== undefined && of.includes(energy.of) && (carrier ?? energy.carrier) === energy.carrier ? [name] : []));
/** Names of all types that may count in a site's sums. */
export const meterTypes = (source: Source): string[] => typesOf(source, ['supply', 'appliance']);
/** How a device is called: its label with its site's name, or its id. */
export const deviceName = 'if r.name == r.subject then r.subject else r.site_name + " · " + r.name';
/** How a site is called. */
export const siteName = 'if r.site_name == "" then r.subject else r.site_name';

/**
 * A dictionary by device: a text made of its place. A device that is not in it is not asked for.
 * @param where a condition on a place `r`
 * @param value an expression on it
 */
export const lookup = (name: string, where: string, value: string): string =>
  `${name} = dict.fromList(pairs: array.map(arr: ${placesWhere(where)}, fn: (x) => ${ofPlace(`{key: r.subject, value: ${value}}`)}))`;
export const lookedUp = (name: string): string => `dict.get(dict: ${name}, key: r.subject, default: "")`;

export const anyOf = (column: string, values: readonly string[]): string => `(${values.map((value) => `r.${column} == ${text(value)}`).join(' or ')})`;

/** For figures by day on a dashboard that looks back on hours. */
export const twoWeeks = 'start: date.sub(d: 14d, from: v.timeRangeStop), stop: v.timeRangeStop';

export interface PanesAsked {
  readonly quantities: readonly string[];
  readonly window: Window;
  readonly fields: readonly string[];
  /** A further condition on the tags, such as a variable's devices. */
  readonly where?: string;
  /** Instead of the dashboard's time range. */
  readonly range?: string;
}

/**
 * Panes of the time range, the highest version of each, a row a field. Versions stand in the nanoseconds of a pane's start;
 * every pane starts on a whole minute, so the last point of a minute is the one that counts, whatever the window.
 */
export const panes = (
  { buckets }: Source,
  { quantities, window, fields, where, range = 'start: v.timeRangeStart, stop: v.timeRangeStop' }: PanesAsked,
): string => {
  const condition = [
    `r._measurement == "pane" and r.window == ${window.startsWith('$') ? `"${window}"` : text(window)}`,
    anyOf('quantity', quantities),
    anyOf('_field', fields),
  ];
  if (where !== undefined) condition.push(where);
  return `from(bucket: ${text(buckets.panes)}) |> range(${range})
  |> filter(fn: (r) => ${condition.join(' and ')})
  |> aggregateWindow(every: 1m, fn: last, createEmpty: false, timeSrc: "_start")`;
};

/** Fields side by side: a row a pane. */
export const wide = ' |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value") |> group()';

/** The value of a row of `panes` in the canonical unit, as a factor for the quantity's quantum. */
export const quantum = (source: Source, name: string): string => float(quantityOf(source, name).quantum);

/** The mean of a gauge over what was observed of a wide pane, in its unit times `scale`. */
export const mean = (source: Source, name: string, scale = 1): string =>
  `float(v: r.integral2) / 2.0 / float(v: r.observed_ms) * ${float(quantityOf(source, name).quantum * scale)}`;

/** Rows of the name's table alone, in order of time: series as Grafana wants them. */
export const series = (field: string): string => `|> group(columns: ["name"]) |> sort(columns: ["_time"]) |> map(fn: (r) => ({r with _field: ${text(field)}}))`;

/** The sum of all rows of a name at each time. */
export const summed = '|> group(columns: ["name"]) |> aggregateWindow(every: 1m, fn: sum, createEmpty: false, timeSrc: "_start")';

/** The civil date of `r._time` in a zone, `2026-03-29`. @param zone an expression */
export const civilDate = (zone: string): string =>
  `string(v: date.year(t: r._time, location: timezone.location(name: ${zone}))) + "-" + strings.substring(v: string(v: 100 + date.month(t: r._time, location: timezone.location(name: ${zone}))), start: 1, end: 3) + "-" + strings.substring(v: string(v: 100 + date.monthDay(t: r._time, location: timezone.location(name: ${zone}))), start: 1, end: 3)`;
