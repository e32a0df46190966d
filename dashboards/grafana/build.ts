/** Everything that Grafana is given, as files. Writing them is left to the command. */
import { type Context, dashboardOf } from './board.ts';
import { provisioningFiles } from './provisioning.ts';
import { boards } from './registry.ts';

/** @param path where Grafana sees the dashboards @returns texts by their path below the output folder */
export const grafanaFiles = (context: Context, path: string): Map<string, string> => {
  const files = new Map<string, string>();
  for (const board of boards) {
    const made = board(context);
    files.set(`dashboards/${made.name}.json`, `${JSON.stringify(dashboardOf(context, made), null, 2)}\n`);
  }
  for (const [name, content] of provisioningFiles(context, path)) files.set(`provisioning/${name}`, content);
  return files;
};
