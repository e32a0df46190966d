/** Pages and their cursors: a cursor names the last row of the page before, so that rows that arrive meanwhile move nothing. */
import type { Alarm } from '../core/alarm.ts';
import { type FailureError, fail } from '../core/failure.ts';
import { type Anomaly, type DeadLetter, payloadCharsOf } from '../core/reading.ts';
import type { Page } from '../core/store.ts';

/** Cuts `limit` rows off a list that holds one more where there is more. */
export const page = <Row>(rows: readonly Row[], limit: number, cursorOf: (row: Row) => string): Page<Row> => {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > limit && last !== undefined ? cursorOf(last) : null };
};

/** The first of the dead letters, up to the one with which their whole payloads reach `charsMax` characters. */
export const upToChars = (letters: readonly DeadLetter[], charsMax: number): DeadLetter[] => {
  let chars = 0;
  const place = letters.findIndex((letter) => {
    chars += payloadCharsOf(letter);
    return chars >= charsMax;
  });
  return place < 0 ? [...letters] : letters.slice(0, place + 1);
};

/** Anomalies and alarms are paged by (since, id). */
export const occurrenceCursor = ({ since, id }: Anomaly | Alarm): string => `${since}/${id}`;
/** Dead letters are paged by their identity. */
export const deadLetterCursor = (letter: DeadLetter): string => `${letter.offset}/${letter.item}/${letter.code}`;

const bad = (): FailureError => fail('bad-request', 'this is not a cursor of an earlier page', 'after');

/** Reads `occurrenceCursor`; without one, what every row lies behind. Fails with `bad-request`. */
export const parseOccurrenceCursor = (cursor: string | undefined): Pick<Anomaly, 'since' | 'id'> => {
  if (cursor === undefined) return { since: Number.MAX_SAFE_INTEGER, id: '' };
  const parts = /^(-?\d{1,16})\/(.+)$/su.exec(cursor);
  if (parts === null) throw bad();
  return { since: Number(parts[1]), id: parts[2] as string };
};

/** Reads `deadLetterCursor`; without one, what every dead letter lies behind. Fails with `bad-request`. */
export const parseDeadLetterCursor = (cursor: string | undefined): { readonly offset: number; readonly item: number; readonly code: string } => {
  if (cursor === undefined) return { offset: Number.MAX_SAFE_INTEGER, item: 0, code: '' };
  const parts = /^(\d{1,16})\/(\d{1,16})\/([a-z0-9-]+)$/.exec(cursor);
  if (parts === null) throw bad();
  return { offset: Number(parts[1]), item: Number(parts[2]), code: parts[3] as string };
};
