import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Field, Fields } from '../../feed/dataset.ts';
import { byOrders, fulfils } from '../../feed/odsql/evaluate.ts';
import { parseOrder, parseSelect, parseWhere } from '../../feed/odsql/parse.ts';

const field = (name: string, type: Field['type']): Field => ({ name, type, label: name, description: name });
const fields = [field('t', 'text'), field('n', 'int'), field('x', 'double'), field('d', 'date'), field('at', 'datetime'), field('geo', 'geo_point_2d')];
const holds = (where: string, row: Fields, zone = 'UTC'): boolean => fulfils(parseWhere(where, fields, zone), row);

/** A condition as text, and as the plain function that it means. */
interface Case {
  readonly text: string;
  readonly judge: (row: Fields) => boolean;
}

const signs = {
  '=': (a: number | string, b: number | string) => a === b,
  '!=': (a: number | string, b: number | string) => a !== b,
  '<': (a: number | string, b: number | string) => a < b,
  '<=': (a: number | string, b: number | string) => a <= b,
  '>': (a: number | string, b: number | string) => a > b,
  '>=': (a: number | string, b: number | string) => a >= b,
} as const;
type Sign = keyof typeof signs;

const word = fc.constantFrom('a', 'b', 'B', '', 'a b', 'o"c', "o'c", 'é\\', 'and');
const small = fc.integer({ min: -3, max: 3 });
const quoted = fc.tuple(word, fc.constantFrom('"', "'")).map(([text, mark]) => ({
  value: text,
  text: `${mark}${text.replaceAll('\\', '\\\\').replaceAll(mark, `\\${mark}`)}${mark}`,
}));
const numeral = small.map((value) => ({ value, text: String(value) }));
const literals = fc.oneof(
  quoted.map((one) => ({ name: 't', ...one })),
  numeral.map((one) => ({ name: 'n', ...one })),
  numeral.map(({ value }) => ({ name: 'x', value: value / 2, text: String(value / 2) })),
);
const anyCase = (text: string) => fc.constantFrom(text, text.toUpperCase());

const simple: fc.Arbitrary<Case> = fc.oneof(
  fc.tuple(literals, fc.constantFrom(...(Object.keys(signs) as Sign[]))).map(([{ name, value, text }, sign]) => ({
    text: `${name}${sign}${text}`,
    judge: (row: Fields) => row[name] !== null && signs[sign](row[name] as number | string, value),
  })),
  fc.tuple(fc.array(quoted, { minLength: 1, maxLength: 3 }), anyCase('in')).map(([list, inWord]) => ({
    text: `t ${inWord} (${list.map(({ text }) => text).join(', ')})`,
    judge: (row: Fields) => list.some(({ value }) => value === row.t),
  })),
  fc.tuple(small, small, fc.boolean(), fc.boolean()).map(([low, high, withLow, withHigh]) => ({
    text: `n in ${withLow ? '[' : ']'}${low}..${high}${withHigh ? ']' : '['}`,
    judge: ({ n }: Fields) => typeof n === 'number' && (withLow ? n >= low : n > low) && (withHigh ? n <= high : n < high),
  })),
  fc.tuple(fc.constantFrom('t', 'n', 'x'), fc.boolean(), anyCase('null')).map(([name, not, nul]) => ({
    text: `\`${name}\` is ${not ? 'not ' : ''}${nul}`,
    judge: (row: Fields) => (row[name] === null) !== not,
  })),
);
const { condition } = fc.letrec<{ condition: Case }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4 },
    simple,
    fc.tuple(tie('condition'), tie('condition'), fc.boolean()).map(([a, b, both]) => ({
      text: `(${a.text}) ${both ? 'and' : 'or'} (${b.text})`,
      judge: (row: Fields) => (both ? a.judge(row) && b.judge(row) : a.judge(row) || b.judge(row)),
    })),
    // Without parentheses `and` binds more than `or`.
    fc.tuple(simple, simple, simple).map(([a, b, c]) => ({
      text: `${a.text} OR ${b.text} AND ${c.text}`,
      judge: (row: Fields) => a.judge(row) || (b.judge(row) && c.judge(row)),
    })),
    tie('condition').map(({ text, judge }) => ({ text: `not (${text})`, judge: (row: Fields) => !judge(row) })),
  ),
}));
const rows = fc.array(
  fc.record({
    t: fc.option(word),
    n: fc.option(small),
    x: fc.option(small.map((value) => value / 2)),
    d: fc.constant(null),
    at: fc.constant(null),
    geo: fc.constant(null),
  }),
  { maxLength: 12 },
);

describe('ODSQL', () => {
  test('a condition chooses what its plain meaning chooses', () => {
    fc.assert(
      fc.property(condition, rows, ({ text, judge }, given) => {
        const parsed = parseWhere(text, fields, 'UTC');
        expect(given.filter((row) => fulfils(parsed, row))).toEqual(given.filter(judge));
      }),
      { numRuns: 500 },
    );
  });

  test('whatever is typed, the answer is a condition or an ODSQLError', () => {
    const piece = fc.constantFrom(
      't',
      'n',
      '=',
      '<',
      '(',
      ')',
      '[',
      ']',
      '..',
      ',',
      '"a"',
      '1',
      'and',
      'or',
      'not',
      'in',
      'is',
      'null',
      "date'2026-01-01'",
      'd',
      '%',
      'like',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 30 }),
          fc.array(piece, { maxLength: 12 }).map((all) => all.join(' ')),
        ),
        (text) => {
          try {
            parseWhere(text, fields, 'UTC');
          } catch (error) {
            expect(error).toMatchObject({ code: 'ODSQLError', status: 400 });
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('dates: civil ones by themselves, times in the zone that was asked for', () => {
    expect(holds("d = date'2026-03-29'", { d: '2026-03-29' })).toBe(true);
    expect(holds("d in [date'2026-03-01'..date'2026-03-31'[", { d: '2026-03-31' })).toBe(false);
    const midnight = { at: Date.parse('2026-03-28T23:00:00Z') };
    expect(holds("at >= date'2026-03-29'", midnight, 'Europe/Paris')).toBe(true);
    expect(holds("at >= date'2026-03-29'", midnight)).toBe(false);
    expect(holds("at = date'2026-03-29T00:00:00+01:00'", midnight)).toBe(true);
    expect(holds("at = '2026-03-28T23:00:00Z'", midnight)).toBe(true);
  });

  test('selections and orders', () => {
    expect(parseSelect('n, t AS `the text`, x', fields).map(({ field: { name }, as }) => [name, as])).toEqual([
      ['n', 'n'],
      ['t', 'the text'],
      ['x', 'x'],
    ]);
    const given: Fields[] = [{ n: null }, { n: 1 }, { n: 3 }, { n: 2 }];
    const sorted = (order: string) => given.toSorted(byOrders(parseOrder(order, fields))).map(({ n }) => n);
    expect(sorted('n')).toEqual([1, 2, 3, null]);
    expect(sorted('n DESC')).toEqual([3, 2, 1, null]);
  });
});
