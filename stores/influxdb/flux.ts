/**
 * Every question that the store asks InfluxDB, in Flux. Scripts are fixed text, or depend on how many keys or spans are
 * asked for, never on what they are called: values are parameters. A move to another query language ends in this file.
 */
import type { Key } from '../../core/store.ts';
import { answeredWithinMs, type Connection, type Parameters } from './connection.ts';
import type { Row } from './csv.ts';
import { tagText } from './line.ts';
import { type Buckets, endOfTime, type Measurement } from './schema.ts';

/** A half-open stretch of InfluxDB's time, ns. */
export interface Stretch {
  readonly start: bigint;
  readonly stop: bigint;
}
export const always: Stretch = { start: 0n, stop: endOfTime };

/** Keys or stretches asked for at once at the most. */
export const askedTogetherMax = 40;

/** Which points, of all those of the partition. */
export interface Points {
  readonly bucket: string;
  readonly measurement: Measurement;
  /** Further tags, by name. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Fields that are needed; absent: all. */
  readonly fields?: readonly string[];
  /** Rows at the most of each series: the first, or the last. */
  readonly first?: number;
  readonly last?: number;
}

/** A key, and where. */
export interface KeyAsked {
  readonly key: Key;
  readonly stretch: Stretch;
}

export interface Flux {
  /** Points in the stretch, a row each, by series; by time too, where all have the same fields. */
  points(points: Points, stretch?: Stretch): Promise<Row[]>;
  /** The same of several stretches, in any order. */
  pointsIn(points: Points, stretches: readonly Stretch[]): Promise<Row[]>;
  /** Points of several keys. Each row names its subject and quantity. */
  pointsOf(points: Points, keys: readonly Key[], stretch: Stretch): Promise<Row[]>;
  /** The last point of each series; with all its fields in one row. */
  lastOfEach(points: Points, stretch?: Stretch): Promise<Row[]>;
  /** The last value of a key's field, or the first. */
  edgeOf(points: Points, field: string, which: 'last' | 'first', key: Key, stretch: Stretch): Promise<Row | null>;
  /** The same of several keys, each in its stretch; in their order. */
  edgesOf(points: Points, field: string, which: 'last' | 'first', asked: readonly KeyAsked[]): Promise<(Row | null)[]>;
  /** The newest point of all series before the end of the stretch; with that field alone. */
  newest(points: Points, field: string, stretch: Stretch): Promise<Row | null>;
  /** Points whose text or number in one field is this. Only that field comes. */
  having(points: Points, field: string, value: string | number | bigint): Promise<Row[]>;
  /** How many rows envelopes below `before` wrote: first versions, later ones, dead letters, and those that were reopened. */
  counts(before: number): Promise<{ stored: number; corrected: number; letters: number; reopened: number }>;
}

const pivoted = 'drop(columns: ["_start", "_stop", "_measurement", "partition"]) |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")';

/** Names for the parameters of a list: `f0`, `f1`, … */
const named = (prefix: string, values: readonly (string | bigint)[]): Parameters => Object.fromEntries(values.map((value, i) => [`${prefix}${i}`, value]));

/** What the points must have, as a condition on `r`; `declared` gives the names in it their values, since only plain names are pushed down to the storage. */
const conditionOf = ({ measurement, tags = {}, fields = [] }: Points, partition: string): { condition: string; declared: string; parameters: Parameters } => {
  const tagNames = Object.keys(tags);
  const anyField = fields.map((_, i) => `r._field == f${i}`).join(' or ');
  const parts = ['r._measurement == measurement', 'r.partition == partition', ...tagNames.map((name) => `r.${name} == tag_${name}`)];
  if (anyField !== '') parts.push(`(${anyField})`);
  const names = ['measurement', 'partition', ...tagNames.map((name) => `tag_${name}`), ...fields.map((_, i) => `f${i}`)];
  return {
    condition: parts.join(' and '),
    declared: names.map((name) => `${name} = params.${name}`).join('\n'),
    parameters: { measurement, partition, ...Object.fromEntries(tagNames.map((name) => [`tag_${name}`, tags[name] as string])), ...named('f', fields) },
  };
};

