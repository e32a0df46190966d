/** What a town sets of alarms: delays, weight, latch, flood, and kinds that raise none; also when it changes while something lasts. */
import { describe, expect, it } from 'vitest';
import type { Alarm, AlarmSettings } from '../../core/alarm.ts';
import { minuteMs } from '../../core/time.ts';
import { parseTown, type Town, townSchema } from '../../core/town.ts';
import { type Drive, drive, townOf } from '../drive.ts';

const start = Date.parse('2026-03-02T08:00:00Z');
const rooms = [0, 1, 2].map((n) => ({ id: `room-${n}`, type: 'room-sensor' }));
const townWith = (alarms?: AlarmSettings): Town => townOf(rooms, alarms === undefined ? {} : { alarms });
const say = (gate: Drive, n: number, temperature: number): void => gate.send(`room-${n}`, { ts: gate.now() + gate.log.length, values: { temperature } });
const listed = async (gate: Drive, open = true): Promise<readonly Alarm[]> => {
  await gate.process();
  return (await gate.store.alarms({ open, limit: 100 })).rows;
};
const pass = (gate: Drive, minutes: number): void => gate.tick(gate.now() + minutes * minuteMs, 4_000);

it('delays, weight and latch of a kind', async () => {
  const gate = await drive(
    townWith({ kinds: { 'out-of-range': { priority: 'high', onDelayMs: 3 * minuteMs, offDelayMs: 20 * minuteMs, latched: false } } }),
    start,
  );
  say(gate, 0, 900);
  pass(gate, 2);
  expect(await listed(gate)).toEqual([]);
  pass(gate, 2);
  expect(await listed(gate)).toMatchObject([{ priority: 'high', state: 'active' }]);
  say(gate, 0, 20);
  pass(gate, 19);
  expect(await listed(gate)).toHaveLength(1);
  pass(gate, 2);
  expect([await listed(gate), (await listed(gate, false)).length]).toEqual([[], 1]);
});

it('what raises none, and what does though it did not', async () => {
  const gate = await drive(townWith({ kinds: { 'out-of-range': { raises: false } } }), start);
  say(gate, 0, 900);
  pass(gate, 1);
  expect(await listed(gate)).toEqual([]);
  expect((await gate.store.anomalies({ open: true, limit: 9 })).rows).toHaveLength(1);
});

describe('a dead band in value', () => {
  /** A room's temperature is plausible from -10 to 50 °C: 5 % of that is 3 K. */
  const banded = (deadBandPercent: number) => townWith({ kinds: { 'out-of-range': { deadBandPercent, latched: false } } });
  const openAfter = async (gate: Drive, temperature: number): Promise<boolean> => {
    say(gate, 0, temperature);
    pass(gate, 6);
    return (await listed(gate)).length > 0;
  };

  it.each([
    ['above the higher limit', 60, [50, 47.01], 47],
    ['below the lower limit', -20, [-10, -7.01], -7],
    // Who rests at one limit is no nearer to the other.
    ['above the higher limit, and at rest at the lower one', 60, [48], -10],
    ['below the lower limit, and at rest at the higher one', -20, [-9], 50],
  ] as const)('%s', async (_, beyond, within, back) => {
    const gate = await drive(banded(5), start);
    expect(await openAfter(gate, beyond)).toBe(true);
    for (const one of within) expect([one, await openAfter(gate, one)]).toEqual([one, true]);
    // It is over for its detector: only the alarm waits.
    expect((await gate.store.anomalies({ open: true, limit: 9 })).rows).toEqual([]);
    await gate.checkpoint();
    await gate.crash();
    expect(await openAfter(gate, beyond)).toBe(true);
    for (const one of within) expect([one, await openAfter(gate, one)]).toEqual([one, true]);
    expect(await openAfter(gate, back)).toBe(false);
    // One alarm, of two anomalies.
    expect(await listed(gate, false)).toMatchObject([{ anomalies: 2, state: 'normal' }]);
  });

  it('begins where the value came back by it, with the delay after that', async () => {
    const gate = await drive(banded(5), start);
    say(gate, 0, 60);
    pass(gate, 1);
    say(gate, 0, 49);
    pass(gate, 30);
    say(gate, 0, 46);
    pass(gate, 4);
    const over = gate.now() - 4 * minuteMs;
    expect(await listed(gate)).toHaveLength(1);
    pass(gate, 2);
    expect((await listed(gate, false)).map(({ until }) => until)).toEqual([over]);
  });

  it('is none unless the town wants one, and ends with the setting', async () => {
    for (const town of [townWith({ kinds: { 'out-of-range': { latched: false } } }), banded(0)]) {
      const plain = await drive(town, start);
      expect([await openAfter(plain, 60), await openAfter(plain, 50)]).toEqual([true, false]);
    }
    const gate = await drive(banded(5), start);
    expect([await openAfter(gate, 60), await openAfter(gate, 50)]).toEqual([true, true]);
    gate.append('registry', { action: 'apply', town: banded(0) });
    pass(gate, 6);
    expect(await listed(gate)).toEqual([]);
  });

  it('of another kind is refused, at its line; and one that is wider than a quarter', () => {
    const file = (kind: string, percent: number): string => `name: Town\nzone: Europe/Paris\nalarms:\n  kinds:\n    ${kind}: { deadBandPercent: ${percent} }\n`;
    const read = parseTown(file('use', 2), new Set(), 'town.yaml');
    expect(read.ok ? [] : read.failures).toMatchObject([{ message: 'a dead band is of limits that stand: only out-of-range has such', where: 'town.yaml:5' }]);
    expect([parseTown(file('out-of-range', 26), new Set()).ok, parseTown(file('out-of-range', 2), new Set()).ok]).toEqual([false, true]);
  });
});

