/** Rows as points and back. What the rows mean is left to the pipeline, when they are written to `writer.ts`. */

import type { Alarm } from '../../core/alarm.ts';
import type { Exact } from '../../core/exact.ts';
import type { Pane } from '../../core/pane.ts';
import type { Place } from '../../core/place.ts';
import type { Anomaly, DeadLetter, Reading } from '../../core/reading.ts';
import type { Key, Ledger } from '../../core/store.ts';
import type { WindowName } from '../../core/window.ts';
import type { Row } from './csv.ts';
import { fieldText, fromTagText, quoted, tag, tagText } from './line.ts';
import { nanosOf, piecesOf, slotOf, versionsMax } from './schema.ts';

/** The key that a row of several keys belongs to. */
export const keyOf = (row: Row): Key => ({ subject: fromTagText(row.text('subject')), quantity: fromTagText(row.text('quantity')) });

/**
 * `written` says which envelope wrote the row, and whether it is a first version: the offset, or −1 − the offset of a
 * later one. So that both can be counted below a position without joining two fields.
 */
const writtenOf = (revision: number, version: number): number => (version === 0 ? revision : -1 - revision);
export const revisionIn = (written: number): number => (written < 0 ? -1 - written : written);

/** What the lines of a key's readings begin with. */
export const readingHead = (partition: number, { subject, quantity }: Key): string =>
  `reading,partition=${partition}${tag('quantity', quantity)}${tag('subject', subject)} value=`;

/**
 * Each field costs the server as much as the value itself, so the fields that say the usual thing are left out: no flags, a span
 * of 0, and an offset that is the revision. They are the same in every copy of a point: there is nothing that could be merged.
 * Flags below zero (−1 − the flags) say that there is no value.
 */
export const readingLine = (head: string, { at, spanMs, value, flags, offset, revision, version }: Reading): string => {
  const said = value === null ? -1 - flags : flags;
  const flagged = said === 0 ? '' : `,flags=${said}i`;
  const span = spanMs === 0 ? '' : `,span_ms=${spanMs}i`;
  const came = offset === revision ? '' : `,offset=${offset}i`;
  return `${head}${value ?? 0}i${flagged},written=${writtenOf(revision, version)}i${span}${came} ${nanosOf(at, version)}`;
};

/** The reading in a row of the key. */
export const readingIn = (row: Row, { subject, quantity }: Key): Reading => {
  const flags = row.number('flags');
  const revision = revisionIn(row.number('written'));
  const offset = row.text('offset');
  return {
    subject,
    quantity,
    at: row.at,
    spanMs: row.number('span_ms'),
    value: flags < 0 ? null : row.number('value'),
    flags: flags < 0 ? -1 - flags : flags,
    offset: offset === '' ? revision : Number(offset),
    revision,
    version: row.version,
  };
};

export const paneHead = (partition: number, { subject, quantity }: Key, window: WindowName): string =>
  `pane,partition=${partition}${tag('quantity', quantity)}${tag('subject', subject)},window=${window} sum=`;

/** A figure beyond 2^53 stands as text in JSON. */
const asJson = (value: Exact): number | string => (typeof value === 'bigint' ? value.toString() : value);
const fromJson = (value: number | string): Exact => (typeof value === 'string' ? BigInt(value) : value);

/** All figures of a pane, in this order; times as ms after its start. */
type PaneBody = [
  length: number,
  count: number,
  sum: number,
  unallocated: number,
  integral2: number | string,
  observedMs: number,
  min: number | null,
  max: number | null,
  first: number | null,
  firstValue: number | null,
  last: number | null,
  lastValue: number | null,
  changes: number,
  flags: number,
  revision: number,
  sharesMs: number[] | null,
];
const after = (start: number, at: number | null): number | null => (at === null ? null : at - start);

/**
 * The whole pane is in `body`, one field, which no other version can mix with. The others are what dashboards draw; all of
 * them are written whatever is absent, since InfluxDB would fill a gap with what an earlier version had.
 */
export const paneLine = (head: string, pane: Pane): string => {
  const { start, end, count, sum, unallocated, integral2, observedMs, min, max, firstAt, firstValue, lastAt, lastValue, changes, flags, revision } = pane;
  const shares = pane.sharesMs?.map((ms, state) => `,share_${state}_ms=${ms}i`).join('') ?? '';
  const body: PaneBody = [
    end - start,
    count,
    sum,
    unallocated,
    asJson(integral2),
    observedMs,
    min,
    max,
    after(start, firstAt),
    firstValue,
    after(start, lastAt),
    lastValue,
    changes,
    flags,
    revision,
    pane.sharesMs,
  ];
  // A day has 23, 24 or 25 hours: whoever draws it needs its length.
  const length = pane.window === 'P1D' || pane.window === 'P1M' ? `,length_ms=${end - start}i` : '';
  const drawn = `${sum}i,integral2=${integral2}i,observed_ms=${observedMs}i,min=${min ?? 0}i,max=${max ?? 0}i,flags=${flags}i`;
  return `${head}${drawn}${shares}${length},body=${quoted(JSON.stringify(body))} ${nanosOf(start, pane.version)}`;
};

