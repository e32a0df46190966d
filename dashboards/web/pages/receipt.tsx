/** Receipts: the readings, gaps, versions and rule behind one figure; the parts and factors behind a total. */
import { unitSymbol } from '../../../core/unit.ts';
import type { ReceiptChange, ReceiptModel, ReceiptPane, SumModel } from '../models.ts';
import type { Voice } from '../parts/document.tsx';
import { Coverage, Figure, Moment, monthWords } from '../parts/figures.tsx';
import { Scroll } from '../parts/scroll.tsx';

const Value = ({ voice: { words, show }, pane, unit }: { voice: Voice; pane: ReceiptPane; unit: string }) => (
  <>{pane.text ?? (pane.value === null ? words.noData : show.unit(pane.value, unitSymbol(unit), 4))}</>
);

const same = (a: ReceiptPane | undefined, b: ReceiptPane | null): boolean | null =>
  a === undefined || b === null ? null : a.value === b.value && a.text === b.text;

interface ShownChange extends ReceiptChange {
  /** What changed, where the table is of several figures. */
  readonly of: { readonly name: string; readonly path: string; readonly unit: string } | null;
}

/** Old, new, why and when. A value that stayed shows by its coverage why there is another version. */
const Changes = ({ voice, list, caption, unit }: { voice: Voice; list: readonly ShownChange[]; caption: string; unit: string }) => {
  const { words, show, href } = voice;
  const { changes: c } = words;
  const Side = ({ pane, of }: { pane: ReceiptPane | null; of: ShownChange['of'] }) =>
    pane === null ? (
      <span>{words.noData}</span>
    ) : (
      <>
        <Value voice={voice} pane={pane} unit={of?.unit ?? unit} /> <span class="small">{show.percent(pane.coverage)}</span>
      </>
    );
  const several = list.some(({ of }) => of !== null);
  return (
    <table class="numbers stack">
      <caption class="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{c.when}</th>
          {several ? <th scope="col">{words.site.meter}</th> : null}
          <th scope="col">{c.old}</th>
          <th scope="col">{c.new}</th>
          <th scope="col" class="text">
            {c.why}
          </th>
        </tr>
      </thead>
      <tbody>
        {list.map(({ at, old, new: present, why, isAdjustment, of }) => (
          <tr key={`${of?.name}/${present.version}`}>
            <th scope="row">{at === null ? c.unknownTime : <Moment voice={voice} at={at} />}</th>
            {several ? <td data-label={words.site.meter}>{of === null ? null : <a href={href(of.path)}>{of.name}</a>}</td> : null}
            <td data-label={c.old}>
              <Side pane={old} of={of} />
            </td>
            <td data-label={c.new}>
              <Side pane={present} of={of} />
            </td>
            <td data-label={c.why} class="text">
              {[...why.map((cause) => c.causes[cause]), ...(isAdjustment ? [c.adjustment] : [])].join(', ')}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
};

export const ReceiptPage = ({ voice, model }: { voice: Voice; model: ReceiptModel }) => {
  const { words, show, frame } = voice;
  const { receiptPage: r } = words;
  const newest = model.versions.at(-1);
  const agreed = same(newest, model.refolded);
  const shown = newest ?? model.refolded;
  return (
    <>
      <header class="page-head">
        <h1>{r.title}</h1>
        <p>{r.intro}</p>
      </header>
      <section class="panel" aria-labelledby="figure">
        <h2 id="figure">
          {model.label[frame.language]} <span class="period">{model.device}</span>
        </h2>
        <p class="figure large">{shown === null || shown === undefined ? words.noData : <Value voice={voice} pane={shown} unit={model.unit} />}</p>
        <p>
          {words.windows[model.window] ?? model.window} : <Moment voice={voice} at={model.start} /> – <Moment voice={voice} at={model.end} />
        </p>
        {shown === null || shown === undefined ? null : (
          <p class="foot">
            <Coverage voice={voice} share={shown.coverage} />
            {shown.unallocated === null || shown.unallocated === 0 ? null : (
              <span class="small">
                {r.unallocated} {show.unit(shown.unallocated, unitSymbol(model.unit), 4)}
              </span>
            )}
          </p>
        )}
        {model.month === null ? null : (
          <p>
            <strong>{monthWords(voice, model.month)}.</strong> {words.months.help}
          </p>
        )}
        <p class={agreed === false ? 'verdict bad' : 'verdict good'}>{agreed === null ? r.opened : agreed ? `✓ ${r.agree}` : r.differ}</p>
        <p>
          <strong>{r.rule}.</strong> {r.rules[model.kind]} {r.hold(show.span(model.holdMs))}
        </p>
        <p class="small">
          <a href={`/api/v1/explain?device=${encodeURIComponent(model.device)}&quantity=${model.quantity}&window=${model.window}&at=${model.start}`}>{r.api}</a>
        </p>
      </section>
      <section aria-labelledby="versions">
        <h2 id="versions">{r.versions}</h2>
        <p class="small">{r.versionsHelp}</p>
        <table class="numbers stack">
          <caption class="visually-hidden">{r.versions}</caption>
          <thead>
            <tr>
              <th scope="col">{r.version}</th>
              <th scope="col">{r.value}</th>
              <th scope="col">{words.coverage}</th>
              <th scope="col">{r.readingsCount}</th>
              <th scope="col">{r.revision}</th>
              <th scope="col" class="text">
                {words.site.notes}
              </th>
            </tr>
          </thead>
          <tbody>
            {model.versions.map((pane) => (
              <tr key={pane.version}>
                <th scope="row">{pane.version}</th>
                <td data-label={r.value}>
                  <Value voice={voice} pane={pane} unit={model.unit} />
                </td>
                <td data-label={words.coverage}>{show.percent(pane.coverage)}</td>
                <td data-label={r.readingsCount}>{pane.count}</td>
                <td data-label={r.revision}>{pane.revision}</td>
                <td data-label={words.site.notes} class="text">
                  {pane.flags.map((flag) => words.flags[flag] ?? flag).join(', ')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <section aria-labelledby="changes">
        <h2 id="changes">{words.changes.title}</h2>
        {model.changes.length === 0 ? (
          <p>{words.changes.none}</p>
        ) : (
          <Changes voice={voice} list={model.changes.map((change) => ({ ...change, of: null }))} caption={words.changes.title} unit={model.unit} />
        )}
      </section>
      <section aria-labelledby="gaps">
        <h2 id="gaps">{r.gaps}</h2>
        {model.gaps.length === 0 ? <p>{r.gapsNone}</p> : null}
        <ul class="plain">
          {model.gaps.map(({ from, to }) => (
            <li key={from}>
              {r.from} <Moment voice={voice} at={from} /> {r.to} <Moment voice={voice} at={to} /> <span class="small">({show.span(to - from)})</span>
            </li>
          ))}
        </ul>
      </section>
      <section aria-labelledby="readings">
        <h2 id="readings">{r.readings}</h2>
        <Scroll tall label={r.readingsCount}>
          <table class="numbers">
            <caption class="visually-hidden">{r.readings}</caption>
            <thead>
              <tr>
                <th scope="col">{words.site.start}</th>
                <th scope="col">{`${r.value} (${unitSymbol(model.unit)})`}</th>
                <th scope="col">{r.version}</th>
                <th scope="col">{r.revision}</th>
                <th scope="col" class="text">
                  {words.site.notes}
                </th>
              </tr>
            </thead>
            <tbody>
              {model.readings.map(({ at, value, flags, version, envelope }) => (
                <tr key={at}>
                  <th scope="row">
                    <time dateTime={new Date(at).toISOString()}>
                      {show.shortDate(at)} {show.seconds(at)}
                    </time>
                  </th>
                  <td>{value === null ? '–' : typeof value === 'string' ? value : show.number(value, 4)}</td>
                  <td>{version}</td>
                  <td>{envelope}</td>
                  <td class="text">{flags.map((flag) => words.flags[flag] ?? flag).join(', ')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
        {model.more === 0 ? null : <p>{r.more(model.more)}</p>}
      </section>
    </>
  );
};

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
