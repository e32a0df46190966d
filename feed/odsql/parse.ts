/**
 * The subset of ODSQL that the portal's known clients send: comparisons, `in (…)`, `in [a..b]`, `is [not] null`, `and`,
 * `or`, `not`, parentheses; lists of fields with `as`; orders. Anything else is an error, never ignored.
 * Keywords are case-insensitive. How a row is judged is left to evaluate.ts.
 */
import type { Field } from '../dataset.ts';
import { odsql } from '../ods-error.ts';
import { type Token, tokens } from './lexer.ts';
import { type Literal, literal } from './literal.ts';

export type Comparator = '=' | '!=' | '<' | '<=' | '>' | '>=';

export type Condition =
  | { readonly is: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly is: 'not'; readonly of: Condition }
  | { readonly is: 'null'; readonly field: Field }
  | { readonly is: 'compare'; readonly field: Field; readonly by: Comparator; readonly to: Literal }
  | { readonly is: 'in'; readonly field: Field; readonly any: readonly Literal[] }
  | { readonly is: 'between'; readonly field: Field; readonly low: Literal; readonly high: Literal; readonly withLow: boolean; readonly withHigh: boolean };

export interface Selected {
  readonly field: Field;
  readonly as: string;
}

export interface Order {
  readonly field: Field;
  readonly descending: boolean;
}

/** Parentheses and `not` within each other; deeper is refused. */
const depthMax = 64;
const keywords = new Set(['and', 'or', 'not', 'in', 'is', 'null', 'as', 'asc', 'desc', 'like', 'between', 'true', 'false']);

class Reader {
  readonly clause: string;
  readonly #tokens: readonly Token[];
  readonly #fields: ReadonlyMap<string, Field>;
  readonly #zone: string;
  #at = 0;
  #depth = 0;

  constructor(clause: string, text: string, fields: readonly Field[], zone: string) {
    this.clause = clause;
    this.#tokens = tokens(text, clause);
    this.#fields = new Map(fields.map((field) => [field.name, field]));
    this.#zone = zone;
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length;
  }

  fault(): Error {
    const token = this.#tokens[this.#at];
    return odsql(this.clause, token === undefined ? 'Syntax error, unexpected end' : `Syntax error, unexpected "${token.text}"`);
  }

  #next(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw this.fault();
    this.#at++;
    return token;
  }

  sign(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'sign' || token.text !== text) return false;
    this.#at++;
    return true;
  }

  word(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'word' || token.text.toLowerCase() !== text) return false;
    this.#at++;
    return true;
  }

  expect(found: boolean): void {
    if (!found) throw this.fault();
  }

  name(): string {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'quoted-name' && (token?.kind !== 'word' || keywords.has(token.text.toLowerCase()))) throw this.fault();
    this.#at++;
    return token.text;
  }

  field(): Field {
    const name = this.name();
    const field = this.#fields.get(name);
    if (field === undefined) throw odsql(this.clause, `Unknown field: ${name}`);
    return field;
  }

  literal(field: Field): Literal {
    const before = this.#at;
    const token = this.#next();
    if (token.kind === 'sign' || token.kind === 'word' || token.kind === 'quoted-name') {
      this.#at = before;
      throw this.fault();
    }
    return literal(field, token, this.clause, this.#zone);
  }

  either(): Condition {
    const of = [this.both()];
    while (this.word('or')) of.push(this.both());
    return of.length === 1 ? (of[0] as Condition) : { is: 'or', of };
  }

  both(): Condition {
    const of = [this.one()];
    while (this.word('and')) of.push(this.one());
    return of.length === 1 ? (of[0] as Condition) : { is: 'and', of };
  }

  one(): Condition {
    if (++this.#depth > depthMax) throw odsql(this.clause, `more than ${depthMax} levels`);
    const found = this.#one();
    this.#depth--;
    return found;
  }

  #one(): Condition {
    if (this.word('not')) return { is: 'not', of: this.one() };
    if (this.sign('(')) {
      const inner = this.either();
      this.expect(this.sign(')'));
      return inner;
    }
    return this.#about(this.field());
  }

  #about(field: Field): Condition {
    if (this.word('is')) {
      const not = this.word('not');
      this.expect(this.word('null'));
      return not ? { is: 'not', of: { is: 'null', field } } : { is: 'null', field };
    }
    if (this.word('not')) {
      this.expect(this.word('in'));
      return { is: 'not', of: this.#in(field) };
    }
    if (this.word('in')) return this.#in(field);
    const by = (['<=', '>=', '!=', '=', '<', '>'] as const).find((sign) => this.sign(sign));
    if (by === undefined) throw this.fault();
    return { is: 'compare', field, by, to: this.literal(field) };
  }

  #in(field: Field): Condition {
    if (this.sign('(')) {
      const any = [this.literal(field)];
      while (this.sign(',')) any.push(this.literal(field));
      this.expect(this.sign(')'));
      return { is: 'in', field, any };
    }
    const withLow = this.sign('[');
    if (!withLow) this.expect(this.sign(']'));
    const low = this.literal(field);
    this.expect(this.sign('..'));
    const high = this.literal(field);
    const withHigh = this.sign(']');
    if (!withHigh) this.expect(this.sign('['));
    return { is: 'between', field, low, high, withLow, withHigh };
  }
}

const whole = <T>(reader: Reader, found: T): T => {
  if (!reader.done) throw reader.fault();
  return found;
};

/** @param zone in which a date without a zone is meant @throws OdsError */
export const parseWhere = (text: string, fields: readonly Field[], zone: string, clause = 'where'): Condition => {
  const reader = new Reader(clause, text, fields, zone);
  return whole(reader, reader.either());
};

/** Each output name once. @throws OdsError */
export const parseSelect = (text: string, fields: readonly Field[]): Selected[] => {
  const reader = new Reader('select', text, fields, 'UTC');
  const found = new Map<string, Selected>();
  do {
    if (reader.sign('*')) for (const field of fields) found.set(field.name, { field, as: field.name });
    else {
      const field = reader.field();
      const as = reader.word('as') ? reader.name() : field.name;
      found.set(as, { field, as });
    }
  } while (reader.sign(','));
  return whole(reader, [...found.values()]);
};

/** @throws OdsError; places cannot be ordered */
export const parseOrder = (text: string, fields: readonly Field[]): Order[] => {
  const reader = new Reader('order_by', text, fields, 'UTC');
  const found: Order[] = [];
  do {
    const field = reader.field();
    if (field.type === 'geo_point_2d') throw odsql('order_by', `${field.name} cannot be ordered`);
    const descending = reader.word('desc');
    if (!descending) reader.word('asc');
    found.push({ field, descending });
  } while (reader.sign(','));
  return whole(reader, found);
};
