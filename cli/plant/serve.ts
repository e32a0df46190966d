/** Serves pages, API and feed over one HTTP server. What they show is theirs; this file only puts them together. */
import type { Config } from '../../config.ts';
import type { Views } from '../../core/views.ts';
import { httpServer } from '../../dashboards/http.ts';
import { feed } from '../../feed/feed.ts';
import { geography } from '../geo.ts';
import { types } from '../types.ts';
import type { GateCalls } from './main.ts';

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

export const serve = async (config: Config, views: Views, gate: Pick<GateCalls, 'publish' | 'clearPublic'>): Promise<Served> => {
  const open = feed({ views, types, broker: { publish: gate.publish, clear: gate.clearPublic } });
  const { httpHost: host, httpPort: port, logLevel } = config;
  const server = await httpServer({ host, port, logLevel, views, types, plugins: [open], geo: geography() });
  return { url: server.url, close: () => server.close() };
};
