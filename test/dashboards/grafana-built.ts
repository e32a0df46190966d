/** The files of `octroi dashboards build`, read back as Grafana reads them. */
import { grafanaFiles } from '../../dashboards/grafana/build.ts';
import { quantities } from '../../devices/quantities.ts';
import { deviceTypes } from '../../devices/registry.ts';
import type { Buckets } from '../../stores/influxdb/schema.ts';
import type { JsonPanel } from './grafana-play.ts';

interface JsonVariable {
  readonly name: string;
  readonly type: string;
  readonly query: string;
  readonly description: string;
  readonly regex?: string;
  readonly multi?: boolean;
  readonly current?: { readonly value: string };
}
export interface JsonDashboard {
  readonly uid: string;
  readonly title: string;
  readonly timezone: string;
  readonly time: { readonly from: string };
  readonly panels: readonly JsonPanel[];
  readonly templating: { readonly list?: readonly JsonVariable[] };
  readonly annotations: { readonly list: readonly { readonly name: string; readonly target: { readonly query: string } }[] };
}

export const built = (buckets: Buckets = { raw: 'raw', panes: 'panes', state: 'state' }): Map<string, string> =>
  grafanaFiles({ source: { buckets, quantities, types: deviceTypes }, zone: 'Europe/Paris', octroiUrl: 'http://127.0.0.1:8080' }, '/dashboards');
export const dashboardsIn = (files: ReadonlyMap<string, string>): JsonDashboard[] =>
  [...files].filter(([path]) => path.startsWith('dashboards/')).map(([, content]) => JSON.parse(content) as JsonDashboard);
/** Panels with those of folded rows. */
export const panelsOf = ({ panels }: JsonDashboard): JsonPanel[] => panels.flatMap((panel) => (panel.type === 'row' ? (panel.panels ?? []) : [panel]));
export const variablesOf = ({ templating }: JsonDashboard): readonly JsonVariable[] => templating.list ?? [];
