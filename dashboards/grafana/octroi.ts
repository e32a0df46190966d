/** Octroi itself, as its books tell it in InfluxDB: what came, what became of it, how far it is. Memory and processor are at /metrics. */
import { minuteMs } from '../../core/time.ts';
import type { Board, Context } from './board.ts';
import { type Source, script, series, text } from './flux.ts';
import { graph, type Shown, stat, table } from './panels.ts';

const counters = ['accepted', 'stored', 'duplicate', 'corrected', 'dead_letter'];
const called: Readonly<Record<string, string>> = {
  accepted: 'Accepted',
  stored: 'Stored',
  duplicate: 'Duplicate',
  corrected: 'Corrected',
  dead_letter: 'Dead letter',
  waiting: 'Waiting',
  qos0_dropped: 'QoS 0 dropped',
  unidentified: 'Unidentified',
  corrupt: 'Corrupt',
};

/** The books of the time range: a table a partition and field. */
const books = ({ buckets }: Source, fields: readonly string[]): string =>
  `from(bucket: ${text(buckets.state)}) |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "books" and (${fields.map((field) => `r._field == ${text(field)}`).join(' or ')}))`;
/** `name`: how the field is called. */
const named = `map(fn: (r) => ({r with name: dict.get(dict: dict.fromList(pairs: [${Object.entries(called)
  .map(([key, value]) => `{key: "${key}", value: "${value}"}`)
  .join(', ')}]), key: r._field, default: r._field)}))`;

/** The newest books of each partition, added up by field. */
const last = (source: Source, fields: readonly string[]): string =>
  script(
    `${books(source, fields)} |> last() |> group() |> ${named}
  |> group(columns: ["name"]) |> reduce(identity: {_time: 1970-01-01T00:00:00Z, _value: 0}, fn: (r, accumulator) => ({_time: if r._time > accumulator._time then r._time else accumulator._time, _value: accumulator._value + r._value}))`,
    `  ${series('books')}`,
  );

const kept = ({ source }: Context): Shown[] => [
  stat({
    title: 'Readings since the log began',
    description: 'Accepted = stored + duplicate + corrected + dead letter, at any moment. The rows are recounted against it by octroi ledger.',
    flux: last(source, counters),
    unit: 'short',
    width: 16,
  }),
  stat({
    title: 'Age of the newest books',
    description:
      'How far behind the end of the time range the store is. Books are written with the commits, a minute apart: more than a few minutes means that the plant or InfluxDB is away, and the log fills.',
    flux: script(
      `${books(source, ['position'])} |> last() |> map(fn: (r) => ({_time: r._time, name: "Partition " + r.partition, _value: float(v: int(v: v.timeRangeStop) - int(v: r._time)) / 1000000000.0}))`,
      `  ${series('age')}`,
    ),
    unit: 's',
    steps: [
      { from: null, colour: 'green' },
      { from: 120, colour: 'orange' },
      { from: 300, colour: 'red' },
    ],
    width: 8,
  }),
  stat({
    title: 'Lost and doubtful',
    description:
      'QoS 0 messages that were dropped, readings without a stamp that nothing tells from a repetition, envelopes of the log that could not be read. None of these is behind an acknowledgement that was broken.',
    flux: last(source, ['qos0_dropped', 'unidentified', 'corrupt']),
    unit: 'short',
    steps: [
      { from: null, colour: 'green' },
      { from: 1, colour: 'orange' },
    ],
    width: 16,
  }),
  stat({
    title: 'Waiting for a tick',
    description: 'Late readings that the next tick takes in.',
    flux: last(source, ['waiting']),
    unit: 'short',
    width: 8,
  }),
];

const overTime = ({ source }: Context): Shown[] => [
  graph({
    title: 'Readings a minute',
    description: 'What became of readings, per minute of log time, over all partitions. After a time without books the rate is that of the whole gap.',
    flux: script(
      `${books(source, counters)} |> derivative(unit: 1m, nonNegative: true) |> group() |> ${named}
  |> group(columns: ["name"]) |> aggregateWindow(every: 1m, fn: sum, createEmpty: false)`,
      `  ${series('rate')}`,
    ),
    unit: 'short',
    gapMs: 10 * minuteMs,
    min: 0,
  }),
  graph({
    title: 'Envelopes a minute',
    description: 'How fast each partition of the log is processed. A flat zero while devices send means that the plant does not go on.',
    flux: script(
      `${books(source, ['position'])} |> derivative(unit: 1m, nonNegative: true) |> group() |> map(fn: (r) => ({_time: r._time, _value: r._value, name: "Partition " + r.partition}))`,
      `  ${series('rate')}`,
    ),
    unit: 'short',
    gapMs: 10 * minuteMs,
    min: 0,
  }),
  table({
    title: 'Partitions',
    description: 'The newest books of each partition, and whether they balance.',
    flux: script(
      `${books(source, ['position', 'waiting', ...counters])} |> last() |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value") |> group()
  |> map(fn: (r) => ({partition: r.partition, at: r._time, position: r.position, accepted: r.accepted, stored: r.stored, duplicate: r.duplicate, corrected: r.corrected, dead_letter: r.dead_letter, balanced: if r.accepted == r.stored + r.duplicate + r.corrected + r.dead_letter then "yes" else "NO"}))`,
    ),
    columns: {
      partition: { title: 'Partition' },
      at: { title: 'Books of' },
      position: { title: 'Position' },
      accepted: { title: 'Accepted' },
      stored: { title: 'Stored' },
      duplicate: { title: 'Duplicate' },
      corrected: { title: 'Corrected' },
      dead_letter: { title: 'Dead letter' },
      balanced: { title: 'Balanced' },
    },
  }),
];

export const octroiBoard = (context: Context): Board => ({
  name: 'octroi',
  title: 'Octroi itself',
  description: `What octroi took in and what became of it, from its books. Memory, processor and connections are at ${context.octroiUrl}/metrics, for Prometheus.`,
  from: 'now-6h',
  variables: [],
  sections: [
    {
      title: 'Books',
      shown: kept(context),
    },
    {
      title: 'Over time',
      shown: overTime(context),
    },
  ],
});
