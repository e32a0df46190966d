/** One site: the range, its totals, the load curve with the week before, day by hour, meters, anomalies. */
import { dayMs } from '../../../core/time.ts';
import type { CurveRow, SiteModel } from '../models.ts';
import { Chart, type ChartData } from '../parts/chart.tsx';
import type { Voice } from '../parts/document.tsx';
import { Anomalies, Coverage, Figure, monthWords } from '../parts/figures.tsx';
import { Heads } from '../parts/heads.tsx';
import { HeatMap } from '../parts/heat-map.tsx';
import { Scroll } from '../parts/scroll.tsx';
import { fairCoverage, fullCoverage } from '../thresholds.ts';

const changed = new Set(['reset', 'rollover', 'replaced']);

const rangeQuery = (from: string, to: string, carrier: string | null): string => `?from=${from}&to=${to}${carrier === null ? '' : `&carrier=${carrier}`}`;

const shift = (date: string, days: number): string => new Date(Date.parse(`${date}T12:00:00Z`) + days * dayMs).toISOString().slice(0, 10);

/** What is to be said of a row beside its numbers. */
export const notesOf = ({ words, show }: Voice, row: CurveRow): string =>
  [
    ...(row.kWh === null && !row.open ? [words.noData] : []),
    ...(row.open ? [words.open] : []),
    ...(row.coverage < fullCoverage && row.kWh !== null ? [`${words.coverage} ${show.percent(row.coverage)}`] : []),
    ...(row.version > 0 ? [words.revised] : []),
    ...row.flags.filter((flag) => flag !== 'simulated').map((flag) => words.flags[flag] ?? flag),
  ].join(', ');

const chartData = (voice: Voice, rows: readonly CurveRow[]): ChartData => {
  const { words } = voice;
  const last = rows.at(-1);
  const end = last === undefined ? [] : [last.end / 1000];
  const hold = (values: readonly (number | null)[]): (number | null)[] => [...values, values.at(-1) ?? null];
  return {
    unit: 'kW',
    x: [...rows.map(({ start }) => start / 1000), ...end],
    series: [
      { label: words.site.present, values: hold(rows.map(({ kW }) => kW)), kind: 'line' },
      ...(rows.some(({ beforeKW }) => beforeKW !== null)
        ? [{ label: words.site.before, values: hold(rows.map(({ beforeKW }) => beforeKW)), kind: 'dash' as const }]
        : []),
    ],
    marks: rows.flatMap((row) => {
      const kind =
        row.version > 0 || row.flags.some((flag) => changed.has(flag))
          ? ('revised' as const)
          : row.coverage < fullCoverage && !row.open
            ? ('low' as const)
            : null;
      return kind === null ? [] : [{ from: row.start / 1000, to: row.end / 1000, kind, text: notesOf(voice, row) }];
    }),
    stepped: true,
    noData: words.noData,
  };
};

const Range = ({ voice, model }: { voice: Voice; model: SiteModel }) => {
  const { words, href, frame } = voice;
  const today = new Intl.DateTimeFormat('en-CA', { timeZone: frame.zone }).format(frame.now);
  const path = `/sites/${encodeURIComponent(model.id)}`;
  const quick = [
    [words.site.today, today, today],
    [words.site.yesterday, shift(today, -1), shift(today, -1)],
    [words.site.week, shift(today, -6), today],
    [words.site.month, shift(today, -29), today],
  ] as const;
  return (
    <div class="range">
      <form method="get" action={href(path)}>
        <label>
          {words.site.from} <input type="date" name="from" value={model.from} max={today} required />
        </label>
        <label>
          {words.site.to} <input type="date" name="to" value={model.to} max={today} required />
        </label>
        {model.carriers.length > 1 ? (
          <label>
            {words.site.carrier}{' '}
            <select name="carrier">
              {model.carriers.map((name) => (
                <option key={name} value={name} selected={name === model.carrier}>
                  {words.carriers[name]}
                </option>
              ))}
            </select>
          </label>
        ) : null}
        <button type="submit">{words.site.show}</button>
      </form>
      <nav aria-label={words.site.shortcuts}>
        <ul class="pills">
          {quick.map(([label, from, to]) => (
            <li key={label}>
              <a href={href(`${path}${rangeQuery(from, to, model.carrier)}`)} aria-current={model.from === from && model.to === to ? 'true' : undefined}>
                {label}
              </a>
            </li>
          ))}
        </ul>
      </nav>
    </div>
  );
};

