/** The town now: four figures, the sun, what is unusual, the places, the map. */
import type { CarrierName } from '../../../core/device-type.ts';
import type { PeriodFigures } from '../../figures/energy.ts';
import type { Comparison, TownModel } from '../models.ts';
import { CarParks } from '../parts/car-parks.tsx';
import type { Voice } from '../parts/document.tsx';
import { Anomalies, Coverage, Figure } from '../parts/figures.tsx';
import { Homes } from '../parts/homes.tsx';
import { LiveBar } from '../parts/live-bar.tsx';
import { MapSection } from '../parts/map.tsx';
import { fairCoverage } from '../thresholds.ts';

const day = (at: number, { frame: { zone } }: Voice): string => new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(at);

const Tile = ({
  voice,
  title,
  period,
  of,
  none,
}: {
  voice: Voice;
  title: string;
  period: PeriodFigures;
  of: { value: string; unit: string } | null;
  /** Why there is none, where that is not for want of data. */
  none?: string | undefined;
}) => {
  const { words, show, href } = voice;
  const date = day(period.start, voice);
  const saysNone = of === null && none === undefined;
  const seen = period.total.until === null ? (saysNone ? null : words.noData) : words.until(show.time(period.total.until));
  return (
    <li class="tile">
      <h3>{title}</h3>
      <p>
        <Figure voice={voice} of={of} large {...(none === undefined ? {} : { none })} />
      </p>
      {seen === null ? null : <p class="small">{seen}</p>}
      <p class="foot">
        <Coverage voice={voice} share={period.total.coverage} />
        <a class="receipt" href={href(`/explain?from=${date}&to=${date}`)} aria-label={words.explain(title)}>
          {words.receipt}
        </a>
      </p>
    </li>
  );
};

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

const energy = ({ show }: Voice, kWh: number | null) => (kWh === null ? null : show.energy(kWh));

/** Energy, cost and emissions of a day. */
const DayTiles = ({ voice, period }: { voice: Voice; period: PeriodFigures }) => {
  const { town: t } = voice.words;
  const isKnown = period.total.kWh !== null;
  return (
    <>
      <Tile voice={voice} title={t.energy} period={period} of={energy(voice, period.total.kWh)} />
      <Tile
        voice={voice}
        title={t.cost}
        period={period}
        of={period.eur === null ? null : voice.show.cost(period.eur)}
        none={isKnown ? t.noTariff : undefined}
      />
      <Tile
        voice={voice}
        title={t.co2}
        period={period}
        of={period.co2Kg === null ? null : voice.show.mass(period.co2Kg)}
        none={isKnown ? t.noFactor : undefined}
      />
    </>
  );
};

const Solar = ({ voice, pv }: { voice: Voice; pv: TownModel['pv'] }) => {
  const { words, show } = voice;
  const today = pv.today.meters === 0 ? null : energy(voice, pv.today.kWh);
  return (
    <li class="tile solar" data-live-pv={JSON.stringify(pv.devices)}>
      <h3>{words.town.pv}</h3>
      <p>
        <Figure voice={voice} of={today} large />
      </p>
      <p class="small">
        <strong data-live-watts>{pv.watts !== null ? show.power(pv.watts) : today === null ? '–' : words.noData}</strong> {words.town.pvNow} ·{' '}
        <span data-live-reporting>{words.town.pvFrom(pv.reporting, Object.keys(pv.devices).length)}</span>
      </p>
      <p class="foot">
        <Coverage voice={voice} share={pv.today.coverage} />
      </p>
    </li>
  );
};

const Today = ({ voice, model }: { voice: Voice; model: TownModel }) => {
  const { words, show, frame } = voice;
  return (
    <section aria-labelledby="today">
      <h2 id="today">
        {words.town.today} <span class="period">{show.date(frame.now)}</span>
      </h2>
      <ul class="tiles">
        <DayTiles voice={voice} period={model.today} />
        {Object.keys(model.pv.devices).length === 0 ? null : <Solar voice={voice} pv={model.pv} />}
      </ul>
      {model.comparison === null ? null : <Compared voice={voice} comparison={model.comparison} />}
      <LiveBar words={words} />
    </section>
  );
};

const Yesterday = ({ voice, period }: { voice: Voice; period: PeriodFigures }) => {
  const { words, show } = voice;
  return (
    <section aria-labelledby="yesterday">
      <h2 id="yesterday">
        {words.town.yesterday} <span class="period">{show.date(period.start)}</span>
      </h2>
      <div class="split">
        <ul class="tiles three">
          <DayTiles voice={voice} period={period} />
        </ul>
        <div class="panel">
          <h3>{words.town.byCarrier}</h3>
          <Carriers voice={voice} period={period} />
        </div>
      </div>
    </section>
  );
};

export const TownPage = ({ voice, model }: { voice: Voice; model: TownModel }) => {
  const { words, href, show } = voice;
  const { open } = model.alarms;
  const homes = model.homes.map((one) => ({ ...one, meters: one.yesterday.meters }));
  return (
    <>
      <header class="page-head">
        <h1>{words.town.title}</h1>
        <p>
          {words.town.intro(model.sites.metered)} {model.sites.unmetered === 0 ? null : words.town.unmetered(model.sites.unmetered)}
        </p>
        {model.behind === null ? null : (
          <p class="small" role="status">
            {words.town.behind(show.number(model.behind, 0))} <a href={href('/operations')}>{words.operations.title}</a>
          </p>
        )}
      </header>
      <Today voice={voice} model={model} />
      <Yesterday voice={voice} period={model.yesterday} />
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
          {open.length === 0 ? <p>{words.town.noAlarms}</p> : <Anomalies voice={voice} list={open} />}
          <p>
            <a href={href('/operations#anomalies')}>{words.town.allAlarms}</a>
          </p>
        </section>
      </div>
      <MapSection voice={voice} title={words.town.map} map={model.map} id="town-map" />
      <Homes voice={voice} title={words.town.homes} help={words.town.homesHelp} groups={homes} />
    </>
  );
};
