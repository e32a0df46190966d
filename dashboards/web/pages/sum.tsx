/** What is behind a total: its factors, its parts, and the adjustments of its month. */
import type { SumModel } from '../models.ts';
import { Changes } from '../parts/changes.tsx';
import type { Voice } from '../parts/document.tsx';
import { Coverage, Figure, monthWords } from '../parts/figures.tsx';
import { Heads } from '../parts/heads.tsx';

interface Shown {
  readonly voice: Voice;
  readonly model: SumModel;
}

const Factors = ({ voice: { words, show }, model: { factors, figures } }: Shown) => {
  const { receiptPage: r } = words;
  return (
    <table class="numbers stack">
      <caption>{r.factors}</caption>
      <Heads labels={[r.carrier, 'kWh', r.price, '€', r.grams, 'kg CO₂e']} />
      <tbody>
        {factors
          .filter(({ carrier }) => figures.byCarrier[carrier].meters > 0)
          .map(({ carrier, eur, grams }) => {
            const { kWh } = figures.byCarrier[carrier];
            return (
              <tr key={carrier}>
                <th scope="row">{words.carriers[carrier]}</th>
                <td data-label="kWh">{kWh === null ? words.noData : show.number(kWh, 1)}</td>
                <td data-label={r.price}>{eur === null ? '–' : show.number(eur, 3)}</td>
                <td data-label="€">{eur === null || kWh === null ? '–' : show.number(eur * kWh, 2)}</td>
                <td data-label={r.grams}>{grams === null ? '–' : show.number(grams, 0)}</td>
                <td data-label="kg CO₂e">{grams === null || kWh === null ? '–' : show.number((grams * kWh) / 1000, 1)}</td>
              </tr>
            );
          })}
      </tbody>
    </table>
  );
};

const Total = ({ voice, model }: Shown) => {
  const { words, show } = voice;
  const { total } = model.figures;
  return (
    <section class="panel" aria-labelledby="total">
      <h2 id="total">{words.sites.total}</h2>
      <p>
        <Figure voice={voice} of={total.kWh === null ? null : { value: show.number(total.kWh, 1), unit: 'kWh' }} large />
      </p>
      <p class="foot">
        <Coverage voice={voice} share={total.coverage} />
        <span class="small">{words.meters(total.meters)}</span>
      </p>
      <p class="small">
        {words.coverageHelp} {words.receiptPage.sumHelp}
      </p>
      <Factors voice={voice} model={model} />
    </section>
  );
};

const Adjustments = ({ voice, month, start }: { voice: Voice; month: NonNullable<SumModel['month']>; start: number }) => {
  const { months: m } = voice.words;
  const list = month.adjustments.map((change) => ({
    ...change,
    of: {
      name: change.device,
      path: `/explain?device=${encodeURIComponent(change.device)}&quantity=${change.quantity}&window=P1M&at=${start}`,
      unit: 'kW.h',
    },
  }));
  return (
    <section aria-labelledby="adjustments">
      <h2 id="adjustments">
        {m.adjustments} <span class="period">{monthWords(voice, month)}</span>
      </h2>
      <p class="small">{m.adjustmentsHelp}</p>
      {list.length === 0 ? <p>{m.none}</p> : <Changes voice={voice} list={list} caption={m.adjustments} unit="kW.h" />}
    </section>
  );
};

const Part = ({ voice: { words, show, href }, part }: { voice: Voice; part: SumModel['rows'][number] }) => {
  const { receiptPage: r } = words;
  const { device, quantity, carrier, window, start, kWh, coverage } = part;
  return (
    <tr>
      <th scope="row">
        <a href={href(`/explain?device=${encodeURIComponent(device)}&quantity=${quantity}&window=${window}&at=${start}`)}>{device}</a>
      </th>
      <td data-label={r.day}>{show.shortDate(start)}</td>
      <td data-label={r.carrier}>{words.carriers[carrier]}</td>
      <td data-label="kWh">{kWh === null ? words.noData : show.number(kWh, 3)}</td>
      <td data-label={words.coverage}>{show.percent(coverage)}</td>
    </tr>
  );
};

const Parts = ({ voice, model }: Shown) => {
  const { words } = voice;
  const { receiptPage: r } = words;
  return (
    <section aria-labelledby="parts">
      <h2 id="parts">{r.parts}</h2>
      <table class="numbers stack">
        <caption class="visually-hidden">{r.parts}</caption>
        <Heads labels={[words.site.meter, r.day, r.carrier, 'kWh', words.coverage]} />
        <tbody>
          {model.rows.map((part) => (
            <Part key={`${part.device}/${part.quantity}/${part.start}`} voice={voice} part={part} />
          ))}
        </tbody>
      </table>
      {model.more === 0 ? null : <p>{r.moreRows(model.more)}</p>}
    </section>
  );
};

export const SumPage = ({ voice, model }: Shown) => {
  const { receiptPage: r } = voice.words;
  const { start, end } = model.figures;
  return (
    <>
      <header class="page-head">
        <h1>{r.sumTitle}</h1>
        <p>{r.sumOf(model.site?.name ?? r.townName, voice.show.date(start), voice.show.date(end - 1))}</p>
      </header>
      <Total voice={voice} model={model} />
      {model.month === null ? null : <Adjustments voice={voice} month={model.month} start={start} />}
      <Parts voice={voice} model={model} />
    </>
  );
};
