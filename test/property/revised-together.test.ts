/** Keys are revised beside each other: whatever the order and the pace in which a store answers, the same comes out in the same order. And what was asked once is not asked again. About 2 s. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Store } from '../../core/store.ts';
import { minuteMs } from '../../core/time.ts';
import { memoryStore } from '../../stores/memory.ts';
import { drive, townOf } from '../drive.ts';

const start = Date.parse('2026-04-07T08:00:00Z');
const devices = Array.from({ length: 6 }, (_, n) => ({ id: `device-${n}`, type: n % 2 === 0 ? 'room-sensor' : 'generic', intervalMs: minuteMs }));
const quantities = ['temperature', 'humidity'] as const;

/** A message says both quantities at a minute, which may be long past; 500 is implausible, and judged. */
const said = fc.record({ device: fc.nat(devices.length - 1), minute: fc.nat(300), value: fc.constantFrom(20, 21, 22, 500) });
const rounds = fc.array(fc.array(said, { minLength: 4, maxLength: 20 }), { minLength: 2, maxLength: 6 });

const turns = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
};

/** A store of which each question of the past waits `pace` turns of the event loop more. */
const paced = (pace: () => number): Store => {
  const store = memoryStore();
  return Object.create(store, {
    neighbourhood: { value: async (...asked: Parameters<Store['neighbourhood']>) => turns(pace()).then(() => store.neighbourhood(...asked)) },
    panes: { value: async (...asked: Parameters<Store['panes']>) => turns(pace()).then(() => store.panes(...asked)) },
    judged: { value: async (...asked: Parameters<Store['judged']>) => turns(pace()).then(() => store.judged(...asked)) },
  });
};

/** Commits as they are made, what is stored in the end, and what would be known after a restart. */
const outcome = async (store: Store, given: readonly (readonly { device: number; minute: number; value: number }[])[]): Promise<unknown> => {
  const commits: unknown[] = [];
  const told: Store = Object.create(store, {
    commit: {
      value: (one: Parameters<Store['commit']>[0]) => {
        commits.push(JSON.parse(JSON.stringify(one, (_, value) => (typeof value === 'bigint' ? String(value) : value))));
        return store.commit(one);
      },
    },
  });
  const gate = await drive(townOf(devices), start + 301 * minuteMs, told);
  for (const round of given) {
    for (const { device, minute, value } of round) {
      const { id } = devices[device] as (typeof devices)[number];
      gate.send(id, { ts: start + minute * minuteMs, values: Object.fromEntries(quantities.map((name) => [name, value])) });
    }
    gate.tick(gate.now() + 2_000);
    await gate.process();
  }
  await gate.checkpoint();
  const dump: string[] = [];
  for await (const line of store.dump()) dump.push(line);
  return { commits, dump, books: gate.ledger() };
};

test('a store that answers in any order is given the same rows in the same order', async () => {
  await fc.assert(
    fc.asyncProperty(rounds, fc.infiniteStream(fc.nat(4)), async (given, paces) => {
      const expected = await outcome(memoryStore(), given);
      expect(
        await outcome(
          paced(() => paces.next().value as number),
          given,
        ),
      ).toEqual(expected);
    }),
    { numRuns: Number(process.env.OCTROI_PROPERTY_RUNS ?? 40) },
  );
});

test('a device that says all twice, the second time some readings behind, is asked for once and then told by what is remembered', async () => {
  const store = memoryStore();
  let asked = 0;
  const counted: Store = Object.create(store, {
    neighbourhood: { value: (...question: Parameters<Store['neighbourhood']>) => asked++ >= 0 && store.neighbourhood(...question) },
  });
  const gate = await drive(townOf(devices), start + 60 * minuteMs, counted);
  const say = (minute: number, temperature = 20 + (minute % 5)): void => gate.send('device-0', { ts: start + minute * minuteMs, values: { temperature } });
  const second = async (): Promise<void> => {
    gate.tick(gate.now() + 1_000);
    await gate.process();
  };
  for (let minute = 0; minute < 20; minute++) say(minute);
  say(2);
  await second();
  expect(asked).toBe(1);
  for (let minute = 20; minute < 40; minute++) {
    say(minute);
    say(minute - 5);
    expect(gate.ledger().readings.waiting).toBe(0);
    await second();
  }
  expect(asked).toBe(1);
  expect(gate.ledger().readings).toMatchObject({ stored: 40, duplicate: 21 });

  // A correction is not: the value that it replaced would be another correction.
  say(38, 7);
  await second();
  say(38);
  say(37);
  await second();
  expect(asked).toBe(3);
  expect(gate.ledger().readings).toMatchObject({ stored: 40, duplicate: 22, corrected: 2 });
});
