/** What pages and the API say of months, of changed figures, and of judgements whose basis changed. Literal values throughout. */
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hourMs } from '../../core/time.ts';
import { townSchema } from '../../core/town.ts';
import { httpApp } from '../../dashboards/http.ts';
import { type Drive, drive } from '../drive.ts';
import { host, say, types, viewsOver } from './town.ts';

const dayMs = 24 * hourMs;
/** March in Paris. */
const march = { start: Date.parse('2026-02-28T23:00:00Z'), end: Date.parse('2026-03-31T22:00:00Z') };
const town = townSchema.parse({
  name: 'Test',
  zone: 'Europe/Paris',
  sites: [{ id: 'mairie', name: 'Mairie', owner: 'public' }],
  devices: [
    { id: 'm', type: 'submeter', site: 'mairie', intervalMs: hourMs },
    { id: 'room', type: 'room-sensor', site: 'mairie', intervalMs: hourMs },
  ],
});

let gate: Drive;
let app: FastifyInstance;

/** March and six hours at 2 kWh an hour, midnight missing; 11 days later its index comes, 1 kWh above the line. Two temperatures are 500 °C, the first is corrected. */
beforeAll(async () => {
  gate = await drive(town, march.start);
  for (let h = 0; march.start + h * hourMs <= march.end + 6 * hourMs; h++) {
    const ts = march.start + h * hourMs;
    gate.at(ts);
    if (h !== 743) say(gate, 'm', { ts, values: { active_energy_import: 1_000 + 2 * h } });
    if (h < 24) say(gate, 'room', { ts, values: { temperature: h === 9 || h === 20 ? 500 : 20 } });
  }
  gate.tick(march.end + 8 * hourMs, hourMs);
  const { views, commit } = viewsOver(gate);
  await commit();
  gate.at(march.end + 11 * dayMs);
  say(gate, 'm', { ts: march.end, values: { active_energy_import: 2_487 } });
  say(gate, 'room', { ts: march.start + 9 * hourMs, values: { temperature: 20 } });
  gate.tick(march.end + 11 * dayMs + 1000);
  await commit();
  app = await httpApp({ host: '127.0.0.1', port: 0, logLevel: 'fatal', views, types, clock: () => gate.now() });
});
afterAll(() => app.close());

const get = async <T>(url: string): Promise<T> => (await app.inject({ url, headers: host })).json<T>();
const text = async (url: string): Promise<string> => {
  const { body } = await app.inject({ url, headers: host });
  return body
    .replace(/<(script|style)[^>]*>.*?<\/\1>/gs, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/[\s\u00a0\u202f]+/g, ' ');
};

const change = {
  version: 1,
  at: '2026-04-11T22:00:01.000Z',
  old: { sum: 1486, unallocated: 0, coverage: 1 },
  new: { sum: 1487, unallocated: 0, coverage: 1 },
  why: ['late'],
  readings: 1,
  adjustment: true,
};

