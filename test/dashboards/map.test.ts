/** The map is of the town that it shows: a town of which nothing lies on it has none. */
import { expect, test } from 'vitest';
import type { Site } from '../../core/town.ts';
import { readGeo } from '../../dashboards/web/geo.ts';
import { mapModel } from '../../dashboards/web/map-model.ts';

const square = [[[2.25, 48.81], [2.29, 48.81], [2.29, 48.84], [2.25, 48.84], [2.25, 48.81]]]; // biome-ignore format: one line
const collection = (...features: object[]) => ({ type: 'FeatureCollection', features: features.map((one) => ({ type: 'Feature', ...one })) });
const geo = readGeo({
  commune: collection({ properties: { name: 'Town' }, geometry: { type: 'Polygon', coordinates: square } }),
  stations: collection({ properties: { name: 'Station', in_commune: true }, geometry: { type: 'Point', coordinates: [2.27, 48.82] } }),
});
const site = (at?: [number, number]): Site => ({ id: 'hall', name: 'Hall', owner: 'public', ...(at === undefined ? {} : { at }) });

test('a place within: the outline, the stations and the place', () => {
  const map = mapModel(geo, [site([2.27, 48.83])], []);
  expect(map?.points.map(({ layer, name }) => [layer, name])).toEqual([
    ['station', 'Station'],
    ['site', 'Hall'],
  ]);
});

test.each([
  { what: 'no place', sites: [site()] },
  { what: 'a place elsewhere', sites: [site([5.37, 43.3])] },
  { what: 'nothing at all', sites: [] },
])('$what: no map', ({ sites }) => {
  expect(mapModel(geo, sites, [])).toBeNull();
});
