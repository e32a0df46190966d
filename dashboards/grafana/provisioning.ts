/** The files by which Grafana finds data source, dashboards and alert rules. Secrets are named, never written: Grafana fills them in from its environment. */
import type { Rule } from '@grafana/grafana-foundation-sdk/alerting';
import { stringify } from 'yaml';
import { alertRules } from './alerts.ts';
import type { Context } from './board.ts';
import { datasource } from './panels.ts';

/** Variables of Grafana's own environment. Its token needs to read two buckets, and may do no more. */
export const grafanaVariables = { url: 'OCTROI_INFLUX_URL', org: 'OCTROI_INFLUX_ORG', token: 'OCTROI_INFLUX_TOKEN' } as const;
/** Where Grafana itself sees the dashboards' files. */
export const dashboardsFolder = '/var/lib/grafana/dashboards';

const dataSources = ({ source }: Context): object => ({
  apiVersion: 1,
  datasources: [
    {
      name: 'octroi',
      uid: datasource.uid,
      type: datasource.type,
      access: 'proxy',
      url: `$${grafanaVariables.url}`,
      jsonData: { version: 'Flux', organization: `$${grafanaVariables.org}`, defaultBucket: source.buckets.panes, timeout: 60 },
      secureJsonData: { token: `$${grafanaVariables.token}` },
      editable: false,
    },
  ],
});

const dashboardFolders = (path: string): object => ({
  apiVersion: 1,
  providers: [
    { name: 'octroi', folder: 'octroi', folderUid: 'octroi', type: 'file', disableDeletion: true, allowUiUpdates: false, updateIntervalSeconds: 60, options: { path } }, // biome-ignore format: one line
  ],
});

/** A rule as Grafana's files have it: the group says what the API asks of each. */
const inFile = ({ uid, title, condition, data, noDataState, execErrState, annotations, labels, for: lasting }: Rule): object => ({
  uid,
  title,
  condition,
  data,
  noDataState,
  execErrState,
  for: lasting,
  annotations,
  labels,
  isPaused: false,
});

const alerting = (context: Context): object => ({
  apiVersion: 1,
  groups: [{ orgId: 1, name: 'octroi', folder: 'octroi', interval: '1m', rules: alertRules(context).map(inFile) }],
});

/** Files by their path below `provisioning/`. @param path where Grafana sees the dashboards */
export const provisioningFiles = (context: Context, path: string): Map<string, string> => {
  const yaml = (value: object): string => stringify(JSON.parse(JSON.stringify(value)), { lineWidth: 0 });
  return new Map([
    ['datasources/octroi.yaml', yaml(dataSources(context))],
    ['dashboards/octroi.yaml', yaml(dashboardFolders(path))],
    ['alerting/octroi.yaml', yaml(alerting(context))],
  ]);
};
