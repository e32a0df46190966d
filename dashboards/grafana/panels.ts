/** How figures are drawn: graphs with a table beside each, single values, tables. What is asked is left to the dashboards. */
import { PanelBuilder as BarChart } from '@grafana/grafana-foundation-sdk/barchart';
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimeline } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';

export const datasource = { type: 'influxdb', uid: 'octroi-influxdb' } as const;

/** A question in Flux: the SDK has no type of its own for InfluxDB. */
export const fluxQuery = (query: string, refId = 'A'): Builder<Dataquery> => ({
  build: () => ({ refId, datasource, query, _implementsDataqueryVariant: () => undefined }) as Dataquery,
});

/** What every panel builder of the SDK can do. */
export interface Panel extends Builder<dashboard.Panel> {
  id(id: number): this;
  title(title: string): this;
  description(description: string): this;
  datasource(source: typeof datasource): this;
  withTarget(target: Builder<Dataquery>): this;
  span(width: number): this;
  height(height: number): this;
}

/** A panel and, where it is a picture, the same figures as a table. */
export interface Shown {
  readonly panel: Panel;
  readonly twin?: Panel;
}

interface Said {
  readonly title: string;
  /** What it shows, of what, and what a gap means. */
  readonly description: string;
  readonly flux: string;
  /** Of 24. */
  readonly width?: number;
}

/** From this value on, in this colour; the first holds below all. */
export interface Step {
  readonly from: number | null;
  readonly colour: 'green' | 'yellow' | 'orange' | 'red' | 'blue' | 'transparent';
}
export interface Link {
  readonly title: string;
  readonly url: string;
}

/** From which share of a window that was observed its figure is whole enough to compare, and whole. */
export const observedSteps: readonly Step[] = [
  { from: null, colour: 'red' },
  { from: 0.8, colour: 'orange' },
  { from: 0.95, colour: 'green' },
];

const thresholds = (steps: readonly Step[]): dashboard.ThresholdsConfigBuilder =>
  new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps(steps.map(({ from, colour }) => ({ value: from, color: colour })));
const links = (given: readonly Link[]): dashboard.DashboardLinkBuilder[] => given.map(({ title, url }) => new dashboard.DashboardLinkBuilder(title).url(url));
const legend = (): common.VizLegendOptionsBuilder =>
  new common.VizLegendOptionsBuilder().displayMode(common.LegendDisplayMode.List).placement(common.LegendPlacement.Bottom).showLegend(true).calcs([]);
const tooltip = (): common.VizTooltipOptionsBuilder =>
  new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending);
const colours = (): dashboard.FieldColorBuilder => new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.PaletteClassicByName);

/** A panel with what all have: what it says, what it asks, how large it is. */
const begun = <P extends Panel>(panel: P, { title, description, flux }: Said, width: number, height: number): P =>
  panel.title(title).description(description).datasource(datasource).withTarget(fluxQuery(flux)).span(width).height(height);

/** A series is called by its label `name`. */
const byName = `\${__field.labels.name}`;
const graphHeight = 9;

const twinOf = ({ title, description, flux }: Said, unit: string, isSeries: boolean): Panel => {
  const said = { title: `${title}: data table`, description: `The figures of "${title}". ${description}`, flux };
  const table = begun(new Table(), said, 24, 8).unit(unit).showHeader(true);
  return isSeries ? table.displayName(byName).withTransformation({ id: 'joinByField', options: { byField: 'Time', mode: 'outer' } }) : table;
};

export interface GraphAsked extends Said {
  readonly unit: string;
  readonly drawn?: 'lines' | 'bars' | 'stacked';
  /** Points further apart than that have a gap between them, ms: a gap is never bridged. */
  readonly gapMs: number;
  readonly steps?: readonly Step[];
  readonly min?: number;
  readonly max?: number;
  readonly links?: readonly Link[];
  /** Two series that are the edges of a band behind the others. */
  readonly band?: readonly [low: string, high: string];
  /** A step: the value holds until the next one. */
  readonly holds?: boolean;
}

const band = (panel: TimeSeries, [low, high]: readonly [string, string]): void => {
  const hidden = [
    { id: 'custom.lineWidth', value: 0 },
    { id: 'color', value: { mode: 'fixed', fixedColor: 'blue' } },
  ];
  panel.overrideByName(low, hidden).overrideByName(high, [...hidden, { id: 'custom.fillBelowTo', value: low }, { id: 'custom.fillOpacity', value: 15 }]);
};

/** Values over time. */
export const graph = (asked: GraphAsked): Shown => {
  const { unit, drawn = 'lines', gapMs, steps, min, max, width = 12 } = asked;
  const panel = begun(new TimeSeries(), asked, width, graphHeight)
    .displayName(byName)
    .unit(unit)
    .colorScheme(colours())
    .legend(legend())
    .tooltip(tooltip())
    .lineWidth(drawn === 'bars' ? 1 : 2)
    .fillOpacity(drawn === 'lines' ? 0 : 40)
    .showPoints(common.VisibilityMode.Never)
    .spanNulls(false)
    .insertNulls(gapMs)
    .lineInterpolation(asked.holds === true ? common.LineInterpolation.StepAfter : common.LineInterpolation.Linear);
  if (drawn === 'bars') panel.drawStyle(common.GraphDrawStyle.Bars);
  if (drawn !== 'lines') panel.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'));
  if (steps !== undefined) {
    panel.thresholds(thresholds(steps)).thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed));
  }
  if (min !== undefined) panel.min(min);
  if (max !== undefined) panel.max(max);
  if (asked.band !== undefined) band(panel, asked.band);
  if (asked.links !== undefined) panel.dataLinks(links(asked.links));
  return { panel, twin: twinOf(asked, unit, true) };
};

