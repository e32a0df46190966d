/** One alarm: what was seen, the curve around it with what was usual, what to look at first, past cases like it. */
import type { AnomalyKind } from '../../../core/reading.ts';
import { unitSymbol } from '../../../core/unit.ts';
import type { AlarmPageModel, AroundModel, AroundRow, CaseModel } from '../alarm-models.ts';
import { Chart, type ChartData } from '../parts/chart.tsx';
import type { Voice } from '../parts/document.tsx';
import { Figure, Moment } from '../parts/figures.tsx';
import { Heads } from '../parts/heads.tsx';
import { Scroll } from '../parts/scroll.tsx';
import { capital } from '../text/format.ts';
import { fullCoverage } from '../thresholds.ts';
import { One } from './alarms.tsx';

interface Shown {
  readonly voice: Voice;
  readonly model: AlarmPageModel;
}

/** An amount by the hour: kWh an hour are kW. */
const rateUnit = (unit: string, perHour: boolean): string => (!perHour ? unitSymbol(unit) : unit === 'kW.h' ? 'kW' : `${unitSymbol(unit)}/h`);

const signed = (value: number, text: string): string => `${value < 0 ? '−' : '+'}${text}`;

const Observed = ({ voice, model }: Shown) => {
  const { words, show } = voice;
  const { judged, alarm } = model;
  const { alarmPage: a } = words;
  if (judged === null) return null;
  const unit = `${unitSymbol(judged.unit)}${judged.perHour ? ` ${a.perHour}` : ''}`;
  const tile = (title: string, value: number | null) =>
    value === null ? null : (
      <li class="tile">
        <h3>{title}</h3>
        <p>
          <Figure voice={voice} of={{ value: show.number(value), unit }} large />
        </p>
      </li>
    );
  return (
    <>
      {tile(a.observed, judged.observed)}
      {tile(a.expected, judged.expected)}
      {judged.usual === null ? null : (
        <li class="tile">
          <h3>{alarm.kind === 'out-of-range' ? a.allowed : a.usual}</h3>
          <p>{`${a.range(show.number(judged.usual[0]), show.number(judged.usual[1]))} ${unit}`}</p>
        </li>
      )}
      {judged.share === null ? null : (
        <li class="tile">
          <h3>{a.share}</h3>
          <p>
            <span class="figure large">{signed(judged.share, show.percent(Math.abs(judged.share)))}</span>
          </p>
        </li>
      )}
    </>
  );
};

const Energy = ({ voice, model: { difference } }: Shown) => {
  const { words, show } = voice;
  const { alarmPage: a } = words;
  if (difference.why === 'no-energy') return null;
  return (
    <li class="tile">
      <h3>{a.energy}</h3>
      {difference.why !== null ? (
        <p class="small">{a.energyWhy[difference.why]}</p>
      ) : (
        <>
          <p>
            <span class="figure large">{signed(difference.kWh, show.unit(Math.abs(difference.kWh), 'kWh'))}</span>
          </p>
          <p class="small">
            {(difference.kWh < 0 ? a.energyLess : a.energyMore)(show.unit(difference.hours, 'h', 0), difference.weeks)}
            {difference.eur === null ? `, ${a.noTariff}` : `, ${a.cost(signed(difference.eur, show.money(Math.abs(difference.eur))))}`}
            {difference.kg === null ? '' : `, ${a.carbon(signed(difference.kg, show.unit(Math.abs(difference.kg), 'kg')))}`}
          </p>
        </>
      )}
    </li>
  );
};