it('a flood of another size', async () => {
  const gate = await drive(townWith({ floodAlarmsMax: 1, floodMs: minuteMs }), start);
  for (const n of [0, 1]) say(gate, n, 900);
  expect((await listed(gate)).map(({ flood }) => flood).sort()).toEqual([false, true]);
  pass(gate, 2);
  say(gate, 2, 900);
  expect((await listed(gate))[0]).toMatchObject({ subject: 'room-2', flood: false });
});

it('a change while something lasts: what is open ends by itself, what waits raises nothing, crashes or not', async () => {
  for (const crashes of [false, true]) {
    const gate = await drive(townWith({ kinds: { 'out-of-range': { latched: false } } }), start);
    say(gate, 0, 900);
    expect(await listed(gate)).toHaveLength(1);
    gate.append('registry', { action: 'apply', town: townWith({ kinds: { 'out-of-range': { onDelayMs: 10 * minuteMs, latched: false } } }) });
    say(gate, 1, 900);
    pass(gate, 1);
    gate.append('registry', { action: 'apply', town: townWith({ kinds: { 'out-of-range': { raises: false } } }) });
    if (crashes) {
      await gate.process();
      await gate.checkpoint();
      await gate.crash();
    }
    pass(gate, 12);
    expect((await listed(gate)).map(({ subject }) => subject)).toEqual(['room-0']);
    say(gate, 0, 20);
    pass(gate, 6);
    expect(await listed(gate)).toEqual([]);
  }
});

it('an exception that ends raises nothing of a kind that raises none by then', async () => {
  const gate = await drive(townWith({ kinds: { 'out-of-range': { latched: false } } }), start);
  const person = { by: 'Camille', comment: '' };
  say(gate, 0, 900);
  const [first] = await listed(gate);
  gate.append('command', { action: 'alarm', alarm: { do: 'label', alarm: first?.id, ...person, verdict: 'known' } });
  say(gate, 0, 20);
  pass(gate, 9);
  say(gate, 0, 905);
  expect([await listed(gate), gate.pipeline.alarmExceptions().map(({ held }) => held)]).toEqual([[], [1]]);
  gate.append('registry', { action: 'apply', town: townWith({ kinds: { 'out-of-range': { raises: false } } }) });
  gate.append('command', { action: 'alarm', alarm: { do: 'end-exception', cause: first?.cause, ...person } });
  expect([await listed(gate), gate.pipeline.alarmExceptions()]).toEqual([[], []]);
});

it('a delay of what never lasts is refused, at its line', () => {
  const file = (delay: number): string => `name: Town\nzone: Europe/Paris\nalarms:\n  kinds:\n    clock-step: { onDelayMs: ${delay} }\n`;
  const read = parseTown(file(60_000), new Set(), 'town.yaml');
  expect(read.ok ? [] : read.failures).toEqual([
    {
      code: 'town-invalid',
      message: 'a step of the clock is over at once: it can have no delay; "raises: false" makes it raise no alarm',
      where: 'town.yaml:5',
    },
  ]);
  expect(parseTown(file(0), new Set()).ok).toBe(true);
});

it.each([
  [{ kinds: { silent: { onDelayMs: -1 } } }],
  [{ kinds: { silent: { offDelayMs: 10 } } }],
  [{ kinds: { 'no-such-kind': {} } }],
  [{ floodMs: 1 }],
  [{ delays: {} }],
])('a town file with %j is refused', (alarms) => {
  expect(townSchema.safeParse({ name: 'Town', zone: 'Europe/Paris', alarms }).success).toBe(false);
});
