/** Cases worked by hand: late and interrupted, quiet and closed, and the marks that registers leave. */
import { describe, expect, test } from 'vitest';
import { Flag } from '../../core/reading.ts';
import { minuteMs } from '../../core/time.ts';
import { drive, townOf } from '../drive.ts';

const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

test('an index reading three weeks late, its re-fold interrupted by a kill, then corrected at the same stamp', async () => {
  const start = Date.parse('2026-03-02T00:00:00Z');
  const gate = await drive(townOf([{ id: 'm', type: 'submeter', intervalMs: 15 * minuteMs }]), start + 22 * dayMs);
  const say = (at: number, kWh: number): void => gate.send('m', { ts: at, values: { active_energy_import: kWh } });
  // Three weeks of quarters at 0.5 kWh each, but one reading is missing and leaves a gap wider than the hold time.
  const missing = new Set([40, 41, 42, 43]);
  for (let q = 0; q < 21 * 96; q++) if (!missing.has(q)) say(start + q * 15 * minuteMs, 100 + q * 0.5);
  await gate.process();
  await gate.checkpoint();
  const hourOf = async (at: number) => (await gate.panes('m', 'active_energy_import', 'PT1H')).find((pane) => pane.start === at);
  const dayOf = async () => (await gate.panes('m', 'active_energy_import', 'P1D')).find((pane) => pane.start === Date.parse('2026-03-01T23:00:00Z'));
  // Quarters 39 and 44 are 75 min apart, beyond three intervals: 2.5 kWh that only the day holds.
  expect(await dayOf()).toMatchObject({ sum: 92 * 5_000, unallocated: 25_000, version: 0 });
  expect(await hourOf(start + 10 * hourMs)).toBeUndefined();

  // The reading of quarter 42 arrives now; the plant dies after the tick is in the log and before its rows are.
  say(start + 42 * 15 * minuteMs, 121);
  gate.tick(gate.now() + 1000);
  await gate.crash();
  await gate.process();
  const { stored, corrected, duplicate } = gate.ledger().readings;
  expect([stored, corrected, duplicate]).toEqual([21 * 96 - 3, 0, 0]);
  // Now both gaps are within the hold time: all is allocated.
  expect(await dayOf()).toMatchObject({ sum: 92 * 5_000, unallocated: 0, version: 1 });
  expect(await hourOf(start + 10 * hourMs)).toMatchObject({ sum: 20_000, observedMs: hourMs, version: 0 });

  // The same stamp once more, with another value.
  say(start + 42 * 15 * minuteMs, 121.3);
  gate.tick(gate.now() + 1000);
  await gate.process();
  expect(gate.ledger().readings).toMatchObject({ stored: 21 * 96 - 3, corrected: 1 });
  expect(await dayOf()).toMatchObject({ sum: 92 * 5_000, unallocated: 0 });
  const quarters = (await gate.panes('m', 'active_energy_import', 'PT15M')).filter(
    (pane) => pane.start >= start + 39 * 15 * minuteMs && pane.start < start + 44 * 15 * minuteMs,
  );
  // 119.5 → 121.3 in 45 min, then 121.3 → 122 in 30 min.
  expect(quarters.map((pane) => pane.sum)).toEqual([6_000, 6_000, 6_000, 3_500, 3_500]);
});

test('amounts that come more often than declared cover the time they were sent in, and no gap', async () => {
  const start = Date.parse('2026-04-07T06:00:00Z');
  const gate = await drive(townOf([{ id: 'm', type: 'submeter' }]), start);
  // Five minutes each by the type, sent each minute for 20 minutes of an hour.
  for (let n = 0; n < 20; n++) gate.send('m', { ts: start + n * minuteMs, values: { active_energy: 0.1 } });
  gate.tick(start + 3 * hourMs, minuteMs);
  await gate.process();
  expect(await gate.panes('m', 'active_energy', 'PT1H')).toMatchObject([{ sum: 20_000, observedMs: 24 * minuteMs }]);

  // One of them late: the next one's span is the shorter for it.
  gate.send('m', { ts: start + 30 * minuteMs, values: { active_energy: 0.1 } });
  gate.send('m', { ts: start + 27 * minuteMs, values: { active_energy: 0.1 } });
  gate.tick(gate.now() + minuteMs);
  await gate.process();
  expect(await gate.panes('m', 'active_energy', 'PT1H')).toMatchObject([{ sum: 22_000, observedMs: (24 + 8) * minuteMs }]);
});

