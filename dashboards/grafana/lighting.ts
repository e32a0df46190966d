/** Street lighting, cabinet by cabinet: whether it burns when it should, what it takes, which lamps fail. */
import { quarterMs } from '../../core/time.ts';
import type { Board, Context } from './board.ts';
import { civilDate, deviceName, lookedUp, lookup, ofType, panes, places, quantum, script, series, twoWeeks, wide } from './flux.ts';
import { graph, observed, type Shown, stat, states, table } from './panels.ts';
import { latestRows, levels, readings } from './queries.ts';
import { devicesVariable, isChosen } from './variables.ts';

const types = ['street-lighting'];
const where = isChosen('cabinet');
const names = lookup('names', ofType(...types), deviceName);

const now = ({ source }: Context): Shown[] => [
  stat({
    title: 'Lamps at fault',
    description: 'The last report of each cabinet in the time range.',
    flux: script(
      places(source),
      names,
      latestRows(source, ['lamp_faults']),
      `latest |> filter(fn: (r) => ${where}) |> map(fn: (r) => ({_time: r._time, name: ${lookedUp('names')}, _value: r.value})) |> filter(fn: (r) => r.name != "")`,
      series('lamp_faults'),
    ),
    unit: 'none',
    steps: [
      { from: null, colour: 'green' },
      { from: 1, colour: 'orange' },
      { from: 5, colour: 'red' },
    ],
    width: 24,
  }),
  states({
    title: 'State of the cabinets',
    description: 'Each cabinet as it reports. Burning by day, or dark at night, is for the operator to mend.',
    flux: readings(source, { quantity: 'lighting', types, where }),
    words: [
      { text: 'off', colour: 'text' },
      { text: 'dimmed', colour: 'yellow' },
      { text: 'on', colour: 'orange' },
    ],
  }),
];

const overTime = ({ source, zone }: Context): Shown[] => [
  graph({
    title: 'Power',
    description: 'Active power of each cabinet, mean of each quarter of an hour, one above the other.',
    flux: levels(source, { quantity: 'active_power', types, window: 'PT15M', where }),
    unit: 'watt',
    drawn: 'stacked',
    gapMs: 1.5 * quarterMs,
    min: 0,
  }),
  graph({
    title: 'Dimming',
    description: 'Mean of each quarter of an hour, as a share of full light.',
    flux: levels(source, { quantity: 'dimming_level', types, window: 'PT15M', where }),
    unit: 'percent',
    gapMs: 1.5 * quarterMs,
    min: 0,
    max: 100,
  }),
  table({
    title: 'Burning hours by day',
    description: `Hours that each cabinet was on or dimmed on each civil day in ${zone} over the last 14 days, and how much of the day was observed.`,
    flux: script(
      places(source),
      names,
      `${panes(source, { quantities: ['lighting'], window: 'P1D', fields: ['share_1_ms', 'share_2_ms', 'observed_ms', 'length_ms'], where, range: twoWeeks })}
 ${wide} |> map(fn: (r) => ({day: ${civilDate(`"${zone}"`)}, name: ${lookedUp('names')}, dimmed: float(v: r.share_1_ms) / 3600000.0, on: float(v: r.share_2_ms) / 3600000.0, coverage: float(v: r.observed_ms) / float(v: r.length_ms)}))
  |> filter(fn: (r) => r.name != "") |> sort(columns: ["day", "name"], desc: true)`,
    ),
    columns: {
      day: { title: 'Day' },
      name: { title: 'Cabinet' },
      on: { title: 'On', unit: 'h', decimals: 1 },
      dimmed: { title: 'Dimmed', unit: 'h', decimals: 1 },
      coverage: observed,
    },
    width: 12,
  }),
  table({
    title: 'Energy by day',
    description: `Energy of each cabinet on each civil day in ${zone}, over the last 14 days.`,
    flux: script(
      places(source),
      names,
      `${panes(source, { quantities: ['active_energy_import'], window: 'P1D', fields: ['sum'], where, range: twoWeeks })}
  |> group() |> map(fn: (r) => ({day: ${civilDate(`"${zone}"`)}, name: ${lookedUp('names')}, energy: float(v: r._value) * ${quantum(source, 'active_energy_import')}}))
  |> filter(fn: (r) => r.name != "") |> sort(columns: ["day", "name"], desc: true)`,
    ),
    columns: { day: { title: 'Day' }, name: { title: 'Cabinet' }, energy: { title: 'Energy', unit: 'kwatth', decimals: 1 } },
    width: 12,
  }),
];

export const lightingBoard = (context: Context): Board => ({
  name: 'lighting',
  title: 'Street lighting',
  description: 'Cabinets of the street lighting: state, power, energy, lamps at fault.',
  from: 'now-48h',
  variables: [devicesVariable(context.source, { name: 'cabinet', label: 'Cabinet', description: 'Cabinets in the graphs.', where: ofType(...types) })],
  among: ofType(...types),
  sections: [
    {
      title: 'Now',
      shown: now(context),
    },
    {
      title: 'Over time',
      shown: overTime(context),
    },
  ],
});
