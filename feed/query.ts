/** The parameters of the Explore API: which there are, what they may be, and the rows that they choose. */
import { isZone } from '../core/window.ts';
import type { Dataset, Row } from './dataset.ts';
import { badParameter } from './ods-error.ts';
import { byOrders, fulfils } from './odsql/evaluate.ts';
import { type Condition, parseOrder, parseSelect, parseWhere } from './odsql/parse.ts';
import type { Selection } from './present.ts';

/** Rows of one page of records. */
export const limitMax = 100;
const limitDefault = 10;
/** offset + limit of records stays below it; exports have no such limit. */
const windowMax = 10_000;

export type Parameters = ReadonlyMap<string, readonly string[]>;

/** Each parameter with its values. @throws OdsError for one that is not known here, or given twice where it may be once */
export const parametersOf = (query: unknown, known: readonly string[]): Parameters => {
  const found = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(query as Record<string, string | string[]>)) {
    if (!known.includes(name)) throw badParameter(`Unknown parameter: ${name}. It is not supported here; there are ${known.join(', ')}.`);
    const values = Array.isArray(value) ? value : [value];
    if (values.length > 1 && name !== 'refine' && name !== 'exclude') throw badParameter(`The parameter ${name} was given ${values.length} times.`);
    found.set(name, values);
  }
  return found;
};

export const textOf = (parameters: Parameters, name: string): string | undefined => parameters.get(name)?.[0];

/** A whole number within [low, high]. @throws OdsError in the words of the API */
export const wholeOf = (parameters: Parameters, name: string, low: number, high: number, otherwise: number): number => {
  const text = textOf(parameters, name);
  if (text === undefined) return otherwise;
  const value = /^-?\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= low && value <= high))
    throw badParameter(`Invalid value for ${name} API parameter: ${text} was found but ${low} <= ${name} <= ${high} is expected.`);
  return value;
};

/** @throws OdsError */
export const yesOf = (parameters: Parameters, name: string, otherwise: boolean): boolean => {
  const text = textOf(parameters, name)?.toLowerCase();
  if (text === undefined) return otherwise;
  if (text !== 'true' && text !== 'false') throw badParameter(`Invalid value for ${name} API parameter: ${text} was found but true or false is expected.`);
  return text === 'true';
};

export interface Page {
  readonly limit: number;
  readonly offset: number;
}

/** `limit` −1 is all that a page may hold. @throws OdsError */
export const pageOf = (parameters: Parameters): Page => {
  const asked = wholeOf(parameters, 'limit', -1, limitMax, limitDefault);
  const limit = asked === -1 ? limitMax : asked;
  const offset = wholeOf(parameters, 'offset', 0, windowMax - 1, 0);
  if (offset + limit >= windowMax)
    throw badParameter(`Invalid value for offset API parameter: ${offset} was found but offset + limit < ${windowMax} is expected; use an export.`);
  return { limit, offset };
};

export interface Chosen {
  readonly selection: Selection;
  readonly rows: readonly Row[];
  readonly zone: string;
}

export const choosing = ['select', 'where', 'order_by', 'refine', 'exclude', 'timezone', 'lang'] as const;

/** `name:value`, where the value may stand in quotes, as the condition that it means. */
const refinement = (dataset: Dataset, text: string, clause: string, zone: string): Condition => {
  const colon = text.indexOf(':');
  const field = dataset.fields.find(({ name }) => name === text.slice(0, colon));
  if (colon < 0 || field === undefined) throw badParameter(`Invalid value for ${clause} API parameter: ${text} was found but field:"value" is expected.`);
  const value = text.slice(colon + 1).replace(/^"(.*)"$|^'(.*)'$/s, '$1$2');
  const right = field.type === 'int' || field.type === 'double' ? value : JSON.stringify(value);
  return parseWhere(`\`${field.name}\` = ${right}`, dataset.fields, zone, clause);
};

/** What the parameters choose of a dataset's rows. @throws OdsError */
export const choose = (dataset: Dataset, rows: readonly Row[], parameters: Parameters): Chosen => {
  const zone = textOf(parameters, 'timezone') ?? 'UTC';
  if (!isZone(zone)) throw badParameter(`Invalid value for timezone API parameter: ${zone} was found but a time zone such as Europe/Paris is expected.`);
  const lang = textOf(parameters, 'lang') ?? 'fr';
  if (lang !== 'fr') throw badParameter(`Invalid value for lang API parameter: ${lang} was found but fr is expected.`);
  const [where, select, order] = ['where', 'select', 'order_by'].map((name) => textOf(parameters, name));
  const conditions: Condition[] = [
    ...(where === undefined ? [] : [parseWhere(where, dataset.fields, zone)]),
    ...(parameters.get('refine') ?? []).map((one) => refinement(dataset, one, 'refine', zone)),
    ...(parameters.get('exclude') ?? []).map((one): Condition => ({ is: 'not', of: refinement(dataset, one, 'exclude', zone) })),
  ];
  const selection = parseSelect(select ?? '*', dataset.fields);
  const orders = order === undefined ? [] : parseOrder(order, dataset.fields);
  const chosen = conditions.length === 0 ? rows : rows.filter(({ fields }) => conditions.every((one) => fulfils(one, fields)));
  const compare = byOrders(orders);
  return { selection, rows: orders.length === 0 ? chosen : chosen.toSorted((a, b) => compare(a.fields, b.fields)), zone };
};