const Totals = ({ voice, model }: { voice: Voice; model: SiteModel }) => {
  const { words, show, href } = voice;
  const { figures, comparison } = model;
  const receipt = href(`/explain?site=${encodeURIComponent(model.id)}&from=${model.from}&to=${model.to}`);
  const tiles = [
    [words.town.energy, figures.total.kWh === null ? null : show.energy(figures.total.kWh), words.noData],
    [words.town.cost, figures.eur === null ? null : show.cost(figures.eur), figures.total.kWh === null ? words.noData : words.town.noTariff],
    [words.town.co2, figures.co2Kg === null ? null : show.mass(figures.co2Kg), figures.total.kWh === null ? words.noData : words.town.noFactor],
  ] as const;
  const fair =
    comparison !== null &&
    comparison.now.kWh !== null &&
    comparison.before.kWh !== null &&
    comparison.before.kWh > 0 &&
    Math.min(comparison.now.coverage, comparison.before.coverage) >= fairCoverage;
  return (
    <ul class="tiles">
      {tiles.map(([title, of, none]) => (
        <li key={title} class="tile">
          <h3>{title}</h3>
          <p>
            <Figure voice={voice} of={of} large none={none} />
          </p>
          <p class="small">{figures.total.until === null ? words.noData : words.until(show.moment(figures.total.until))}</p>
          <p class="foot">
            <Coverage voice={voice} share={figures.total.coverage} />
            <a class="receipt" href={receipt} aria-label={words.explain(title)}>
              {words.receipt}
            </a>
          </p>
        </li>
      ))}
      <li class="tile">
        <h3>
          {words.site.compare} ({words.carriers[model.carrier].toLowerCase()})
        </h3>
        <p>
          {fair && comparison.now.kWh !== null && comparison.before.kWh !== null ? (
            <span class="figure large">
              {comparison.now.kWh >= comparison.before.kWh ? '+' : '−'}
              {show.percent(Math.abs(comparison.now.kWh / comparison.before.kWh - 1))}
            </span>
          ) : (
            <Figure voice={voice} of={null} large />
          )}
        </p>
        {comparison === null ? null : (
          <>
            <p class="small">
              {comparison.before.kWh === null ? '' : `${show.unit(comparison.now.kWh ?? 0, 'kWh')} / ${show.unit(comparison.before.kWh, 'kWh')}. `}
              {words.site.compareHelp(show.moment(comparison.until))}
            </p>
            <p class="foot">
              <Coverage voice={voice} share={comparison.before.coverage} />
            </p>
          </>
        )}
      </li>
    </ul>
  );
};

