/** The town at a glance: energy by day, what is unusual, free places; and the way to each site. */
import { hourMs } from '../../core/time.ts';
import { type Board, boardUrl, type Context } from './board.ts';
import { civilDate, lookedUp, lookup, meterTypes, ofType, panes, places, type Source, script, siteName, wide } from './flux.ts';
import { bars, graph, observed, type Shown, stat, table } from './panels.ts';
import { alarmRows, carrierTitles, energyByCarrier, energyByPeriod, latestRows, levels, mostUsed } from './queries.ts';
import { isChosen, subjectsVariable } from './variables.ts';

const where = isChosen('meters');

/** Sites with meters, and how much of the time range was observed of each, the least first. */
const sites = (source: Source): string =>
  script(
    places(source),
    lookup('sites', `r.site != "" and ${ofType(...meterTypes(source))}`, 'r.site'),
    lookup('names', 'r.site != ""', siteName),
    `${panes(source, { quantities: ['active_energy_import', 'gas_energy_index', 'heat_energy'], window: 'P1D', fields: ['observed_ms', 'length_ms'], where })}
 ${wide} |> map(fn: (r) => ({site: ${lookedUp('sites')}, name: ${lookedUp('names')}, _value: float(v: r.observed_ms) / float(v: r.length_ms)}))
  |> filter(fn: (r) => r.site != "") |> group(columns: ["site", "name"]) |> mean() |> group() |> rename(columns: {_value: "coverage"}) |> sort(columns: ["coverage"])`,
  );

const now = ({ source }: Context): Shown[] => [
  stat({
    title: 'Last complete day',
    description: 'Energy of the last civil day that is over, by carrier, over all sites but homes.',
    flux: energyByCarrier(source, { window: 'P1D', where }),
    unit: 'kwatth',
    width: 10,
  }),
  stat({
    title: 'Open alarms',
    description:
      'Alarms that last, or that nobody has answered, raised in the time range or in the 30 days before it. They are answered on the pages of octroi.',
    flux: script(
      alarmRows(source),
      'alarms |> map(fn: (r) => ({_time: v.timeRangeStop, name: "Alarms", _value: int(v: r.lasting)})) |> group(columns: ["_time", "name"]) |> sum()',
    ),
    unit: 'none',
    steps: [
      { from: null, colour: 'green' },
      { from: 1, colour: 'orange' },
    ],
    width: 4,
    links: [{ title: 'Data quality', url: boardUrl('quality') }],
    none: '0',
  }),
  stat({
    title: 'Sun on public roofs',
    description: 'Mean power of all inverters over the last quarter of an hour that is complete.',
    flux: levels(source, { quantity: 'active_power', types: ['pv-inverter'], window: 'PT15M', name: '"Sun"', where: isChosen('roofs') }),
    unit: 'watt',
    width: 5,
    links: [{ title: 'Grid', url: boardUrl('grid') }],
  }),
  stat({
    title: 'Free places',
    description: 'Sum of the last reports of all car parks in the time range. A car park that says nothing is missing from it.',
    flux: script(
      places(source),
      lookup('names', ofType('car-park'), siteName),
      latestRows(source, ['free_places']),
      `latest |> filter(fn: (r) => ${lookedUp('names')} != "") |> map(fn: (r) => ({_time: v.timeRangeStop, name: "Free places", _value: r.value})) |> group(columns: ["_time", "name"]) |> sum()`,
    ),
    unit: 'none',
    width: 5,
    links: [{ title: 'Parking', url: boardUrl('parking') }],
  }),
];

const energy = ({ source, zone }: Context): Shown[] => [
  bars({
    title: 'Energy by day',
    description: `Energy of each civil day in ${zone} by carrier, over all sites but homes. Days have 23, 24 or 25 hours; the day that runs is not shown.`,
    flux: energyByPeriod(source, { window: 'P1D', where }, civilDate(`"${zone}"`)),
    unit: 'kwatth',
    x: 'period',
    columns: carrierTitles,
  }),
  bars({
    title: 'Sites that used most',
    description: 'Energy of the last complete civil day of each site, the twenty that used most of all carriers together.',
    flux: mostUsed(source, 20),
    unit: 'kwatth',
    x: 'name',
    columns: carrierTitles,
  }),
  table({
    title: 'Sites',
    description: 'Sites with meters, and how much of the days in the time range was observed: what is missing first.',
    flux: sites(source),
    columns: {
      name: { title: 'Site', link: { title: 'Energy of the site', url: boardUrl('site', `&var-site=\${__data.fields.site}`) } },
      coverage: observed,
      site: { title: 'Id' },
    },
    height: 12,
  }),
  graph({
    title: 'Outdoor temperature',
    description: 'Mean of each quarter of an hour at each weather station.',
    flux: levels(source, { quantity: 'temperature', types: ['weather-station'], window: 'PT15M', where: isChosen('stations') }),
    unit: 'celsius',
    gapMs: 0.375 * hourMs,
    width: 24,
  }),
];

export const townBoard = (context: Context): Board => ({
  name: 'town',
  title: 'Town overview',
  description: 'Energy, anomalies and car parks of the town. Homes are left out: octroi shows them in groups on its own pages.',
  from: 'now-7d',
  variables: [
    subjectsVariable(context.source, 'meters', ofType(...meterTypes(context.source))),
    subjectsVariable(context.source, 'roofs', ofType('pv-inverter')),
    subjectsVariable(context.source, 'stations', ofType('weather-station')),
  ],
  sections: [
    {
      title: 'Now',
      shown: now(context),
    },
    {
      title: 'Energy',
      shown: energy(context),
    },
  ],
});
