/** Rows as points and back. What the rows mean is left to the pipeline, when they are written to `writer.ts`. */
import type { Pane } from '../../core/pane.ts';
import type { Anomaly, DeadLetter, Reading } from '../../core/reading.ts';
import type { Key } from '../../core/store.ts';
import type { WindowName } from '../../core/window.ts';
import type { Row } from './csv.ts';
import { fieldText, fromTagText, quoted, tag } from './line.ts';
import { nanosOf, piecesOf, slotOf } from './schema.ts';

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

export const readingLine = (head: string, { at, spanMs, value, flags, offset, revision, version }: Reading): string =>
  `${head}${value ?? 0}i,present=${value !== null},span_ms=${spanMs}i,flags=${flags}i,offset=${offset}i,written=${writtenOf(revision, version)}i ${nanosOf(at, version)}`;

/** The reading in a row of the key. */
export const readingIn = (row: Row, { subject, quantity }: Key): Reading => ({
  subject,
  quantity,
  at: row.at,
  spanMs: row.number('span_ms'),
  value: row.is('present') ? row.number('value') : null,
  flags: row.number('flags'),
  offset: row.number('offset'),
  revision: revisionIn(row.number('written')),
  version: row.version,
});

/** Figures of a pane that may be absent, in the order of the bits of its field `absent`. */
const nullable = ['min', 'max', 'firstAt', 'firstValue', 'lastAt', 'lastValue'] as const;
const nullableFields = ['min', 'max', 'first_at', 'first_value', 'last_at', 'last_value'] as const;

export const paneHead = (partition: number, { subject, quantity }: Key, window: WindowName): string =>
  `pane,partition=${partition}${tag('quantity', quantity)}${tag('subject', subject)},window=${window} end=`;

/** All fields are written whatever is absent: InfluxDB would fill a gap with what an earlier version had. */
export const paneLine = (head: string, pane: Pane): string => {
  let absent = 0;
  let figures = '';
  for (let i = 0; i < nullable.length; i++) {
    const value = pane[nullable[i] as (typeof nullable)[number]];
    if (value === null) absent |= 1 << i;
    figures += `,${nullableFields[i]}=${value ?? 0}i`;
  }
  const shares = pane.sharesMs?.map((ms, state) => `,share_${state}_ms=${ms}i`).join('') ?? '';
  return `${head}${pane.end}i,count=${pane.count}i,sum=${pane.sum}i,unallocated=${pane.unallocated}i,integral2=${pane.integral2}i,observed_ms=${pane.observedMs}i${figures},absent=${absent}i,changes=${pane.changes}i,states=${pane.sharesMs?.length ?? -1}i${shares},flags=${pane.flags}i,revision=${pane.revision}i ${nanosOf(pane.start, pane.version)}`;
};

/** The pane in a row of the key and window. */
export const paneIn = (row: Row, { subject, quantity }: Key, window: WindowName): Pane => {
  const absent = row.number('absent');
  const figure = (i: number): number | null => ((absent & (1 << i)) === 0 ? row.number(nullableFields[i] as string) : null);
  const states = row.number('states');
  return {
    subject,
    quantity,
    window,
    start: row.at,
    end: row.number('end'),
    count: row.number('count'),
    sum: row.number('sum'),
    unallocated: row.number('unallocated'),
    integral2: row.exact('integral2'),
    observedMs: row.number('observed_ms'),
    min: figure(0),
    max: figure(1),
    firstAt: figure(2),
    firstValue: figure(3),
    lastAt: figure(4),
    lastValue: figure(5),
    changes: row.number('changes'),
    sharesMs: states < 0 ? null : Array.from({ length: states }, (_, state) => row.number(`share_${state}_ms`)),
    flags: row.number('flags'),
    version: row.version,
    revision: row.number('revision'),
  };
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
export const anomalyIn = (row: Row): Anomaly => JSON.parse(row.text('body')) as Anomaly;

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
