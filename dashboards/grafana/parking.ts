/** Car parks and streets: how full, how it changed, who came and went. */
import { hourMs } from '../../core/time.ts';
import type { Board, Context } from './board.ts';
import { civilDate, deviceName, lookedUp, lookup, mean, ofType, panes, places, quantum, type Source, script, series, siteName, summed, twoWeeks, wide } from './flux.ts'; // biome-ignore format: one line
import { graph, type Shown, stat, states, table } from './panels.ts';
import { latestRows, readings, shares } from './queries.ts';
import { devicesVariable, isChosen, siteVariable } from './variables.ts';

const parks = isChosen('park');
const street = `r.site == \${street:json}`;

/** Free places of each car park over its capacity, as a share that is taken; both as means of the same window. */
const taken = (source: Source): string =>
  script(
    places(source),
    lookup('names', ofType('car-park'), siteName),
    `rows = ${panes(source, { quantities: ['free_places', 'capacity'], window: 'PT15M', fields: ['integral2', 'observed_ms'], where: parks })}
 ${wide} |> filter(fn: (r) => r.observed_ms > 0) |> map(fn: (r) => ({_time: r._time, subject: r.subject, quantity: r.quantity, name: ${lookedUp('names')}, _value: ${mean(source, 'free_places')}}))
  |> filter(fn: (r) => r.name != "") |> pivot(rowKey: ["_time", "subject", "name"], columnKey: ["quantity"], valueColumn: "_value")
rows |> filter(fn: (r) => exists r.capacity and exists r.free_places and r.capacity > 0.0) |> map(fn: (r) => ({_time: r._time, name: r.name, _value: 1.0 - r.free_places / r.capacity}))`,
    `  ${series('taken')}`,
  );

/** What came in or went out, by window. */
const passages = (source: Source, quantity: 'entries' | 'exits', name: string): string =>
  `${panes(source, { quantities: [quantity], window: 'PT1H', fields: ['sum'] })}
  |> group() |> map(fn: (r) => ({_time: r._time, name: if ${lookedUp('names')} == "" then "" else "${name}", _value: float(v: r._value) * ${quantum(source, quantity)}})) |> filter(fn: (r) => r.name != "")`;

const carParks = (source: Source): string =>
  script(
    places(source),
    lookup('names', ofType('car-park'), siteName),
    latestRows(source, ['free_places', 'capacity']),
    // What a display does not say of its size, the town file does.
    lookup('sizes', ofType('car-park'), 'string(v: r.capacity)'),
    `last = latest |> map(fn: (r) => ({subject: r.subject, name: ${lookedUp('names')}, quantity: r.quantity, at: int(v: r._time), _value: r.value})) |> filter(fn: (r) => r.name != "")
union(tables: [last |> drop(columns: ["at"]), last |> filter(fn: (r) => r.quantity == "free_places") |> map(fn: (r) => ({subject: r.subject, name: r.name, quantity: "at", _value: r.at}))])
  |> pivot(rowKey: ["subject", "name"], columnKey: ["quantity"], valueColumn: "_value") |> filter(fn: (r) => exists r.at)
  |> map(fn: (r) => ({name: r.name, subject: r.subject, free: r.free_places, capacity: if exists r.capacity then r.capacity else int(v: ${lookedUp('sizes')}), at: time(v: r.at)}))
  |> map(fn: (r) => ({r with state: if r.capacity == 0 then "closed, or size unknown" else if r.free > r.capacity then "reports more than it has" else if r.free <= 0 then "full" else "free"})) |> sort(columns: ["name"])`,
  );

const now = ({ source }: Context): Shown[] => [
  stat({
    title: 'Free places now',
    description: 'The last report of each car park in the time range. Its age stands in the table below.',
    flux: script(
      places(source),
      lookup('names', ofType('car-park'), siteName),
      latestRows(source, ['free_places']),
      `latest |> map(fn: (r) => ({_time: r._time, name: ${lookedUp('names')}, _value: r.value})) |> filter(fn: (r) => r.name != "")`,
      series('free_places'),
    ),
    unit: 'none',
    steps: [
      { from: null, colour: 'red' },
      { from: 1, colour: 'orange' },
      { from: 20, colour: 'green' },
    ],
    width: 24,
  }),
  table({
    title: 'Car parks',
    description: 'Last report of each car park. One that reports more free places than it has counts wrongly; one of size 0 is closed.',
    flux: carParks(source),
    columns: {
      name: { title: 'Car park' },
      state: { title: 'State' },
      free: { title: 'Free places', unit: 'none' },
      capacity: { title: 'Places', unit: 'none' },
      at: { title: 'Last report' },
      subject: { title: 'Device' },
    },
  }),
];

