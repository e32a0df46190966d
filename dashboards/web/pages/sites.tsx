/** The list of sites, sortable and filtered by links: readable and shareable without a script. */
import type { DayBar, SiteLine, SiteSort, SitesModel } from '../models.ts';
import type { Voice } from '../parts/document.tsx';
import { Coverage } from '../parts/figures.tsx';
import { Homes } from '../parts/homes.tsx';
import { fullCoverage } from '../thresholds.ts';

/** One day in words: its kWh, and whether all of it was seen. */
const dayWords = ({ words, show }: Voice, { kWh, coverage }: DayBar): string => {
  if (kWh === null) return words.noData;
  return coverage < fullCoverage ? `${show.number(kWh)} (${words.sites.partial})` : show.number(kWh);
};

const Trend = ({ voice, days }: { voice: Voice; days: readonly DayBar[] }) => {
  const most = Math.max(0.001, ...days.map(({ kWh }) => kWh ?? 0));
  return (
    <svg
      class="trend"
      viewBox="0 0 70 20"
      width="70"
      height="20"
      role="img"
      aria-label={voice.words.sites.trend(days.map((day) => dayWords(voice, day)).join(', '))}
    >
      {days.map(({ kWh, coverage }, n) => {
        const height = kWh === null ? 2 : Math.max(1, (18 * kWh) / most);
        const seen = kWh === null ? 'gap' : coverage < fullCoverage ? 'partial' : 'part';
        return <rect key={String(n)} class={seen} x={n * 10 + 0.5} y={19.5 - height} width="7" height={height} rx="1" />;
      })}
    </svg>
  );
};

const Row = ({ voice, line }: { voice: Voice; line: SiteLine }) => {
  const { words, show, href } = voice;
  const { byCarrier, total } = line.yesterday;
  const cell = (name: keyof typeof byCarrier) =>
    byCarrier[name].meters === 0 ? '' : byCarrier[name].kWh === null ? words.noData : show.number(byCarrier[name].kWh);
  return (
    <tr>
      <th scope="row">
        <a href={href(`/sites/${encodeURIComponent(line.id)}`)}>{line.name}</a>
        <span class="small">{[words.uses[line.use] ?? line.use, line.quarter].filter(Boolean).join(' · ')}</span>
      </th>
      <td data-label={words.carriers.electricity}>{cell('electricity')}</td>
      <td data-label={words.carriers.gas}>{cell('gas')}</td>
      <td data-label={words.carriers.heat}>{cell('heat')}</td>
      <td data-label={words.sites.total} class="total">
        {total.kWh === null ? words.noData : show.number(total.kWh)}
      </td>
      <td data-label={words.sites.intensity}>{line.kWhPerM2 === null ? '–' : show.number(line.kWhPerM2, 3)}</td>
      <td data-label={words.sites.week}>
        <Trend voice={voice} days={line.days} />
      </td>
      <td data-label={words.sites.coverage}>
        <Coverage voice={voice} share={total.coverage} bare />
      </td>
    </tr>
  );
};

const query = (use: string | null, sort: SiteSort): string => {
  const parts = [...(use === null ? [] : [`use=${encodeURIComponent(use)}`]), ...(sort === 'energy' ? [] : [`sort=${sort}`])];
  return parts.length === 0 ? '/sites' : `/sites?${parts.join('&')}`;
};

interface Shown {
  readonly voice: Voice;
  readonly model: SitesModel;
}

const Filters = ({ voice: { words, href }, model: { use, sort, uses } }: Shown) => (
  <nav class="filters" aria-label={words.sites.filter}>
    <ul>
      <li>
        <a href={href(query(null, sort))} aria-current={use === null ? 'true' : undefined}>
          {words.sites.all}
        </a>
      </li>
      {uses.map((one) => (
        <li key={one}>
          <a href={href(query(one, sort))} aria-current={use === one ? 'true' : undefined}>
            {words.uses[one] ?? one}
          </a>
        </li>
      ))}
    </ul>
  </nav>
);

const List = ({ voice, model: { use, sort, lines } }: Shown) => {
  const { words, href } = voice;
  const Head = ({ by, label }: { by: SiteSort; label: string }) => (
    <th scope="col" aria-sort={sort === by ? (by === 'name' || by === 'coverage' ? 'ascending' : 'descending') : undefined}>
      <a href={href(query(use, by))} title={words.sites.sortBy(label)}>
        {label}
        <svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true" focusable="false">
          <path d="M1 3.5h8L5 8z" />
        </svg>
      </a>
    </th>
  );
  return (
    <table class="numbers stack">
      <caption>
        {words.sites.caption} (kWh). {words.sites.trendHelp}
      </caption>
      <thead>
        <tr>
          <Head by="name" label={words.sites.name} />
          <th scope="col">{words.carriers.electricity}</th>
          <th scope="col">{words.carriers.gas}</th>
          <th scope="col">{words.carriers.heat}</th>
          <Head by="energy" label={words.sites.total} />
          <Head by="intensity" label={words.sites.intensity} />
          <th scope="col">{words.sites.week}</th>
          <Head by="coverage" label={words.sites.coverage} />
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => (
          <Row key={line.id} voice={voice} line={line} />
        ))}
      </tbody>
    </table>
  );
};

export const SitesPage = ({ voice, model }: Shown) => {
  const { words, show } = voice;
  return (
    <>
      <header class="page-head">
        <h1>{words.sites.title}</h1>
        <p>
          {words.sites.intro(show.date(model.day))} {words.sites.count(model.lines.length, model.counts.public)}{' '}
          {model.counts.unmetered === 0 ? null : words.sites.unmetered(model.counts.unmetered)}
        </p>
      </header>
      <Filters voice={voice} model={model} />
      <List voice={voice} model={model} />
      <Homes voice={voice} title={words.sites.homes} help={words.sites.homesHelp} groups={model.homes} />
    </>
  );
};
