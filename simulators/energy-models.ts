/** Models of what counts energy, gas, heat and water. Every register is the integral of the power beside it. */

import { hourMs, minuteMs, quarterMs } from '../core/time.ts';
import { between, chance, drift } from './chance.ts';
import { type Curve, epoch, type Warp } from './curve.ts';
import { firstRegister, type Model, type ModelInput, mains, ownWarp, registered, round, steadyWarp } from './model.ts';
import type { SiteUse } from './shapes.ts';

/** Electric power at the usual peak, W/m². */
const wattsPerM2: Readonly<Record<SiteUse, number>> = {
  school: 11,
  creche: 15,
  office: 19,
  sport: 14,
  pool: 42,
  culture: 20,
  community: 12,
  market: 16,
  housing: 8,
};

/** Heating power at −7 °C, W/m². */
const heatPerM2: Readonly<Record<SiteUse, number>> = {
  school: 75,
  creche: 80,
  office: 60,
  sport: 70,
  pool: 160,
  culture: 65,
  community: 70,
  market: 40,
  housing: 55,
};

/** A load of `kw` at the curve's 1: its power in kW and the energy in kWh since `epoch`. */
const loadOf = (kw: number, shape: Curve, way: Warp): { power(at: number): number; energy(at: number): number } => ({
  power: (at) => kw * shape.at(way.time(at)) * way.slope(at),
  energy: (at) => kw * shape.integral(way.time(at)),
});

export const linkyModel = (input: ModelInput): Model => {
  const { key, shapes } = input;
  const home = loadOf(between(key, 1, 0.5, 2.6), shapes.electricity.housing, ownWarp(input));
  const start = firstRegister(key, 60_000);
  return {
    valuesAt(at) {
      const apparent = (home.power(at) * 1000) / 0.96;
      const voltage = mains(key, at, apparent / 2_000);
      return {
        active_energy_import: registered(start + home.energy(at), 3),
        apparent_power: round(apparent, 0),
        voltage_l1: round(voltage, 0),
        current_l1: round(apparent / voltage, 0),
      };
    },
  };
};

export const submeterModel = (input: ModelInput): Model => {
  const { key, shapes, use, areaM2 } = input;
  const building = loadOf((areaM2 * wattsPerM2[use] * between(key, 1, 0.75, 1.3)) / 1000, shapes.electricity[use], ownWarp(input));
  const start = firstRegister(key, quarterMs);
  return {
    valuesAt: (at) => ({ active_energy_import: registered(start + building.energy(at), 3), active_power: round(building.power(at) * 1000, 0) }),
  };
};

/** Heat that the building takes, kW and kWh. */
const heatOf = (input: ModelInput) => {
  const { key, shapes, use, areaM2 } = input;
  return loadOf((areaM2 * heatPerM2[use] * between(key, 2, 0.7, 1.35)) / 1000, shapes.heating[use], ownWarp(input));
};

export const heatMeterModel = (input: ModelInput): Model => {
  const heat = heatOf(input);
  const start = firstRegister(input.key, 2_000_000);
  return {
    valuesAt(at) {
      const kw = heat.power(at);
      const supply = 48 + 1.1 * Math.max(0, 17 - input.shapes.weather(at).temperature) + drift(input.key, at, hourMs);
      const spread = 18 + 2 * drift(input.key ^ 1, at, 2 * hourMs);
      return {
        heat_energy: registered(start + heat.energy(at), 1),
        heat_power: round(kw * 1000, -2),
        // Water carries 1.163 kWh per m³ and kelvin.
        flow: round(kw / (1.163 * spread), 3),
        supply_temperature: round(supply, 1),
        return_temperature: round(kw > 0 ? supply - spread : supply - 4, 1),
      };
    },
  };
};

/** Calorific value that the simulated converter works with, kWh/m³. Real ones change from day to day. */
const simulatedKWhPerM3 = 11.2;

export const gasMeterModel = (input: ModelInput): Model => {
  const heat = heatOf(input);
  const boiler = 0.9;
  const start = firstRegister(input.key, 80_000);
  return {
    valuesAt(at) {
      const kwh = heat.energy(at) / boiler;
      return {
        gas_volume: registered(start + kwh / simulatedKWhPerM3, 2),
        gas_energy_index: registered(start * simulatedKWhPerM3 + kwh, 1),
      };
    },
  };
};

export const waterMeterModel = (input: ModelInput): Model => {
  const { key, shapes, use, areaM2 } = input;
  const perHour = (use === 'pool' ? 2.2 : 0.00022 * areaM2) * between(key, 3, 0.6, 1.4);
  const people = loadOf(perHour, shapes.presence[use], ownWarp(input));
  // Some houses drip, day and night.
  const leak = chance(key, 4) < 0.1 ? 0.012 : 0;
  const start = firstRegister(key, 9_000);
  return { valuesAt: (at) => ({ water_volume: registered(start + people.energy(at) + (leak * (at - epoch)) / hourMs, 3) }) };
};

