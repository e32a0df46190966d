/** The same hours of the weeks before, in the nights in which the clocks change: by the clock on the wall. */
import { describe, expect, it } from 'vitest';
import { hourMs } from '../../core/time.ts';
import { differenceOf, loadAround } from '../../dashboards/web/load/around.ts';
import { sameMoment, sameStart } from '../../dashboards/web/load/days.ts';
import { drive, townOf } from '../drive.ts';
import { types, viewsOver } from './town.ts';

const zone = 'Europe/Paris';
const hourOf = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', hourCycle: 'h23' });
const wallHour = (at: number): number => Number(hourOf.format(at));
/** kWh in an hour: every day alike. */
const used = (at: number): number => (wallHour(at) >= 8 && wallHour(at) < 20 ? 10 : 1);

describe('a building that does the same every day', () => {
  it.each([
    ['gets an hour', '2026-09-20T22:00Z', '2026-10-25T00:00Z', '2026-10-25T11:00Z'],
    ['loses an hour', '2026-02-22T23:00Z', '2026-03-29T00:00Z', '2026-03-29T10:00Z'],
    ['lost one a week ago', '2026-03-01T23:00Z', '2026-04-04T23:00Z', '2026-04-05T09:00Z'],
  ])('used no more and no less than usual on a day that %s', async (_, from, begin, end) => {
    const [start, stop] = [Date.parse(from), Date.parse(end) + 20 * hourMs];
    const gate = await drive(townOf([{ id: 'm', type: 'submeter', intervalMs: hourMs }]), start);
    let register = 1_000;
    for (let at = start; at <= stop; at += hourMs) {
      gate.at(at);
      gate.send('m', { ts: at, values: { active_energy_import: register } });
      register += used(at);
    }
    await gate.process();
    const { views } = viewsOver(gate);
    const quantity = types.get('submeter')?.rules.get('active_energy_import')?.quantity;
    if (quantity === undefined) throw new Error('no such quantity');
    const source = { views, types, directory: null as never, geo: null as never, now: stop };
    const key = { subject: 'm', quantity: quantity.name };
    const asked = { key, quantity, zone, finest: 2, begin: Date.parse(begin), end: Date.parse(end), anomaly: null, judgedMs: 0 };
    const around = await loadAround(source, asked);
    if (around === null) throw new Error('no curve');
    expect(differenceOf(around)).toEqual({ amount: 0, hours: (asked.end - asked.begin) / hourMs });
    const seen = around.rows.filter(({ end: until }) => until <= stop);
    expect(seen.map(({ usual }) => usual)).toEqual(seen.map(({ start: at }) => [used(at), used(at)]));
  });
});

describe('the same moment a week before', () => {
  const at = (text: string): number => Date.parse(text);
  it.each([
    ['2026-10-25T23:00+01:00', '2026-10-18T23:00+02:00'],
    ['2026-10-25T02:00+02:00', '2026-10-18T02:00+02:00'],
    ['2026-10-25T02:00+01:00', '2026-10-18T02:00+02:00'],
    ['2026-10-26T00:00+01:00', '2026-10-19T00:00+02:00'],
    ['2026-11-01T02:00+01:00', '2026-10-25T02:00+02:00'],
    ['2026-11-01T08:00+01:00', '2026-10-25T08:00+01:00'],
    ['2026-03-29T08:00+02:00', '2026-03-22T08:00+01:00'],
  ])('of %s is %s', (moment, then) => {
    expect(sameMoment(zone, at(moment), 7)).toBe(at(then));
    expect(sameStart(zone, at(moment), 7)).toBe(at(then));
  });
  it('is none of an hour that the change of the clocks left out; what is cut there is cut at the change', () => {
    expect(sameStart(zone, at('2026-04-05T02:00+02:00'), 7)).toBeNull();
    expect(sameMoment(zone, at('2026-04-05T02:00+02:00'), 7)).toBe(at('2026-03-29T01:00Z'));
  });
  it('of a day is the day, also where it begins at one', () => {
    const beirut = [at('2026-04-04T21:00Z'), at('2026-03-28T22:00Z')] as const;
    expect(sameStart('Asia/Beirut', beirut[0], 7)).toBe(beirut[1]);
  });
});
