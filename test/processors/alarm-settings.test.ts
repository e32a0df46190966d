/** What a town sets of alarms: delays, weight, latch, flood, and kinds that raise none; also when it changes while something lasts. */
import { expect, it } from 'vitest';
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
