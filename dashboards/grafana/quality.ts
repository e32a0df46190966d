/** Can the figures be relied on, and what must somebody look at: coverage, silence, anomalies, refused readings. */
import { dayMs, hourMs, quarterMs } from '../../core/time.ts';
import type { Board, Context } from './board.ts';
import { civilDate, deviceName, list, lookedUp, lookup, panes, places, quantum, type Source, script, series, text, wide } from './flux.ts';
import { graph, observed, type Shown, stat, table } from './panels.ts';
import { alarmRows, anomalyRows } from './queries.ts';
import { devicesVariable, isChosen, quantityVariable, subjectsVariable, typeVariable, type Variable } from './variables.ts';

const isOfType = `r.type == \${type:json}`;

/** Coverage of each day as a row: _time, subject, quantity, name, coverage. */
const coverage = (source: Source): string =>
  [
    places(source),
    lookup('names', isOfType, deviceName),
    `coverage = ${panes(source, { quantities: source.quantities.map(({ name }) => name), window: 'P1D', fields: ['observed_ms', 'length_ms'], where: isChosen('devices') }).replace(/\(r\.quantity == [^)]*\) and /, '')}
 ${wide} |> map(fn: (r) => ({_time: r._time, subject: r.subject, quantity: r.quantity, name: ${lookedUp('names')}, coverage: float(v: r.observed_ms) / float(v: r.length_ms)}))
  |> filter(fn: (r) => r.name != "")`,
  ].join('\n');

/** Dead letters by the time at which they were logged: their points stand at offsets. */
const letters = ({ buckets }: Source): string =>
  `letters = from(bucket: ${text(buckets.state)}) |> range(start: 0) |> filter(fn: (r) => r._measurement == "dead_letter" and r._field == "log_time")
  |> map(fn: (r) => ({slot: r._time, partition: r.partition, _time: time(v: r._value * 1000000), name: r.code, _value: 1})) |> group()
  |> filter(fn: (r) => r._time >= v.timeRangeStart and r._time < v.timeRangeStop)`;

const figures = ({ source, zone }: Context): Shown[] => [
  graph({
    title: 'Observed',
    description:
      'How much of each civil day was observed, as the mean over all quantities of each device of the type that is chosen above. A gauge needs both neighbours; a value holds three intervals at the most.',
    flux: script(
      coverage(source),
      'coverage |> map(fn: (r) => ({_time: r._time, name: r.name, _value: r.coverage})) |> group(columns: ["name"]) |> aggregateWindow(every: 1m, fn: mean, createEmpty: false, timeSrc: "_start")',
      `  ${series('coverage')}`,
    ),
    unit: 'percentunit',
    gapMs: 1.5 * dayMs,
    min: 0,
    max: 1,
    steps: [
      { from: null, colour: 'red' },
      { from: 0.8, colour: 'orange' },
      { from: 0.95, colour: 'transparent' },
    ],
  }),
  table({
    title: 'Least observed',
    description: `Series of the type that is chosen above of which least was observed on a civil day in ${zone}, in the time range.`,
    flux: script(
      coverage(source),
      `coverage |> map(fn: (r) => ({r with day: ${civilDate(`"${zone}"`)}})) |> sort(columns: ["coverage"]) |> limit(n: 50) |> keep(columns: ["day", "subject", "name", "quantity", "coverage"])`,
    ),
    columns: {
      day: { title: 'Day' },
      name: { title: 'Device' },
      quantity: { title: 'Quantity' },
      coverage: observed,
      subject: { title: 'Id' },
    },
    width: 12,
    height: 9,
  }),
];

const judged = ({ source, octroiUrl }: Context): Shown[] => [
  graph({
    title: 'Anomalies by kind',
    description: 'How many began in each hour, by what was unusual: out of range, stuck, jump, silence.',
    flux: script(
      anomalyRows(source),
      'anomalies |> map(fn: (r) => ({_time: r.since, name: r.kind, _value: 1})) |> group(columns: ["name"]) |> aggregateWindow(every: 1h, fn: sum, createEmpty: false, timeSrc: "_start")',
      `  ${series('anomalies')}`,
    ),
    unit: 'none',
    drawn: 'bars',
    gapMs: 1.5 * hourMs,
    min: 0,
  }),
  stat({
    title: 'Silent devices',
    description: 'Devices that fell silent in the time range, for longer than their type allows, and still say nothing. Older silences stand among the alarms.',
    flux: script(
      anomalyRows(source),
      'anomalies |> filter(fn: (r) => r.kind == "silent") |> map(fn: (r) => ({_time: v.timeRangeStop, name: "Silent devices", _value: int(v: r.lasting)})) |> group(columns: ["_time", "name"]) |> sum()',
    ),
    unit: 'none',
    steps: [
      { from: null, colour: 'green' },
      { from: 1, colour: 'orange' },
      { from: 10, colour: 'red' },
    ],
    width: 12,
    none: '0',
  }),
  table({
    title: 'Alarms',
    description:
      'Alarms raised in the time range, and those of the 30 days before it that are open still, open ones first: anomalies of one cause, for a person to answer on the pages of octroi.',
    flux: script(
      alarmRows(source),
      'alarms |> map(fn: (r) => ({since: r.since, open: if r.lasting then "open" else "over", state: r.state, priority: r.priority, name: r.name, quantity: r.quantity, kind: r.kind, reason: r.reason})) |> sort(columns: ["open", "since"], desc: true)',
    ),
    columns: {
      since: { title: 'Since' },
      state: { title: 'State' },
      priority: { title: 'Priority' },
      name: { title: 'First device' },
      quantity: { title: 'Quantity' },
      kind: { title: 'Kind' },
      reason: { title: 'What', link: { title: 'Answer it', url: `${octroiUrl}/alarms` } },
    },
  }),
  table({
    title: 'Anomalies',
    description: 'What octroi judged unusual in the time range: what lasts first, then the newest.',
    flux: script(
      anomalyRows(source),
      'anomalies |> map(fn: (r) => ({since: r.since, until: if r.lasting then v.timeRangeStop else time(v: r.until * 1000000), state: if r.lasting then "lasts" else "over", name: r.name, quantity: r.quantity, kind: r.kind, reason: r.reason})) |> sort(columns: ["state", "since"], desc: true)',
    ),
    columns: {
      since: { title: 'Since' },
      until: { title: 'Until' },
      state: { title: 'State' },
      name: { title: 'Device' },
      quantity: { title: 'Quantity' },
      kind: { title: 'Kind' },
      reason: { title: 'What' },
    },
  }),
];

