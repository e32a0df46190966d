/** The windows of a site's curve are no shorter than its meters report: those of one by the hour, of one by the day, and of both together. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dayMs, hourMs, quarterMs } from '../../core/time.ts';
import { townSchema } from '../../core/town.ts';
import { httpApp } from '../../dashboards/http.ts';
import { drive } from '../drive.ts';
import { host, say, types, viewsOver } from './town.ts';

/** Monday, midnight in Paris. */
const start = Date.parse('2026-01-04T23:00:00Z');
const every: Readonly<Record<string, number>> = { quarterly: quarterMs, hourly: hourMs, daily: dayMs, 'both-quarterly': quarterMs, 'both-hourly': hourMs };
const siteOf = (id: string): string => id.split('-')[0] ?? id;

const town = townSchema.parse({
  name: 'Issy-les-Moulineaux',
  zone: 'Europe/Paris',
  sites: ['quarterly', 'hourly', 'daily', 'both'].map((id) => ({ id, name: id, use: 'office', owner: 'public' })),
  devices: Object.entries(every).map(([id, intervalMs]) => ({ id, type: 'submeter', site: siteOf(id), intervalMs })),
});

let app: Awaited<ReturnType<typeof httpApp>>;
beforeAll(async () => {
  const gate = await drive(town, start);
  for (let at = start; at <= start + 3 * dayMs; at += quarterMs) {
    gate.at(at);
    for (const [id, intervalMs] of Object.entries(every)) {
      if ((at - start) % intervalMs === 0) say(gate, id, { ts: at, values: { active_energy_import: 100 + (4 * (at - start)) / hourMs } });
    }
    gate.tick(at + quarterMs - 1, quarterMs);
  }
  const { views, commit } = viewsOver(gate);
  app = await httpApp({ host: '127.0.0.1', port: 0, logLevel: 'fatal', views, types, clock: () => gate.now() });
  await commit();
});
afterAll(() => app.close());

const ask = async (url: string): Promise<string> => (await app.inject({ url, headers: host })).body;
const range = '?from=2026-01-05&to=2026-01-06';

test.each([
  ['quarterly', 192, '1.000', 'Mean power by quarter of an hour. '],
  ['hourly', 48, '4.000', 'Mean power by hour: its meters do not report more often. '],
  ['daily', 2, '96.000', 'Mean power by day: its meters do not report more often. '],
  ['both', 48, '8.000', 'Mean power by hour: its meters do not report more often. '],
])('a site that reports %s', async (id, count, kWh, caption) => {
  const html = await ask(`/en/sites/${id}${range}`);
  const rows = [...html.matchAll(/<tr[^>]*><th scope="row"><time[^>]*>[^<]*<\/time><\/th><td>(.*?)<\/td>/g)].map(([, cell]) =>
    (cell ?? '').replace(/<[^>]+>/g, ''),
  );
  expect(rows).toEqual(Array(count).fill(kWh));
  expect(html).toContain(caption);
  const [, ...lines] = (await ask(`/en/sites/${id}.csv${range}`)).trim().split('\r\n');
  expect(lines.map((line) => Number(line.split(',')[2]))).toEqual(Array(count).fill(Number(kWh)));
});

test('hours by day are shown where they can be known', async () => {
  expect(await ask(`/fr/sites/hourly${range}`)).toContain('Jour par heure');
  expect(await ask(`/fr/sites/daily${range}`)).not.toContain('Jour par heure');
  expect(await ask(`/fr/sites/daily${range}`)).toContain('Puissance moyenne par jour : ses compteurs ne disent rien de plus fin. ');
});
