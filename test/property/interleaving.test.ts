/**
 * However readings travel (late, repeated, corrected, out of order, in any batches, with crashes in between), the final
 * panes and the books are the same, as long as the values given for one identity keep their order.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isEmpty } from '../../core/fold.ts';
import { flagNames } from '../../core/reading.ts';
import { minuteMs } from '../../core/time.ts';
import { windowNames } from '../../core/window.ts';
import { type Drive, drive, townOf } from '../drive.ts';

const start = Date.parse('2026-03-28T20:00:00Z'); // the night before a day of 23 hours
const now = start + 12 * 86_400_000;

interface Given {
  readonly at: number;
  readonly value: number | string | null;
}
interface Delivery {
  readonly given: Given;
  readonly tick: number;
  readonly place: number;
}
interface Way {
  readonly deliveries: readonly Delivery[];
  readonly batch: number;
  readonly crashes: readonly number[];
}

/** The device and quantity of each kind, and how its values look. */
const subjects = {
  index: { type: 'submeter', quantity: 'active_energy_import', intervalMs: 15 * minuteMs },
  delta: { type: 'linky', quantity: 'active_energy', intervalMs: 15 * minuteMs },
  // Comes more often than declared: spans of 35 minutes reach into each other.
  often: { type: 'linky', quantity: 'active_energy', intervalMs: 15 * minuteMs, declaredMs: 35 * minuteMs },
  line: { type: 'room-sensor', quantity: 'temperature', intervalMs: 10 * minuteMs },
  fast: { type: 'generic', quantity: 'temperature', intervalMs: minuteMs },
  step: { type: 'car-park', quantity: 'free_places', intervalMs: 5 * minuteMs },
  state: { type: 'parking-bay', quantity: 'occupancy', intervalMs: 15 * minuteMs },
} as const;
type Kind = keyof typeof subjects;

const valueFor = (kind: Kind, n: number, place: number): number | string | null => {
  if (n % 17 === 0) return null;
  switch (kind) {
    case 'index':
      return n % 23 === 0 ? 3 : Math.round(1000 + place * 0.4 + (n % 7) * 0.03);
    case 'delta':
    case 'often':
      return n % 29 === 0 ? 9_999 : (n % 40) / 10; // 9,999 is implausible
    case 'state':
      return n % 2 === 0 ? 'free' : 'occupied';
    case 'step':
      return n % 120;
    default:
      return n % 29 === 0 ? 999 : 15 + (n % 100) / 10; // 999 is implausible
  }
};

const scenario = (kind: Kind): fc.Arbitrary<{ givens: Given[]; ways: Way[] }> => {
  const step = subjects[kind].intervalMs;
  const reading = fc.record({
    gap: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 3 }) }, { weight: 1, arbitrary: fc.integer({ min: 4, max: 40 }) }),
    n: fc.nat(1000),
    shift: fc.nat(3),
  });
  const again = fc.record({ which: fc.nat(1000), n: fc.nat(1000), same: fc.boolean() });
  return fc.tuple(fc.array(reading, { minLength: 1, maxLength: 40 }), fc.array(again, { maxLength: 15 })).chain(([readings, repeats]) => {
    const givens: Given[] = [];
    let at = start;
    for (const { gap, n, shift } of readings) {
      at += gap * step + (shift === 0 ? 1234 : 0);
      givens.push({ at, value: valueFor(kind, n, (at - start) / step) });
    }
    for (const { which, n, same } of repeats) {
      const first = givens[which % givens.length] as Given;
      givens.push({ at: first.at, value: same ? first.value : valueFor(kind, n, (first.at - start) / step) });
    }
    const delivery = fc.record({ tick: fc.nat(6), place: fc.nat(1000) });
    const way = fc.record({
      slots: fc.array(delivery, { minLength: givens.length, maxLength: givens.length }),
      batch: fc.integer({ min: 1, max: 9 }),
      crashes: fc.array(fc.nat(6), { maxLength: 3 }),
    });
    const toWay = ({ slots, batch, crashes }: { slots: { tick: number; place: number }[]; batch: number; crashes: number[] }): Way => {
      // The values of one identity keep their order: each is delivered no earlier than the one before it.
      const lastOf = new Map<number, { tick: number; place: number }>();
      const deliveries = givens.map((given, i) => {
        const slot = slots[i] as { tick: number; place: number };
        const before = lastOf.get(given.at);
        const kept =
          before !== undefined && (before.tick > slot.tick || (before.tick === slot.tick && before.place >= slot.place))
            ? { tick: before.tick, place: before.place + 0.001 }
            : slot;
        lastOf.set(given.at, kept);
        return { given, ...kept };
      });
      return { deliveries, batch, crashes };
    };
    return fc.array(way, { minLength: 1, maxLength: 2 }).map((ways) => ({ givens, ways: ways.map(toWay) }));
  });
};

