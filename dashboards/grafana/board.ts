/** One dashboard out of its parts: head, variables, annotations, links, panels with their numbers, and the tables behind the graphs. */
import { AnnotationQueryBuilder, type Dashboard, DashboardBuilder, DashboardCursorSync, DashboardLinkBuilder, DashboardLinkType, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard'; // biome-ignore format: one line
import { type Source, script } from './flux.ts';
import { datasource, fluxQuery, type Shown } from './panels.ts';
import { alarmRows, anomalyRows } from './queries.ts';
import type { Variable } from './variables.ts';

/** What all dashboards are built for. */
export interface Context {
  readonly source: Source;
  /** IANA zone of the town: the axes show it, whatever the viewer's. */
  readonly zone: string;
  /** Address of octroi's own pages. */
  readonly octroiUrl: string;
}

export interface Section {
  readonly title: string;
  readonly shown: readonly Shown[];
}

export interface Board {
  /** Of its address and its file. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** How far it looks back at first. */
  readonly from: string;
  readonly variables: readonly Variable[];
  readonly sections: readonly Section[];
  /** Only alarms and anomalies at these places are marked: a condition on `r`. */
  readonly among?: string;
}

export const uidOf = (name: string): string => `octroi-${name}`;
/** The address of a dashboard, with the time range that is looked at. */
export const boardUrl = (name: string, variables = ''): string => `/d/${uidOf(name)}?\${__url_time_range}${variables}`;
/** Panels of tables are numbered from here, each as its graph. */
const twinsFrom = 100;

/** Marks on the graphs, from the beginning of each to its end; what lasts goes on to the end of the time range. */
const marks = (name: string, colour: string, rows: string, stream: string): AnnotationQueryBuilder =>
  new AnnotationQueryBuilder()
    .name(name)
    .datasource(datasource)
    .enable(true)
    .iconColor(colour)
    .target(
      fluxQuery(
        script(
          rows,
          `${stream} |> map(fn: (r) => ({time: r.since, timeEnd: if r.lasting then v.timeRangeStop else time(v: r.until * 1000000), title: r.name, text: r.reason, tags: r.kind}))
  |> sort(columns: ["time"])`,
        ),
        'Anno',
      ),
    );

/** @returns the dashboard in Grafana's classic schema */
export const dashboardOf = (context: Context, { name, title, description, from, variables, sections, among }: Board): Dashboard => {
  const builder = new DashboardBuilder(title)
    .uid(uidOf(name))
    .description(description)
    .tags(['octroi'])
    .timezone(context.zone)
    .weekStart('monday')
    .time({ from, to: 'now' })
    .refresh('1m')
    .tooltip(DashboardCursorSync.Crosshair)
    .editable()
    .annotation(marks('Alarms', 'red', alarmRows(context.source, among), 'alarms'))
    .annotation(marks('Anomalies', 'orange', anomalyRows(context.source, among), 'anomalies'))
    .link(new DashboardLinkBuilder('Dashboards of octroi').type(DashboardLinkType.Dashboards).tags(['octroi']).asDropdown(true).keepTime(true))
    .link(new DashboardLinkBuilder('Pages of octroi').type(DashboardLinkType.Link).url(context.octroiUrl).icon('external link').targetBlank(true));
  for (const variable of variables) builder.withVariable(variable);
  const twins = new RowBuilder('Data tables').id(twinsFrom - 1);
  let id = 0;
  for (const section of sections) {
    builder.withRow(new RowBuilder(section.title).id(200 + sections.indexOf(section)));
    for (const { panel, twin } of section.shown) {
      builder.withPanel(panel.id(++id));
      if (twin !== undefined) twins.withPanel(twin.id(twinsFrom + id));
    }
  }
  return builder.withRow(twins).build();
};
