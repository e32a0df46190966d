/** What may be chosen on a dashboard. Values are ids, which the town file bounds; what is shown is a name. */
import { CustomVariableBuilder, QueryVariableBuilder, VariableHide, VariableRefresh, VariableSort } from '@grafana/grafana-foundation-sdk/dashboard';
import { deviceName, ofPlace, places, placesWhere, type Source, script, text } from './flux.ts';
import { datasource } from './panels.ts';

export type Variable = QueryVariableBuilder | CustomVariableBuilder;

/** Text and value stand in one column, since the data source gives variables no more. */
const separator = ' ⟶ ';
const nameAndValue = `/^(?<text>.*)${separator}(?<value>.*)$/`;

interface Asked {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  /** Rows of `places`: a condition on `r`. */
  readonly where: string;
}

const query = (name: string, label: string, description: string, flux: string): QueryVariableBuilder =>
  new QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(datasource)
    .query(flux)
    .definition(flux)
    .refresh(VariableRefresh.OnDashboardLoad)
    .sort(VariableSort.AlphabeticalCaseInsensitiveAsc)
    .allowCustomValue(false);

/** Any number of its values may be chosen; at first all. */
const several = (variable: QueryVariableBuilder): QueryVariableBuilder =>
  variable
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ['All'], value: ['$__all'] });

/** Rows with one column: a text made of each place. */
const listed = (where: string, value: string): string =>
  `array.from(rows: array.map(arr: ${placesWhere(where)}, fn: (x) => ${ofPlace(`{subject: r.subject, _value: ${value}}`)})) |> filter(fn: (r) => r.subject != "") |> keep(columns: ["_value"]) |> unique(column: "_value")`;

const chosen = (source: Source, where: string, shown: string, value: string): string =>
  script(places(source), listed(where, `(${shown}) + "${separator}" + ${value}`));

/** One site among those with such devices. */
export const siteVariable = (source: Source, { name, label, description, where }: Asked): Variable =>
  query(name, label, description, chosen(source, `r.site != "" and (${where})`, 'r.site_name', 'r.site')).regex(nameAndValue);

/** A type of devices that the town has. */
export const typeVariable = (source: Source): Variable =>
  query('type', 'Type', 'Types of devices that the town has.', script(places(source), listed('r.type != ""', 'r.type')));

/** Some devices, or all of them. */
export const devicesVariable = (source: Source, { name, label, description, where }: Asked): Variable =>
  several(query(name, label, description, chosen(source, where, deviceName, 'r.subject')).regex(nameAndValue));

/** A value that follows from another variable, and is not shown. */
export const hiddenVariable = (source: Source, name: string, description: string, where: string, value: string): Variable =>
  query(name, name, description, script(places(source), `${listed(where, value)} |> limit(n: 1)`)).hide(VariableHide.HideVariable);

/** Devices of which a dashboard asks, not shown: all of them, so that InfluxDB reads no others. */
export const subjectsVariable = (source: Source, name: string, where: string): Variable =>
  several(query(name, name, 'Devices that this dashboard asks for.', script(places(source), listed(where, 'r.subject'))).hide(VariableHide.HideVariable));

/** How fine a curve is. */
export const windowVariable = (): Variable =>
  new CustomVariableBuilder('window')
    .label('Resolution')
    .description("Octroi's own windows: a quarter of an hour, or an hour of the site's civil day.")
    .values('15 minutes : PT15M, 1 hour : PT1H')
    .current({ selected: true, text: '15 minutes', value: 'PT15M' })
    .allowCustomValue(false);

/** The condition of the devices that are chosen in the variable. */
export const isChosen = (variable: string): string => `r.subject =~ /^\${${variable}:regex}$/`;

/** A quantity that the devices of the variable `devices` have figures of, but for states. */
export const quantityVariable = (source: Source): Variable => {
  const labels = source.quantities.filter(({ kind }) => kind !== 'state').map(({ name, label }) => `{key: ${text(name)}, value: ${text(label.en)}}`);
  return query(
    'quantity',
    'Quantity',
    'Quantities that these devices have figures of: levels such as power, or amounts such as energy.',
    script(
      `labels = dict.fromList(pairs: [${labels.join(', ')}])
from(bucket: ${text(source.buckets.panes)}) |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "pane" and r.window == "PT15M" and r._field == "observed_ms" and ${isChosen('devices')})
  |> last() |> group() |> map(fn: (r) => ({label: dict.get(dict: labels, key: r.quantity, default: ""), quantity: r.quantity})) |> filter(fn: (r) => r.label != "")
  |> map(fn: (r) => ({_value: r.label + "${separator}" + r.quantity})) |> unique(column: "_value")`,
    ),
  ).regex(nameAndValue);
};