describe('the API', () => {
  test('lists the adjustments of a month, by site and by device', async () => {
    const asked = await get('/api/v1/adjustments?site=mairie&at=2026-03-15');
    expect(asked).toMatchObject({
      site: 'mairie',
      start: '2026-02-28T23:00:00.000Z',
      end: '2026-03-31T22:00:00.000Z',
      month: { state: 'closed', closes: '2026-04-10T22:00:00.000Z' },
      adjustments: [{ device: 'm', quantity: 'active_energy_import', unit: 'kW.h', ...change }],
    });
    const ofDevice = await get<{ adjustments: unknown[] }>('/api/v1/adjustments?device=m&quantity=active_energy_import&at=2026-03-01');
    expect(ofDevice.adjustments).toHaveLength(1);
    expect(await get('/api/v1/adjustments?device=m&at=2026-04-01')).toMatchObject({ month: { state: 'provisional' }, adjustments: [] });
    expect(await get('/api/v1/adjustments?at=2026-04-01')).toMatchObject({ code: 'bad-request' });
  });

  test('says of each month whether it is provisional, and nothing of the kind of a day', async () => {
    const months = await get<{ panes: unknown[] }>('/api/v1/panes?device=m&quantity=active_energy_import&window=P1M&from=2026-03-01&to=2026-04-02');
    expect(months.panes).toMatchObject([
      { sum: 1487, open: false, version: 1, month: { state: 'closed', closes: '2026-04-10T22:00:00.000Z' } },
      { open: true, month: { state: 'provisional', closes: '2026-05-10T22:00:00.000Z' } },
    ]);
    const ofSite = await get<{ panes: unknown[] }>('/api/v1/panes?site=mairie&quantity=active_energy_import&window=P1M&from=2026-03-01&to=2026-03-02');
    expect(ofSite.panes).toMatchObject([{ sum: 1487, month: { state: 'closed' } }]);
    const days = await get<{ panes: object[] }>('/api/v1/panes?device=m&quantity=active_energy_import&window=P1D&from=2026-03-01&to=2026-03-02');
    expect(days.panes.map((pane) => 'month' in pane)).toEqual([false]);
  });

  test('shows in a receipt what changed the figure', async () => {
    const month = await get('/api/v1/explain?device=m&quantity=active_energy_import&window=P1M&at=2026-03-15');
    expect(month).toMatchObject({ month: { state: 'closed' }, changes: [change] });
    const hour = await get('/api/v1/explain?device=m&quantity=active_energy_import&window=PT1H&at=2026-03-31T21:30:00Z');
    expect(hour).toMatchObject({ month: null, changes: [{ old: { sum: 2 }, new: { sum: 3 }, why: ['late'], adjustment: false }] });
  });

  test('marks the judgement whose basis changed, and no other', async () => {
    const { anomalies } = await get<{ anomalies: { kind: string; basis_revised: number | null }[] }>('/api/v1/anomalies?device=room');
    const marks = anomalies.map(({ kind, basis_revised }) => [kind, basis_revised]);
    expect(marks).toEqual([
      ['out-of-range', null],
      ['out-of-range', gate.log.length - 1],
    ]);
  });
});

describe('the pages', () => {
  test('a site lists its months with their state', async () => {
    expect(await text('/en/sites/mairie')).toMatch(/March 2026 1,487 100% closed since Saturday, 11 April 2026, revised/);
    expect(await text('/fr/sites/mairie')).toMatch(/avril 2026 \S+ \d+ % en cours/);
  });

  test('the receipt of a month lists its adjustments; that of some days does not', async () => {
    const month = await text('/en/explain?site=mairie&from=2026-03-01&to=2026-03-31');
    expect(month).toContain('Adjustments closed since Saturday, 11 April 2026');
    expect(month).toMatch(/12 Apr, 00:00 m 1,486\.0000 kWh 100% 1,487\.0000 kWh 100% late reading, adjustment/);
    expect(await text('/en/explain?site=mairie&from=2026-03-01&to=2026-03-30')).not.toContain('Adjustments');
    expect(await text('/fr/explain?site=mairie&from=2026-04-01&to=2026-04-30')).toContain('Aucun ajustement.');
  });

  test('a receipt says old, new, why and when', async () => {
    const said = await text('/fr/explain?device=m&quantity=active_energy_import&window=P1M&at=2026-03-15');
    expect(said).toContain('clos depuis le samedi 11 avril 2026');
    expect(said).toMatch(/12 avr\., 00:00 1 486,0000 kWh 100 % 1 487,0000 kWh 100 % mesure tardive, ajustement/);
  });

  test('a judgement whose basis changed says so, with the way to its receipt', async () => {
    const { body } = await app.inject({ url: '/en/sites/mairie', headers: host });
    const at = march.start + 9 * hourMs;
    expect(body).toContain('<em>Readings changed since this was judged.</em>');
    expect(body).toContain(`/en/explain?device=room&amp;quantity=temperature&amp;window=PT1H&amp;at=${at}`);
    expect(body.split('Readings changed since').length).toBe(2);
  });
});
