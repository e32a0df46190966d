/** The questions that several dashboards ask: energy, levels, states, what came last, what was judged. Each gives a whole script. */
import { type CarrierName, carrierNames } from '../../core/device-type.ts';
import { energyQuantities } from '../figures/energy.ts';
import { anyOf, deviceName, lookedUp, lookup, mean, ofType, type PanesAsked, panes, places, placesWhere, quantityOf, quantum, type Source, script, series, siteName, summed, text, typesOf, type Window, wide } from './flux.ts'; // biome-ignore format: one line

export const carrierTitles: Readonly<Record<CarrierName, string>> = { electricity: 'Electricity', gas: 'Gas', heat: 'Heat' };

/** The meters that make a site's figure: those of its supply, or else of appliances, so that what lies behind a meter is not counted twice. */
const metersOf = (source: Source, carrier: CarrierName): { readonly before: string; readonly where: string } => {
  const supply = ofType(...typesOf(source, ['supply'], carrier));
  const appliances = typesOf(source, ['appliance'], carrier);
  if (appliances.length === 0) return { before: '', where: supply };
  const before = `${carrier}Sites = array.map(arr: ${placesWhere(supply)}, fn: (x) => x.site)`;
  return { before, where: `${supply} or (${ofType(...appliances)} and not contains(value: r.site, set: ${carrier}Sites))` };
};

export interface EnergyAsked {
  readonly window: Window;
  /** What a row is called by, made of its place `r`; default its site. */
  readonly name?: string;
  /** Only these places: a condition on `r`. */
  readonly among?: string;
  /** Only these devices: a condition on a tag. It keeps InfluxDB from reading those of all the town. */
  readonly where?: string;
  readonly range?: string;
}

/** One stream a carrier, named after it: _time, subject, name, _value in kWh. The register of a meter, or else its amounts. */
export const carrierRows = (source: Source, carrier: CarrierName, { window, name = siteName, among, where, range }: EnergyAsked): string => {
  const { before, where: isMeter } = metersOf(source, carrier);
  const [register, ...amounts] = energyQuantities[carrier];
  const asked: PanesAsked = {
    quantities: [register, ...amounts],
    window,
    fields: ['sum'],
    ...(where === undefined ? {} : { where }),
    ...(range === undefined ? {} : { range }),
  };
  const factor = [...amounts].reduce((rest, one) => `if r.quantity == ${text(one)} then ${quantum(source, one)} else ${rest}`, quantum(source, register));
  const first = [register, ...amounts].reduceRight((rest, one) => (rest === '' ? `r.${one}` : `if exists r.${one} then r.${one} else ${rest}`), '');
  const names = `${carrier}Names`;
  return [
    before,
    lookup(names, among === undefined ? isMeter : `(${isMeter}) and ${among}`, name),
    `${carrier} = ${panes(source, asked)}
  |> group() |> map(fn: (r) => ({_time: r._time, subject: r.subject, quantity: r.quantity, name: ${lookedUp(names)}, _value: float(v: r._value) * (${factor})}))
  |> filter(fn: (r) => r.name != "") |> pivot(rowKey: ["_time", "subject", "name"], columnKey: ["quantity"], valueColumn: "_value")
  |> map(fn: (r) => ({_time: r._time, subject: r.subject, name: r.name, _value: ${first}}))`,
  ].join('\n');
};

/** Energy by carrier, kWh: a series each. */
export const energyByCarrier = (source: Source, asked: EnergyAsked): string =>
  script(
    places(source),
    ...carrierNames.map((carrier) => carrierRows(source, carrier, asked)),
    `union(tables: [${carrierNames.map((carrier) => `${carrier} |> map(fn: (r) => ({r with name: ${text(carrierTitles[carrier])}}))`).join(', ')}])`,
    `  ${summed} ${series('kWh')}`,
  );

