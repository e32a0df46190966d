/** Plays Grafana's part: fills variables into questions as its pages do, asks InfluxDB, and says what a panel needs of an answer. */
import { parse } from 'csv-parse/sync';
import type { Influxd } from '../../torture/rigs/influxd.ts';

export interface Option {
  readonly text: string;
  readonly value: string;
}
/** What is chosen: one value, or some. */
export type Chosen = ReadonlyMap<string, string | readonly string[]>;
export interface Range {
  readonly from: number;
  readonly to: number;
}

const regexQuoted = (value: string): string => value.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&');
const formats: Readonly<Record<string, (value: string | readonly string[]) => string>> = {
  raw: (value) => (typeof value === 'string' ? value : `{${value.join(',')}}`),
  json: (value) => JSON.stringify(value),
  regex: (value) => (typeof value === 'string' ? regexQuoted(value) : `(${value.map(regexQuoted).join('|')})`),
};

/** Variables, then what the data source fills in. @throws Error where a variable is not known */
export const filledIn = (query: string, chosen: Chosen, { from, to }: Range): string =>
  query
    .replace(/\$\{(\w+)(?::(\w+))?\}/g, (_, name: string, format = 'raw') => {
      const value = chosen.get(name);
      const write = formats[format];
      if (value === undefined || write === undefined) throw new Error(`no variable \${${name}:${format}}`);
      return write(value);
    })
    .replace(/\b[a-zA-Z]+\.timeRangeStart\b/g, new Date(from).toISOString())
    .replace(/\b[a-zA-Z]+\.timeRangeStop\b/g, new Date(to).toISOString())
    .replace(/\b[a-zA-Z]+\.windowPeriod\b/g, '1m0s');

/** One table of an answer. */
export interface Answer {
  readonly columns: readonly string[];
  /** Flux's type of each column. */
  readonly types: Readonly<Record<string, string>>;
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/** @throws Error with InfluxDB's own words */
export const asked = async ({ call, org }: Influxd, query: string): Promise<Answer[]> => {
  const { status, body } = await call('POST', `/api/v2/query?org=${org}`, { query, dialect: { annotations: ['datatype'], header: true } });
  if (status !== 200) throw new Error(`${body}\n${query}`);
  const answers: Answer[] = [];
  for (const block of body.split(/\r\n(?:\r\n)+(?=#)/).filter((one) => one.trim() !== '')) {
    const [datatypes = [], columns = [], ...records] = parse(block.trim(), { relax_column_count: true }) as string[][];
    if (columns.includes('error')) throw new Error(`${records[0]?.join(' ')}\n${query}`);
    const row = (record: readonly string[]) => Object.fromEntries(columns.map((column, n) => [column, record[n] ?? '']).slice(1));
    // Tables of one shape come in one block, and differ by the column `table`.
    const tables = Map.groupBy(records.map(row), ({ table = '' }) => table);
    for (const rows of tables.values()) answers.push({ columns, types: Object.fromEntries(columns.map((column, n) => [column, datatypes[n] ?? ''])), rows });
  }
  return answers;
};

/** What a variable offers: the first column of text, cut by its pattern where it has one. */
export const optionsOf = (answers: readonly Answer[], pattern: string): Option[] => {
  const texts = answers.flatMap(({ types, rows }) => {
    const column = Object.keys(types).find((name) => types[name] === 'string' && name !== 'result');
    return column === undefined ? [] : rows.map((row) => row[column] ?? '');
  });
  const expression = pattern === '' ? null : new RegExp(pattern.slice(1, -1));
  return texts.flatMap((whole) => {
    if (expression === null) return [{ text: whole, value: whole }];
    const groups = expression.exec(whole)?.groups;
    return groups === undefined ? [] : [{ text: groups.text ?? '', value: groups.value ?? '' }];
  });
};

export interface JsonPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly panels?: readonly JsonPanel[];
  readonly targets?: readonly { readonly query: string }[];
  readonly transformations?: readonly { readonly id: string; readonly options: Readonly<Record<string, unknown>> }[];
  readonly options?: { readonly xField?: string };
  readonly fieldConfig?: {
    readonly defaults: { readonly displayName?: string; readonly unit?: string; readonly links?: readonly { readonly url: string }[] };
    readonly overrides: readonly {
      readonly matcher: { readonly options: string };
      readonly properties: readonly { readonly id: string; readonly value: unknown }[];
    }[];
  };
}

const isNumber = (type: string | undefined): boolean => type === 'double' || type === 'long';

/** What is wrong with an answer that must be series: Grafana takes every column of text for a label, and knows no other ones. */
const faultsOfSeries = ({ columns, types }: Answer, labels: readonly string[]): string[] => [
  ...(types._time === 'dateTime:RFC3339' ? [] : ['no _time']),
  ...(isNumber(types._value) ? [] : [`_value is ${types._value ?? 'missing'}`]),
  ...labels.filter((label) => types[label] !== 'string').map((label) => `no label ${label}`),
  ...columns
    .filter((name) => name !== '' && !name.startsWith('_') && name !== 'result' && name !== 'table' && types[name] !== 'string')
    .map((name) => `${name} is no label`),
];

const faultsOfTable = ({ columns, types }: Answer, needed: readonly string[]): string[] => [
  ...needed.filter((name) => !columns.includes(name)).map((name) => `no column ${name}`),
  // With both it would be taken for a series.
  ...(columns.includes('_value') && Object.values(types).some((type) => type.startsWith('dateTime')) ? ['a table with _value and a time'] : []),
];

/** What keeps a panel from drawing the answer; empty where nothing does. */
export const faultsOf = ({ type, fieldConfig, transformations = [], options }: JsonPanel, answers: readonly Answer[]): string[] => {
  const rows = answers.reduce((sum, answer) => sum + answer.rows.length, 0);
  if (rows === 0) return ['no rows'];
  const isSeries = ['timeseries', 'stat', 'state-timeline'].includes(type) || transformations.some(({ id }) => id === 'joinByField');
  if (isSeries) {
    const labels = [...(fieldConfig?.defaults.displayName ?? '').matchAll(/\$\{__field\.labels\.(\w+)\}/g)].map(([, label]) => label as string);
    return answers.flatMap((answer) => faultsOfSeries(answer, labels));
  }
  if (answers.length !== 1) return [`${answers.length} tables instead of one`];
  const organize = transformations.find(({ id }) => id === 'organize');
  const named = Object.keys((organize?.options.renameByName as object | undefined) ?? {});
  const drawn = type === 'barchart' ? [options?.xField ?? '', ...(fieldConfig?.overrides ?? []).map(({ matcher }) => matcher.options)] : named;
  return faultsOfTable(answers[0] as Answer, drawn);
};
