/** Civil dates and times in a zone, and values as the Explore API writes them. */
import { Temporal } from 'temporal-polyfill';
import type { Field, Fields, Value } from './dataset.ts';

const zoned = (at: number, zone: string): Temporal.ZonedDateTime => Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);

/** `2026-03-29` @param at epoch ms */
export const civilDate = (at: number, zone: string): string => zoned(at, zone).toPlainDate().toString();

/** `2026-03-29T10:05:00+02:00`; parts of seconds only where there are any. */
export const civilTime = (at: number, zone: string): string => zoned(at, zone).toString({ timeZoneName: 'never' });

/** A value as JSON shows it. */
export const shown = (field: Field, value: Value, zone: string): Value =>
  field.type === 'datetime' && typeof value === 'number' ? civilTime(value, zone) : value;

/** What a record shows of a row: each chosen field by the name it was given. */
export type Selection = readonly { readonly field: Field; readonly as: string }[];

export const record = (selection: Selection, fields: Fields, zone: string): Record<string, Value> =>
  Object.fromEntries(selection.map(({ field, as }) => [as, shown(field, fields[field.name] ?? null, zone)]));
