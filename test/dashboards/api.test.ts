import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiRoutes } from '../../dashboards/api/registry.ts';
import type { ApiRoute } from '../../dashboards/api/route.ts';
import { end, host, own, type TestTown, testTown } from './town.ts';

let town: TestTown;
beforeAll(async () => {
  town = await testTown();
});
afterAll(() => town.close());

const get = async (url: string) => {
  const answer = await town.app.inject({ url, headers: host });
  return { status: answer.statusCode, type: answer.headers['content-type'] as string, body: answer.body, json: <T>() => answer.json<T>() };
};

const isRoute = (exported: unknown): exported is ApiRoute => typeof exported === 'object' && exported !== null && 'url' in exported && 'handle' in exported;

interface Pane {
  start: string;
  end: string;
  sum: number | null;
  mean?: number | null;
  coverage: number;
  open: boolean;
  flags: string[];
  version: number | null;
}

describe('what the API answers', () => {
  test('readings, in the canonical unit, page by page', async () => {
    const first = await get('/api/v1/readings?device=mairie-elec&quantity=active_energy_import&from=2026-03-28&to=2026-03-29&limit=2');
    expect(first.json()).toEqual({
      readings: [
        { at: '2026-03-27T23:00:00.000Z', value: 1000, flags: ['simulated'], version: 0 },
        { at: '2026-03-27T23:15:00.000Z', value: 1001, flags: ['simulated'], version: 0 },
      ],
      unit: 'kW.h',
      next: expect.any(String),
    });
    const { next } = first.json<{ next: string }>();
    const second = await get(`/api/v1/readings?device=mairie-elec&quantity=active_energy_import&from=2026-03-28&to=2026-03-29&limit=2&after=${next}`);
    expect(second.json<{ readings: { value: number }[] }>().readings.map(({ value }) => value)).toEqual([1002, 1003]);
  });

  test('a day of 23 hours has 23 panes, and its sum is that of its hours', async () => {
    const hours = (await get('/api/v1/panes?device=mairie-elec&quantity=active_energy_import&window=PT1H&from=2026-03-29&to=2026-03-30')).json<{
      panes: Pane[];
    }>().panes;
    expect(hours).toHaveLength(23);
    expect(hours.every(({ sum, coverage }) => sum === 4 && coverage === 1)).toBe(true);
    const [day] = (await get('/api/v1/panes?device=mairie-elec&quantity=active_energy_import&window=P1D&from=2026-03-29&to=2026-03-30')).json<{
      panes: Pane[];
    }>().panes;
    expect(day).toMatchObject({
      start: '2026-03-28T23:00:00.000Z',
      end: '2026-03-29T22:00:00.000Z',
      sum: 92,
      coverage: 1,
      open: false,
      version: expect.any(Number),
    });
  });

  test('a gap is null and no coverage, and is never 0', async () => {
    const { panes } = (
      await get('/api/v1/panes?device=ecole-elec&quantity=active_energy_import&window=PT1H&from=2026-03-29T08:00:00Z&to=2026-03-29T10:00:00Z')
    ).json<{ panes: Pane[] }>();
    expect(panes.map(({ sum, coverage }) => [sum, coverage])).toEqual([
      [null, 0],
      [null, 0],
    ]);
  });

  test('the sum of a site says which devices it is of; the mean of their coverage stands beside it', async () => {
    const body = (await get('/api/v1/panes?site=mairie&quantity=active_energy_import&window=PT1H&from=2026-03-29T08:00:00Z&to=2026-03-29T09:00:00Z')).json<{
      devices: string[];
      panes: Pane[];
    }>();
    expect(body.devices).toEqual(['mairie-elec']);
    expect(body.panes[0]).toMatchObject({ sum: 4, coverage: 1 });
  });

  test('a gauge has a mean; power too', async () => {
    const { panes } = (await get('/api/v1/panes?device=mairie-pv&quantity=active_power&window=PT15M&from=2026-03-30T08:00:00Z&to=2026-03-30T08:15:00Z')).json<{
      panes: Pane[];
    }>();
    expect(panes[0]).toMatchObject({ mean: null, coverage: 0 }); // it reports every 15 min here, its values are relied on for 3
  });

  test('the receipt of a figure', async () => {
    const receipt = (await get('/api/v1/explain?device=mairie-elec&quantity=active_energy_import&window=PT1H&at=2026-03-29T08:30:00Z')).json<{
      versions: Pane[];
      refolded: Pane;
      readings: unknown[];
      gaps: unknown[];
    }>();
    expect(receipt.versions.at(-1)).toMatchObject({ sum: 4 });
    expect(receipt.refolded).toMatchObject({ sum: 4 });
    expect(receipt.readings.length).toBeGreaterThanOrEqual(5);
    expect(receipt.gaps).toEqual([]);
  });

  test('the books balance, and /metrics says the same', async () => {
    const books = (await get('/api/v1/ledger')).json<{ balanced: boolean; readings: Record<string, number> }>();
    expect(books.balanced).toBe(true);
    const { body, type } = await get('/metrics');
    expect(type).toContain('text/plain');
    expect(body).toContain(`octroi_readings_total{fate="accepted"} ${books.readings.accepted}`);
    expect(body).toContain('octroi_dead_letters{code="unknown-device"} 1');
  });

  test('devices, latest values and dead letters with their payload', async () => {
    const { devices } = (await get('/api/v1/devices?site=mairie')).json<{ devices: { id: string; quantities: { name: string }[] }[] }>();
    expect(devices.map(({ id }) => id)).toEqual(['mairie-elec', 'mairie-gas', 'mairie-pv']);
    expect(devices[0]?.quantities).toContainEqual({ name: 'active_energy_import', kind: 'index', unit: 'kW.h' });
    const { latest } = (await get('/api/v1/latest?device=bay-2')).json<{ latest: { value: string }[] }>();
    expect(latest).toEqual([{ device: 'bay-2', quantity: 'occupancy', at: '2026-03-31T10:05:00.000Z', value: 'occupied', unit: '1', flags: ['simulated'] }]);
    const { dead_letters: letters } = (await get('/api/v1/dead-letters?code=unknown-device')).json<{ dead_letters: { device: string; payload: string }[] }>();
    expect(letters).toHaveLength(1);
    expect(letters[0]).toMatchObject({ device: 'nouveau', payload: expect.stringContaining('19.5') });
  });

  test('ready while it keeps up; not when it does not', async () => {
    expect((await get('/health/live')).status).toBe(200);
    expect((await get('/health/ready')).status).toBe(200);
    town.setStatus({ logEnd: 1_000_000 });
    const late = await get('/health/ready');
    expect([late.status, late.json<{ code: string }>().code]).toEqual([503, 'unavailable']);
    town.setStatus({ logEnd: town.gate.log.length, trouble: 'no space left' });
    expect((await get('/health/ready')).status).toBe(503);
    town.setStatus({ trouble: null });
  });

  test('answers keep to the schemas that OpenAPI shows', async () => {
    const examples: Record<string, string> = {
      '/health/ready': '',
      '/api/v1/ledger': '',
      '/api/v1/devices': '',
      '/api/v1/latest': '?site=parking',
      '/api/v1/readings': '?device=bay-1&quantity=occupancy&from=2026-03-28',
      '/api/v1/panes': '?device=bay-1&quantity=occupancy&window=PT1H&from=2026-03-31',
      '/api/v1/adjustments': '?site=mairie&at=2026-03-28',
      '/api/v1/explain': '?device=bay-1&quantity=occupancy&window=PT1H&at=2026-03-31T10:06:00Z',
      '/api/v1/alarms': '',
      '/api/v1/alarms/one': `?id=${encodeURIComponent((await get('/api/v1/alarms')).json<{ alarms: { id: string }[] }>().alarms[0]?.id ?? '')}`,
      '/api/v1/alarms/labels': '',
      '/api/v1/anomalies': '',
      '/api/v1/learning': '?site=mairie',
      '/api/v1/forecast': '?device=parc-libre',
      '/api/v1/dead-letters': '',
    };
    const shown = apiRoutes.filter(({ answer, method }) => answer !== null && method === 'GET');
    expect(Object.keys(examples).sort()).toEqual(shown.map(({ url }) => url).sort());
    for (const { url, answer } of shown) {
      const { status, json } = await get(`${url}${examples[url]}`);
      expect([url, status]).toEqual([url, 200]);
      expect([url, answer?.safeParse(json()).error?.message]).toEqual([url, undefined]);
    }
  });

  test('the registry, the folder and the OpenAPI description hold the same routes', async () => {
    const registered = apiRoutes.map(({ method, url }) => `${method} ${url}`).sort();
    const folder = new URL('../../dashboards/api/', import.meta.url);
    const inFiles = await Promise.all(
      readdirSync(folder).map(async (file) => Object.values((await import(new URL(file, folder).href)) as Record<string, unknown>).filter(isRoute)),
    );
    expect(inFiles.flatMap((routes) => routes.map(({ method, url }) => `${method} ${url}`)).sort()).toEqual(registered);
    const { paths } = (await get('/api/v1/openapi.json')).json<{ paths: Record<string, object> }>();
    const described = Object.entries(paths).flatMap(([url, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${url}`));
    expect(described.sort()).toEqual(registered);
  });

  test('adopting a device reopens what was kept', async () => {
    const adopted = await town.app.inject({
      method: 'POST',
      url: '/api/v1/devices/adopt',
      headers: own,
      payload: { subject: 'nouveau', type: 'room-sensor', site: 'ecole' },
    });
    expect([adopted.statusCode, adopted.json()]).toEqual([
      200,
      { subject: 'nouveau', type: 'room-sensor', envelope: expect.any(Number), user_name: 'nouveau' },
    ]);
    town.gate.tick(end + 2_000);
    await town.commit();
    const { latest } = (await get('/api/v1/latest?device=nouveau')).json<{ latest: { value: number }[] }>();
    expect(latest.map(({ value }) => value)).toEqual([19.5]);
    const again = await town.app.inject({ method: 'POST', url: '/api/v1/devices/adopt', headers: own, payload: { subject: 'nouveau', type: 'room-sensor' } });
    expect(again.json()).toMatchObject({ status: 400, code: 'bad-request', field: 'subject' });
  });
});