export const transformerModel = (input: ModelInput): Model => {
  const { key, shapes } = input;
  const kva = [400, 630, 1_000][Math.floor(chance(key, 1) * 3)] ?? 630;
  const way = ownWarp(input);
  const station = loadOf(kva * between(key, 2, 0.75, 1.25), shapes.district, way);
  const start = firstRegister(key, 9_000_000);
  const skew = [between(key, 3, -0.06, 0.06), between(key, 4, -0.06, 0.06)] as const;
  return {
    valuesAt(at) {
      const kw = station.power(at);
      const apparent = kw / 0.95;
      const share = apparent / kva;
      const shares = [1 + skew[0], 1 + skew[1], 1 - skew[0] - skew[1]].map((s, i) => s + 0.02 * drift(key ^ i, at, 5 * minuteMs));
      const volts = [0, 1, 2].map((phase) => mains(key + phase, at, 4 * share));
      const amps = shares.map((s, i) => (apparent * 1000 * s) / 3 / (volts[i] ?? 230));
      // The oil follows the load of the last three hours.
      const mean = (station.energy(at) - station.energy(at - 3 * hourMs)) / 3 / 0.95 / kva;
      const oil = shapes.weather(at).temperature + 8 + 52 * mean ** 1.6 + 0.3 * drift(key ^ 9, at, 7 * minuteMs);
      return {
        current_l1: round(amps[0] ?? 0, 1),
        current_l2: round(amps[1] ?? 0, 1),
        current_l3: round(amps[2] ?? 0, 1),
        voltage_l1: round(volts[0] ?? 0, 1),
        voltage_l2: round(volts[1] ?? 0, 1),
        voltage_l3: round(volts[2] ?? 0, 1),
        active_power: round(kw * 1000, -2),
        load: round(share * 100, 1),
        oil_temperature: round(oil, 1),
        active_energy_import: registered(start + station.energy(at), 1),
      };
    },
  };
};

export const pvInverterModel = (input: ModelInput): Model => {
  const { key, shapes } = input;
  const roof = loadOf(between(key, 1, 18, 72), shapes.solar, steadyWarp(input));
  const start = firstRegister(key, 120_000);
  return {
    valuesAt(at) {
      const watts = roof.power(at) * 1000;
      return {
        active_power: watts < 20 ? 0 : round(watts, 0),
        dc_power: watts < 20 ? 0 : round(watts / 0.97, 0),
        active_energy_export: registered(start + roof.energy(at), 2),
        voltage_l1: round(mains(key, at, -watts / 25_000), 1),
      };
    },
  };
};

/** It fills from ten to two and empties from six to ten in the evening, each day the same amount. */
export const batteryModel = (input: ModelInput): Model => {
  const { key, shapes } = input;
  const capacityKWh = between(key, 1, 20, 60);
  const way = steadyWarp(input);
  const kw = (0.8 * capacityKWh) / 4;
  const [charge, discharge] = [loadOf(kw, shapes.batteryCharge, way), loadOf(kw, shapes.batteryDischarge, way)];
  const start = firstRegister(key, 20_000);
  return {
    valuesAt(at) {
      const stored = charge.energy(at) - discharge.energy(at);
      const watts = (charge.power(at) - discharge.power(at)) * 1000;
      return {
        state_of_charge: round(12 + (100 * stored) / capacityKWh, 1),
        active_power: round(watts, 0),
        active_energy_import: registered(start * 1.08 + charge.energy(at) / 0.96, 2),
        active_energy_export: registered(start + discharge.energy(at) * 0.96, 2),
        temperature: round(22 + Math.abs(watts) / (capacityKWh * 45) + 0.8 * drift(key, at, 3 * hourMs), 1),
      };
    },
  };
};

export const streetLightingModel = (input: ModelInput): Model => {
  const { key, shapes } = input;
  const lamps = Math.floor(between(key, 1, 25, 90));
  const way = steadyWarp(input);
  const feeder = loadOf(lamps * 0.062, shapes.lamps, way);
  const start = firstRegister(key, 90_000);
  return {
    valuesAt(at) {
      const level = shapes.lamps.at(way.time(at));
      return {
        lighting: level === 0 ? 'off' : level < 1 ? 'dimmed' : 'on',
        dimming_level: level * 100,
        active_power: round(feeder.power(at) * 1000, 0),
        active_energy_import: registered(start + feeder.energy(at), 2),
        lamp_faults: chance(key, Math.floor(at / (20 * 24 * hourMs))) < 0.25 ? 1 + Math.floor(2 * chance(key, 7)) : 0,
      };
    },
  };
};
