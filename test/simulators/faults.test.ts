import { describe, expect, it } from 'vitest';
import { hourMs } from '../../core/time.ts';
import { depart, type Fault, type FaultKind, faultKinds, labelsOf, planFaults } from '../../simulators/faults.ts';
import { fleet, type SimulatedDevice } from '../../simulators/fleet.ts';
import { demoTownText, townOf, types } from './town-of.ts';

const devices = fleet(townOf(demoTownText), types, 7);
const from = Date.UTC(2026, 2, 2);
const to = from + 4 * 7 * 24 * hourMs;

const meter = devices.find(({ type }) => type === 'submeter') as SimulatedDevice;
const fault = (kind: FaultKind, quantity: string): Fault => ({ kind, subject: meter.id, quantity, from: from + hourMs, to: from + 3 * hourMs });
const said = meter.messages(from, from + 4 * hourMs);
const inside = ({ ts }: { ts: number }): boolean => ts >= from + hourMs && ts < from + 3 * hourMs;
const broken = (kind: FaultKind, quantity = '') => depart(meter, [fault(kind, quantity)], said).flatMap(({ messages }) => messages);

describe('the plan of faults', () => {
  it('is the same for the same seed and whatever stretch is asked for', () => {
    const whole = planFaults(devices, 3, from, to);
    expect(planFaults(devices, 3, from, to)).toEqual(whole);
    expect(planFaults(devices, 4, from, to)).not.toEqual(whole);
    const half = planFaults(devices, 3, from, from + 14 * 24 * hourMs);
    expect(whole.filter((one) => one.from < from + 14 * 24 * hourMs)).toEqual(half);
  });

  it('has every kind each week, on quantities that the device has', () => {
    const plan = planFaults(devices, 3, from, to, 2);
    for (const kind of faultKinds) expect(plan.filter((one) => one.kind === kind).length, kind).toBeGreaterThanOrEqual(6);
    for (const { subject, quantity } of plan) {
      const values = devices.find(({ id }) => id === subject)?.model.valuesAt(from);
      if (quantity !== '') expect(values).toHaveProperty(quantity);
    }
  });

  it('is written down as NDJSON', () => {
    const lines = labelsOf(planFaults(devices, 3, from, to))
      .trimEnd()
      .split('\n');
    for (const line of lines) expect(Object.keys(JSON.parse(line) as object)).toEqual(['kind', 'subject', 'quantity', 'from', 'to']);
  });
});

describe('a fault', () => {
  it('touches nothing outside its time', () => {
    for (const kind of faultKinds) {
      const out = broken(kind, 'active_power').filter((message) => said.includes(message) && !inside(message));
      expect(out).toEqual(said.filter((message) => !inside(message)));
    }
  });

  it('missing: says nothing', () => expect(broken('missing').filter(inside)).toEqual([]));
  it('stuck: repeats one value', () =>
    expect(
      new Set(
        broken('stuck', 'active_power')
          .filter(inside)
          .map(({ values }) => values.active_power),
      ).size,
    ).toBe(1));
  it('unit error: a thousandth', () => {
    const before = said.find(inside)?.values.active_power;
    expect(broken('unit-error', 'active_power').find(inside)?.values.active_power).toBe(Number(before) / 1000);
  });
  it('spike: far above', () => {
    const before = Number(said.find(inside)?.values.active_power);
    expect(broken('spike', 'active_power').find(inside)?.values.active_power).toBeGreaterThan(5 * before);
  });
  it('reset: counts from nothing', () => {
    const values = broken('reset', 'active_energy_import')
      .filter(inside)
      .map(({ values: all }) => Number(all.active_energy_import));
    expect(values[0]).toBeLessThan(50);
    expect(values).toEqual([...values].sort((a, b) => a - b));
  });
  it('duplicate: everything twice', () => expect(broken('duplicate').length).toBe(said.length + said.filter(inside).length));
  it('clock shift: stamps an hour early', () => {
    const shifted = broken('clock-shift').filter((message) => !said.includes(message));
    expect(shifted.map(({ ts }) => ts + hourMs)).toEqual(said.filter(inside).map(({ ts }) => ts));
  });
  it('late burst: all of it, when it is over', () => {
    const departures = depart(meter, [fault('late-burst', '')], said);
    expect(departures.map(({ notBefore }) => notBefore)).toEqual([0, from + 3 * hourMs]);
    expect(departures[1]?.messages).toEqual(said.filter(inside));
  });
});