export interface BarsAsked extends Said {
  readonly unit: string;
  /** The column of the labels, and how the others are called. */
  readonly x: string;
  readonly columns: Readonly<Record<string, string>>;
}

/** Amounts by civil day or month, or by anything that has a name: the label is text, so no browser's zone moves it. */
export const bars = (asked: BarsAsked): Shown => {
  const { unit, x, columns, width = 12 } = asked;
  const panel = begun(new BarChart(), asked, width, graphHeight)
    .unit(unit)
    .xField(x)
    .colorScheme(colours())
    .stacking(common.StackingMode.Normal)
    .showValue(common.VisibilityMode.Auto)
    .legend(legend())
    .tooltip(tooltip())
    .fillOpacity(70);
  for (const [column, name] of Object.entries(columns)) panel.overrideByName(column, [{ id: 'displayName', value: name }]);
  return { panel, twin: twinOf(asked, unit, false) };
};

export interface StatAsked extends Said {
  readonly unit: string;
  readonly steps?: readonly Step[];
  readonly decimals?: number;
  readonly links?: readonly Link[];
  /** What is shown where there is nothing. */
  readonly none?: string;
}

/** The last value of each series. */
export const stat = (asked: StatAsked): Shown => {
  const { unit, steps = [{ from: null, colour: 'blue' }], decimals, width = 6, none } = asked;
  const panel = begun(new Stat(), asked, width, 5)
    .displayName(byName)
    .unit(unit)
    .thresholds(thresholds(steps))
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .graphMode(common.BigValueGraphMode.None)
    .colorMode(common.BigValueColorMode.Value)
    .textMode(common.BigValueTextMode.ValueAndName);
  if (decimals !== undefined) panel.decimals(decimals);
  if (asked.links !== undefined) panel.dataLinks(links(asked.links));
  if (none !== undefined) panel.noValue(none);
  return { panel };
};

export interface Column {
  readonly title: string;
  readonly unit?: string;
  readonly decimals?: number;
  readonly steps?: readonly Step[];
  readonly link?: Link;
  readonly width?: number;
}
export interface TableAsked extends Said {
  /** In order. Other columns of the answer are hidden. */
  readonly columns: Readonly<Record<string, Column>>;
  readonly height?: number;
}

/** The column that says how much was observed. */
export const observed: Column = { title: 'Observed', unit: 'percentunit', decimals: 1, steps: observedSteps };

const columnProperties = ({ unit, decimals, steps, link, width }: Column): dashboard.DynamicConfigValue[] => [
  ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
  ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
  ...(width === undefined ? [] : [{ id: 'custom.width', value: width }]),
  ...(link === undefined ? [] : [{ id: 'links', value: [link] }]),
  ...(steps === undefined
    ? []
    : [
        { id: 'thresholds', value: { mode: 'absolute', steps: steps.map(({ from, colour }) => ({ value: from, color: colour })) } },
        { id: 'custom.cellOptions', value: { type: 'color-text' } },
      ]),
];

/** Rows. A table needs no twin. */
export const table = (asked: TableAsked): Shown => {
  const { columns, width = 24, height = 8 } = asked;
  const names = Object.keys(columns);
  const panel = begun(new Table(), asked, width, height)
    .showHeader(true)
    .filterable(true)
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: {},
        indexByName: Object.fromEntries(names.map((name, n) => [name, n])),
        renameByName: Object.fromEntries(names.map((name) => [name, columns[name]?.title])),
      },
    });
  for (const column of Object.values(columns)) {
    const properties = columnProperties(column);
    if (properties.length > 0) panel.overrideByName(column.title, properties);
  }
  return { panel };
};

export interface StatesAsked extends Said {
  /** What the numbers mean, and in which colour. */
  readonly words: readonly { readonly text: string; readonly colour: string }[];
}

/** States over time, a line a device. */
export const states = (asked: StatesAsked): Shown => {
  const { words, width = 24 } = asked;
  const options = Object.fromEntries(words.map(({ text, colour }, n) => [String(n), { text, color: colour, index: n }]));
  const mappings = [{ type: dashboard.MappingType.ValueToText as const, options }];
  const panel = begun(new StateTimeline(), asked, width, graphHeight)
    .displayName(byName)
    .mappings(mappings)
    .showValue(common.VisibilityMode.Auto)
    .mergeValues(true)
    .spanNulls(false)
    .legend(legend());
  const twin = twinOf(asked, 'none', true);
  (twin as Table).mappings(mappings);
  return { panel, twin };
};
