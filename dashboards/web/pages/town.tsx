/** The town now: four figures, the sun, the alarms, the places, the map. */
import type { CarrierName, PeriodFigures } from '../../figures/energy.ts';
import type { Comparison, TownModel } from '../models.ts';
import { CarParks } from '../parts/car-parks.tsx';
import type { Voice } from '../parts/document.tsx';
import { Alarms, Coverage, Figure } from '../parts/figures.tsx';
import { TownMap } from '../parts/map.tsx';
import { fairCoverage } from '../thresholds.ts';

const day = (at: number, { frame: { zone } }: Voice): string => new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(at);

const Tile = ({
  voice,
  title,
  period,
  of,
  note,
}: {
  voice: Voice;
  title: string;
  period: PeriodFigures;
  of: { value: string; unit: string } | null;
  note?: string;
}) => {
  const { words, show, href } = voice;
  const date = day(period.start, voice);
  return (
    <li class="tile">
      <h3>{title}</h3>
      <p>
        <Figure voice={voice} of={of} large />
      </p>
      <p class="small">{note ?? (period.total.until === null ? words.noData : words.until(show.time(period.total.until)))}</p>
      <p class="foot">
        <Coverage voice={voice} share={period.total.coverage} />
        <a class="receipt" href={href(`/explain?from=${date}&to=${date}`)} aria-label={words.explain(title)}>
          {words.receipt}
        </a>
      </p>
    </li>
  );
};

const money = ({ show }: Voice, eur: number | null) => (eur === null ? null : { value: show.money(eur).replace(/\s*€/, '').replace('€', ''), unit: '€' });

const Compared = ({ voice: { words, show }, comparison }: { voice: Voice; comparison: Comparison }) => {
  const { now, before, until } = comparison;
  if (now.kWh === null || before.kWh === null || before.kWh === 0) return null;
  if (Math.min(now.coverage, before.coverage) < fairCoverage) return <p class="small">{words.town.unfair}</p>;
  const change = now.kWh / before.kWh - 1;
  return (
    <p class="compared">
      <strong>
        {show.percent(Math.abs(change))} {change >= 0 ? words.town.more : words.town.less}
      </strong>{' '}
      <span class="small">
        {words.town.compared(show.time(until))} ({show.unit(now.kWh, 'kWh', 0)} / {show.unit(before.kWh, 'kWh', 0)})
      </span>
    </p>
  );
};

const Carriers = ({ voice, period }: { voice: Voice; period: PeriodFigures }) => {
  const { words, show } = voice;
  const names = (Object.keys(period.byCarrier) as CarrierName[]).filter((name) => period.byCarrier[name].meters > 0);
  const most = Math.max(1, ...names.map((name) => period.byCarrier[name].kWh ?? 0));
  return (
    <ul class="carriers">
      {names.map((name) => {
        const { kWh, coverage, meters } = period.byCarrier[name];
        return (
          <li key={name} class={name}>
            <span class="name">{words.carriers[name]}</span>
            <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">
              <rect class="part" width={Math.max(0.5, (100 * (kWh ?? 0)) / most)} height="10" rx="1" />
            </svg>
            <Figure voice={voice} of={kWh === null ? null : show.energy(kWh)} />
            <span class="small">
              {words.meters(meters)} · {words.coverage} {show.percent(coverage)}
            </span>
          </li>
        );
      })}
    </ul>
  );
};

