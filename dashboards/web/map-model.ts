/** The map as shapes in a plane: projected once, drawn as SVG on the server. Colours and words are left to parts/map.tsx. */
import type { Site } from '../../core/town.ts';
import type { CarPark } from '../figures/parking.ts';
import type { Collection, Geo, Geometry } from './geo.ts';
import type { MapModel, MapPoint, MapShape } from './models.ts';

type Position = readonly [number, number, ...unknown[]];
interface Projection {
  readonly width: number;
  readonly height: number;
  readonly place: (position: Position) => [number, number];
}

const width = 960;
const margin = 0.0022;

/** Equirectangular around the town: at four kilometres no other projection would be seen. */
const projection = (commune: Collection): Projection => {
  const points = commune.features.flatMap(({ geometry }) => rings(geometry).flat());
  const lons = points.map(([lon]) => lon);
  const lats = points.map(([, lat]) => lat);
  const [west, east] = [Math.min(...lons) - margin, Math.max(...lons) + margin];
  const [south, north] = [Math.min(...lats) - margin, Math.max(...lats) + margin];
  const scale = width / (east - west);
  const stretch = scale / Math.cos(((north + south) * Math.PI) / 360);
  return {
    width,
    height: Math.round((north - south) * stretch),
    place: ([lon, lat]) => [round((lon - west) * scale), round((north - lat) * stretch)],
  };
};
const round = (n: number): number => Math.round(n * 10) / 10;

const rings = (geometry: Geometry): Position[][] => {
  switch (geometry.type) {
    case 'Point':
      return [[geometry.coordinates]];
    case 'LineString':
      return [geometry.coordinates];
    case 'MultiLineString':
    case 'Polygon':
      return geometry.coordinates;
    case 'MultiPolygon':
      return geometry.coordinates.flat();
  }
};

const path = (plane: Projection, geometry: Geometry): string => {
  const closed = geometry.type.endsWith('Polygon') ? 'Z' : '';
  return rings(geometry)
    .map((ring) => `M${ring.map((one) => plane.place(one).join(' ')).join('L')}${closed}`)
    .join('');
};

/** Files and what is drawn of them, from the ground up. */
const layers: readonly { readonly file: string; readonly layer: (properties: Record<string, unknown>) => string | null }[] = [
  { file: 'neighbours', layer: () => 'neighbour' },
  { file: 'commune', layer: () => 'commune' },
  { file: 'water', layer: ({ kind }) => (kind === 'river' ? 'river' : kind === 'island' ? 'island' : null) },
  { file: 'quarters', layer: ({ kind }) => (kind === 'conseil de quartier' ? 'quarter' : null) },
  { file: 'roads', layer: () => 'road' },
  { file: 'rail', layer: ({ underground }) => (underground === true ? null : 'rail') },
];

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const stationsOf = (geo: Geo, plane: Projection): MapPoint[] => {
  const seen = new Map<string, MapPoint>();
  for (const { properties, geometry } of geo.get('stations')?.features ?? []) {
    if (geometry.type !== 'Point' || properties.in_commune !== true) continue;
    const [x, y] = plane.place(geometry.coordinates);
    const name = text(properties.name);
    const before = seen.get(name);
    seen.set(name, { layer: 'station', x, y, name, detail: [before?.detail, text(properties.line)].filter(Boolean).join(', '), site: null });
  }
  return [...seen.values()];
};

/** null where there is no outline of the town, or none of its places lies within: then it is another town's. */
export const mapModel = (geo: Geo, sites: readonly Site[], parks: readonly CarPark[]): MapModel | null => {
  const commune = geo.get('commune');
  if (commune === undefined) return null;
  const plane = projection(commune);
  const shapes: MapShape[] = layers.flatMap(({ file, layer }) =>
    (geo.get(file)?.features ?? []).flatMap(({ properties, geometry }) => {
      const drawn = geometry.type === 'Point' ? null : layer(properties);
      return drawn === null ? [] : [{ layer: drawn, d: path(plane, geometry), name: text(properties.name) }];
    }),
  );
  const parkSites = new Set(parks.map(({ name }) => name));
  const places: MapPoint[] = [
    ...sites.flatMap((site): MapPoint[] => {
      if (site.at === undefined || parkSites.has(site.name)) return [];
      const [x, y] = plane.place(site.at);
      return [{ layer: 'site', x, y, name: site.name, detail: site.use ?? '', site: site.id }];
    }),
    ...parks.flatMap((park): MapPoint[] => {
      if (park.place === null) return [];
      const [x, y] = plane.place(park.place);
      return [{ layer: 'car-park', x, y, name: park.name, detail: park.state, site: null }];
    }),
  ];
  if (!places.some(({ x, y }) => x >= 0 && x <= plane.width && y >= 0 && y <= plane.height)) return null;
  const points = [...stationsOf(geo, plane), ...places];
  const labels = (geo.get('quarters')?.features ?? []).flatMap(({ properties }) => {
    const label = properties.label as Position | undefined;
    if (properties.kind !== 'conseil de quartier' || !Array.isArray(label)) return [];
    const [x, y] = plane.place(label);
    return [{ x, y, text: text(properties.id) }];
  });
  const used = [...layers.map(({ file }) => file), 'stations', ...(parks.length > 0 ? ['car_parks'] : [])];
  const attributions = [
    ...new Set(
      used.flatMap((file) => {
        const meta = geo.get(file)?.meta;
        return meta?.attribution === undefined ? [] : [`${meta.attribution}${meta.licence === undefined ? '' : ` (${meta.licence})`}`];
      }),
    ),
  ];
  return { width: plane.width, height: plane.height, shapes, points, labels, attributions };
};
