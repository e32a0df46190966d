/** The catalogue and the records of the Explore API v2.1: what there is, and pages of it. Files are left to exports.ts. */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Dataset } from './dataset.ts';
import { notFound } from './ods-error.ts';
import { civilTime, record } from './present.ts';
import { choose, choosing, pageOf, parametersOf } from './query.ts';
import type { Table, Tables } from './tables.ts';

export const exploreRoot = '/api/explore/v2.1/catalog/datasets';

/** The dataset of a request's path. @throws OdsError `NotFoundResource` */
export const datasetOf = (tables: Tables, request: FastifyRequest): Dataset => {
  const { id } = request.params as { readonly id: string };
  const dataset = tables.datasets.find((one) => one.id === id);
  if (dataset === undefined) throw notFound(`The dataset ${id}`);
  return dataset;
};

const shownDataset = ({ dataset, rows, modified }: Table, publisher: string) => ({
  dataset_id: dataset.id,
  dataset_uid: `da_${createHash('sha256').update(dataset.id).digest('hex').slice(0, 6)}`,
  attachments: [],
  has_records: true,
  data_visible: true,
  features: dataset.fields.some(({ type }) => type === 'geo_point_2d') ? ['analyze', 'geo'] : ['analyze'],
  metas: {
    default: {
      title: dataset.title,
      description: dataset.description,
      keyword: dataset.keywords,
      license: 'Licence Ouverte v2.0 (Etalab)',
      license_url: 'https://www.etalab.gouv.fr/licence-ouverte-open-licence/',
      language: 'fr',
      publisher,
      modified: modified === 0 ? null : civilTime(modified, 'UTC'),
      records_count: rows.length,
    },
  },
  fields: dataset.fields.map(({ name, type, label, description }) => ({ name, type, label, description, annotations: {} })),
});

/** Registers a GET route with and without a slash at its end: clients send both. */
export const getRoute = (app: FastifyInstance, url: string, answer: RouteHandlerMethod): void => {
  app.get(url, answer);
  app.get(`${url}/`, answer);
};

/** @param publisher the town's name */
export const catalogue = (app: FastifyInstance, tables: Tables, publisher: () => Promise<string>): void => {
  getRoute(app, exploreRoot, async (request) => {
    const { limit, offset } = pageOf(parametersOf(request.query, ['limit', 'offset']));
    const page = tables.datasets.slice(offset, offset + limit);
    const name = await publisher();
    return {
      total_count: tables.datasets.length,
      results: await Promise.all(page.map(async (dataset) => shownDataset(await tables.current(dataset), name))),
    };
  });
  getRoute(app, `${exploreRoot}/:id`, async (request) => {
    parametersOf(request.query, []);
    return shownDataset(await tables.current(datasetOf(tables, request)), await publisher());
  });
  getRoute(app, `${exploreRoot}/:id/records`, async (request) => {
    const dataset = datasetOf(tables, request);
    const parameters = parametersOf(request.query, [...choosing, 'limit', 'offset']);
    const { limit, offset } = pageOf(parameters);
    const { selection, rows, zone } = choose(dataset, (await tables.current(dataset)).rows, parameters);
    return { total_count: rows.length, results: rows.slice(offset, offset + limit).map(({ fields }) => record(selection, fields, zone)) };
  });
};