const refused = ({ source, octroiUrl }: Context): Shown[] => [
  graph({
    title: 'Refused readings',
    description: 'Dead letters by the hour at which they came, and why. Each is kept with its reason; those that were opened again since are among them.',
    flux: script(
      letters(source),
      'letters |> group(columns: ["name"]) |> sort(columns: ["_time"]) |> aggregateWindow(every: 1h, fn: sum, createEmpty: false, timeSrc: "_start")',
      `  ${series('letters')}`,
    ),
    unit: 'none',
    drawn: 'bars',
    gapMs: 1.5 * hourMs,
    min: 0,
  }),
  table({
    title: 'Refused and still open',
    description: "Dead letters of the time range that nobody has opened since, by reason. Octroi's operations page shows each, and adopts unknown devices.",
    flux: script(
      letters(source),
      `opened = from(bucket: ${text(source.buckets.state)}) |> range(start: 0) |> filter(fn: (r) => r._measurement == "reopened" and r._field == "revision") |> map(fn: (r) => ({slot: r._time, partition: r.partition, name: r.code, what: "opened", _value: r._value})) |> group()
union(tables: [letters |> map(fn: (r) => ({slot: r.slot, partition: r.partition, name: r.name, what: "at", _value: int(v: r._time)})), opened])
  |> pivot(rowKey: ["partition", "slot", "name"], columnKey: ["what"], valueColumn: "_value") |> filter(fn: (r) => exists r.at)
  |> map(fn: (r) => ({name: r.name, at: time(v: r.at), open: if exists r.opened then 0 else 1}))
  |> group(columns: ["name"]) |> reduce(identity: {letters: 0, open: 0, last: 1970-01-01T00:00:00Z}, fn: (r, accumulator) => ({letters: accumulator.letters + 1, open: accumulator.open + r.open, last: if r.at > accumulator.last then r.at else accumulator.last})) |> group() |> sort(columns: ["open"], desc: true)`,
    ),
    columns: {
      name: { title: 'Reason', link: { title: 'Operations', url: `${octroiUrl}/operations` } },
      letters: { title: 'Refused' },
      open: { title: 'Still open', steps: [{ from: null, colour: 'green' }, { from: 1, colour: 'orange' }] }, // biome-ignore format: one line
      last: { title: 'Last' },
    },
    width: 12,
    height: 9,
  }),
];

/** Any series: the devices and the quantity that are chosen. */
const anySeries = ({ source }: Context): Shown[] => {
  const numeric = source.quantities.filter(({ kind }) => kind !== 'state');
  const factors = numeric.map(({ name }) => `{key: ${text(name)}, value: ${quantum(source, name)}}`).join(', ');
  const gauges = list(numeric.filter(({ kind }) => kind === 'gauge').map(({ name }) => name));
  return [
    graph({
      title: 'The quantity of the devices that are chosen',
      description:
        'Of each quarter of an hour: the mean of what has a level, the amount of what is counted, in the canonical unit of the quantity. A gap is a gap.',
      flux: script(
        places(source),
        lookup('names', isOfType, deviceName),
        `factor = dict.get(dict: dict.fromList(pairs: [${factors}]), key: \${quantity:json}, default: 1.0)
isLevel = contains(value: \${quantity:json}, set: ${gauges})
from(bucket: ${text(source.buckets.panes)}) |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "pane" and r.window == "PT15M" and r.quantity == \${quantity:json} and ${isChosen('device')} and (r._field == "integral2" or r._field == "observed_ms" or r._field == "sum"))
  |> aggregateWindow(every: 1m, fn: last, createEmpty: false, timeSrc: "_start")
 ${wide} |> filter(fn: (r) => r.observed_ms > 0)
  |> map(fn: (r) => ({_time: r._time, name: ${lookedUp('names')}, _value: factor * (if isLevel then float(v: r.integral2) / 2.0 / float(v: r.observed_ms) else float(v: r.sum))})) |> filter(fn: (r) => r.name != "")
  ${series('value')}`,
      ),
      unit: 'none',
      gapMs: 1.5 * quarterMs,
      width: 24,
    }),
  ];
};

const variables = ({ source }: Context): Variable[] => [
  typeVariable(source),
  subjectsVariable(source, 'devices', isOfType),
  quantityVariable(source),
  devicesVariable(source, { name: 'device', label: 'Device', description: 'Devices in the last graph.', where: isOfType }),
];

export const qualityBoard = (context: Context): Board => ({
  name: 'quality',
  title: 'Data quality and operations',
  description: 'Coverage, silence, anomalies, refused readings: whether the figures can be relied on.',
  from: 'now-7d',
  variables: variables(context),
  sections: [
    { title: 'Coverage', shown: figures(context) },
    { title: 'Judged', shown: judged(context) },
    { title: 'Refused', shown: refused(context) },
    { title: 'Any series', shown: anySeries(context) },
  ],
});