/** Sites by what they used on their last complete day: a row each, a column a carrier; those that used most. Of the devices of the variable `meters`. */
export const mostUsed = (source: Source, count: number): string => {
  const asked: EnergyAsked = {
    window: 'P1D',
    where: `r.subject =~ /^\${meters:regex}$/`,
    range: 'start: date.sub(d: 3d, from: v.timeRangeStop), stop: v.timeRangeStop',
  };
  const of = (carrier: string): string => `if exists r.${carrier} then r.${carrier} else 0.0`;
  return script(
    places(source),
    ...carrierNames.map((carrier) => carrierRows(source, carrier, asked)),
    `union(tables: [${carrierNames.map((carrier) => `${carrier} |> map(fn: (r) => ({r with carrier: ${text(carrier)}}))`).join(', ')}])
  |> group(columns: ["name", "carrier"]) |> aggregateWindow(every: 1m, fn: sum, createEmpty: false, timeSrc: "_start") |> last() |> group()
  |> pivot(rowKey: ["name"], columnKey: ["carrier"], valueColumn: "_value")
  |> map(fn: (r) => ({name: r.name, ${carrierNames.map((carrier) => `${carrier}: ${of(carrier)}`).join(', ')}, total: ${carrierNames.map((carrier) => `(${of(carrier)})`).join(' + ')}}))
  |> sort(columns: ["total"], desc: true) |> limit(n: ${count}) |> drop(columns: ["total"])`,
  );
};

/** Energy by civil day or month: a row each, a column a carrier. @param label an expression on `r._time` */
export const energyByPeriod = (source: Source, asked: EnergyAsked, label: string): string =>
  script(
    places(source),
    ...carrierNames.map((carrier) => carrierRows(source, carrier, asked)),
    `union(tables: [${carrierNames.map((carrier) => `${carrier} |> map(fn: (r) => ({_time: r._time, carrier: ${text(carrier)}, _value: r._value}))`).join(', ')}])
  |> group(columns: ["carrier"]) |> aggregateWindow(every: 1m, fn: sum, createEmpty: false, timeSrc: "_start") |> group()
  |> pivot(rowKey: ["_time"], columnKey: ["carrier"], valueColumn: "_value") |> sort(columns: ["_time"])
  |> map(fn: (r) => ({period: ${label}, ${carrierNames.map((carrier) => `${carrier}: if exists r.${carrier} then r.${carrier} else 0.0`).join(', ')}}))`,
  );

export interface LevelsAsked {
  readonly quantity: string;
  readonly types: readonly string[];
  readonly window: Window;
  /** Its unit times this. */
  readonly scale?: number;
  /** What a series is called by; default its device. Series of one name are added up. */
  readonly name?: string;
  /** Only these places: a condition on `r`. */
  readonly among?: string;
  /** Only these devices: a condition on a tag. */
  readonly where?: string;
}

/** The devices of these types, of all or of some places. */
const amongst = (types: readonly string[], among: string | undefined): string => (among === undefined ? ofType(...types) : `${ofType(...types)} and ${among}`);

/** A stream of that name: means of a gauge over each window, a row a device: _time, subject, name, _value. `places` stands before it. */
export const levelRows = (source: Source, stream: string, { quantity, types, window, scale = 1, name = deviceName, among, where }: LevelsAsked): string =>
  [
    lookup(`${stream}Names`, amongst(types, among), name),
    `${stream} = ${panes(source, { quantities: [quantity], window, fields: ['integral2', 'observed_ms'], ...(where === undefined ? {} : { where }) })}
 ${wide} |> filter(fn: (r) => r.observed_ms > 0)
  |> map(fn: (r) => ({_time: r._time, subject: r.subject, name: ${lookedUp(`${stream}Names`)}, _value: ${mean(source, quantity, scale)}})) |> filter(fn: (r) => r.name != "")`,
  ].join('\n');

/** The mean of a gauge over each window: a series a name, those of one name added up. */
export const levels = (source: Source, asked: LevelsAsked): string =>
  script(places(source), levelRows(source, 'levels', asked), `levels ${summed} ${series(asked.quantity)}`);

export interface StatesAsked {
  readonly quantity: string;
  readonly types: readonly string[];
  readonly window: Window;
  readonly name?: string;
  readonly among?: string;
  readonly where?: string;
}

const shareFields = (source: Source, quantity: string): string[] => (quantityOf(source, quantity).states ?? []).map((_, n) => `share_${n}_ms`);

