/** Alarms: what to answer first, what was put aside, what is known, what was. */
import type { AlarmModel, AlarmsModel } from '../alarm-models.ts';
import type { Voice } from '../parts/document.tsx';
import { Moment } from '../parts/figures.tsx';

const shelfMinutes = [60, 480, 1_440, 10_080] as const;

const Who = ({ voice }: { voice: Voice }) => (
  <>
    <label>
      {voice.words.alarms.by} <input name="by" required maxLength={64} autocomplete="name" />
    </label>
    <label>
      {voice.words.alarms.comment} <input name="comment" maxLength={500} autocomplete="off" />
    </label>
  </>
);

/** One form: the button that is pressed says what is done. */
const Answer = ({ voice, alarm, id, back }: { voice: Voice; alarm: AlarmModel; id: string; back: boolean }) => {
  const { words, href } = voice;
  const { alarms: a } = words;
  const isOver = alarm.state === 'normal';
  return (
    <details class="answer">
      <summary>{isOver ? a.judge : a.answer}</summary>
      <form method="post" action={href('/alarms/act')} class="adopt">
        <input type="hidden" name="alarm" value={id} />
        {back ? <input type="hidden" name="back" value={id} /> : null}
        <Who voice={voice} />
        {isOver || alarm.acknowledged !== null ? null : (
          <button type="submit" name="do" value="acknowledge">
            {a.acknowledge}
          </button>
        )}
        {isOver ? null : alarm.shelved === null ? (
          <div class="shelve">
            <label>
              {a.shelveFor}{' '}
              <select name="minutes">
                {shelfMinutes.map((minutes) => (
                  <option key={minutes} value={minutes}>
                    {a.hours(minutes / 60)}
                  </option>
                ))}
              </select>
            </label>
            <button type="submit" name="do" value="shelve">
              {a.shelve}
            </button>
          </div>
        ) : (
          <button type="submit" name="do" value="unshelve">
            {a.unshelve}
          </button>
        )}
        {(['right', 'wrong', 'known'] as const).map((verdict) => (
          <button key={verdict} type="submit" name="do" value={`label-${verdict}`}>
            {a.labels[verdict]}
          </button>
        ))}
      </form>
    </details>
  );
};

/** @param alone on its own page: it does not lead to itself, and an answer comes back to it */
export const One = ({ voice, alarm, alone = false }: { voice: Voice; alarm: AlarmModel; alone?: boolean }) => {
  const { words, frame, href, show } = voice;
  const { alarms: a } = words;
  const { acknowledged, shelved, label, state, priority } = alarm;
  return (
    <li class={state === 'normal' ? 'ended' : `lasting ${priority}`}>
      <span class="tag">
        {a.priorities[priority]} · {words.kinds[alarm.kind] ?? alarm.kind}
      </span>
      <strong>
        {alarm.place === null ? (
          words.operations.home
        ) : alarm.site === null ? (
          alarm.place
        ) : (
          <a href={href(`/sites/${encodeURIComponent(alarm.site)}`)}>{alarm.place}</a>
        )}
      </strong>
      <span class="why">
        {alarm.reason[frame.language]} {alarm.anomalies > 1 ? a.counted(alarm.anomalies, alarm.lasting) : null}{' '}
        {alarm.newest === null ? null : `${a.newest(alarm.newest[frame.language])} `}
        {alarm.id === null || alone ? null : <a href={href(`/alarms/one?id=${encodeURIComponent(alarm.id)}`)}>{words.alarmPage.more}</a>}{' '}
        {alarm.receipt === null ? null : <a href={href(alarm.receipt)}>{words.receipt}</a>}
      </span>
      <span class="when">
        <b>{a.states[state]}</b> · {words.operations.since.toLowerCase()} <Moment voice={voice} at={alarm.since} />
        {alarm.measuredAt === null ? null : (
          <>
            {' '}
            · {a.measured} <Moment voice={voice} at={alarm.measuredAt} />
          </>
        )}
        {alarm.until === null ? null : ` · ${a.until(show.moment(alarm.until))}`}
        {alarm.flood ? ` · ${a.flood}` : null}
      </span>
      {acknowledged === null ? null : <span class="when">{a.answeredBy(acknowledged.by, show.moment(acknowledged.at), acknowledged.comment)}</span>}
      {shelved === null ? null : <span class="when">{a.shelvedBy(shelved.by, show.moment(shelved.until), shelved.comment)}</span>}
      {label === null ? null : <span class="when">{a.labelledBy(label.by, a.labels[label.verdict], label.comment)}</span>}
      {alarm.id === null ? null : <Answer voice={voice} alarm={alarm} id={alarm.id} back={alone} />}
    </li>
  );
};

const List = ({ voice, list }: { voice: Voice; list: readonly AlarmModel[] }) => (
  <ul class="alarms">
    {list.map((alarm, place) => (
      <One key={alarm.id ?? place} voice={voice} alarm={alarm} />
    ))}
  </ul>
);

const rank = { high: 0, medium: 1, low: 2 } as const;
/** Unanswered before answered, the weighty first, then the newest. */
const byUrgency = (a: AlarmModel, b: AlarmModel): number =>
  Number(a.acknowledged !== null) - Number(b.acknowledged !== null) || rank[a.priority] - rank[b.priority] || b.since - a.since;

const Exceptions = ({ voice, model }: { voice: Voice; model: AlarmsModel }) => {
  const { words, href, show } = voice;
  const { alarms: a } = words;
  return (
    <section aria-labelledby="exceptions">
      <h2 id="exceptions">{a.exceptions}</h2>
      <p class="small">{a.exceptionsHelp}</p>
      <ul class="alarms">
        {model.exceptions.map(({ cause, by, at, comment, held }) => (
          <li key={cause} class="ended">
            <strong>{cause}</strong>
            <span class="why">{a.exceptionBy(by, show.moment(at), comment, held)}</span>
            <form method="post" action={href('/alarms/act')} class="adopt">
              <input type="hidden" name="cause" value={cause} />
              <Who voice={voice} />
              <button type="submit" name="do" value="end-exception">
                {a.endException}
              </button>
            </form>
          </li>
        ))}
      </ul>
    </section>
  );
};

export const AlarmsPage = ({ voice, model }: { voice: Voice; model: AlarmsModel }) => {
  const { words } = voice;
  const { alarms: a } = words;
  return (
    <>
      <div class="page-head">
        <h1>{a.title}</h1>
        <p>{a.intro}</p>
      </div>
      {model.answered ? (
        <p class="message" role="status">
          {a.answered}
        </p>
      ) : null}
      <section aria-labelledby="active">
        <h2 id="active">{a.active}</h2>
        {model.active.length === 0 ? <p>{a.none}</p> : <List voice={voice} list={[...model.active].sort(byUrgency)} />}
        {model.more ? <p class="small">{a.more}</p> : null}
      </section>
      {model.shelved.length === 0 ? null : (
        <section aria-labelledby="shelved">
          <h2 id="shelved">{a.shelved}</h2>
          <List voice={voice} list={model.shelved} />
        </section>
      )}
      {model.exceptions.length === 0 ? null : <Exceptions voice={voice} model={model} />}
      <section aria-labelledby="closed">
        <h2 id="closed">{a.closed}</h2>
        {model.closed.length === 0 ? <p>{a.noneClosed}</p> : <List voice={voice} list={model.closed} />}
      </section>
    </>
  );
};
