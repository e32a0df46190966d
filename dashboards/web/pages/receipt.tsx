/** The receipt of one figure: its versions, rule, changes, gaps and readings. What is behind a total is left to sum.tsx. */
import { unitSymbol } from '../../../core/unit.ts';
import type { ReceiptModel, ReceiptPane } from '../models.ts';
import { Changes, Value } from '../parts/changes.tsx';
import type { Voice } from '../parts/document.tsx';
import { Coverage, Moment, monthWords } from '../parts/figures.tsx';
import { Heads } from '../parts/heads.tsx';
import { Scroll } from '../parts/scroll.tsx';

interface Shown {
  readonly voice: Voice;
  readonly model: ReceiptModel;
}

const same = (a: ReceiptPane | undefined, b: ReceiptPane | null): boolean | null =>
  a === undefined || b === null ? null : a.value === b.value && a.text === b.text;

/** How much of the window was seen, and what no smaller window holds. */
const Share = ({ voice, pane, unit }: { voice: Voice; pane: ReceiptPane; unit: string }) => (
  <p class="foot">
    <Coverage voice={voice} share={pane.coverage} />
    {pane.unallocated === null || pane.unallocated === 0 ? null : (
      <span class="small">
        {voice.words.receiptPage.unallocated} {voice.show.unit(pane.unallocated, unitSymbol(unit), 4)}
      </span>
    )}
  </p>
);

const Summary = ({ voice, model }: Shown) => {
  const { words, show, frame } = voice;
  const { receiptPage: r } = words;
  const newest = model.versions.at(-1);
  const agreed = same(newest, model.refolded);
  const shown = newest ?? model.refolded;
  return (
    <section class="panel" aria-labelledby="figure">
      <h2 id="figure">
        {model.label[frame.language]} <span class="period">{model.device}</span>
      </h2>
      <p class="figure large">{shown === null ? words.noData : <Value voice={voice} pane={shown} unit={model.unit} />}</p>
      <p>
        {words.windows[model.window] ?? model.window}
        {words.colon}
        <Moment voice={voice} at={model.start} /> – <Moment voice={voice} at={model.end} />
      </p>
      {shown === null ? null : <Share voice={voice} pane={shown} unit={model.unit} />}
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
  );
};

const Version = ({ voice, pane, unit }: { voice: Voice; pane: ReceiptPane; unit: string }) => {
  const { words, show } = voice;
  const { receiptPage: r } = words;
  return (
    <tr>
      <th scope="row">{pane.version}</th>
      <td data-label={r.value}>
        <Value voice={voice} pane={pane} unit={unit} />
      </td>
      <td data-label={words.coverage}>{show.percent(pane.coverage)}</td>
      <td data-label={r.readingsCount}>{pane.count}</td>
      <td data-label={r.revision}>{pane.revision}</td>
      <td data-label={words.site.notes} class="text">
        {pane.flags.map((flag) => words.flags[flag] ?? flag).join(', ')}
      </td>
    </tr>
  );
};

const Versions = ({ voice, model }: Shown) => {
  const { words } = voice;
  const { receiptPage: r } = words;
  return (
    <section aria-labelledby="versions">
      <h2 id="versions">{r.versions}</h2>
      <p class="small">{r.versionsHelp}</p>
      <table class="numbers stack">
        <caption class="visually-hidden">{r.versions}</caption>
        <Heads labels={[r.version, r.value, words.coverage, r.readingsCount, r.revision, words.site.notes]} text={1} />
        <tbody>
          {model.versions.map((pane) => (
            <Version key={pane.version} voice={voice} pane={pane} unit={model.unit} />
          ))}
        </tbody>
      </table>
    </section>
  );
};

const Revised = ({ voice, model }: Shown) => {
  const { changes: c } = voice.words;
  return (
    <section aria-labelledby="changes">
      <h2 id="changes">{c.title}</h2>
      {model.changes.length === 0 ? (
        <p>{c.none}</p>
      ) : (
        <Changes voice={voice} list={model.changes.map((change) => ({ ...change, of: null }))} caption={c.title} unit={model.unit} />
      )}
    </section>
  );
};

const Gaps = ({ voice, model }: Shown) => {
  const { receiptPage: r } = voice.words;
  return (
    <section aria-labelledby="gaps">
      <h2 id="gaps">{r.gaps}</h2>
      {model.gaps.length === 0 ? <p>{r.gapsNone}</p> : null}
      <ul class="plain">
        {model.gaps.map(({ from, to, isOpen }) => (
          <li key={from}>
            {r.from} <Moment voice={voice} at={from} /> {r.to} <Moment voice={voice} at={to} /> <span class="small">({voice.show.span(to - from)})</span>
            {isOpen ? ` ${r.gapOpen}` : null}
          </li>
        ))}
      </ul>
    </section>
  );
};

const ReadingRow = ({ voice: { words, show }, reading }: { voice: Voice; reading: ReceiptModel['readings'][number] }) => {
  const { at, value, flags, version, envelope } = reading;
  return (
    <tr>
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
  );
};

const Readings = ({ voice, model }: Shown) => {
  const { words } = voice;
  const { receiptPage: r } = words;
  return (
    <section aria-labelledby="readings">
      <h2 id="readings">{r.readings}</h2>
      <Scroll tall label={r.readingsCount}>
        <table class="numbers">
          <caption class="visually-hidden">{r.readings}</caption>
          <Heads labels={[words.site.start, `${r.value} (${unitSymbol(model.unit)})`, r.version, r.revision, words.site.notes]} text={1} />
          <tbody>
            {model.readings.map((reading) => (
              <ReadingRow key={reading.at} voice={voice} reading={reading} />
            ))}
          </tbody>
        </table>
      </Scroll>
      {model.more === 0 ? null : <p>{r.more(model.more)}</p>}
    </section>
  );
};

export const ReceiptPage = ({ voice, model }: Shown) => {
  const { receiptPage: r } = voice.words;
  return (
    <>
      <header class="page-head">
        <h1>{r.title}</h1>
        <p>{r.intro}</p>
      </header>
      <Summary voice={voice} model={model} />
      <Versions voice={voice} model={model} />
      <Revised voice={voice} model={model} />
      <Gaps voice={voice} model={model} />
      <Readings voice={voice} model={model} />
    </>
  );
};
