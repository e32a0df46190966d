/** One site: what it used, against what is usual for it, and what its rooms were like. */
import { hourMs } from '../../core/time.ts';
import type { Board, Context } from './board.ts';
import { civilDate, deviceName, lookedUp, lookup, meterTypes, ofType, panes, places, quantum, type Source, script, series, wide } from './flux.ts';
import { bars, graph, observed, observedSteps, type Shown, stat, table } from './panels.ts';
import { anomalyRows, carrierRows, carrierTitles, energyByCarrier, energyByPeriod, levels } from './queries.ts';
import { hiddenVariable, isChosen, siteVariable, subjectsVariable, windowVariable } from './variables.ts';

const siteDevice = `r.site == \${site:json}`;
/** The devices of the site. */
const here = isChosen('devices');
const zone = `\${zone:json}`;
/** Registers whose days are complete figures of a meter. */
const registers = ['active_energy_import', 'active_energy_export', 'gas_energy_index', 'heat_energy', 'water_volume'];

/**
 * Electricity by hour, and the band of what is usual: for the same hour of the day on the same sort of day, the 10th to the
 * 90th percentile of the 28 days before the end of the time range. A learnt baseline takes its place when there is one.
 */
const usual = (source: Source): string => {
  const asked = { window: 'PT1H', among: siteDevice, where: here, name: '"Used"' } as const;
  const past = carrierRows(source, 'electricity', { ...asked, range: 'start: date.sub(d: 28d, from: v.timeRangeStop), stop: v.timeRangeStop' });
  const slot = `string(v: date.hour(t: r._time, location: timezone.location(name: ${zone}))) + (if date.weekDay(t: r._time, location: timezone.location(name: ${zone})) == 0 or date.weekDay(t: r._time, location: timezone.location(name: ${zone})) == 6 then "w" else "d")`;
  const edge = (
    name: string,
    q: number,
  ): string => `${name}Pairs = used |> group(columns: ["slot"]) |> quantile(q: ${q}, method: "exact_mean") |> group() |> map(fn: (r) => ({pair: r.slot + "\\t" + string(v: r._value)})) |> findColumn(fn: (key) => true, column: "pair")
${name} = dict.fromList(pairs: array.map(arr: array.concat(arr: ["\\t"], v: ${name}Pairs), fn: (x) => ({key: strings.split(v: x, t: "\\t")[0], value: strings.split(v: x, t: "\\t")[1]})))`;
  const band = (name: string, title: string): string =>
    `shown |> map(fn: (r) => ({_time: r._time, name: "${title}", edge: dict.get(dict: ${name}, key: r.slot, default: "")})) |> filter(fn: (r) => r.edge != "") |> map(fn: (r) => ({_time: r._time, name: r.name, _value: float(v: r.edge)}))`;
  return script(
    places(source),
    past,
    `used = electricity |> group(columns: ["name"]) |> aggregateWindow(every: 1m, fn: sum, createEmpty: false, timeSrc: "_start") |> group() |> map(fn: (r) => ({_time: r._time, _value: r._value, slot: ${slot}}))`,
    edge('low', 0.1),
    edge('high', 0.9),
    `shown = used |> filter(fn: (r) => r._time >= v.timeRangeStart)
union(tables: [shown |> map(fn: (r) => ({_time: r._time, _value: r._value, name: "Used"})), ${band('low', 'Usual, from')}, ${band('high', 'Usual, to')}])`,
    `  ${series('kWh')}`,
  );
};

/** What may count in the figure of a site. */
const isMeter = (source: Source): string => ofType(...meterTypes(source));

/** The amount of each meter by civil day, the newest first. */
const days = (source: Source): string =>
  script(
    places(source),
    lookup('names', siteDevice, deviceName),
    `${panes(source, { quantities: registers, window: 'P1D', fields: ['sum', 'observed_ms', 'length_ms'], where: here })}
 ${wide} |> filter(fn: (r) => ${lookedUp('names')} != "")
  |> map(fn: (r) => ({day: ${civilDate(zone)}, start: strings.substring(v: string(v: r._time), start: 0, end: 19) + "Z", device: r.subject, quantity: r.quantity, amount: float(v: r.sum) * (if r.quantity == "water_volume" then ${quantum(source, 'water_volume')} else ${quantum(source, 'heat_energy')}), coverage: float(v: r.observed_ms) / float(v: r.length_ms)}))
  |> sort(columns: ["day"], desc: true)`,
  );