/** The pane in a row of the key and window that has its `body`. */
export const paneIn = (row: Row, { subject, quantity }: Key, window: WindowName): Pane => {
  const start = row.at;
  const body = JSON.parse(row.text('body')) as PaneBody;
  const [length, count, sum, unallocated, integral2, observedMs, min, max, first, firstValue, last, lastValue, changes, flags, revision, sharesMs] = body;
  return {
    subject,
    quantity,
    window,
    start,
    end: start + length,
    count,
    sum,
    unallocated,
    integral2: fromJson(integral2),
    observedMs,
    min,
    max,
    firstAt: first === null ? null : start + first,
    firstValue,
    lastAt: last === null ? null : start + last,
    lastValue,
    changes,
    sharesMs,
    flags,
    version: row.version,
    revision,
  };
};

/**
 * Where a device stands, in the state bucket at the envelope that said so: the last point of each device counts. Every point has
 * all fields. `row` has them once more, with tabs between: of a thousand devices InfluxDB reads one field ten times as fast as ten.
 */
export const placeLine = ({ subject, name, type, site, siteName, use, quarter, zone, capacity, home, offset }: Place): string => {
  const texts = { name, type, site, site_name: siteName, use, quarter, zone };
  const fields = Object.entries(texts).map(([key, value]) => `${key}=${quoted(fieldText(value))}`);
  const row = [tagText(subject), ...Object.values(texts).map(fieldText), capacity, home].join('\t');
  return `place${tag('subject', subject)} ${fields.join(',')},capacity=${capacity}i,home=${home},row=${quoted(row)} ${slotOf(offset)}`;
};

/** The books at a log time, for dashboards; the envelope they end with tells two of one millisecond apart. */
export const booksLine = (partition: number, position: number, logTime: number, { readings, envelopes, qos0Dropped, unidentified }: Ledger): string => {
  const { accepted, stored, duplicate, corrected, deadLetter, waiting } = readings;
  const counted = { position, accepted, stored, duplicate, corrected, dead_letter: deadLetter, waiting, corrupt: envelopes.corrupt, unidentified };
  const fields = Object.entries({ ...counted, qos0_dropped: qos0Dropped }).map(([name, value]) => `${name}=${value}i`);
  return `books,partition=${partition} ${fields.join(',')} ${nanosOf(logTime, position % versionsMax)}`;
};

/** Times of absence, where a field must be a number. */
export const absentTime = Number.MAX_SAFE_INTEGER;

/** The whole row is in `body`; the other fields are for dashboards. */
export const anomalyLine = (partition: number, anomaly: Anomaly): string => {
  const tags = `${tag('kind', anomaly.kind)},partition=${partition}${tag('quantity', anomaly.quantity)}${tag('subject', anomaly.subject)}`;
  const reasons = `reason_en=${quoted(fieldText(anomaly.reason.en))},reason_fr=${quoted(fieldText(anomaly.reason.fr))}`;
  const span = `lasting=${anomaly.until === null},until=${anomaly.until ?? absentTime}i`;
  return `anomaly${tags} ${span},${reasons},offset=${anomaly.offset}i,body=${quoted(JSON.stringify(anomaly))} ${nanosOf(anomaly.since, anomaly.version)}`;
};
export const alarmLine = (partition: number, alarm: Alarm): string => {
  const tags = `${tag('kind', alarm.kind)},partition=${partition}${tag('quantity', alarm.quantity)}${tag('subject', alarm.subject)}`;
  const reasons = `reason_en=${quoted(fieldText(alarm.reason.en))},reason_fr=${quoted(fieldText(alarm.reason.fr))}`;
  const life = `lasting=${alarm.state !== 'normal'},state=${quoted(alarm.state)},priority=${quoted(alarm.priority)},until=${alarm.until ?? absentTime}i`;
  return `alarm${tags} ${life},${reasons},offset=${alarm.offset}i,body=${quoted(JSON.stringify(alarm))} ${nanosOf(alarm.since, alarm.version)}`;
};

/** What an anomaly and an alarm have in common for the store: `lasting` where it is not over. */
export interface Occurrences {
  readonly anomaly: Anomaly;
  readonly alarm: Alarm;
}
export const occurrenceIn = <Kind extends keyof Occurrences>(row: Row): Occurrences[Kind] => JSON.parse(row.text('body')) as Occurrences[Kind];

/**
 * A dead letter stands at its offset and item, in the series of its code: that is its identity. What was refused comes
 * from anybody, so its subject is a field. That it was reopened is a point of its own in the same place.
 * @param refusedVersion the version of the reading that InfluxDB refused; −1 where the pipeline refused
 */
export const letterLines = (partition: number, letter: DeadLetter, refusedVersion = -1): string[] => {
  const { code, offset, item, subject, revision, at, logTime } = letter;
  const slot = slotOf(offset, item);
  const tags = `${tag('code', code)},partition=${partition}`;
  if (letter.version > 0) return [`reopened${tags} revision=${revision}i,subject=${quoted(fieldText(subject))} ${slot}`];
  const [body = '', ...more] = piecesOf(JSON.stringify(letter));
  const fields = `subject=${quoted(fieldText(subject))},at=${at ?? absentTime}i,log_time=${logTime}i,revision=${revision}i,refused_version=${refusedVersion}i,more=${more.length}i`;
  return [
    ...more.map((piece, part) => `dead_letter_more${tags},part=${part} body=${quoted(piece)} ${slot}`),
    `dead_letter${tags} ${fields},body=${quoted(body)} ${slot}`,
  ];
};