test('a parking bay rightly quiet for six hours, then its gate closed for one', async () => {
  const start = Date.parse('2026-04-07T06:00:00Z');
  const gate = await drive(townOf([{ id: 'bay', type: 'parking-bay' }]), start);
  gate.tick(start + 60_000);
  gate.send('bay', { ts: start + 60_000, values: { occupancy: 'occupied' } });
  gate.tick(start + 6 * hourMs); // quiet, and the gate is open: a tick each second
  gate.at(start + 7 * hourMs); // the gate is closed for an hour
  gate.tick(start + 9 * hourMs + 10 * minuteMs);
  await gate.process();
  const hours = await gate.panes('bay', 'occupancy', 'PT1H');
  expect(hours.map((pane) => [(pane.start - start) / hourMs, pane.observedMs, pane.sharesMs])).toEqual([
    [0, hourMs - minuteMs, [0, hourMs - minuteMs]],
    ...[1, 2, 3, 4, 5].map((hour) => [hour, hourMs, [0, hourMs]]),
    // The hour in which nobody would have heard it has no pane; the next lacks the second until its first tick.
    [7, hourMs - 1000, [0, hourMs - 1000]],
    [8, hourMs, [0, hourMs]],
  ]);
  expect(gate.pipeline.silent()).toEqual([]);
  expect(gate.store.closures()).toMatchObject([{ from: start + 6 * hourMs, to: start + 7 * hourMs + 1000 }]);
});

describe('registers', () => {
  const start = Date.parse('2026-04-07T00:00:00Z');
  const energy = async (registers: readonly number[]): Promise<{ sums: number[]; flags: number }> => {
    const gate = await drive(townOf([{ id: 'm', type: 'submeter', intervalMs: 15 * minuteMs }]), start + dayMs);
    for (const [q, kWh] of registers.entries()) gate.send('m', { ts: start + q * 15 * minuteMs, values: { active_energy_import: kWh } });
    await gate.process();
    const panes = await gate.panes('m', 'active_energy_import', 'PT15M');
    return { sums: panes.map((pane) => pane.sum), flags: panes.reduce((flags, pane) => flags | pane.flags, 0) };
  };

  test('a reset counts nothing, and is marked', async () => {
    const { sums, flags } = await energy([1000, 1001, 0.5, 1.5, 2.5]);
    expect(sums).toEqual([10_000, 0, 10_000, 10_000]);
    expect(flags & Flag.reset).toBe(Flag.reset);
  });

  test('a rollover counts through the last digit', async () => {
    const { sums, flags } = await energy([99_998, 99_999, 0.5, 1.5]);
    expect(sums).toEqual([10_000, 15_000, 10_000]);
    expect(flags & Flag.rollover).toBe(Flag.rollover);
  });

  test('a rise faster than the type can is another meter: no spike', async () => {
    const { sums, flags } = await energy([1000, 1001, 500_000, 500_001, 500_002]);
    expect(sums).toEqual([10_000, 0, 10_000, 10_000]);
    expect(flags & Flag.replaced).toBe(Flag.replaced);
  });

  test('a stamp that was sent again is no reset', async () => {
    const gate = await drive(townOf([{ id: 'm', type: 'submeter', intervalMs: 15 * minuteMs }]), start + dayMs);
    for (const q of [0, 1, 2, 3, 0, 1]) gate.send('m', { ts: start + q * 15 * minuteMs, values: { active_energy_import: 1000 + q } });
    gate.tick(gate.now() + 2000);
    await gate.process();
    const panes = await gate.panes('m', 'active_energy_import', 'PT15M');
    expect(panes.map((pane) => [pane.sum, pane.flags])).toEqual([
      [10_000, 0],
      [10_000, 0],
      [10_000, 0],
    ]);
    expect(gate.ledger().readings).toMatchObject({ stored: 4, duplicate: 2, corrected: 0 });
  });
});