/** The share of observed time in some words of a state, over each window, 0 to 1: a series a name, over all its devices. */
export const shares = (source: Source, words: readonly string[], { quantity, types, window, name = deviceName, among, where }: StatesAsked): string => {
  const states = quantityOf(source, quantity).states ?? [];
  const wanted = words.map((word) => `float(v: r.share_${states.indexOf(word)}_ms)`).join(' + ');
  const fields = [...shareFields(source, quantity), 'observed_ms'];
  return script(
    places(source),
    lookup('names', amongst(types, among), name),
    `${panes(source, { quantities: [quantity], window, fields, ...(where === undefined ? {} : { where }) })}
 ${wide} |> filter(fn: (r) => r.observed_ms > 0)
  |> map(fn: (r) => ({_time: r._time, name: ${lookedUp('names')}, _value: (${wanted}) / float(v: r.observed_ms)})) |> filter(fn: (r) => r.name != "")
  |> group(columns: ["name"]) |> aggregateWindow(every: 1m, fn: mean, createEmpty: false, timeSrc: "_start") ${series('share')}`,
  );
};

/** The stream `latest`: the last reading of each device that counts, within the time range: _time, subject, quantity, value in quanta. */
export const latestRows = ({ buckets }: Source, quantities: readonly string[]): string =>
  `latest = from(bucket: ${text(buckets.raw)}) |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "reading" and ${anyOf('quantity', quantities)} and (r._field == "value" or r._field == "flags"))
  |> last() |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value") |> group()
  |> filter(fn: (r) => exists r.value and (not exists r.flags or (r.flags >= 0 and bitwise.sand(a: r.flags, b: 16) == 0)))`;

/** Readings of a state or a step gauge as they came, a series a device. Later versions of one moment come after it. */
export const readings = (source: Source, { quantity, types, name = deviceName, among, where }: Omit<StatesAsked, 'window'>): string =>
  script(
    places(source),
    lookup('names', amongst(types, among), name),
    `from(bucket: ${text(source.buckets.raw)}) |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "reading" and r.quantity == ${text(quantity)} and (r._field == "value" or r._field == "flags")${where === undefined ? '' : ` and ${where}`})
 ${wide} |> filter(fn: (r) => not exists r.flags or r.flags >= 0)
  |> map(fn: (r) => ({_time: r._time, name: ${lookedUp('names')}, _value: float(v: r.value) * ${quantum(source, quantity)}})) |> filter(fn: (r) => r.name != "")
  ${series(quantity)}`,
  );

/**
 * The stream `anomalies` or `alarms`: a row each, whatever its versions: since, until, lasting, kind, quantity, subject, name,
 * reason; of alarms also state and priority. The first version says what it was, the last one whether it lasts.
 * @param among only at these places: a condition on `r`; default all, and octroi itself
 */
const occurrences = (source: Source, what: 'anomaly' | 'alarm', among: string, more: readonly string[]): string => {
  // An alarm that is open must not vanish because it is older than what is looked at.
  const start = what === 'alarm' ? 'date.sub(d: 30d, from: v.timeRangeStart)' : 'v.timeRangeStart';
  const name = among === 'true' ? `if r.subject == "octroi" then "octroi" else ${lookedUp('names')}` : lookedUp('names');
  return [
    places(source),
    lookup('names', among, deviceName),
    `${what === 'alarm' ? 'alarms' : 'anomalies'} = from(bucket: ${text(source.buckets.panes)}) |> range(start: ${start}, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "${what}" and ${anyOf('_field', ['lasting', 'until', 'reason_en', ...more])})
 ${wide} |> sort(columns: ["_time"])
  |> map(fn: (r) => ({since: time(v: int(v: r._time) / 1000000 * 1000000), until: r.until, lasting: r.lasting, reason: r.reason_en, kind: r.kind, subject: r.subject, quantity: if exists r.quantity then r.quantity else "", name: ${name}${more.map((field) => `, ${field}: r.${field}`).join('')}}))
  |> filter(fn: (r) => r.name != "")
  |> group(columns: ["subject", "name", "quantity", "kind", "since"])
  |> reduce(identity: {reason: "", until: 0, lasting: false${more.map((field) => `, ${field}: ""`).join('')}}, fn: (r, accumulator) => ({reason: if accumulator.reason == "" then r.reason else accumulator.reason, until: r.until, lasting: r.lasting${more.map((field) => `, ${field}: r.${field}`).join('')}}))
  |> group()${what === 'alarm' ? ' |> filter(fn: (r) => r.lasting or r.since >= v.timeRangeStart)' : ''}`,
  ].join('\n');
};
export const anomalyRows = (source: Source, among = 'true'): string => occurrences(source, 'anomaly', among, []);
export const alarmRows = (source: Source, among = 'true'): string => occurrences(source, 'alarm', among, ['state', 'priority']);