const overTime = ({ source, zone }: Context): Shown[] => [
  graph({
    title: 'How full',
    description: 'Share of the places that is taken, as the mean of each quarter of an hour. A car park that says nothing for half an hour has a gap.',
    flux: taken(source),
    unit: 'percentunit',
    gapMs: 0.375 * hourMs,
    min: 0,
    max: 1,
    steps: [
      { from: null, colour: 'transparent' },
      { from: 0.9, colour: 'orange' },
      { from: 1, colour: 'red' },
    ],
  }),
  graph({
    title: 'Free places',
    description: 'Reports as they came: a value holds until the next one.',
    flux: readings(source, { quantity: 'free_places', types: ['car-park'], name: siteName, where: parks }),
    unit: 'none',
    gapMs: 0.5 * hourMs,
    min: 0,
    holds: true,
  }),
  graph({
    title: 'Vehicles in and out',
    description: 'Passages at all barriers, by hour of the civil day. They count passages, not vehicles that are known.',
    flux: script(
      places(source),
      lookup('names', ofType('barrier-counter'), deviceName),
      `union(tables: [${passages(source, 'entries', 'In')}, ${passages(source, 'exits', 'Out')}])`,
      `  ${summed} ${series('vehicles')}`,
    ),
    unit: 'none',
    drawn: 'bars',
    gapMs: 1.5 * hourMs,
    min: 0,
  }),
  table({
    title: 'Vehicles by day',
    description: `Passages at each barrier on each civil day in ${zone}, over the last 14 days.`,
    flux: script(
      places(source),
      lookup('names', ofType('barrier-counter'), deviceName),
      `${panes(source, { quantities: ['entries', 'exits'], window: 'P1D', fields: ['sum'], range: twoWeeks })}
  |> group() |> map(fn: (r) => ({day: ${civilDate(`"${zone}"`)}, name: ${lookedUp('names')}, quantity: r.quantity, _value: r._value})) |> filter(fn: (r) => r.name != "")
  |> pivot(rowKey: ["day", "name"], columnKey: ["quantity"], valueColumn: "_value") |> sort(columns: ["day", "name"], desc: true)`,
    ),
    columns: { day: { title: 'Day' }, name: { title: 'Barrier' }, entries: { title: 'In' }, exits: { title: 'Out' } },
    width: 12,
    height: 9,
  }),
];

const bays = ({ source }: Context): Shown[] => [
  graph({
    title: 'Bays that are taken, by street',
    description: 'Share of the observed time in which the bays of a street were taken, over all its bays, by hour.',
    flux: shares(source, ['occupied'], { quantity: 'occupancy', types: ['parking-bay'], window: 'PT1H', name: siteName }),
    unit: 'percentunit',
    gapMs: 1.5 * hourMs,
    min: 0,
    max: 1,
    width: 24,
  }),
  states({
    title: 'Bays of the street',
    description: 'Each bay of the street that is chosen above. A bay that reports on change keeps its state for three days at the most.',
    flux: readings(source, { quantity: 'occupancy', types: ['parking-bay'], among: street }),
    words: [
      { text: 'free', colour: 'green' },
      { text: 'occupied', colour: 'orange' },
    ],
  }),
];

export const parkingBoard = (context: Context): Board => ({
  name: 'parking',
  title: 'Parking',
  description: 'Car parks and parking bays. No vehicle is known to octroi, and none is shown.',
  from: 'now-24h',
  variables: [
    devicesVariable(context.source, { name: 'park', label: 'Car park', description: 'Car parks in the graphs.', where: ofType('car-park') }),
    siteVariable(context.source, { name: 'street', label: 'Street', description: 'Street whose bays are shown one by one.', where: ofType('parking-bay') }),
  ],
  among: ofType('car-park', 'parking-bay', 'barrier-counter'),
  sections: [
    { title: 'Now', shown: now(context) },
    { title: 'Over time', shown: overTime(context) },
    { title: 'Streets', shown: bays(context) },
  ],
});
