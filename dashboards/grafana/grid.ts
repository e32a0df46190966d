/** A quarter's grid: what its transformers bear, what its roofs feed in, what is stored, what vehicles take. */
import { quarterMs } from '../../core/time.ts';
import type { Board, Context } from './board.ts';
import { civilDate, deviceName, lookedUp, lookup, ofType, panes, places, quantum, type Source, script, twoWeeks } from './flux.ts';
import { bars, graph, type Shown, stat, states } from './panels.ts';
import { levelRows, levels, readings, shares } from './queries.ts';
import { devicesVariable, isChosen, subjectsVariable, windowVariable } from './variables.ts';

const window = `\${window}` as const;
const gapMs = 4.5 * quarterMs;
const transformers = isChosen('transformer');

/** Energy by civil day of some types, a column each. */
const byDay = (
  source: Source,
  zone: string,
  asked: readonly { readonly column: string; readonly quantity: string; readonly types: readonly string[]; readonly where: string }[],
): string =>
  script(
    places(source),
    ...asked.map(({ column, types }) => lookup(`${column}Names`, ofType(...types), deviceName)),
    `union(tables: [${asked
      .map(
        ({ column, quantity, where }) => `${panes(source, { quantities: [quantity], window: 'P1D', fields: ['sum'], where, range: twoWeeks })}
  |> group() |> filter(fn: (r) => ${lookedUp(`${column}Names`)} != "") |> map(fn: (r) => ({_time: r._time, column: "${column}", _value: float(v: r._value) * ${quantum(source, quantity)}}))`,
      )
      .join(', ')}])
  |> group(columns: ["column"]) |> aggregateWindow(every: 1m, fn: sum, createEmpty: false, timeSrc: "_start") |> group()
  |> pivot(rowKey: ["_time"], columnKey: ["column"], valueColumn: "_value") |> sort(columns: ["_time"])
  |> map(fn: (r) => ({day: ${civilDate(`"${zone}"`)}, ${asked.map(({ column }) => `${column}: if exists r.${column} then r.${column} else 0.0`).join(', ')}}))`,
  );

/** The three phases of each transformer, as series of their own. */
const voltages = (source: Source): string =>
  script(
    places(source),
    ...[1, 2, 3].map((phase) =>
      levelRows(source, `levels${phase}`, {
        quantity: `voltage_l${phase}`,
        types: ['transformer'],
        window,
        name: `(${deviceName}) + " L${phase}"`,
        where: transformers,
      }),
    ),
    'union(tables: [levels1, levels2, levels3]) |> group(columns: ["name"]) |> sort(columns: ["_time"]) |> map(fn: (r) => ({r with _field: "voltage"}))',
  );

const network = ({ source }: Context): Shown[] => [
  graph({
    title: 'Load of the transformers',
    description:
      'Apparent power as a share of the rated power, mean of each window. Above 100 % the oil warms; how long that may last is for the operator to say.',
    flux: levels(source, { quantity: 'load', types: ['transformer'], window, where: transformers }),
    unit: 'percent',
    gapMs,
    steps: [
      { from: null, colour: 'transparent' },
      { from: 80, colour: 'orange' },
      { from: 100, colour: 'red' },
    ],
  }),
  graph({
    title: 'Oil temperature',
    description: 'Mean of each window. A usual limit for the top oil is 95 °C; the plate of the transformer says its own.',
    flux: levels(source, { quantity: 'oil_temperature', types: ['transformer'], window, where: transformers }),
    unit: 'celsius',
    gapMs,
    steps: [
      { from: null, colour: 'transparent' },
      { from: 85, colour: 'orange' },
      { from: 95, colour: 'red' },
    ],
  }),
  graph({
    title: 'Voltage',
    description: 'Mean of each window on each phase. EN 50160 allows 230 V ± 10 % (207 to 253 V) for 95 % of the ten-minute means of a week.',
    flux: voltages(source),
    unit: 'volt',
    gapMs,
    steps: [
      { from: null, colour: 'red' },
      { from: 207, colour: 'transparent' },
      { from: 253, colour: 'red' },
    ],
  }),
  graph({
    title: 'Power through the transformers',
    description: 'Active power, mean of each window; below zero the quarter feeds back.',
    flux: levels(source, { quantity: 'active_power', types: ['transformer'], window, where: transformers }),
    unit: 'watt',
    gapMs,
  }),
];

