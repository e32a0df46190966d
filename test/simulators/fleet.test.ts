import { describe, expect, it } from 'vitest';
import { clearSky, sunPosition } from '../../core/sun.ts';
import { hourMs } from '../../core/time.ts';
import { fleet, type SimulatedDevice } from '../../simulators/fleet.ts';
import { townAt } from '../../simulators/weather.ts';
import { demoTownText, townOf, types } from './town-of.ts';

const town = townOf(demoTownText);
const devices = fleet(town, types, 7);
const monday = Date.UTC(2026, 2, 2);

/** The first devices of each type. */
const some = (count: number): SimulatedDevice[] => {
  const seen = new Map<string, number>();
  return devices.filter(({ type }) => {
    const n = seen.get(type) ?? 0;
    seen.set(type, n + 1);
    return n < count;
  });
};
const first = (type: string): SimulatedDevice => devices.find((device) => device.type === type) as SimulatedDevice;
const number = (device: SimulatedDevice, quantity: string, at: number): number => Number(device.model.valuesAt(at)[quantity]);

describe('the sun', () => {
  it.each([
    // Upper culmination at 2.27° E, from the equation of time: 21 June −1 min 48 s, 2 November +16 min 27 s.
    ['summer solstice', Date.UTC(2026, 5, 21), 11.88, 64.6],
    ['early November', Date.UTC(2026, 10, 2), 11.57, 26.5],
    ['winter solstice', Date.UTC(2026, 11, 21), 11.81, 17.7],
  ])('stands highest about noon at %s', (_name, day, hour, elevation) => {
    let best = { at: 0, elevationDeg: -90 };
    for (let at = day + 9 * hourMs; at < day + 15 * hourMs; at += 60_000) {
      const { elevationDeg } = sunPosition(at, townAt.lon, townAt.lat);
      if (elevationDeg > best.elevationDeg) best = { at, elevationDeg };
    }
    expect((best.at - day) / hourMs).toBeCloseTo(hour, 1);
    expect(Math.abs(best.elevationDeg - elevation)).toBeLessThan(0.5);
    expect(sunPosition(best.at, townAt.lon, townAt.lat).azimuthDeg).toBeCloseTo(180, -1);
  });

  it('does not shine at night', () => {
    expect(clearSky(sunPosition(Date.UTC(2026, 5, 21), townAt.lon, townAt.lat).elevationDeg)).toBe(0);
    expect(clearSky(60)).toBeGreaterThan(800);
  });
});

