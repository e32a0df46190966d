/** Whole datasets as files: CSV (RFC 4180), GeoJSON (RFC 7946), JSON. Pages of records are left to catalogue.ts. */
import type { FastifyInstance } from 'fastify';
import { datasetOf, exploreRoot, getRoute } from './catalogue.ts';
import type { Value } from './dataset.ts';
import { badParameter, notFound } from './ods-error.ts';
import { record, shown } from './present.ts';
import { type Chosen, choose, choosing, type Parameters, parametersOf, textOf, wholeOf, yesOf } from './query.ts';
import type { Tables } from './tables.ts';

interface Format {
  readonly name: string;
  readonly type: string;
  /** Parameters beside those that choose. */
  readonly own: readonly string[];
  write(chosen: Chosen, parameters: Parameters): string;
}

const delimiters = [';', ',', '\t', '|'];

/** A spreadsheet takes a text that begins so for a formula, which names and labels must not be (OWASP, CSV injection). */
const formula = /^[=+\-@\t\r]/;

const cellText = (value: Value): string => {
  if (value === null) return '';
  if (typeof value === 'string' && formula.test(value)) return `'${value}`;
  // Latitude first: so the portals write a place in CSV.
  return typeof value === 'object' ? `${value.lat}, ${value.lon}` : String(value);
};

const csv: Format = {
  name: 'csv',
  type: 'text/csv; charset=utf-8',
  own: ['delimiter', 'quote_all', 'with_bom', 'use_labels'],
  write({ selection, rows, zone }, parameters) {
    const delimiter = textOf(parameters, 'delimiter') ?? ';';
    if (!delimiters.includes(delimiter))
      throw badParameter(`Invalid value for delimiter API parameter: ${delimiter} was found but one of ; , | or a tab is expected.`);
    const quoteAll = yesOf(parameters, 'quote_all', false);
    const labels = yesOf(parameters, 'use_labels', false);
    const cell = (text: string): string => (quoteAll || text.includes(delimiter) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const head = selection.map(({ field, as }) => cell(labels && as === field.name ? field.label : as)).join(delimiter);
    const lines = rows.map(({ fields }) => selection.map(({ field }) => cell(cellText(shown(field, fields[field.name] ?? null, zone)))).join(delimiter));
    return `${yesOf(parameters, 'with_bom', true) ? '\ufeff' : ''}${[head, ...lines].join('\r\n')}\r\n`;
  },
};

const json: Format = {
  name: 'json',
  type: 'application/json; charset=utf-8',
  own: [],
  write: ({ selection, rows, zone }) => JSON.stringify(rows.map(({ fields }) => record(selection, fields, zone))),
};

/** The first place chosen is the geometry; a row without one keeps its place in the list, with none. */
const geojson: Format = {
  name: 'geojson',
  type: 'application/geo+json; charset=utf-8',
  own: [],
  write({ selection, rows, zone }) {
    const place = selection.find(({ field }) => field.type === 'geo_point_2d');
    const others = selection.filter((one) => one !== place);
    const features = rows.map(({ id, fields }) => {
      const at = place === undefined ? null : (fields[place.field.name] ?? null);
      const geometry = at !== null && typeof at === 'object' ? { type: 'Point', coordinates: [at.lon, at.lat] } : null;
      return { type: 'Feature', id, geometry, properties: record(others, fields, zone) };
    });
    return JSON.stringify({ type: 'FeatureCollection', features });
  },
};

const formats: readonly Format[] = [csv, geojson, json];

export const exports = (app: FastifyInstance, tables: Tables): void => {
  getRoute(app, `${exploreRoot}/:id/exports`, async (request) => {
    const dataset = datasetOf(tables, request);
    parametersOf(request.query, []);
    return { links: formats.map(({ name }) => ({ rel: name, href: `${exploreRoot}/${dataset.id}/exports/${name}` })) };
  });
  getRoute(app, `${exploreRoot}/:id/exports/:format`, async (request, reply) => {
    const dataset = datasetOf(tables, request);
    const { format: asked } = request.params as { readonly format: string };
    const format = formats.find(({ name }) => name === asked);
    if (format === undefined) throw notFound(`The export ${asked}`);
    const parameters = parametersOf(request.query, [...choosing, 'limit', ...format.own]);
    const limit = wholeOf(parameters, 'limit', -1, 999_999_999, -1);
    const chosen = choose(dataset, (await tables.current(dataset)).rows, parameters);
    const rows = limit === -1 ? chosen.rows : chosen.rows.slice(0, limit);
    return reply
      .type(format.type)
      .header('content-disposition', `attachment; filename="${dataset.id}.${format.name}"`)
      .send(format.write({ ...chosen, rows }, parameters));
  });
};
