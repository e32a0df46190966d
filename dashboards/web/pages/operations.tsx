/** Operations: is the gate open, does it keep up, do the books balance, what was refused, who is silent. */
import { Fragment } from 'preact';
import type { OperationsModel } from '../models.ts';
import type { Voice } from '../parts/document.tsx';
import { Anomalies, Moment } from '../parts/figures.tsx';
import { Heads } from '../parts/heads.tsx';
import { doorWords } from '../text/door.ts';
import { remedyWords } from '../text/remedies.ts';
import { troubleWords } from '../text/trouble.ts';

const Adopt = ({ voice: { words, frame, href }, model, subject }: { voice: Voice; model: OperationsModel; subject: string }) => (
  <form method="post" action={href('/operations/adopt')} class="adopt">
    <input type="hidden" name="subject" value={subject} />
    <label>
      {words.operations.adoptAs}{' '}
      <select name="type" aria-label={`${words.operations.adoptAs} (${subject})`}>
        {model.types.map(({ name, label }) => (
          <option key={name} value={name} selected={name === 'generic'}>
            {label[frame.language]}
          </option>
        ))}
      </select>
    </label>
    <label>
      {words.operations.adoptAt}{' '}
      <select name="site" aria-label={`${words.operations.adoptAt} (${subject})`}>
        <option value="">{words.operations.noSite}</option>
        {model.sites.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
    <button type="submit" aria-label={`${words.operations.adopt} ${subject}`}>
      {words.operations.adopt}
    </button>
  </form>
);

/** What came in, and what became of it: a sum that holds. */
const Sum = ({ voice: { show }, total, parts }: { voice: Voice; total: Term; parts: readonly Term[] }) => (
  <p class="sum">
    {[total, ...parts].map(({ label, count }, n) => (
      <Fragment key={label}>
        {n === 0 ? null : <span aria-hidden="true">{n === 1 ? '=' : '+'}</span>}
        <span>
          <strong>{show.number(count ?? 0, 0)}</strong> {label}
        </span>
      </Fragment>
    ))}
  </p>
);
interface Term {
  readonly label: string;
  readonly count: number | undefined;
}

const Books = ({ voice, books }: { voice: Voice; books: OperationsModel['books'] }) => {
  const { words, show } = voice;
  const { operations: o } = words;
  const { readings, envelopes } = books;
  return (
    <section aria-labelledby="books" class="panel">
      <div class="panel-head">
        <h2 id="books">{o.books}</h2>
        <p class={books.balanced ? 'verdict good' : 'verdict bad'}>{books.balanced ? `✓ ${o.balanced}` : `✗ ${o.notBalanced}`}</p>
      </div>
      <Sum
        voice={voice}
        total={{ label: o.accepted, count: readings.accepted }}
        parts={[
          { label: o.stored, count: readings.stored },
          { label: o.duplicate, count: readings.duplicate },
          { label: o.corrected, count: readings.corrected },
          { label: o.deadLetter, count: readings.dead_letter },
        ]}
      />
      <Sum
        voice={voice}
        total={{ label: o.appended, count: envelopes.appended }}
        parts={[
          { label: o.processed, count: envelopes.processed },
          { label: o.pending, count: envelopes.pending },
          { label: o.corrupt, count: envelopes.corrupt },
        ]}
      />
      <p class="small">
        {o.booksHelp} {show.number(books.qos0Dropped, 0)} {o.qos0(books.qos0Dropped)}, {show.number(books.unidentified, 0)} {o.unidentified(books.unidentified)}
        .
      </p>
    </section>
  );
};

/** What a system said, in its own words. */
const Said = ({ text }: { text: string }) => (
  <code class="small" lang="en">
    {text}
  </code>
);

/** What the door refused or slowed down; beside the words the name that settings and metrics have for it. */
const Limits = ({ voice: { words, show, frame }, limits }: { voice: Voice; limits: OperationsModel['limits'] }) => (
  <>
    <h3>{words.operations.limits}</h3>
    <ul class="plain">
      {limits.map(({ name, count }) => (
        <li key={name}>
          {doorWords(frame.language, name)} <Said text={name} />
          {words.colon}
          <strong>{show.number(count, 0)}</strong>
        </li>
      ))}
    </ul>
  </>
);

/** In words what the tiles and the metrics give in figures. */
const Care = ({ voice, model }: { voice: Voice; model: OperationsModel }) => {
  const { words, show, frame } = voice;
  const { operations: o } = words;
  const n = (value: number): string => show.number(value, 0);
  const { plant } = model;
  const trouble = troubleWords(frame.language);
  return (
    <section aria-labelledby="care" class="panel">
      <h2 id="care">{o.care}</h2>
      <ul class="plain">
        {model.troubleSince === null ? null : <li>{o.unwritable(show.ago(model.troubleSince, frame.now), n(model.held ?? 0))}</li>}
        {model.waiting === null ? null : <li>{trouble.room(n(model.waiting.freeMb), n(model.waiting.keptMb))}</li>}
        {model.held === null ? null : <li>{o.heldNow(n(model.held), show.bytes(model.heldBytes ?? 0))}</li>}
        {model.diskFreeBytes === null ? null : <li>{o.diskFree(show.bytes(model.diskFreeBytes))}</li>}
        <li>{o.dropped(n(model.books.qos0Dropped))}</li>
        <li>{o.processing(n(model.lagEnvelopes), show.ago(frame.now - model.lagMs, frame.now), n(model.envelopesPerSecond))}</li>
        <li>{o.uncommitted(n(model.uncommittedRows), n(model.books.readings.waiting ?? 0))}</li>
        <li>
          {plant === null || plant.endedAt === null
            ? o.startedOnce(show.ago(model.startedAt, frame.now))
            : o.startedOften(n(plant.starts), show.ago(plant.endedAt, frame.now), plant.end === null ? '–' : trouble.plantEnd(plant.end))}
          {plant?.end?.how === 'failed' ? <Said text={plant.end.detail} /> : null}
        </li>
      </ul>
      {model.limits.length === 0 ? null : <Limits voice={voice} limits={model.limits} />}
    </section>
  );
};

/** The newest, each with what was sent. */
const Recent = ({ voice, letters }: { voice: Voice; letters: OperationsModel['letters'] }) => {
  const { words, frame } = voice;
  const { operations: o } = words;
  return (
    <>
      <h3>{o.recent}</h3>
      <ul class="letters">
        {letters.map(({ offset, item, subject, code, message, topic, logTime, payload, reopened }) => (
          <li key={`${offset}/${item}/${code}/${reopened}`}>
            <details>
              <summary>
                <code>{code}</code> <strong>{subject === '' ? '–' : subject}</strong> <Moment voice={voice} at={logTime} />{' '}
                {reopened ? <span class="tag">{o.reopened}</span> : null}
              </summary>
              <dl>
                <dt>{words.operations.reason}</dt>
                {message === '' ? <dd>{o.notShown}</dd> : <dd lang="en">{message}</dd>}
                <dt>{o.remedy}</dt>
                <dd>{remedyWords(frame.language, code)}</dd>
                <dt>{o.topic}</dt>
                <dd>
                  <code>{topic}</code>
                </dd>
                <dt>{o.payload}</dt>
                <dd>
                  <pre>{payload}</pre>
                </dd>
              </dl>
            </details>
          </li>
        ))}
      </ul>
    </>
  );
};

const Letters = ({ voice, model }: { voice: Voice; model: OperationsModel }) => {
  const { words, show } = voice;
  const { operations: o } = words;
  if (model.letterCounts.length === 0 && model.letters.length === 0) return <p>{o.lettersNone}</p>;
  return (
    <>
      <table class="numbers stack">
        <caption>{o.lettersCaption}</caption>
        <Heads labels={[o.device, o.code, o.count, o.last, o.action]} text={1} />
        <tbody>
          {model.letterCounts.map(({ code, subject, count, lastLogTime, adoptable }) => (
            <tr key={`${code}/${subject}`}>
              <th scope="row">{subject === '' ? '–' : subject}</th>
              <td data-label={o.code}>
                <code>{code}</code>
              </td>
              <td data-label={o.count}>{show.number(count, 0)}</td>
              <td data-label={o.last}>
                <Moment voice={voice} at={lastLogTime} />
              </td>
              <td data-label={o.action} class="text">
                {adoptable && subject !== '' ? <Adopt voice={voice} model={model} subject={subject} /> : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Recent voice={voice} letters={model.letters} />
    </>
  );
};

/** The four figures of the moment. */
const Tiles = ({ voice, model }: { voice: Voice; model: OperationsModel }) => {
  const { words, show, frame } = voice;
  const { operations: o } = words;
  return (
    <ul class="tiles">
      <li class="tile">
        <h2>{o.rate}</h2>
        <p class="figure large">
          {show.number(model.readingsPerSecond, 0)}
          <span class="unit">{`\u00a0${o.readings}`}</span>
        </p>
        <p class="small">
          {show.number(model.envelopesPerSecond, 1)} {o.envelopes} · {o.started(show.ago(model.startedAt, frame.now))}
        </p>
      </li>
      <li class="tile">
        <h2>{o.lag}</h2>
        <p class="figure large">{show.number(model.lagEnvelopes, 0)}</p>
        <p class="small">
          {o.waiting(model.lagEnvelopes)} · {o.age(show.ago(frame.now - model.lagMs, frame.now))}
        </p>
      </li>
      <li class="tile">
        <h2>{o.store}</h2>
        <p class="figure large">{show.bytes(model.storeBytes)}</p>
        <p class="small">
          {o.logEnd(show.number(model.books.envelopes.appended ?? 0, 0))}
          {model.diskFreeBytes === null ? '' : ` · ${o.disk(show.bytes(model.diskFreeBytes))}`}
        </p>
      </li>
      <li class="tile">
        <h2>MQTT</h2>
        <p class="figure large">{model.connections === null ? '–' : show.number(model.connections, 0)}</p>
        <p class="small">
          {model.connections === null ? '' : o.connections(model.connections)} · {model.held === null ? '' : o.held(model.held)} ·{' '}
          {o.devices(show.number(model.devices, 0))}
        </p>
      </li>
    </ul>
  );
};

const Silent = ({ voice, model }: { voice: Voice; model: OperationsModel }) => {
  const { operations: o } = voice.words;
  return (
    <section aria-labelledby="silent">
      <h2 id="silent">{o.silent}</h2>
      {model.silent.length === 0 ? <p>{o.silentNone}</p> : null}
      <ul class="plain">
        {model.silent.map(({ device, since }) => (
          <li key={device}>
            <strong>{device}</strong>{' '}
            <span class="small">
              {o.silentSince} <Moment voice={voice} at={since} />
            </span>
          </li>
        ))}
      </ul>
      {model.silentHomes === 0 ? null : <p class="small">{o.silentHomes(model.silentHomes)}</p>}
    </section>
  );
};

export const OperationsPage = ({ voice, model }: { voice: Voice; model: OperationsModel }) => {
  const { words, frame } = voice;
  const { operations: o } = words;
  return (
    <>
      <header class="page-head">
        <h1>{o.title}</h1>
        <p class={`verdict ${model.state === 'trouble' ? 'bad' : model.state === 'open' ? 'good' : 'fair'}`}>
          {model.state === 'trouble' ? '✗' : model.state === 'open' ? '✓' : '…'} {o.states[model.state]}
          {model.trouble === null ? '' : `${words.colon}${troubleWords(frame.language).disk(model.trouble)}`}
        </p>
        {model.trouble === null ? null : (
          <p>
            <Said text={model.trouble.detail} />
          </p>
        )}
      </header>
      {model.message === null ? null : (
        <p class="message" role="status">
          {o.adopted(model.message)}
          {model.mustGiveName ? ` ${o.adoptedName(model.message)}` : null}
        </p>
      )}
      <Tiles voice={voice} model={model} />
      <Care voice={voice} model={model} />
      <Books voice={voice} books={model.books} />
      <section aria-labelledby="letters">
        <h2 id="letters">{o.letters}</h2>
        <Letters voice={voice} model={model} />
      </section>
      <Silent voice={voice} model={model} />
      <section aria-labelledby="anomalies">
        <h2 id="anomalies">{o.anomalies}</h2>
        {model.anomalies.length === 0 ? <p>{o.anomaliesNone}</p> : <Anomalies voice={voice} list={model.anomalies} />}
      </section>
    </>
  );
};