/** Log times of the ticks between the slots: seconds apart, then so far that the silent are closed. */
const tickSteps = [1000, 2000, 40 * minuteMs, 1000, 3 * 3_600_000, 1000, 1000];

const travel = async (kind: Kind, way: Way): Promise<Drive> => {
  const { type, quantity, ...of } = subjects[kind];
  const gate = await drive(townOf([{ id: 'd', type, intervalMs: 'declaredMs' in of ? of.declaredMs : of.intervalMs }]), now);
  for (const [slot, step] of tickSteps.entries()) {
    const due = way.deliveries.filter(({ tick }) => tick === slot).sort((a, b) => a.place - b.place);
    for (let i = 0; i < due.length; i += way.batch) {
      gate.send(
        'd',
        due.slice(i, i + way.batch).map(({ given }) => ({ ts: given.at, values: { [quantity]: given.value } })),
      );
    }
    if (way.crashes.includes(slot)) {
      await gate.process();
      if (slot % 2 === 0) await gate.checkpoint();
      await gate.crash();
    }
    gate.tick(gate.now() + step, Math.min(step, 5 * 3_600_000));
  }
  gate.tick(gate.now() + 10_000); // time for the last revisions
  gate.tick(gate.now() + 40 * 86_400_000, 20 * 86_400_000);
  gate.tick(gate.now() + 3000);
  await gate.process();
  if (way.crashes.length > 1) await gate.crash();
  await gate.process();
  return gate;
};

const result = async (kind: Kind, gate: Drive): Promise<unknown> => {
  const { quantity } = subjects[kind];
  const { accepted, stored, duplicate, corrected, deadLetter, waiting } = gate.ledger().readings;
  const panes: unknown[] = [];
  for (const window of windowNames) {
    for (const { version, revision, ...figures } of await gate.panes('d', quantity, window)) if (!isEmpty(figures)) panes.push(figures);
  }
  const { rows } = await gate.store.readings({ subject: 'd', quantity, from: 0, to: Number.MAX_SAFE_INTEGER, limit: 10_000 });
  const recount = await gate.store.recount();
  return {
    books: { accepted, stored, duplicate, corrected, deadLetter, waiting },
    recount,
    readings: rows.map((row) => [row.at, row.value, row.version, flagNames(row.flags).filter((name) => name !== 'late')]),
    panes,
  };
};

const inOrder = (givens: readonly Given[]): Way => {
  const firsts = new Map<number, Given>();
  for (const given of givens) if (!firsts.has(given.at)) firsts.set(given.at, given);
  const ordered = [...firsts.values()].sort((a, b) => a.at - b.at);
  const rest = givens.filter((given) => firsts.get(given.at) !== given);
  return { deliveries: [...ordered, ...rest].map((given, place) => ({ given, tick: 0, place })), batch: 1, crashes: [] };
};

describe('any way a reading travels', () => {
  for (const kind of Object.keys(subjects) as Kind[]) {
    test(`${kind}: gives the same panes and the same books`, async () => {
      await fc.assert(
        fc.asyncProperty(scenario(kind), async ({ givens, ways }) => {
          const expected = await result(kind, await travel(kind, inOrder(givens)));
          for (const way of ways) expect(await result(kind, await travel(kind, way))).toEqual(expected);
        }),
        { numRuns: Number(process.env.OCTROI_PROPERTY_RUNS ?? 60) },
      );
    });
  }
});
