/** What may be chosen on a dashboard. Values are ids, which the town file bounds; what is shown is a name. */
import { CustomVariableBuilder, QueryVariableBuilder, VariableHide, VariableRefresh, VariableSort } from '@grafana/grafana-foundation-sdk/dashboard';
import { places, type Source, script } from './flux.ts';
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

const chosen = (source: Source, where: string, shown: string, value: string): string =>
  script(
    places(source),
    `places |> filter(fn: (r) => ${where}) |> map(fn: (r) => ({_value: (${shown}) + "${separator}" + ${value}})) |> unique(column: "_value") |> keep(columns: ["_value"])`,
  );

/** One site among those with such devices. */
export const siteVariable = (source: Source, { name, label, description, where }: Asked): Variable =>
  query(name, label, description, chosen(source, `r.site != "" and (${where})`, 'r.site_name', 'r.site')).regex(nameAndValue);

/** Some devices, or all of them. */
export const devicesVariable = (source: Source, { name, label, description, where }: Asked): Variable =>
  query(name, label, description, chosen(source, where, 'if r.name == r.subject then r.subject else r.site_name + " · " + r.name', 'r.subject'))
    .regex(nameAndValue)
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ['All'], value: ['$__all'] });

/** A value that follows from another variable, and is not shown. */
export const hiddenVariable = (source: Source, name: string, description: string, where: string, value: string): Variable =>
  query(name, name, description, script(places(source), `places |> filter(fn: (r) => ${where}) |> map(fn: (r) => ({_value: ${value}})) |> unique(column: "_value") |> limit(n: 1)`)).hide(VariableHide.HideVariable); // biome-ignore format: one line

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

/** A quantity that has a level. */
export const quantityVariable = ({ quantities }: Source): Variable => {
  const gauges = quantities.filter(({ kind }) => kind === 'gauge');
  const [first] = gauges;
  return new CustomVariableBuilder('quantity')
    .label('Quantity')
    .description('Quantities that have a level, such as power or temperature.')
    .values(gauges.map(({ name, label }) => `${label.en.replaceAll(',', '')} : ${name}`).join(', '))
    .current({ selected: true, text: first?.label.en ?? '', value: first?.name ?? '' })
    .allowCustomValue(false);
};