test('days of 23 and 25 hours', async () => {
  for (const [day, hours] of [
    ['2026-03-29', 23],
    ['2026-10-25', 25],
  ] as const) {
    const noon = Date.parse(`${day}T12:00:00Z`);
    const gate = await drive(townOf([{ id: 'm', type: 'submeter', intervalMs: 15 * minuteMs }]), noon + 3 * dayMs);
    for (let at = noon - dayMs, kWh = 1000; at <= noon + dayMs; at += 15 * minuteMs, kWh++) gate.send('m', { ts: at, values: { active_energy_import: kWh } });
    await gate.process();
    const pane = (await gate.panes('m', 'active_energy_import', 'P1D')).find(({ start: from, end }) => from <= noon && noon < end);
    expect(pane).toMatchObject({ sum: hours * 4 * 10_000, observedMs: hours * hourMs });
    expect((pane?.end ?? 0) - (pane?.start ?? 0)).toBe(hours * hourMs);
    const within = (await gate.panes('m', 'active_energy_import', 'PT1H')).filter(({ start: from }) => from >= (pane?.start ?? 0) && from < (pane?.end ?? 0));
    expect(within.length).toBe(hours);
  }
});

describe('what is refused', () => {
  const now = Date.parse('2026-04-07T10:00:00Z');
  const cases: [name: string, payload: unknown, code: string][] = [
    ['not JSON', 'hello', 'not-json'],
    ['wrong shape', { temperature: 3 }, 'wrong-shape'],
    ['wrong type', { ts: now, values: { temperature: 'warm' } }, 'wrong-type'],
    ['NaN', '{"ts":1,"values":{"temperature":NaN}}', 'not-json'],
    ['1e308', { ts: now, values: { temperature: 1e308 } }, 'value-too-large'],
    ['1e999', `{"ts":${now},"values":{"temperature":1e999}}`, 'not-finite'],
    ['deep nesting', `{"ts":${now},"values":{"temperature":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`, 'wrong-type'],
    ['a long string', { ts: now, values: { temperature: 'x'.repeat(1_000_000) } }, 'wrong-type'],
    ['unknown quantity', { ts: now, values: { colour: 3 } }, 'unknown-quantity'],
    ['a prototype key', `{"ts":${now},"values":{"__proto__":3}}`, 'unknown-quantity'],
    ['1970', { ts: 0, values: { temperature: 3 } }, 'time-out-of-range'],
    ['2100', { ts: '2100-01-01T00:00:00Z', values: { temperature: 3 } }, 'future'],
    ['bad time', { ts: 'yesterday', values: { temperature: 3 } }, 'bad-time'],
    ['negative register', { ts: now, values: { active_energy_import: -3 } }, 'negative-register'],
    ['unknown state', { ts: now, values: { occupancy: 'perhaps' } }, 'unknown-state'],
    ['foreign device in the payload', { ts: now, deviceId: 'other', values: { temperature: 3 } }, 'device-mismatch'],
  ];
  for (const [name, payload, code] of cases) {
    test(`${name}: ${code}`, async () => {
      const gate = await drive(townOf([{ id: 'g', type: 'generic' }]), now);
      gate.send('g', payload);
      gate.send('g', { ts: now, values: { humidity: 40 } });
      await gate.process();
      const { rows } = await gate.store.deadLettersPage({ limit: 10 });
      expect(rows.map((row) => row.code)).toEqual([code]);
      expect(rows[0]?.payload.length).toBeGreaterThan(0);
      expect(gate.ledger().readings).toMatchObject({ accepted: 2, stored: 1, deadLetter: 1 });
    });
  }

  test('another topic, a foreign sender, and a device that nobody declared', async () => {
    const town = townOf([{ id: 'a', type: 'generic', via: ['gw'] }], { admission: 'declared', gateways: [{ id: 'gw', secretSha256: 'a'.repeat(64) }] });
    const gate = await drive(town, now);
    const good = { ts: now, values: { temperature: 3 } };
    gate.send('', good, { topic: 'some/where' });
    gate.send('a', good, { sender: 'b' });
    gate.send('b', { ts: now, values: { temperature: 4 } }, { sender: 'b' });
    gate.send('a', good, { sender: 'gw' });
    gate.send('a', { ts: now + 1, values: { temperature: 3 } }, { sender: 'a' });
    await gate.process();
    const { rows } = await gate.store.deadLettersPage({ limit: 10 });
    expect(rows.map((row) => row.code).sort()).toEqual(['foreign-device', 'topic-unknown', 'unknown-device']);
    expect(gate.ledger().readings).toMatchObject({ stored: 2, deadLetter: 3 });

    // Adopting it opens what was kept.
    gate.append('registry', { action: 'adopt', device: { id: 'b', type: 'generic' } });
    await gate.process();
    expect(gate.ledger().readings).toMatchObject({ stored: 3, deadLetter: 2 });
    expect(await gate.store.recount()).toMatchObject({ stored: 3, deadLetter: 2 });
    const readings = await gate.store.readings({ subject: 'b', quantity: 'temperature', from: 0, to: now * 2, limit: 5 });
    expect(readings.rows.map((row) => row.value)).toEqual([400]);
  });

  test('what lay in the future is opened when its time has come', async () => {
    const gate = await drive(townOf([{ id: 'g', type: 'generic' }]), now);
    gate.send('g', { ts: now + 2 * hourMs, values: { temperature: 3 } });
    gate.send('g', { ts: now + 5 * hourMs, values: { temperature: 4 } });
    await gate.process();
    expect(gate.ledger().readings).toMatchObject({ stored: 0, deadLetter: 2 });
    gate.at(now + 2 * hourMs);
    gate.tick(now + 2 * hourMs + 1000);
    await gate.process();
    expect(gate.ledger().readings).toMatchObject({ stored: 1, deadLetter: 1 });
    gate.at(now + 6 * hourMs);
    gate.tick(now + 6 * hourMs + 1000);
    await gate.process();
    expect(gate.ledger().readings).toMatchObject({ accepted: 2, stored: 2, deadLetter: 0 });
    expect(await gate.store.recount()).toMatchObject({ stored: 2, deadLetter: 0 });
  });

  test('implausible: stored with its flag, judged, and out of all totals', async () => {
    const gate = await drive(townOf([{ id: 'room', type: 'room-sensor', intervalMs: minuteMs }]), now);
    for (const [m, value] of [20, 20.1, 500, 20.2, 20.3].entries()) gate.send('room', { ts: now - (5 - m) * minuteMs, values: { temperature: value } });
    await gate.process();
    expect(gate.ledger().readings).toMatchObject({ stored: 5, deadLetter: 0 });
    const [pane] = await gate.panes('room', 'temperature', 'PT1M');
    expect(pane).toMatchObject({ max: 2010 });
    expect((await gate.panes('room', 'temperature', 'PT1M')).every((one) => (one.max ?? 0) < 2100)).toBe(true);
    const anomalies = await gate.store.anomalies({ limit: 10 });
    expect(anomalies.rows).toMatchObject([{ kind: 'out-of-range', observed: 500, since: now - 3 * minuteMs, until: now - 2 * minuteMs }]);
  });
});

test('a register whose only reading was withdrawn goes on from what came late', async () => {
  const start = Date.parse('2026-04-07T06:00:00Z');
  const gate = await drive(townOf([{ id: 'm', type: 'submeter', intervalMs: minuteMs, holdMs: 3 * minuteMs }]), start + 2 * hourMs);
  const say = (minute: number, kWh: number | null): void => {
    gate.send('m', { ts: start + minute * minuteMs, values: { active_energy_import: kWh } });
    gate.tick(gate.now() + 1_000);
  };
  const settle = (): void => gate.append('command', { action: 'settle', subjects: ['m'] });
  say(0, 100);
  settle();
  say(0, null);
  say(1, 101); // behind what is closed
  say(150, 140);
  say(60, 110); // divides the wide gap
  gate.tick(start + 4 * hourMs, hourMs);
  settle();
  gate.tick(start + 40 * dayMs, 10 * dayMs);
  await gate.process();
  const [day] = await gate.panes('m', 'active_energy_import', 'P1D');
  expect(day).toMatchObject({ count: 3, sum: 390_000, unallocated: 390_000 });
});