const Twin = ({ voice, model }: { voice: Voice; model: SiteModel }) => {
  const { words, show, href } = voice;
  const own = model.meters.filter(({ carrier }) => carrier === model.carrier);
  const [only] = own;
  return (
    <Scroll tall label={words.site.tableCaption(model.name)}>
      <table class="numbers" data-twin>
        <caption>{words.site.tableCaption(`${model.name}, ${words.carriers[model.carrier]}`)}</caption>
        <Heads labels={[words.site.start, words.site.energy, words.site.power, words.site.beforePower, words.coverage, words.site.notes]} text={1} />
        <tbody>
          {model.rows.map((row) => (
            <tr key={row.start}>
              <th scope="row">
                <time dateTime={new Date(row.start).toISOString()}>{show.moment(row.start)}</time>
              </th>
              <td>
                {row.kWh === null ? (
                  '–'
                ) : only !== undefined && own.length === 1 ? (
                  <a href={href(`/explain?device=${encodeURIComponent(only.device)}&quantity=${only.quantity}&window=${model.window}&at=${row.start}`)}>
                    {show.number(row.kWh, 3)}
                  </a>
                ) : (
                  show.number(row.kWh, 3)
                )}
              </td>
              <td>{row.kW === null ? '–' : show.number(row.kW, 3)}</td>
              <td>{row.beforeKW === null ? '–' : show.number(row.beforeKW, 3)}</td>
              <td>{show.percent(row.coverage)}</td>
              <td class="text">{notesOf(voice, row)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
};

/** The last months, how final they are, and the way to their adjustments. */
const Months = ({ voice, model }: { voice: Voice; model: SiteModel }) => {
  const { words, show, href } = voice;
  return (
    <section aria-labelledby="months">
      <h2 id="months">{words.months.title}</h2>
      <p class="small">{words.months.help}</p>
      <table class="numbers stack">
        <caption class="visually-hidden">{words.months.title}</caption>
        <Heads labels={[words.months.month, 'kWh', words.sites.coverage, words.months.state]} text={1} />
        <tbody>
          {model.months.map((month) => (
            <tr key={month.start}>
              <th scope="row">
                <a href={href(`/explain?site=${encodeURIComponent(model.id)}&from=${month.from}&to=${month.to}`)}>{show.month(month.start)}</a>
              </th>
              <td data-label="kWh">{month.amount.kWh === null ? words.noData : show.number(month.amount.kWh)}</td>
              <td data-label={words.sites.coverage}>
                <Coverage voice={voice} share={month.amount.coverage} bare />
              </td>
              <td data-label={words.months.state} class="text">
                {[monthWords(voice, month), ...(month.revised ? [words.revised] : [])].join(', ')}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
};

/** The load curve, with its highest value and its file. */
const Curve = ({ voice, model }: { voice: Voice; model: SiteModel }) => {
  const { words, show, frame } = voice;
  const { rows } = model;
  const peak = rows.reduce<CurveRow | null>((best, row) => (row.kW !== null && row.kW > (best?.kW ?? -1) ? row : best), null);
  const csv = `/${frame.language}/sites/${encodeURIComponent(model.id)}.csv${rangeQuery(model.from, model.to, model.carrier)}`;
  const help = words.site.curveHelp(words.windows[model.window] ?? '', model.isCoarse);
  return (
    <section aria-labelledby="curve" class="panel">
      <div class="panel-head">
        <h2 id="curve">
          {words.site.curve} <span class="period">{words.carriers[model.carrier]}</span>
        </h2>
        <p class="small">
          {peak?.kW == null ? null : `${words.site.max} ${show.unit(peak.kW, 'kW')} ${words.site.at} ${show.moment(peak.start)} · `}
          <a href={csv} download title={words.site.csvHelp}>
            {words.site.csv}
          </a>
        </p>
      </div>
      <Chart voice={voice} id="load" name={words.site.chartName(model.name)} help={help} data={chartData(voice, rows)}>
        <Twin voice={voice} model={model} />
      </Chart>
    </section>
  );
};

const Meters = ({ voice, model }: { voice: Voice; model: SiteModel }) => {
  const { words, show, href } = voice;
  return (
    <section aria-labelledby="meters">
      <h2 id="meters">{words.site.metersTitle}</h2>
      <table class="numbers stack">
        <caption class="visually-hidden">{words.site.metersTitle}</caption>
        <Heads labels={[words.site.meter, words.site.carrier, 'kWh', words.sites.coverage]} />
        <tbody>
          {model.meters.map(({ device, quantity, carrier, amount }) => (
            <tr key={device}>
              <th scope="row">
                <a href={href(`/explain?device=${encodeURIComponent(device)}&quantity=${quantity}&window=P1D&at=${model.to}`)}>{device}</a>
              </th>
              <td data-label={words.site.carrier}>{words.carriers[carrier]}</td>
              <td data-label="kWh">{amount.kWh === null ? words.noData : show.number(amount.kWh)}</td>
              <td data-label={words.sites.coverage}>
                <Coverage voice={voice} share={amount.coverage} bare />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
};

/** What is still too young to judge: who sees no anomaly should know that nobody looked yet. */
const Learning = ({ voice: { words, frame }, model: { learning } }: { voice: Voice; model: SiteModel }) =>
  learning.length === 0 ? null : (
    <details>
      <summary>{words.site.learning(learning.length)}</summary>
      <ul>
        {learning.map(({ device, quantity, days, of }) => (
          <li key={`${device} ${quantity.en}`}>
            {device}, {quantity[frame.language]} – {words.site.learnt(days, of)}
          </li>
        ))}
      </ul>
    </details>
  );

/** All that meters give. */
const Measured = ({ voice, model }: { voice: Voice; model: SiteModel }) => {
  const { words } = voice;
  return (
    <>
      <Range voice={voice} model={model} />
      <section aria-labelledby="totals">
        <h2 id="totals">{words.site.totals}</h2>
        <Totals voice={voice} model={model} />
      </section>
      <Curve voice={voice} model={model} />
      {model.heat.length === 0 ? null : (
        <section aria-labelledby="heat" class="panel">
          <h2 id="heat">
            {words.site.heat} <span class="period">{words.carriers[model.carrier]}</span>
          </h2>
          <HeatMap voice={voice} days={model.heat} name={`${words.site.heatCaption}, ${model.name}`} />
        </section>
      )}
      <div class="columns">
        <Meters voice={voice} model={model} />
        {model.months.length === 0 ? null : <Months voice={voice} model={model} />}
        <section aria-labelledby="anomalies">
          <h2 id="anomalies">{words.site.anomalies}</h2>
          {model.alarms.length === 0 ? <p>{words.site.none}</p> : <Anomalies voice={voice} list={model.alarms} />}
          <Learning voice={voice} model={model} />
        </section>
      </div>
    </>
  );
};

export const SitePage = ({ voice, model }: { voice: Voice; model: SiteModel }) => {
  const { words, show, href } = voice;
  return (
    <>
      <header class="page-head">
        <p class="crumbs">
          <a href={href('/sites')}>{words.sites.title}</a>
        </p>
        <h1>{model.name}</h1>
        <p>
          {words.site.of(words.uses[model.use] ?? model.use, model.quarter)}
          {model.areaM2 === null ? null : ` · ${words.site.area(show.number(model.areaM2, 0))}`}
        </p>
      </header>
      {model.meters.length === 0 ? <p>{words.site.noMeter}</p> : <Measured voice={voice} model={model} />}
    </>
  );
};
