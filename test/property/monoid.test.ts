/** The laws of the fold: elements with `merge` and `emptyElement` are a commutative monoid, and a register's rise adds up exactly in any grouping. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addAmount, emptyElement, type FoldRule, foldWindow, merge, type Point, wholeAmount } from '../../core/fold.ts';
import type { Element } from '../../core/pane.ts';
import { minuteMs } from '../../core/time.ts';
import type { Interval } from '../../core/window.ts';

const start = Date.parse('2026-04-07T10:00:00Z');
const windows = 12;
const whole: Interval = { start, end: start + windows * minuteMs };
const cells: readonly Interval[] = Array.from({ length: windows }, (_, n) => ({ start: start + n * minuteMs, end: start + (n + 1) * minuteMs }));

const base: FoldRule = {
  kind: 'gauge',
  holds: false,
  holdMs: 3 * minuteMs,
  maxPerHour: null,
  registerEnds: [],
  states: 0,
  finest: 0,
  zone: 'Europe/Paris',
  live: true,
};
const rules: Readonly<Record<string, FoldRule>> = {
  index: { ...base, kind: 'index', registerEnds: [100_000] },
  delta: { ...base, kind: 'delta' },
  line: base,
  step: { ...base, holds: true },
  state: { ...base, kind: 'state', holds: true, states: 3 },
};

/** Readings of a kind in event-time order, gauges up to the largest that is taken. */
const pointsOf = (name: string): fc.Arbitrary<Point[]> => {
  const value = name === 'state' ? fc.nat(2) : name === 'line' || name === 'step' ? fc.integer({ min: -(2 ** 30) + 1, max: 2 ** 30 - 1 }) : fc.nat(99_999);
  const missing = name === 'index' || name === 'delta' ? value : fc.option(value, { freq: 8 });
  return fc
    .uniqueArray(fc.record({ ms: fc.nat(windows * minuteMs - 1), value: missing, flags: fc.constantFrom(0, 1, 1024) }), {
      maxLength: 30,
      selector: ({ ms }) => ms,
    })
    .map((list) =>
      list.sort((a, b) => a.ms - b.ms).map(({ ms, value: one, flags }) => ({ at: start + ms, spanMs: name === 'delta' ? 7_000 : 0, value: one, flags })),
    );
};

const closures = [{ from: start + 90_000, to: start + 200_000 }];
const cellsOf = (rule: FoldRule, points: readonly Point[]): Element[] => cells.map((cell) => foldWindow(rule, points, cell, whole.end, closures));

/** One element of all; what it is made of stays as it was. */
const sum = (rule: FoldRule, elements: readonly Readonly<Element>[], over: Interval = whole): Element => {
  const into = emptyElement(over, rule.states);
  for (const element of elements) merge(into, element);
  return into;
};

describe('a fold is a commutative monoid', () => {
  for (const [name, rule] of Object.entries(rules)) {
    test(`${name}: any grouping, any order, and nothing for an empty window`, () => {
      const cuts = fc.uniqueArray(fc.integer({ min: 1, max: windows - 1 }), { maxLength: 6 }).map((list) => list.sort((a, b) => a - b));
      fc.assert(
        fc.property(pointsOf(name), cuts, fc.infiniteStream(fc.nat(1_000)), (points, at, shuffle) => {
          const elements = cellsOf(rule, points);
          const expected = sum(rule, elements);
          const groups = [0, ...at].map((from, i) => elements.slice(from, at[i] ?? windows));
          expect(
            sum(
              rule,
              groups.map((group) => sum(rule, group)),
            ),
          ).toEqual(expected);
          const keys = new Map(elements.map((element) => [element, shuffle.next().value]));
          expect(
            sum(
              rule,
              [...elements].sort((a, b) => Number(keys.get(a)) - Number(keys.get(b))),
            ),
          ).toEqual(expected);
          expect(sum(rule, [emptyElement(whole, rule.states), expected, emptyElement(whole, rule.states)])).toEqual(expected);
        }),
        { numRuns: 300 },
      );
    });
  }

  test('a step and a state are the same folded at once or minute by minute', () => {
    for (const name of ['step', 'state'] as const) {
      const rule = rules[name] as FoldRule;
      fc.assert(
        fc.property(pointsOf(name), (points) => {
          expect(sum(rule, cellsOf(rule, points))).toEqual(foldWindow(rule, points, whole, whole.end, closures));
        }),
        { numRuns: 300 },
      );
    }
  });
});

describe('a register adds up exactly', () => {
  const rule = rules.index as FoldRule;
  /** Rising registers: then the sum must be the last less the first. */
  const rising = pointsOf('index').map((points) => {
    let value = 0;
    return points.map((point) => {
      value += (point.value ?? 0) % 977;
      return { ...point, value };
    });
  });

  test('children and unallocated are the index difference', () => {
    fc.assert(
      fc.property(rising, (points) => {
        const total = sum(rule, cellsOf(rule, points));
        for (const [i, point] of points.entries()) {
          const amount = wholeAmount(rule, points[i - 1] ?? null, point);
          // What a single minute holds as a whole is in it already.
          if (amount !== null && !cells.some((cell) => amount.from >= cell.start && amount.to <= cell.end)) addAmount(total, amount, true);
        }
        expect(total.sum).toBe((points.at(-1)?.value ?? 0) - (points[0]?.value ?? 0));
      }),
      { numRuns: 500 },
    );
  });

  test('a reading between two others moves energy between windows and makes none', () => {
    fc.assert(
      fc.property(rising, fc.nat(1_000), (points, which) => {
        if (points.length < 3) return;
        const wide: FoldRule = { ...rule, holdMs: whole.end };
        const without = points.filter((_, i) => i !== 1 + (which % (points.length - 2)));
        expect(sum(wide, cellsOf(wide, without)).sum).toBe(sum(wide, cellsOf(wide, points)).sum);
      }),
      { numRuns: 300 },
    );
  });
});
