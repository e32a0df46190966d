/** `octroi dashboards build`: writes Grafana's dashboards, data source and alert rules for a store on InfluxDB. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import type { Config } from '../config.ts';
import { fail } from '../core/failure.ts';
import type { Context } from '../dashboards/grafana/board.ts';
import { grafanaFiles } from '../dashboards/grafana/build.ts';
import { dashboardsFolder } from '../dashboards/grafana/provisioning.ts';
import { quantities } from '../devices/quantities.ts';
import { deviceTypes } from '../devices/registry.ts';
import { demoTownFile } from './demo.ts';
import { readTown } from './keep/town-file.ts';
import { configOf, plainCommand, print } from './options.ts';

interface Options {
  readonly out: string;
  readonly town?: string;
  readonly mounted: string;
  readonly octroiUrl?: string;
  readonly json?: boolean;
}

const contextOf = async (config: Config, octroiUrl: string | undefined): Promise<Context> => {
  const { zone } = await readTown(config.town ?? demoTownFile);
  const url = octroiUrl ?? `http://${config.httpHost}:${config.httpPort}`;
  if (!URL.canParse(url)) throw fail('bad-request', `${JSON.stringify(url)} is no URL`, '--octroi-url');
  const { influxRawBucket: raw, influxPanesBucket: panes, influxStateBucket: state } = config;
  return { source: { buckets: { raw, panes, state }, quantities, types: deviceTypes }, zone, octroiUrl: url.replace(/\/$/, '') };
};

/** Whole or not at all: Grafana looks into the folder at any time. */
const writeWhole = async (path: string, content: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(`${path}.part`, content, { mode: 0o644 });
  await rename(`${path}.part`, path);
};

const build = (): Command =>
  plainCommand('build', 'write dashboards, data source and alert rules for Grafana')
    .option('--out <dir>', 'folder that is written', 'grafana')
    .option('--town <file>', "town file, for its zone (OCTROI_TOWN, default the demo town's)")
    .option('--mounted <dir>', 'where Grafana sees the folder dashboards/', dashboardsFolder)
    .option('--octroi-url <url>', "address of octroi's pages, for links (default http://127.0.0.1 and OCTROI_HTTP_PORT)")
    .action(async ({ out, town, mounted, octroiUrl, json }: Options) => {
      const files = grafanaFiles(await contextOf(configOf({ ...(town === undefined ? {} : { town }) }), octroiUrl), mounted);
      // What holds no secret is for Grafana's own user to read.
      process.umask(0o022);
      for (const [path, content] of files) await writeWhole(join(out, path), content);
      print(json, { out, files: [...files.keys()] }, () => [...files.keys()].map((path) => join(out, path)).join('\n'));
    });

export const dashboardsCommand = (): Command => new Command('dashboards').description('dashboards for a Grafana beside octroi').addCommand(build());
