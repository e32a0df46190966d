/** Models of parking and charging. No vehicle is known: there are states, counts and amounts. */

import { minuteMs } from '../core/time.ts';
import { between, chance, hashText } from './chance.ts';
import { epoch } from './curve.ts';
import { firstRegister, type Model, type ModelInput, registered, round } from './model.ts';

const hourMs = 60 * minuteMs;

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Whole seconds: devices do not stamp finer. */
const second = (at: number): number => Math.floor(at / 1000) * 1000;

const baySlotMs = 2 * hourMs;

/** When a bay is taken in the slot that holds `at`; null where it stays free. */
const stay = ({ key, shapes }: ModelInput, slot: number): Span | null => {
  const start = slot * baySlotMs;
  const { hour, workday } = shapes.civil(start + baySlotMs / 2);
  const night = hour < 7 || hour > 20;
  const wanted = night ? 0.8 : workday ? 0.72 : 0.55;
  if (chance(key, slot) >= wanted) return null;
  // At night a car stays through; by day it comes and goes.
  if (night && chance(key ^ 3, slot) < 0.85) return { from: start, to: start + baySlotMs };
  const from = second(start + between(key ^ 1, slot, 0, 0.5) * baySlotMs);
  return { from, to: second(from + between(key ^ 2, slot, 0.15, 0.5) * baySlotMs) };
};

export const parkingBayModel = (input: ModelInput): Model => {
  const taken = (at: number): boolean => {
    const span = stay(input, Math.floor(at / baySlotMs));
    return span !== null && span.from <= at && at < span.to;
  };
  return {
    valuesAt: (at) => ({ occupancy: taken(at) ? 'occupied' : 'free' }),
    changes(from, to) {
      const found: number[] = [];
      for (let slot = Math.floor(from / baySlotMs); slot * baySlotMs <= to; slot++) {
        const span = stay(input, slot);
        const edges = [slot * baySlotMs, ...(span === null ? [] : [span.from, span.to])];
        for (const at of new Set(edges)) if (at > from && at <= to && taken(at) !== taken(at - 1)) found.push(at);
      }
      return [...new Set(found)].sort((a, b) => a - b);
    },
  };
};

/** Vehicles stay so long in a car park. */
const stayMs = 2.5 * hourMs;
/** Shares of the two lanes, by the last letter of the barrier's name. */
const laneShares = { a: 0.58, b: 0.42 } as const;
type Lane = keyof typeof laneShares;

/** Passages of one lane since `epoch`. A vehicle leaves by the lane that it came by, so entries − exits are those inside. */
const passages = ({ shapes }: ModelInput, capacity: number, lane: Lane) => {
  const rate = capacity * 0.42 * laneShares[lane];
  return {
    entries: (at: number): number => Math.floor(rate * shapes.arrivals.integral(at)),
    exits: (at: number): number => Math.floor(rate * shapes.arrivals.integral(at - stayMs)),
  };
};

export const carParkModel = (input: ModelInput): Model => {
  const { capacity, key } = input;
  const lanes = (Object.keys(laneShares) as Lane[]).map((lane) => passages(input, capacity, lane));
  const residents = Math.floor(capacity * between(key, 1, 0.08, 0.16));
  return {
    valuesAt(at) {
      const inside = lanes.reduce((sum, lane) => sum + lane.entries(at) - lane.exits(at), residents);
      return { free_places: Math.max(0, capacity - inside), capacity };
    },
  };
};

export const barrierCounterModel = (input: ModelInput): Model => {
  const lane = passages(input, input.capacity, input.id.endsWith('-b') ? 'b' : 'a');
  const start = firstRegister(hashText(input.site), 200_000);
  return { valuesAt: (at) => ({ entries: start + lane.entries(at), exits: start + lane.exits(at) }) };
};

const chargeSlotMs = 3 * hourMs;

interface Session {
  readonly from: number;
  /** The battery is full. */
  readonly full: number;
  /** The vehicle leaves. */
  readonly to: number;
  readonly kw: number;
}

/** The charging session of a slot, if any. */
const session = ({ key, shapes }: ModelInput, slot: number): Session | null => {
  const start = slot * chargeSlotMs;
  const { hour } = shapes.civil(start + chargeSlotMs / 2);
  const wanted = hour < 6 ? 0.25 : hour > 16 ? 0.6 : 0.42;
  if (chance(key, slot) >= wanted) return null;
  const from = second(start + between(key ^ 1, slot, 0.02, 0.3) * chargeSlotMs);
  const full = second(from + between(key ^ 2, slot, 0.2, 0.5) * chargeSlotMs);
  const to = second(full + between(key ^ 3, slot, 0.02, 0.18) * chargeSlotMs);
  return { from, full, to, kw: chance(key ^ 4, slot) < 0.3 ? 3.7 : chance(key, 5) < 0.5 ? 7.4 : 22 };
};

const energyOf = ({ from, full, kw }: Session, at: number): number => (kw * (Math.min(Math.max(at, from), full) - from)) / hourMs;

export const evChargerModel = (input: ModelInput): Model => {
  const firstSlot = Math.floor(epoch / chargeSlotMs);
  /** sums[n]: energy of the first n slots since `epoch`, kWh. */
  const sums: number[] = [0];
  const before = (slot: number): number => {
    const n = slot - firstSlot;
    while (sums.length <= n) {
      const past = session(input, firstSlot + sums.length - 1);
      sums.push((sums.at(-1) ?? 0) + (past === null ? 0 : energyOf(past, past.full)));
    }
    return sums[Math.max(0, n)] ?? 0;
  };
  const start = firstRegister(input.key, 30_000);
  return {
    valuesAt(at) {
      const slot = Math.floor(at / chargeSlotMs);
      const now = session(input, slot);
      const total = start + before(slot) + (now === null ? 0 : energyOf(now, at));
      const here = now !== null && now.from <= at && at < now.to;
      const active = here && at < now.full;
      return {
        charging: active ? 'charging' : here ? 'finished' : 'available',
        active_power: active ? round(now.kw * 1000, 0) : 0,
        active_energy_import: registered(total, 3),
        session_energy: here ? registered(energyOf(now, at), 3) : 0,
      };
    },
  };
};
