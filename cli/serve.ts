/** Serves pages, API and feed over one HTTP server. What they show is theirs; this file only puts them together. */
import type { Config } from '../config.ts';
import type { Views } from '../core/views.ts';
import { httpServer } from '../dashboards/http.ts';
import { types } from './parts.ts';
import type { GateCalls } from './plant.ts';

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

export const serve = async (config: Config, views: Views, _gate: GateCalls): Promise<Served> => {
  const server = await httpServer({ host: config.httpHost, port: config.httpPort, logLevel: config.logLevel, views, types });
  return { url: server.url, close: () => server.close() };
};