const cutOf = ({ first, last }: Points): string => (first !== undefined ? ' |> limit(n: params.rows)' : last !== undefined ? ' |> tail(n: params.rows)' : '');
const cutParameters = ({ first, last }: Points): Parameters => {
  const rows = first ?? last;
  return rows === undefined ? {} : { rows };
};

/** Each count reads by itself: only then does the storage compare and count, at a tenth of the cost of rows that Flux looks at. */
const countsScript = `position = params.position
corrections = params.corrections
partition = params.partition
rows = (bucket, of, field) => from(bucket: bucket) |> range(start: time(v: 0), stop: time(v: params.stop))
  |> filter(fn: (r) => r._measurement == of and r.partition == partition and r._field == field)
readings = () => rows(bucket: params.raw, of: "reading", field: "written")
letters = (of) => rows(bucket: params.state, of: of, field: "revision")
total = (tables=<-) => tables |> group() |> count() |> keep(columns: ["_value"])
readings() |> filter(fn: (r) => r._value >= 0 and r._value < position) |> total() |> yield(name: "stored")
readings() |> filter(fn: (r) => r._value < 0 and r._value > corrections) |> total() |> yield(name: "corrected")
letters(of: "dead_letter") |> filter(fn: (r) => r._value < position) |> total() |> yield(name: "letters")
letters(of: "reopened") |> filter(fn: (r) => r._value < position) |> total() |> yield(name: "reopened")`;

