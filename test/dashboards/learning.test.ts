/** Series that are too young to judge say so: in the API and on the page of their site. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dayMs, hourMs } from '../../core/time.ts';
import { httpApp } from '../../dashboards/http.ts';
import { type Drive, drive } from '../drive.ts';
import { host, say, smallTown, start, types, viewsOver } from './town.ts';

let gate: Drive;
let app: Awaited<ReturnType<typeof httpApp>>;
let commit: () => Promise<void>;
const speak = (from: number, to: number): void => {
  for (let day = from; day < to; day++)
    for (let hour = 0; hour < 24; hour++) {
      const at = start + day * dayMs + hour * hourMs;
      gate.at(at);
      say(gate, 'ecole-air', { ts: at, values: { temperature: 19 + ((hour * 7) % 11) / 10 } });
      say(gate, 'mairie-elec', { ts: at, values: { active_power: 4_000 + 100 * ((hour * 7) % 11) } });
      gate.tick(at + 30 * 60_000, 30 * 60_000);
    }
};
const inJson = async () => (await app.inject({ url: '/api/v1/learning?device=ecole-air', headers: host })).json();
const onPage = async (language: string) => (await app.inject({ url: `/${language}/sites/mairie?x=${gate.log.length}`, headers: host })).body;

beforeAll(async () => {
  const town = {
    ...smallTown,
    devices: smallTown.devices.map((device) => (['ecole-air', 'mairie-elec'].includes(device.id) ? { ...device, site: 'mairie', intervalMs: hourMs } : device)),
  };
  gate = await drive(town, start);
  const made = viewsOver(gate);
  commit = made.commit;
  app = await httpApp({ host: '127.0.0.1', port: 0, logLevel: 'fatal', views: made.views, types, clock: () => gate.now() });
});
afterAll(() => app.close());

it('counts days until all detectors judge; asking leaves no trace', async () => {
  speak(0, 4);
  // Of this one no detector has seen an hour.
  say(gate, 'ecole-air', { ts: gate.now(), values: { humidity: 40 } });
  await commit();
  const before = JSON.stringify(gate.pipeline.snapshot(true));
  const { learning } = await inJson();
  expect(learning).toEqual([
    { device: 'ecole-air', quantity: 'temperature', days: expect.any(Number), of: 21 },
    { device: 'ecole-air', quantity: 'humidity', days: 0, of: 21 },
  ]);
  expect(learning[0].days).toBeGreaterThanOrEqual(2);
  expect(learning[0].days).toBeLessThanOrEqual(4);
  expect(JSON.stringify(gate.pipeline.snapshot(true))).toBe(before);
  expect(await onPage('en')).toContain(`learning, ${learning[0].days} of 21 days`);
  expect(await onPage('fr')).toContain(`apprentissage, ${learning[0].days} jours sur 21`);
  speak(4, 26);
  await commit();
  expect((await inJson()).learning).toMatchObject([{ quantity: 'humidity' }]);
  // A meter gives no solar power: what judges that need learn nothing of it.
  expect((await app.inject({ url: '/api/v1/learning?device=mairie-elec', headers: host })).json()).toEqual({ learning: [] });
  expect(await onPage('en')).toContain('learning, 0 of 21 days');
  expect(await onPage('en')).toContain('1 series too young to judge');
});

it('asks for one device or one site', async () => {
  for (const [query, status] of [['', 400], ['?device=ecole-air&site=mairie', 400], ['?device=none', 404], ['?site=mairie', 200]] as const) // biome-ignore format: one line
    expect((await app.inject({ url: `/api/v1/learning${query}`, headers: host })).statusCode).toBe(status);
});