export const TownPage = ({ voice, model }: { voice: Voice; model: TownModel }) => {
  const { words, show, href, frame } = voice;
  const { today, yesterday, pv } = model;
  const tracked = { pv: pv.devices };
  const energy = (kWh: number | null) => (kWh === null ? null : show.energy(kWh));
  return (
    <>
      <header class="page-head">
        <h1>{words.town.title}</h1>
        <p>{words.town.intro(model.sites)}</p>
      </header>
      <section aria-labelledby="today">
        <h2 id="today">
          {words.town.today} <span class="period">{show.date(frame.now)}</span>
        </h2>
        <ul class="tiles">
          <Tile voice={voice} title={words.town.energy} period={today} of={energy(today.total.kWh)} />
          <Tile voice={voice} title={words.town.cost} period={today} of={money(voice, today.eur)} />
          <Tile voice={voice} title={words.town.co2} period={today} of={today.co2Kg === null ? null : show.mass(today.co2Kg)} />
          <li class="tile solar" data-live-pv={JSON.stringify(tracked.pv)}>
            <h3>{words.town.pv}</h3>
            <p>
              <Figure voice={voice} of={pv.today.meters === 0 ? null : energy(pv.today.kWh)} large />
            </p>
            <p class="small">
              <strong data-live-watts>{pv.watts === null ? words.noData : show.unit(...wattsOf(voice, pv.watts))}</strong> {words.town.pvNow} ·{' '}
              <span data-live-reporting>{words.town.pvFrom(pv.reporting, Object.keys(pv.devices).length)}</span>
            </p>
            <p class="foot">
              <Coverage voice={voice} share={pv.today.coverage} />
            </p>
          </li>
        </ul>
        {model.comparison === null ? null : <Compared voice={voice} comparison={model.comparison} />}
        <p class="live-bar" data-live-bar hidden>
          <span class="pulse" aria-hidden="true" />
          <span data-live-status>{words.town.waiting}</span>
          <button type="button" data-live-pause aria-pressed="false">
            {words.town.pause}
          </button>
        </p>
      </section>
      <section aria-labelledby="yesterday">
        <h2 id="yesterday">
          {words.town.yesterday} <span class="period">{show.date(yesterday.start)}</span>
        </h2>
        <div class="split">
          <ul class="tiles three">
            <Tile voice={voice} title={words.town.energy} period={yesterday} of={energy(yesterday.total.kWh)} />
            <Tile voice={voice} title={words.town.cost} period={yesterday} of={money(voice, yesterday.eur)} />
            <Tile voice={voice} title={words.town.co2} period={yesterday} of={yesterday.co2Kg === null ? null : show.mass(yesterday.co2Kg)} />
          </ul>
          <div class="panel">
            <h3>{words.town.byCarrier}</h3>
            <Carriers voice={voice} period={yesterday} />
          </div>
        </div>
      </section>
      <div class="columns">
        <section aria-labelledby="parks">
          <h2 id="parks">{words.town.parks}</h2>
          <CarParks voice={voice} parks={model.parks} />
          <p>
            <a href={href('/parking')}>{words.town.allParks}</a>
          </p>
        </section>
        <section aria-labelledby="alarms">
          <h2 id="alarms">{words.town.alarms}</h2>
          {model.alarms.open.length === 0 ? <p>{words.town.noAlarms}</p> : <Alarms voice={voice} list={model.alarms.open} />}
          <p>
            <a href={href('/operations#anomalies')}>{words.town.allAlarms}</a>
          </p>
        </section>
      </div>
      {model.map === null ? null : (
        <section aria-labelledby="map">
          <h2 id="map">{words.town.map}</h2>
          <TownMap voice={voice} map={model.map} id="town-map" />
        </section>
      )}
      {model.homes.length === 0 ? null : (
        <section aria-labelledby="homes">
          <h2 id="homes">{words.town.homes}</h2>
          <p class="small">{words.town.homesHelp}</p>
          <ul class="tiles">
            {model.homes.map(({ quarter, name, yesterday: own }) => (
              <li key={quarter} class="tile quiet">
                <h3>{name}</h3>
                <p>
                  <Figure voice={voice} of={energy(own.kWh)} />
                </p>
                <p class="foot">
                  <Coverage voice={voice} share={own.coverage} />
                  <span class="small">{words.meters(own.meters)}</span>
                </p>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
};

const wattsOf = ({ show: _ }: Voice, watts: number): [number, string] => (watts >= 1_000 ? [watts / 1_000, 'kW'] : [watts, 'W']);
