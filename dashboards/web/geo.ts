/** The town's geography as it was handed in: GeoJSON by file name. How it is drawn is left to map-model.ts. */
import { z } from 'zod';

const position = z.tuple([z.number(), z.number()], z.unknown());
const geometry = z.discriminatedUnion('type', [
  z.object({ type: z.literal('Point'), coordinates: position }),
  z.object({ type: z.literal('LineString'), coordinates: z.array(position) }),
  z.object({ type: z.literal('MultiLineString'), coordinates: z.array(z.array(position)) }),
  z.object({ type: z.literal('Polygon'), coordinates: z.array(z.array(position)) }),
  z.object({ type: z.literal('MultiPolygon'), coordinates: z.array(z.array(z.array(position))) }),
]);
const collection = z.object({
  type: z.literal('FeatureCollection'),
  meta: z.looseObject({ licence: z.string().optional(), attribution: z.string().optional() }).optional(),
  features: z.array(z.object({ type: z.literal('Feature'), properties: z.record(z.string(), z.unknown()), geometry })),
});

export type Geometry = z.infer<typeof geometry>;
export type Collection = z.infer<typeof collection>;
export type Geo = ReadonlyMap<string, Collection>;

/** Takes what is GeoJSON of a record by name; the rest is left out: a map is never worth a page. */
export const readGeo = (given: unknown): Geo => {
  const found = new Map<string, Collection>();
  if (typeof given !== 'object' || given === null) return found;
  for (const [name, value] of given instanceof Map ? given : Object.entries(given)) {
    const parsed = collection.safeParse(value);
    if (parsed.success) found.set(String(name).replace(/\.(geo)?json$/, ''), parsed.data);
  }
  return found;
};

/** Opening hours by name of the car park, as the list says. */
export const carParkHours = (geo: Geo): Map<string, string> =>
  new Map(
    (geo.get('car_parks')?.features ?? []).flatMap(({ properties: { name, hours } }) =>
      typeof name === 'string' && typeof hours === 'string' ? [[name, hours] as const] : [],
    ),
  );