const Seen = ({ voice, model }: Shown) => {
  const { words, show } = voice;
  const { alarmPage: a } = words;
  const { alarm, judged, device } = model;
  const span = show.span(model.lastedMs);
  return (
    <section aria-labelledby="seen">
      <h2 id="seen">{a.seen}</h2>
      {alarm.anomalies > 1 && device !== null && /^(site|sender)\//.test(alarm.id ?? '') ? <p>{a.group(device.label)}</p> : null}
      <ul class="tiles">
        <Observed voice={voice} model={model} />
        <Energy voice={voice} model={model} />
        <li class="tile">
          <h3>{a.test}</h3>
          <p>{a.tests[alarm.kind as AnomalyKind]}</p>
          <p class="small">
            {judged?.days == null ? null : `${a.judgedOver(judged.days)} `}
            {alarm.until === null ? a.lasts(span) : a.lasted(span)}
          </p>
        </li>
      </ul>
    </section>
  );
};

/** What is drawn: the curve, the unit, and a reading that is in no figure, with the moment it is of. */
interface Drawn {
  readonly around: AroundModel;
  readonly unit: string;
  readonly keptOut: { readonly at: number; readonly value: number } | null;
}

/** A value out of range is left out of the figures: the curve does not hold what was seen. */
const keptOutOf = ({ alarm, judged, quantity, around }: AlarmPageModel): Drawn['keptOut'] =>
  alarm.kind !== 'out-of-range' || judged === null || judged.observed === null || quantity === null || quantity.perHour || around === null
    ? null
    : { at: around.begin, value: judged.observed };

const keptOutIn = ({ keptOut }: Drawn, { start, end }: AroundRow): number | null =>
  keptOut !== null && keptOut.at >= start && keptOut.at < end ? keptOut.value : null;

const notesOf = ({ words, show }: Voice, drawn: Drawn, row: AroundRow): string => {
  const keptOut = keptOutIn(drawn, row);
  return [
    ...(row.unusual ? [words.alarmPage.unusual] : []),
    ...(keptOut === null ? [] : [`${words.alarmPage.keptOut}${words.colon}${show.unit(keptOut, drawn.unit)}`]),
    ...(row.value === null ? [words.noData] : []),
    ...(row.open ? [words.open] : []),
    ...(row.coverage < fullCoverage && row.value !== null && !row.open ? [`${words.coverage} ${show.percent(row.coverage)}`] : []),
  ].join(', ');
};

/** True where there is anything to draw. */
const hasValues = (drawn: Drawn): boolean =>
  drawn.around.rows.length > 1 &&
  drawn.around.rows.some((row) => row.value !== null || row.usual !== null || row.expected !== null || keptOutIn(drawn, row) !== null);

/** What the range behind the curve is of; where there is none, why. */
const rangeWords = ({ words: { alarmPage: a } }: Voice, { rows, range, weeks }: AroundModel): string => {
  if (range === 'ever') return a.ever;
  return rows.some(({ usual }) => usual !== null) ? a.weeks(weeks) : a.tooYoung(weeks);
};

const chartData = (voice: Voice, drawn: Drawn): ChartData => {
  const { alarmPage: a } = voice.words;
  const { around, unit } = drawn;
  const { rows, weeks } = around;
  const last = rows.at(-1);
  const hold = <T,>(values: readonly (T | null)[]): (T | null)[] => [...values, values.at(-1) ?? null];
  const line = (label: string, values: readonly (number | null)[]) =>
    values.some((value) => value !== null) ? [{ label, values: hold(values), kind: 'dash' as const }] : [];
  return {
    unit,
    x: [...rows.map(({ start }) => start / 1000), ...(last === undefined ? [] : [last.end / 1000])],
    series: [
      { label: a.value, values: hold(rows.map(({ value }) => value)), kind: 'line' },
      ...line(
        a.middle(weeks),
        rows.map(({ middle }) => middle),
      ),
      ...line(
        a.detector,
        rows.map(({ expected }) => expected),
      ),
      ...(drawn.keptOut === null ? [] : [{ label: a.keptOut, values: [...rows.map((row) => keptOutIn(drawn, row)), null], kind: 'point' as const }]),
    ],
    ...(rows.some(({ usual }) => usual !== null)
      ? {
          band: {
            label: rangeWords(voice, around),
            low: hold(rows.map(({ usual }) => usual?.[0] ?? null)),
            high: hold(rows.map(({ usual }) => usual?.[1] ?? null)),
          },
        }
      : {}),
    marks: rows.flatMap((row) => {
      const kind = row.unusual ? ('unusual' as const) : row.coverage < fullCoverage && !row.open ? ('low' as const) : null;
      return kind === null ? [] : [{ from: row.start / 1000, to: row.end / 1000, kind, text: notesOf(voice, drawn, row) }];
    }),
    stepped: true,
    noData: voice.words.noData,
  };
};

const Twin = ({ voice, drawn, name }: { voice: Voice; drawn: Drawn; name: string }) => {
  const { words, show } = voice;
  const { around, unit } = drawn;
  const { alarmPage: a } = words;
  const cell = (value: number | null | undefined) => <td>{value === null || value === undefined ? '–' : show.number(value, 3)}</td>;
  return (
    <Scroll tall label={a.tableCaption(name)}>
      <table class="numbers" data-twin>
        <caption>{`${a.tableCaption(name)} (${unit})`}</caption>
        <Heads labels={[words.site.start, a.value, a.low, a.high, a.median, a.detector, words.site.notes]} text={1} />
        <tbody>
          {around.rows.map((row) => (
            <tr key={row.start}>
              <th scope="row">
                <Moment voice={voice} at={row.start} />
              </th>
              {cell(row.value)}
              {cell(row.usual?.[0])}
              {cell(row.usual?.[1])}
              {cell(row.middle)}
              {cell(row.expected)}
              <td class="text">{notesOf(voice, drawn, row)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
};

const Curve = ({ voice, model }: Shown) => {
  const { words, frame } = voice;
  const { alarmPage: a } = words;
  const { around, quantity, device } = model;
  if (device === null) return null;
  const name = quantity === null ? '' : `${device.label}, ${quantity.label[frame.language]}`;
  const drawn = around === null ? null : { around, unit: quantity === null ? '' : rateUnit(quantity.unit, quantity.perHour), keptOut: keptOutOf(model) };
  return (
    <section aria-labelledby="curve" class="panel">
      <div class="panel-head">
        <h2 id="curve">
          {a.curve} <span class="period">{name}</span>
        </h2>
      </div>
      {drawn === null ? (
        <p>{a.noCurve}</p>
      ) : !hasValues(drawn) ? (
        <p>{a.nothingSeen}</p>
      ) : (
        <Chart
          voice={voice}
          id="around"
          name={a.curveName(name)}
          help={`${a.curveHelp(words.windows[drawn.around.window] ?? '')} ${rangeWords(voice, drawn.around)}.`}
          data={chartData(voice, drawn)}
        >
          <Twin voice={voice} drawn={drawn} name={name} />
        </Chart>
      )}
    </section>
  );
};

const Case = ({ voice, one }: { voice: Voice; one: CaseModel }) => {
  const { words, frame, href, show } = voice;
  const { alarms, alarmPage: a } = words;
  return (
    <li class="ended">
      <span class="tag">{a.nearness[one.nearness]}</span>
      <strong>{one.label}</strong>
      <span class="why">
        {one.reason[frame.language]} {one.receipt === null ? null : <a href={href(one.receipt)}>{words.receipt}</a>}
      </span>
      <span class="when">
        <Moment voice={voice} at={one.since} />
        {one.until === null ? ` · ${words.operations.lasting}` : ` · ${show.span(one.until - one.since)}`} ·{' '}
        {one.verdict === null ? a.noVerdict : alarms.labelledBy(one.verdict.by, alarms.labels[one.verdict.verdict], one.verdict.comment)}{' '}
        {one.alarm === null ? null : <a href={href(`/alarms/one?id=${encodeURIComponent(one.alarm)}`)}>{a.more}</a>}
      </span>
    </li>
  );
};

export const AlarmPage = ({ voice, model }: Shown) => {
  const { words, href } = voice;
  const { alarms, alarmPage: a } = words;
  const { alarm } = model;
  return (
    <>
      <header class="page-head">
        <p class="crumbs">
          <a href={href('/alarms')}>{a.back}</a>
        </p>
        <h1>{capital(words.kinds[alarm.kind] ?? alarm.kind)}</h1>
      </header>
      {model.answered ? (
        <p class="message" role="status">
          {alarms.answered}
        </p>
      ) : null}
      <ul class="alarms">
        <One voice={voice} alarm={alarm} alone />
      </ul>
      <Seen voice={voice} model={model} />
      <Curve voice={voice} model={model} />
      <div class="columns">
        <section aria-labelledby="checks">
          <h2 id="checks">{a.checks}</h2>
          <ul class="looks">
            {(a.firstLooks[alarm.kind as AnomalyKind] ?? []).map((look) => (
              <li key={look}>{look}</li>
            ))}
          </ul>
        </section>
        <section aria-labelledby="cases">
          <h2 id="cases">{a.cases}</h2>
          <p class="small">{a.casesHelp}</p>
          {model.cases.length === 0 ? (
            <p>{a.casesNone}</p>
          ) : (
            <ul class="alarms">
              {model.cases.map((one) => (
                <Case key={one.id} voice={voice} one={one} />
              ))}
            </ul>
          )}
        </section>
      </div>
    </>
  );
};
