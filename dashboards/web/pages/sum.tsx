/** What is behind a total: its factors, its parts, and the adjustments of its month. */
import type { SumModel } from '../models.ts';
import { Changes } from '../parts/changes.tsx';
import type { Voice } from '../parts/document.tsx';
import { Coverage, Figure, monthWords } from '../parts/figures.tsx';

export const SumPage = ({ voice, model }: { voice: Voice; model: SumModel }) => {
  const { words, show, href } = voice;
  const { receiptPage: r } = words;
  const { figures } = model;
  return (
    <>
      <header class="page-head">
        <h1>{r.sumTitle}</h1>
        <p>{r.sumOf(model.site?.name ?? r.townName, show.date(figures.start), show.date(figures.end - 1))}</p>
      </header>
      <section class="panel" aria-labelledby="total">
        <h2 id="total">{words.sites.total}</h2>
        <p>
          <Figure voice={voice} of={figures.total.kWh === null ? null : { value: show.number(figures.total.kWh, 1), unit: 'kWh' }} large />
        </p>
        <p class="foot">
          <Coverage voice={voice} share={figures.total.coverage} />
          <span class="small">{words.meters(figures.total.meters)}</span>
        </p>
        <p class="small">
          {words.coverageHelp} {r.sumHelp}
        </p>
        <table class="numbers stack">
          <caption>{r.factors}</caption>
          <thead>
            <tr>
              <th scope="col">{r.carrier}</th>
              <th scope="col">kWh</th>
              <th scope="col">{r.price}</th>
              <th scope="col">€</th>
              <th scope="col">{r.grams}</th>
              <th scope="col">kg CO₂e</th>
            </tr>
          </thead>
          <tbody>
            {model.factors
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
      </section>
      {model.month === null ? null : (
        <section aria-labelledby="adjustments">
          <h2 id="adjustments">
            {words.months.adjustments} <span class="period">{monthWords(voice, model.month)}</span>
          </h2>
          <p class="small">{words.months.adjustmentsHelp}</p>
          {model.month.adjustments.length === 0 ? (
            <p>{words.months.none}</p>
          ) : (
            <Changes
              voice={voice}
              list={model.month.adjustments.map((change) => ({
                ...change,
                of: {
                  name: change.device,
                  path: `/explain?device=${encodeURIComponent(change.device)}&quantity=${change.quantity}&window=P1M&at=${figures.start}`,
                  unit: 'kW.h',
                },
              }))}
              caption={words.months.adjustments}
              unit="kW.h"
            />
          )}
        </section>
      )}
      <section aria-labelledby="parts">
        <h2 id="parts">{r.parts}</h2>
        <table class="numbers stack">
          <caption class="visually-hidden">{r.parts}</caption>
          <thead>
            <tr>
              <th scope="col">{words.site.meter}</th>
              <th scope="col">{r.day}</th>
              <th scope="col">{r.carrier}</th>
              <th scope="col">kWh</th>
              <th scope="col">{words.coverage}</th>
            </tr>
          </thead>
          <tbody>
            {model.rows.map(({ device, quantity, carrier, window, start, kWh, coverage }) => (
              <tr key={`${device}/${quantity}/${start}`}>
                <th scope="row">
                  <a href={href(`/explain?device=${encodeURIComponent(device)}&quantity=${quantity}&window=${window}&at=${start}`)}>{device}</a>
                </th>
                <td data-label={r.day}>{show.shortDate(start)}</td>
                <td data-label={r.carrier}>{words.carriers[carrier]}</td>
                <td data-label="kWh">{kWh === null ? words.noData : show.number(kWh, 3)}</td>
                <td data-label={words.coverage}>{show.percent(coverage)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {model.more === 0 ? null : <p>{r.moreRows(model.more)}</p>}
      </section>
    </>
  );
};
