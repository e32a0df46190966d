/** Small parts that many pages share: a figure with its unit, its coverage, its receipt; a moment; an alarm. */
import type { AnomalyLine } from '../alarm-models.ts';
import type { MonthModel } from '../models.ts';
import { fairCoverage, fullCoverage } from '../thresholds.ts';
import type { Voice } from './document.tsx';

/** A number with its unit, or the words that there is none, or why. */
export const Figure = ({
  voice: { words },
  of,
  large = false,
  none = words.noData,
}: {
  voice: Voice;
  of: { readonly value: string; readonly unit: string } | null;
  large?: boolean;
  none?: string;
}) =>
  of === null ? (
    <span class="figure none">{none}</span>
  ) : (
    <span class={large ? 'figure large' : 'figure'}>
      {of.value}
      <span class="unit">
        {'\u00a0'}
        {of.unit}
      </span>
    </span>
  );

const level = (share: number): string => (share >= fullCoverage ? 'good' : share >= fairCoverage ? 'fair' : 'poor');

/** The observed share, as a word and a bar; without the word where a heading says it. */
export const Coverage = ({ voice: { words, show }, share, bare = false }: { voice: Voice; share: number; bare?: boolean }) => (
  <span class={`coverage ${level(share)}`} title={words.coverageHelp}>
    <svg viewBox="0 0 40 6" width="40" height="6" aria-hidden="true" focusable="false">
      <rect class="track" width="40" height="6" rx="3" />
      <rect class="part" width={Math.round(share * 400) / 10} height="6" rx="3" />
    </svg>
    <span>{bare ? show.percent(share) : `${words.coverage} ${show.percent(share)}`}</span>
  </span>
);

export const Moment = ({ voice: { show }, at }: { voice: Voice; at: number }) => <time dateTime={new Date(at).toISOString()}>{show.moment(at)}</time>;

/** "12 s ago", counted on by the page's script; turns to a warning when it is too old. */
export const Ago = ({ voice: { words, show, frame }, at, holdMs }: { voice: Voice; at: number | null; holdMs: number }) =>
  at === null ? (
    <span class="ago stale">{words.never}</span>
  ) : (
    <time class={frame.now - at > holdMs ? 'ago stale' : 'ago'} dateTime={new Date(at).toISOString()} data-ago={holdMs} title={show.moment(at)}>
      {words.ago(show.ago(at, frame.now))}
    </time>
  );

/** How final a month is, in words. */
export const monthWords = ({ words, show }: Voice, { state, closes }: MonthModel): string =>
  state === 'open' ? words.months.open : words.months[state](show.date(closes));

export const Anomalies = ({ voice, list }: { voice: Voice; list: readonly AnomalyLine[] }) => {
  const { words, frame, href } = voice;
  return (
    <ul class="alarms">
      {list.map((anomaly) => (
        <li key={anomaly.id} class={anomaly.until === null ? 'lasting' : 'ended'}>
          <span class="tag">{words.kinds[anomaly.kind] ?? anomaly.kind}</span>
          <strong>
            {anomaly.device === null ? (
              words.operations.home
            ) : anomaly.site === null ? (
              anomaly.device
            ) : (
              <a href={href(`/sites/${encodeURIComponent(anomaly.site)}`)}>{anomaly.device}</a>
            )}
          </strong>
          <span class="why">
            {anomaly.reason[frame.language]}
            {anomaly.revised === null ? null : (
              <>
                {' '}
                <em>{words.basisRevised}</em>
                {anomaly.revised.receipt === null ? null : (
                  <>
                    {' '}
                    <a href={href(anomaly.revised.receipt)}>{words.receipt}</a>
                  </>
                )}
              </>
            )}
          </span>
          <span class="when">
            <Moment voice={voice} at={anomaly.since} />
            {anomaly.until === null ? ` · ${words.operations.lasting}` : null}
          </span>
        </li>
      ))}
    </ul>
  );
};
