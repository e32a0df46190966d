/** A literal of a clause, as the value that its field holds. A literal of another type is an error. */
import { Temporal } from 'temporal-polyfill';
import type { Field } from '../dataset.ts';
import { odsql } from '../ods-error.ts';
import type { Token } from './lexer.ts';

/** Comparable with the field's own values: text and dates as strings, numbers, times as epoch ms. */
export type Literal = string | number;

const day = /^\d{4}-\d{2}-\d{2}$/;

const instant = (text: string, zone: string): number => {
  if (day.test(text)) return Temporal.PlainDate.from(text).toZonedDateTime({ timeZone: zone }).epochMilliseconds;
  if (/(Z|[+-]\d{2}:?\d{2})$/i.test(text)) return Temporal.Instant.from(text).epochMilliseconds;
  return Temporal.PlainDateTime.from(text).toZonedDateTime(zone).epochMilliseconds;
};

const time = (field: Field, text: string, clause: string, zone: string): Literal => {
  try {
    if (field.type === 'datetime') return instant(text, zone);
    if (day.test(text)) return Temporal.PlainDate.from(text, { overflow: 'reject' }).toString();
  } catch {
    // Falls through: the text is no date, and which of Temporal's reasons it was says nothing to the caller.
  }
  throw odsql(clause, `"${text}" is not a ${field.type} for ${field.name}`);
};

/** @throws OdsError where the literal is not of the field's type */
export const literal = (field: Field, token: Token, clause: string, zone: string): Literal => {
  switch (field.type) {
    case 'text':
      if (token.kind === 'string') return token.text;
      break;
    case 'int':
    case 'double':
      if (token.kind === 'number') return token.value;
      break;
    case 'date':
    case 'datetime':
      if (token.kind === 'date' || token.kind === 'string') return time(field, token.text, clause, zone);
      break;
    case 'geo_point_2d':
  }
  throw odsql(clause, `${field.name} is of type ${field.type} and cannot be compared with ${token.text}`);
};