const figures = ({ source }: Context): Shown[] => [
  stat({
    title: 'Last complete day',
    description: "Energy of the site's last civil day that is over, by carrier.",
    flux: energyByCarrier(source, { window: 'P1D', among: siteDevice, where: here }),
    unit: 'kwatth',
    width: 12,
  }),
  stat({
    title: 'Observed on that day',
    description: 'How much of the last complete day the meters of the site were heard, as a share of the day. Below 95 % a figure is not complete.',
    flux: script(
      places(source),
      lookup('names', `${siteDevice} and ${isMeter(source)}`, deviceName),
      `${panes(source, { quantities: registers, window: 'P1D', fields: ['observed_ms', 'length_ms'], where: here })}
 ${wide} |> map(fn: (r) => ({_time: r._time, name: ${lookedUp('names')}, _value: float(v: r.observed_ms) / float(v: r.length_ms)})) |> filter(fn: (r) => r.name != "")
  ${series('coverage')}`,
    ),
    unit: 'percentunit',
    decimals: 1,
    steps: observedSteps,
    width: 12,
  }),
  graph({
    title: 'Energy by carrier',
    description: 'Energy of each window. Where a meter said nothing there is a gap, never a zero.',
    flux: energyByCarrier(source, { window: `\${window}`, among: siteDevice, where: here }),
    unit: 'kwatth',
    drawn: 'stacked',
    gapMs: 1.5 * hourMs,
    min: 0,
    width: 24,
  }),
  graph({
    title: 'Electricity against what is usual',
    description:
      'Electricity by hour over the band of what is usual for that hour on that sort of day (working day or weekend): 10th to 90th percentile of the 28 days before the end of the time range.',
    flux: usual(source),
    unit: 'kwatth',
    gapMs: 1.5 * hourMs,
    min: 0,
    band: ['Usual, from', 'Usual, to'],
    width: 24,
  }),
  bars({
    title: 'Energy by day',
    description: 'Energy of each civil day of the site by carrier: days of 23, 24 and 25 hours as they are.',
    flux: energyByPeriod(source, { window: 'P1D', among: siteDevice, where: here }, civilDate(zone)),
    unit: 'kwatth',
    x: 'period',
    columns: carrierTitles,
  }),
  bars({
    title: 'Energy by month',
    description: "Energy of each civil month of the site by carrier, over the last 400 days: months that are over. Octroi's own page says which are closed.",
    flux: energyByPeriod(
      source,
      { window: 'P1M', among: siteDevice, where: here, range: 'start: date.sub(d: 400d, from: v.timeRangeStop), stop: v.timeRangeStop' },
      `strings.substring(v: ${civilDate(zone)}, start: 0, end: 7)`,
    ),
    unit: 'kwatth',
    x: 'period',
    columns: carrierTitles,
  }),
];

const behind = ({ source, octroiUrl }: Context): Shown[] => [
  table({
    title: 'Meters by day',
    description: 'The amount of each meter on each civil day, with how much of the day was observed. The link shows the readings behind it.',
    flux: days(source),
    columns: {
      day: { title: 'Day' },
      device: { title: 'Device' },
      quantity: { title: 'Quantity' },
      amount: { title: 'Amount (kWh, m³)', decimals: 3, link: { title: 'Explain this figure', url: `${octroiUrl}/explain?device=\${__data.fields.device}&quantity=\${__data.fields.quantity}&window=P1D&at=\${__data.fields.start}` } }, // biome-ignore format: one line
      coverage: observed,
      start: { title: 'Start (UTC)' },
    },
  }),
  graph({
    title: 'Temperature of the rooms',
    description: 'Mean of each quarter of an hour in each room with a sensor.',
    flux: levels(source, { quantity: 'temperature', types: ['room-sensor'], window: 'PT15M', among: siteDevice, where: here }),
    unit: 'celsius',
    gapMs: 0.375 * hourMs,
  }),
  graph({
    title: 'CO₂ of the rooms',
    description: 'Mean of each quarter of an hour in each room with a sensor. Above 1,000 ppm a room should be aired.',
    flux: levels(source, { quantity: 'co2', types: ['room-sensor'], window: 'PT15M', among: siteDevice, where: here }),
    unit: 'ppm',
    gapMs: 0.375 * hourMs,
    steps: [
      { from: null, colour: 'transparent' },
      { from: 1000, colour: 'orange' },
      { from: 1500, colour: 'red' },
    ],
  }),
  table({
    title: 'Anomalies of the site',
    description: 'What octroi judged unusual at the site in the time range, newest first.',
    flux: script(
      anomalyRows(source, siteDevice),
      `anomalies |> sort(columns: ["since"], desc: true) |> map(fn: (r) => ({since: r.since, name: r.name, quantity: r.quantity, kind: r.kind, reason: r.reason, lasting: if r.lasting then "lasts" else "over"}))`,
    ),
    columns: { since: { title: 'Since' }, name: { title: 'Device' }, quantity: { title: 'Quantity' }, kind: { title: 'Kind' }, reason: { title: 'What' }, lasting: { title: 'State' } }, // biome-ignore format: one line
  }),
];

export const siteBoard = (context: Context): Board => ({
  name: 'site',
  title: 'Energy of a site',
  description: 'What one site used, by carrier, in its own civil days.',
  from: 'now-7d',
  variables: [
    siteVariable(context.source, { name: 'site', label: 'Site', description: 'Sites with a meter; homes are not among them.', where: isMeter(context.source) }),
    hiddenVariable(context.source, 'zone', "The zone of the site's days.", siteDevice, 'r.zone'),
    windowVariable(),
    subjectsVariable(context.source, 'devices', siteDevice),
  ],
  among: siteDevice,
  sections: [
    {
      title: 'Figures',
      shown: figures(context),
    },
    {
      title: 'Behind the figures',
      shown: behind(context),
    },
  ],
});
