/** The page that stands in for the plant while it is away: what happened, that readings are still taken, when it is tried again. Serves nothing of the town. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isLoopback } from '../../config.ts';
import type { GateReport } from '../../core/views.ts';
import type { Language } from '../../dashboards/web/models.ts';
import { diskTrouble, troubleWords } from '../../dashboards/web/text/trouble.ts';

export interface Away {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  close(): Promise<void>;
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

const time = (at: number | null): string => (at === null ? '–' : new Date(at).toISOString());

/** What the stand-in says of the log, in one language. */
const ofLog = (report: GateReport | null, language: Language): string => {
  const isFrench = language === 'fr';
  if (report === null || report.trouble === null)
    return isFrench ? 'La porte est ouverte : les mesures sont reçues et gardées.' : 'The gate is open: readings are taken and kept.';
  const why = escaped(troubleWords(language).disk(diskTrouble(report.trouble)));
  const [since, held] = [time(report.troubleSince), report.log.envelopes];
  return isFrench
    ? `La porte ne peut plus écrire depuis ${since} : ${why} ; ${held} accusés de réception retenus, rien n'est perdu.`
    : `The gate has not been able to write since ${since}: ${why}; ${held} acknowledgements are held, nothing is lost.`;
};

/** French, then English: who comes here cannot choose. */
const page = (report: GateReport | null): string => {
  const { starts = 0, endedAt = null, end = null } = report?.plant ?? {};
  const why = (language: Language): string => (end === null ? '–' : escaped(troubleWords(language).plantEnd(end)));
  const detail = end?.how === 'failed' ? `<p lang="en"><code>${escaped(end.detail)}</code></p>` : '';
  const ended = time(endedAt);
  return `<!doctype html><html lang="fr"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5"><title>octroi</title></head><body>
<main><h1>Les pages sont momentanément absentes</h1><p>${ofLog(report, 'fr')}</p>
<p>Le traitement s'est arrêté à ${ended} : ${why('fr')}. Il a été lancé ${starts} fois ; il est relancé tout seul.</p></main>
<section lang="en"><h1>The pages are away for the moment</h1><p>${ofLog(report, 'en')}</p>
<p>Processing ended at ${ended}: ${why('en')}. It was started ${starts} times; it is started again by itself.</p></section>${detail}</body></html>\n`;
};

const metrics = (report: GateReport | null): string =>
  [
    ['octroi_plant_up', '1 while the plant runs', 0],
    ['octroi_plant_starts_total', 'Starts of the plant since the gate opened', report?.plant.starts ?? 0],
    ['octroi_plant_hangs_total', 'How often the plant was ended because it no longer answered', report?.plant.hangs ?? 0],
    ['octroi_log_writable', '1 while the gate can write its log', report?.trouble === null ? 1 : 0],
    ['octroi_log_held_envelopes', 'Envelopes appended and not yet durable', report?.log.envelopes ?? 0],
    ['octroi_disk_free_bytes', 'Bytes free on the disk of the log', report?.tick.diskFreeBytes ?? -1],
  ]
    .map(([name, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} ${String(name).endsWith('_total') ? 'counter' : 'gauge'}\n${name} ${value}\n`)
    .join('');

const answer = (response: ServerResponse, status: number, type: string, body: string): void => {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'retry-after': '2',
    'content-security-policy': "default-src 'none'",
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
};

const problem = (report: GateReport | null): string =>
  JSON.stringify({
    type: 'urn:octroi:failure:unavailable',
    title: 'Unavailable',
    status: 503,
    code: 'unavailable',
    detail: report?.plant.end == null ? 'the plant is away' : `the plant is away: ${troubleWords('en').plantEnd(report.plant.end)}`,
  });

const serve = (server: Server, host: string, report: () => GateReport | null): void => {
  server.on('request', ({ url = '/', headers }, response) => {
    const name = (headers.host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
    const path = url.split('?')[0] ?? '/';
    if (!isLoopback(name) && name !== host) answer(response, 403, 'text/plain', 'forbidden\n');
    else if (path === '/health/live') answer(response, 200, 'application/json', '{"status":"live"}\n');
    else if (path === '/metrics') answer(response, 200, 'text/plain; version=0.0.4; charset=utf-8', metrics(report()));
    else if (path.startsWith('/api/') || path.startsWith('/health/')) answer(response, 503, 'application/problem+json', problem(report()));
    else answer(response, 503, 'text/html; charset=utf-8', page(report()));
  });
};

/** @returns null where the port is not free: then nothing stands in */
export const standIn = async (host: string, port: number, report: () => GateReport | null): Promise<Away | null> => {
  const server = createServer({ requestTimeout: 5_000, maxHeaderSize: 16_384 });
  server.maxConnections = 100;
  server.setTimeout(10_000);
  serve(server, host, report);
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch {
    return null;
  }
  const shown = host.includes(':') ? `[${host}]` : host;
  return {
    url: `http://${shown}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