/** @param patienceMs how long a question is asked again while InfluxDB does not answer */
export const fluxOf = (connection: Connection, buckets: Buckets, partitionNumber: number, patienceMs = answeredWithinMs): Flux => {
  const partition = String(partitionNumber);
  const ask = (script: string, parameters: Parameters): Promise<Row[]> => connection.query(script, parameters, patienceMs);
  const ranged = 'from(bucket: params.bucket) |> range(start: time(v: params.start), stop: time(v: params.stop))';
  const isEmpty = ({ start, stop }: Stretch): boolean => start >= stop;

  const edgesOf: Flux['edgesOf'] = async (points, field, which, asked) => {
    const edges = new Array<Row | null>(asked.length).fill(null);
    const { condition, declared, parameters } = conditionOf({ ...points, fields: [field] }, partition);
    const edge = `edge = (s, q, start, stop) => from(bucket: params.bucket) |> range(start: time(v: start), stop: time(v: stop))
  |> filter(fn: (r) => ${condition} and r.subject == s and r.quantity == q) |> ${which}()`;
    const places = asked.flatMap(({ stretch }, place) => (isEmpty(stretch) ? [] : [place]));
    for (let from = 0; from < places.length; from += askedTogetherMax) {
      const some = places.slice(from, from + askedTogetherMax);
      const yields = some.map((place) => `edge(s: params.s${place}, q: params.q${place}, start: params.a${place}, stop: params.b${place}) |> yield(name: "${place}")`); // biome-ignore format: one line
      const given: Record<string, string | bigint> = {};
      for (const place of some) {
        const { key, stretch } = asked[place] as KeyAsked;
        Object.assign(given, { [`s${place}`]: tagText(key.subject), [`q${place}`]: tagText(key.quantity), [`a${place}`]: stretch.start, [`b${place}`]: stretch.stop }); // biome-ignore format: one line
      }
      const rows = await ask([declared, edge, ...yields].join('\n'), { ...parameters, ...given, bucket: points.bucket });
      for (const row of rows) edges[row.number('result')] = row;
    }
    return edges;
  };

  return {
    async points(points, stretch = always) {
      if (isEmpty(stretch)) return [];
      const { condition, declared, parameters } = conditionOf(points, partition);
      const script = `${declared}\n${ranged} |> filter(fn: (r) => ${condition})${cutOf(points)} |> ${pivoted}`;
      return ask(script, { ...parameters, ...cutParameters(points), bucket: points.bucket, ...stretch });
    },
    async pointsIn(points, stretches) {
      const rows: Row[] = [];
      for (let from = 0; from < stretches.length; from += askedTogetherMax) {
        const some = stretches.slice(from, from + askedTogetherMax);
        const { condition, declared, parameters } = conditionOf(points, partition);
        const part = `part = (start, stop) => from(bucket: params.bucket) |> range(start: time(v: start), stop: time(v: stop)) |> filter(fn: (r) => ${condition}) |> ${pivoted}`;
        const yields = some.map((_, i) => `part(start: params.a${i}, stop: params.b${i}) |> yield(name: "${i}")`);
        const bounds = { ...named('a', some.map(({ start }) => start)), ...named('b', some.map(({ stop }) => stop)) }; // biome-ignore format: one line
        for (const row of await ask([declared, part, ...yields].join('\n'), { ...parameters, ...bounds, bucket: points.bucket })) rows.push(row);
      }
      return rows;
    },
    async pointsOf(points, keys, stretch) {
      if (isEmpty(stretch)) return [];
      const rows: Row[] = [];
      for (let from = 0; from < keys.length; from += askedTogetherMax) {
        const some = keys.slice(from, from + askedTogetherMax);
        const { condition, declared, parameters } = conditionOf(points, partition);
        const names = some.map((_, i) => `s${i} = params.s${i}\nq${i} = params.q${i}`);
        const isOneOf = some.map((_, i) => `(r.subject == s${i} and r.quantity == q${i})`).join(' or ');
        const filter = `filter(fn: (r) => ${condition} and (${isOneOf}))`;
        const subjects = named('s', some.map(({ subject }) => tagText(subject))); // biome-ignore format: one line
        const quantities = named('q', some.map(({ quantity }) => tagText(quantity))); // biome-ignore format: one line
        const script = [declared, ...names, `${ranged} |> ${filter}${cutOf(points)} |> ${pivoted}`].join('\n');
        const given = { ...parameters, ...subjects, ...quantities, ...cutParameters(points), bucket: points.bucket, ...stretch };
        for (const row of await ask(script, given)) rows.push(row);
      }
      return rows;
    },
    async lastOfEach(points, stretch = always) {
      if (isEmpty(stretch)) return [];
      const { condition, declared, parameters } = conditionOf(points, partition);
      const script = `${declared}\n${ranged} |> filter(fn: (r) => ${condition}) |> last() |> ${pivoted}`;
      return ask(script, { ...parameters, bucket: points.bucket, ...stretch });
    },
    edgeOf: async (points, field, which, key, stretch) => (await edgesOf(points, field, which, [{ key, stretch }]))[0] ?? null,
    edgesOf,
    async newest(points, field, stretch) {
      if (isEmpty(stretch)) return null;
      const { condition, declared, parameters } = conditionOf({ ...points, fields: [field] }, partition);
      const script = `${declared}\n${ranged} |> filter(fn: (r) => ${condition}) |> last() |> group() |> sort(columns: ["_time"]) |> last()`;
      return (await ask(script, { ...parameters, bucket: points.bucket, ...stretch }))[0] ?? null;
    },
    having(points, field, value) {
      const { condition, declared, parameters } = conditionOf({ ...points, fields: [field] }, partition);
      const script = `${declared}\nvalue = params.value\n${ranged} |> filter(fn: (r) => ${condition} and r._value == value) |> ${pivoted}`;
      return ask(script, { ...parameters, value, bucket: points.bucket, ...always });
    },
    async counts(before) {
      const { raw, state } = buckets;
      const rows = await ask(countsScript, { partition, raw, state, position: before, corrections: -1 - before, stop: endOfTime });
      const of = (name: string): number => rows.find((row) => row.text('result') === name)?.number('_value') ?? 0;
      return { stored: of('stored'), corrected: of('corrected'), letters: of('letters'), reopened: of('reopened') };
    },
  };
};
