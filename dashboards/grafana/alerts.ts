/** Alert rules on what an operator must act on soon. Who is told is left to the town's own contact points. */
import { QueryBuilder, type Rule, RuleBuilder } from '@grafana/grafana-foundation-sdk/alerting';
import { TypeReduceBuilder, TypeThresholdBuilder } from '@grafana/grafana-foundation-sdk/expr';
import { type Context, uidOf } from './board.ts';
import { type Source, script, series, text } from './flux.ts';
import { fluxQuery } from './panels.ts';
import { anomalyRows, levels } from './queries.ts';

interface Asked {
  readonly name: string;
  readonly title: string;
  /** In words, for who is told. */
  readonly summary: string;
  readonly flux: string;
  /** How far it looks back, s. */
  readonly backS: number;
  readonly above: number;
  /** It must hold so long. */
  readonly lasting: string;
  readonly severity: 'warning' | 'critical';
  /** The dashboard that shows it. */
  readonly board: string;
  readonly onNoData: 'OK' | 'Alerting';
}

const expressions = '__expr__';
const expression = { type: expressions, uid: expressions };

/** A series by what it says, its last value, and whether that is above. */
const ruleOf = ({ name, title, summary, flux, backS, above, lasting, severity, board, onNoData }: Asked): Rule =>
  new RuleBuilder(title)
    .uid(`octroi-${name}`)
    .condition('C')
    .forDuration(lasting)
    .noDataState(onNoData)
    .execErrState('Error')
    .labels({ severity, source: 'octroi' })
    .annotations({ summary, __dashboardUid__: uidOf(board) })
    .withQuery(new QueryBuilder('A').datasourceUid('octroi-influxdb').relativeTimeRange({ from: backS, to: 0 }).model(fluxQuery(flux)))
    .withQuery(
      new QueryBuilder('B')
        .datasourceUid(expressions)
        .relativeTimeRange({ from: 0, to: 0 })
        .model(new TypeReduceBuilder().datasource(expression).refId('B').expression('A').reducer('last').settings({ mode: 'dropNN' })),
    )
    .withQuery(
      new QueryBuilder('C')
        .datasourceUid(expressions)
        .relativeTimeRange({ from: 0, to: 0 })
        .model(
          new TypeThresholdBuilder()
            .refId('C')
            .expression('B')
            .conditions([{ evaluator: { type: 'gt', params: [above] } }]),
        ),
    )
    .build();

const age = ({ buckets }: Source): string =>
  script(
    `from(bucket: ${text(buckets.state)}) |> range(start: v.timeRangeStart, stop: v.timeRangeStop) |> filter(fn: (r) => r._measurement == "books" and r._field == "position")
  |> last() |> map(fn: (r) => ({_time: r._time, name: "Partition " + r.partition, _value: float(v: int(v: v.timeRangeStop) - int(v: r._time)) / 1000000000.0}))`,
    `  ${series('age')}`,
  );

const refused = ({ buckets }: Source): string =>
  script(
    `from(bucket: ${text(buckets.state)}) |> range(start: v.timeRangeStart, stop: v.timeRangeStop) |> filter(fn: (r) => r._measurement == "books" and r._field == "dead_letter")
  |> spread() |> map(fn: (r) => ({_time: v.timeRangeStop, name: "Partition " + r.partition, _value: r._value}))`,
    `  ${series('letters')}`,
  );

/** All rules. */
export const alertRules = ({ source }: Context): Rule[] => [
  ruleOf({
    name: 'away',
    title: 'Octroi writes nothing',
    summary: '{{ .Labels.name }} has written no books for {{ .Values.B }} s: the plant or InfluxDB is away. Nothing is lost while the log has room.',
    flux: age(source),
    backS: 86_400,
    above: 300,
    lasting: '5m',
    severity: 'critical',
    board: 'octroi',
    onNoData: 'Alerting',
  }),
  ruleOf({
    name: 'refused',
    title: 'Many refused readings',
    summary: '{{ .Labels.name }}: {{ .Values.B }} readings were refused within the hour. The dashboard of data quality says why.',
    flux: refused(source),
    backS: 3_600,
    above: 100,
    lasting: '0s',
    severity: 'warning',
    board: 'quality',
    onNoData: 'OK',
  }),
  ruleOf({
    name: 'silent',
    title: 'Many silent devices',
    summary: '{{ .Values.B }} devices have said nothing for longer than their type allows.',
    flux: script(
      anomalyRows(source),
      'anomalies |> filter(fn: (r) => r.kind == "silent") |> map(fn: (r) => ({_time: v.timeRangeStop, name: "Silent devices", _value: int(v: r.lasting)})) |> group(columns: ["_time", "name"]) |> sum()',
      `  ${series('silent')}`,
    ),
    backS: 7 * 86_400,
    above: 10,
    lasting: '15m',
    severity: 'warning',
    board: 'quality',
    onNoData: 'OK',
  }),
  ruleOf({
    name: 'transformer-load',
    title: 'Transformer beyond its rated power',
    summary: '{{ .Labels.name }} bears {{ .Values.B }} % of its rated power.',
    flux: levels(source, { quantity: 'load', types: ['transformer'], window: 'PT15M' }),
    backS: 7_200,
    above: 100,
    lasting: '15m',
    severity: 'critical',
    board: 'grid',
    onNoData: 'OK',
  }),
  ruleOf({
    name: 'transformer-oil',
    title: 'Transformer too hot',
    summary: 'The oil of {{ .Labels.name }} has {{ .Values.B }} °C.',
    flux: levels(source, { quantity: 'oil_temperature', types: ['transformer'], window: 'PT15M' }),
    backS: 7_200,
    above: 95,
    lasting: '15m',
    severity: 'critical',
    board: 'grid',
    onNoData: 'OK',
  }),
  ruleOf({
    name: 'lamps',
    title: 'Lamps at fault',
    summary: '{{ .Values.B }} lamps at {{ .Labels.name }} are at fault.',
    flux: levels(source, { quantity: 'lamp_faults', types: ['street-lighting'], window: 'PT15M' }),
    backS: 7_200,
    above: 4,
    lasting: '1h',
    severity: 'warning',
    board: 'lighting',
    onNoData: 'OK',
  }),
];
