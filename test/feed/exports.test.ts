import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { townOf } from '../drive.ts';
import { type FeedTown, feedTown, freshTown } from './town.ts';

const root = '/api/explore/v2.1/catalog/datasets/parking-availability/exports';
let town: FeedTown;
beforeAll(async () => {
  town = await feedTown();
});
afterAll(() => town.close());

test('CSV: a mark of the byte order, semicolons, an empty cell for what is not known', async () => {
  const { body, headers } = await town.get(`${root}/csv`);
  expect(headers['content-type']).toBe('text/csv; charset=utf-8');
  expect(headers['content-disposition']).toBe('attachment; filename="parking-availability.csv"');
  expect(body.startsWith('\ufeffname;quarter;capacity;free;status;updated;geo\r\n')).toBe(true);
  const rows = parse(body, { bom: true, delimiter: ';', columns: true }) as Record<string, string>[];
  expect(rows.find(({ name }) => name === 'Parc C')).toMatchObject({ free: '', status: 'unknown', geo: '48.826, 2.27' });
});

test('CSV in another form', async () => {
  const { body } = await town.get(`${root}/csv?delimiter=,&quote_all=true&with_bom=false&use_labels=true&select=name,geo&where=free=42`);
  expect(body).toBe('"Nom","Position"\r\n"Parc A","48.826, 2.27"\r\n');
  const comma = await town.get(`${root}/csv?delimiter=,&with_bom=false&select=geo&limit=1`);
  expect(comma.body).toBe('geo\r\n"48.826, 2.27"\r\n');
});

test('CSV: what a spreadsheet would take for a formula is text, and a number stays one', async () => {
  const names = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', 'Parc=1'];
  const at: [number, number] = [-2.27, -48.8];
  const devices = names.map((label, n) => ({ id: `park-${n}`, type: 'car-park', site: 'centre', label, capacity: 9, at }));
  const fresh = await freshTown(townOf(devices, { sites: [{ id: 'centre', name: '=centre', owner: 'public' }] }), Date.parse('2026-04-07T10:00:00Z'));
  onTestFinished(() => fresh.close());
  await fresh.commit();
  const { body } = await fresh.get(`${root}/csv?quote_all=true&select=name,capacity,geo`);
  const rows = parse(body, { bom: true, delimiter: ';', columns: true }) as Record<string, string>[];
  expect(rows.map(({ name }) => name).sort()).toEqual(["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "'\r=1", 'Parc=1'].sort());
  expect(rows[0]).toMatchObject({ capacity: '9', geo: '-48.8, -2.27' });
});

test('GeoJSON: the place is the geometry, longitude first', async () => {
  const { headers, json } = await town.get(`${root}/geojson?where=free=42&select=name,geo`);
  expect(headers['content-type']).toBe('application/geo+json; charset=utf-8');
  expect(json()).toEqual({
    type: 'FeatureCollection',
    features: [{ type: 'Feature', id: 'parc-libre', geometry: { type: 'Point', coordinates: [2.27, 48.826] }, properties: { name: 'Parc A' } }],
  });
});

test('JSON: all rows, as the records show them', async () => {
  const records = (await town.get('/api/explore/v2.1/catalog/datasets/parking-availability/records?limit=-1')).json<{ results: unknown[] }>().results;
  expect((await town.get(`${root}/json`)).json()).toEqual(records);
});

test('what there is not', async () => {
  expect((await town.get(`${root}/shp`)).status).toBe(404);
  expect((await town.get(`${root}/json?delimiter=,`)).status).toBe(400);
  expect((await town.get(`${root}/csv?delimiter=x`)).status).toBe(400);
  expect((await town.get(`${root}/csv?offset=3`)).status).toBe(400);
});