describe('the fleet', () => {
  it('says the same for the same seed, whatever was asked before, and other things for another', () => {
    const again = fleet(town, types, 7);
    const other = fleet(town, types, 8);
    for (const [n, device] of devices.entries()) {
      if (n % 20 !== 0) continue;
      for (const at of [monday + 8 * hourMs, monday + 200 * hourMs]) {
        expect(again[n]?.model.valuesAt(at)).toEqual(device.model.valuesAt(at));
      }
    }
    expect(other.map(({ model }) => model.valuesAt(monday))).not.toEqual(devices.map(({ model }) => model.valuesAt(monday)));
  });

  it('stays within what its types find plausible and knows only their quantities', () => {
    for (const device of some(6)) {
      const rules = types.get(device.type)?.rules;
      for (let at = Date.UTC(2025, 6, 1); at < Date.UTC(2026, 10, 1); at += 31 * hourMs + 137_000) {
        for (const [name, value] of Object.entries(device.model.valuesAt(at))) {
          const rule = rules?.get(name);
          expect(rule, `${device.id} ${name}`).toBeDefined();
          if (typeof value === 'string') expect(rule?.quantity.states).toContain(value);
          if (typeof value !== 'number' || rule?.plausible === undefined) continue;
          if (value < rule.plausible[0] || value > rule.plausible[1]) expect(`${device.id} ${name} ${value}`).toBe('plausible');
        }
      }
    }
  });

  it('never turns a register back, neither in its way nor after a new start, nor faster than its type can', () => {
    const again = new Map(fleet(town, types, 7).map((device) => [device.id, device]));
    for (const device of some(4)) {
      const before = new Map<string, number>();
      for (let step = 0; step < 300; step++) {
        const at = monday + step * 13 * 60_000;
        // Every other value comes from a fleet that has just started.
        const { model } = step % 2 === 0 ? device : (again.get(device.id) as SimulatedDevice);
        for (const [name, value] of Object.entries(model.valuesAt(at))) {
          const rule = types.get(device.type)?.rules.get(name);
          if (rule?.quantity.kind !== 'index' || typeof value !== 'number') continue;
          const last = before.get(name) ?? value;
          if (value < last) expect(`${device.id} ${name} ${last} → ${value}`).toBe('not less');
          if (rule.maxPerHour !== undefined) expect(value - last).toBeLessThanOrEqual(rule.maxPerHour);
          before.set(name, value);
        }
      }
    }
  });

  it('counts the energy of the power that it shows', () => {
    for (const [type, power, energy] of [
      ['submeter', 'active_power', 'active_energy_import'],
      ['pv-inverter', 'active_power', 'active_energy_export'],
      ['ev-charger', 'active_power', 'active_energy_import'],
      ['street-lighting', 'active_power', 'active_energy_import'],
      ['heat-meter', 'heat_power', 'heat_energy'],
    ] as const) {
      const device = first(type);
      let wattHours = 0;
      for (let at = monday; at < monday + 24 * hourMs; at += 10_000) wattHours += number(device, power, at + 5_000) / 360;
      const counted = number(device, energy, monday + 24 * hourMs) - number(device, energy, monday);
      expect(Math.abs(counted - wattHours / 1000), `${type} ${counted}`).toBeLessThan(0.02 * counted + 0.3);
    }
  });

  it('lives: schools by day, homes in the evening, roofs at noon, lamps at night', () => {
    const school = devices.find(({ id, type }) => type === 'submeter' && id.startsWith('ecole-elementaire')) as SimulatedDevice;
    const day = monday + 7 * 24 * hourMs; // after the winter holidays
    expect(number(school, 'active_power', day + 9 * hourMs)).toBeGreaterThan(2 * number(school, 'active_power', day + 2 * hourMs));
    // The Sunday before.
    expect(number(school, 'active_power', day + 9 * hourMs)).toBeGreaterThan(2 * number(school, 'active_power', day - 15 * hourMs));
    const homes = devices.filter(({ type }) => type === 'linky');
    const sum = (at: number): number => homes.reduce((total, home) => total + number(home, 'apparent_power', at), 0);
    expect(sum(day + 19 * hourMs)).toBeGreaterThan(1.5 * sum(day + 2 * hourMs));
    expect(number(first('pv-inverter'), 'active_power', day + 12 * hourMs)).toBeGreaterThan(0);
    expect(number(first('pv-inverter'), 'active_power', day + hourMs)).toBe(0);
    expect(first('street-lighting').model.valuesAt(day + 22 * hourMs).lighting).toBe('on');
    expect(first('street-lighting').model.valuesAt(day + 12 * hourMs).lighting).toBe('off');
  });

  it('keeps the books of a car park: places are what went in and did not come out', () => {
    const park = first('car-park');
    const lanes = devices.filter(({ id }) => id.startsWith(`${park.id}-barrier-`));
    expect(lanes).toHaveLength(2);
    const inside = (at: number): number => lanes.reduce((sum, lane) => sum + number(lane, 'entries', at) - number(lane, 'exits', at), 0);
    let full = 0;
    for (let at = monday; at < monday + 7 * 24 * hourMs; at += 20 * 60_000) {
      expect(number(park, 'free_places', at) - number(park, 'free_places', monday)).toBe(inside(monday) - inside(at));
      full = Math.max(full, 1 - number(park, 'free_places', at) / number(park, 'capacity', at));
    }
    expect(full).toBeGreaterThan(0.6);
    expect(full).toBeLessThan(1);
  });

  it('reports a bay when its state changes, and only then', () => {
    for (const bay of devices.filter(({ type }) => type === 'parking-bay').slice(0, 20)) {
      const messages = bay.messages(monday, monday + 48 * hourMs);
      expect(messages.length).toBeGreaterThan(1);
      let state = bay.model.valuesAt(monday).occupancy;
      for (const { ts, values } of messages) {
        expect(values.occupancy).not.toBe(state);
        expect(bay.model.valuesAt(ts - 1).occupancy).toBe(state);
        state = values.occupancy;
      }
      expect(state).toBe(bay.model.valuesAt(monday + 48 * hourMs).occupancy);
    }
  });

  it('cuts time into messages without gap or overlap', () => {
    for (const device of some(1)) {
      const whole = device.messages(monday, monday + 6 * hourMs);
      const parts = [0, 1, 2, 3, 4, 5].flatMap((n) => device.messages(monday + n * hourMs, monday + (n + 1) * hourMs));
      expect(parts).toEqual(whole);
      const rare = device.messages(monday, monday + 6 * hourMs, device.coarseMs);
      for (const message of rare) expect(whole).toContainEqual(message);
      expect(device.coarseMs).toBeLessThanOrEqual(Math.max(device.intervalMs, types.get(device.type)?.holdMs ?? 0));
    }
  });

  it('leaves out what is not simulated', () => {
    const [one] = town.devices;
    expect(one).toBeDefined();
    expect(fleet({ ...town, devices: [{ ...one, id: 'real', type: 'linky', simulated: false }] }, types, 7)).toEqual([]);
  });
});
