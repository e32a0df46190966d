/** Reads the town's geography for the maps. What of it is drawn is left to the pages. */
import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../simulators/geo/', import.meta.url);

/** GeoJSON by file name without its ending. */
export const geography = (): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((file) => file.endsWith('.geojson'))
      .map((file) => [file.slice(0, -'.geojson'.length), JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as unknown]),
  );