const sources = ({ source, zone }: Context): Shown[] => [
  graph({
    title: 'Sun on roofs',
    description: 'Active power of each inverter, mean of each window; a few watts below zero at night is what it draws for itself.',
    flux: levels(source, { quantity: 'active_power', types: ['pv-inverter'], window, where: isChosen('roofs') }),
    unit: 'watt',
    drawn: 'stacked',
    gapMs,
  }),
  bars({
    title: 'Sun, storage and vehicles by day',
    description: `Energy of each civil day in ${zone} over the last 14 days: fed in by inverters, taken and given back by batteries, taken by vehicles.`,
    flux: byDay(source, zone, [
      { column: 'sun', quantity: 'active_energy_export', types: ['pv-inverter'], where: isChosen('roofs') },
      { column: 'charged', quantity: 'active_energy_import', types: ['battery'], where: isChosen('batteries') },
      { column: 'discharged', quantity: 'active_energy_export', types: ['battery'], where: isChosen('batteries') },
      { column: 'vehicles', quantity: 'active_energy_import', types: ['ev-charger'], where: isChosen('chargers') },
    ]),
    unit: 'kwatth',
    x: 'day',
    columns: { sun: 'Sun', charged: 'Into batteries', discharged: 'Out of batteries', vehicles: 'Vehicles' },
  }),
  graph({
    title: 'State of charge',
    description: 'How full each battery is, as a share of what it can hold; mean of each window.',
    flux: levels(source, { quantity: 'state_of_charge', types: ['battery'], window, where: isChosen('batteries') }),
    unit: 'percent',
    gapMs,
    min: 0,
    max: 100,
  }),
  graph({
    title: 'Power of the batteries',
    description: 'Mean of each window; above zero a battery charges, below it gives back.',
    flux: levels(source, { quantity: 'active_power', types: ['battery'], window, where: isChosen('batteries') }),
    unit: 'watt',
    gapMs,
  }),
];

const vehicles = ({ source }: Context): Shown[] => [
  stat({
    title: 'Charge points in use',
    description: 'Share of the observed time of the last hour that is complete in which each charge point charged.',
    flux: shares(source, ['charging'], { quantity: 'charging', types: ['ev-charger'], window: 'PT1H' }),
    unit: 'percentunit',
    width: 12,
  }),
  graph({
    title: 'Power of the charge points',
    description: 'Mean of each window, one above the other.',
    flux: levels(source, { quantity: 'active_power', types: ['ev-charger'], window, where: isChosen('chargers') }),
    unit: 'watt',
    drawn: 'stacked',
    gapMs,
    min: 0,
  }),
  states({
    title: 'Charge points',
    description: 'Each charge point as it reports. Who charges is never received.',
    flux: readings(source, { quantity: 'charging', types: ['ev-charger'] }),
    words: [
      { text: 'available', colour: 'green' },
      { text: 'charging', colour: 'blue' },
      { text: 'finished', colour: 'yellow' },
      { text: 'out of order', colour: 'red' },
    ],
  }),
];

export const gridBoard = (context: Context): Board => ({
  name: 'grid',
  title: 'Grid of the quarters',
  description: 'Transformers, sun, storage and charge points.',
  from: 'now-24h',
  variables: [
    devicesVariable(context.source, { name: 'transformer', label: 'Transformer', description: 'Transformers in the graphs.', where: ofType('transformer') }),
    windowVariable(),
    subjectsVariable(context.source, 'roofs', ofType('pv-inverter')),
    subjectsVariable(context.source, 'batteries', ofType('battery')),
    subjectsVariable(context.source, 'chargers', ofType('ev-charger')),
  ],
  among: ofType('transformer', 'pv-inverter', 'battery', 'ev-charger'),
  sections: [
    { title: 'Transformers', shown: network(context) },
    { title: 'Sun and storage', shown: sources(context) },
    { title: 'Vehicles', shown: vehicles(context) },
  ],
});
