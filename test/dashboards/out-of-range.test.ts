/** The page of an alarm about a value that its type does not allow: the range says so, and the value is seen though it is in no figure. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Alarm } from '../../core/alarm.ts';
import { hourMs, minuteMs } from '../../core/time.ts';
import { townSchema } from '../../core/town.ts';
import { httpApp } from '../../dashboards/http.ts';
import { drive } from '../drive.ts';
import { host, say, types, viewsOver } from './town.ts';

/** Monday, midnight in Paris. */
const start = Date.parse('2026-01-04T23:00:00Z');
const town = townSchema.parse({
  name: 'Issy-les-Moulineaux',
  zone: 'Europe/Paris',
  sites: [{ id: 'ecole', name: 'École', use: 'school', owner: 'public' }],
  devices: ['salle-1', 'salle-2', 'salle-3'].map((id) => ({ id, type: 'room-sensor', site: 'ecole' })),
});

let app: Awaited<ReturnType<typeof httpApp>>;
let alarms: readonly Alarm[];
beforeAll(async () => {
  const gate = await drive(town, start);
  for (let at = start; at <= start + 12 * hourMs; at += 10 * minuteMs) {
    gate.at(at);
    const isHot = at >= start + 8 * hourMs && at < start + 9 * hourMs;
    say(gate, 'salle-1', { ts: at, values: { temperature: isHot ? 80 : 19.5 } });
    if (isHot) say(gate, 'salle-2', { ts: at, values: { temperature: 75 } });
    // It tells late what it measured early, first the one, an hour later the other.
    if (at === start + 10 * hourMs) say(gate, 'salle-3', { ts: start + hourMs, values: { temperature: 70 } });
    if (at === start + 11 * hourMs) say(gate, 'salle-3', { ts: start + 2 * hourMs, values: { co2: 20_000 } });
    gate.tick(at + 9 * minuteMs, 5 * minuteMs);
  }
  const { views, commit } = viewsOver(gate);
  app = await httpApp({ host: '127.0.0.1', port: 0, logLevel: 'fatal', views, types, clock: () => gate.now() });
  await commit();
  alarms = (await views.alarms({ limit: 100 })).rows.filter(({ kind }) => kind === 'out-of-range');
});
afterAll(() => app.close());

const page = async (language: string, device: string): Promise<string> => {
  const { id = '' } = alarms.find(({ subject }) => subject === device) ?? {};
  return (await app.inject({ url: `/${language}/alarms/one?id=${encodeURIComponent(id)}`, headers: host })).body;
};
const text = (html: string): string =>
  html
    .replace(/<(script|style)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/[\s\u00a0\u202f]+/g, ' ');

it('calls the range what it is: allowed by the type, not usual', async () => {
  expect(text(await page('en', 'salle-1'))).toMatch(/Allowed range [-−]10\.0 to 50\.0 °C/);
  const french = text(await page('fr', 'salle-1'));
  expect(french).toMatch(/Plage admise de [-−]10,0 à 50,0 °C/);
  expect(french).not.toContain('Plage habituelle');
});

it.each([
  ['salle-1', 80],
  ['salle-2', 75],
] as const)('%s: the curve has a mark at what was seen, and the table says it', async (device, seen) => {
  const html = await page('en', device);
  const data = JSON.parse(/<script type="application\/json"[^>]*>(.*?)<\/script>/.exec(html)?.[1] ?? '');
  const points = data.series.filter(({ kind }: { kind: string }) => kind === 'point');
  expect(points).toHaveLength(1);
  const place = data.x.indexOf((start + 8 * hourMs) / 1_000);
  expect(points[0].values.flatMap((value: number | null, at: number) => (value === null ? [] : [[at, value]]))).toEqual([[place, seen]]);
  expect(text(html)).toMatch(new RegExp(`5 Jan, 08:00 [–\\d. ]+ unusual, seen, and left out of the figures: ${seen}\\.0 °C`));
});

it('says when it was measured where that is not when it came, and names the newest quantity', async () => {
  const [en, fr] = [text(await page('en', 'salle-3')), text(await page('fr', 'salle-3'))];
  expect(en).toContain('since 5 Jan, 10:00 · measured 5 Jan, 01:00');
  expect(fr).toContain('depuis 5 janv., 10:00 · mesuré le 5 janv., 01:00');
  expect(en).toMatch(/2 anomalies, .*? The newest: CO₂/);
  expect(fr).toMatch(/2 anomalies, .*? La plus récente : CO₂/);
  const list = text((await app.inject({ url: '/en/alarms', headers: host })).body);
  expect(list).toContain('· measured 5 Jan, 01:00');
  expect(list).toMatch(/2 anomalies, .*? The newest: CO₂/);
  expect(text(await page('en', 'salle-1'))).not.toContain('measured');
});
