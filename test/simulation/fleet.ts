/** Simulated devices of every kind of quantity: what they measure, when, and how they say it. Getting it to the gate is left to `network.ts`. */
import { Buffer } from 'node:buffer';
import type { Town } from '../../core/town.ts';
import type { Chance } from './chance.ts';

type Device = Town['devices'][number];
type Value = number | string | null;

/** One kind of device: a type of the registry, what it sends, and how. */
interface Kind {
  readonly type: string;
  /** Reports with a stamp of its own. */
  readonly stamped: boolean;
  /** Numbers its messages. */
  readonly counts?: boolean;
  /** Keeps what it measured while nobody heard it. */
  readonly buffers: boolean;
  readonly values: (chance: Chance, sensor: Sensor) => Record<string, Value>;
}

const register = (chance: Chance, sensor: Sensor, riseMax: number, perUnit: number): number => {
  const event = chance.below(200);
  if (event < 2)
    sensor.register = chance.below(perUnit); // it starts again
  else if (event === 2)
    sensor.register = 99_999 * perUnit; // soon past its last digit
  else if (event === 3)
    sensor.register += 1_000_000 * perUnit; // another meter
  else sensor.register += chance.below(riseMax);
  return sensor.register / perUnit;
};

const kinds: Readonly<Record<string, Kind>> = {
  index: {
    type: 'submeter',
    stamped: true,
    buffers: false,
    values: (chance, sensor) => ({ active_energy_import: register(chance, sensor, 4_000, 10_000), active_power: chance.below(9_000) }),
  },
  counter: { type: 'barrier-counter', stamped: true, buffers: true, values: (chance, sensor) => ({ in: register(chance, sensor, 4, 1) }) },
  delta: { type: 'linky', stamped: true, buffers: false, values: (chance) => ({ active_energy: chance.below(3_000) / 10_000 }) },
  line: {
    type: 'room-sensor',
    stamped: true,
    buffers: false,
    values: (chance) => ({ temperature: chance.hit(0.02) ? 90 : chance.between(1_500, 2_600) / 100, humidity: chance.below(10_000) / 100 }),
  },
  step: { type: 'car-park', stamped: true, buffers: false, values: (chance) => ({ free_places: chance.below(120) }) },
  state: { type: 'parking-bay', stamped: true, buffers: false, values: (chance) => ({ occupancy: chance.pick(['free', 'occupied']) }) },
  charger: {
    type: 'ev-charger',
    stamped: true,
    buffers: true,
    values: (chance) => ({ charging: chance.pick(['available', 'charging', 'finished']), session_energy: chance.below(40_000) / 1_000 }),
  },
  numbered: { type: 'generic', stamped: false, counts: true, buffers: false, values: (chance) => ({ temperature: chance.between(-200, 3_000) / 100 }) },
  plain: { type: 'generic', stamped: false, buffers: false, values: (chance) => ({ free_places: chance.below(12) }) },
};
const kindNames = Object.keys(kinds);

export interface Measurement {
  readonly ts: number | undefined;
  readonly values: Readonly<Record<string, Value>>;
  readonly seq: number | undefined;
}

export interface Sensor {
  readonly id: string;
  readonly kind: Kind;
  readonly device: Device;
  readonly intervalMs: number;
  /** In the town file from the start. */
  readonly declared: boolean;
  /** How far its clock is off, ms. */
  readonly skewMs: number;
  register: number;
  nextAt: number;
  said: number;
  /** What it measured last, for repetitions and corrections. */
  readonly past: Measurement[];
  /** What it could not send. */
  readonly backlog: Measurement[];
}

const intervalsMs = [5_000, 10_000, 20_000, 60_000, 90_000, 300_000] as const;
const backlogMax = 40;
const pastMax = 12;

export const makeFleet = (chance: Chance, count: number, start: number): Sensor[] =>
  Array.from({ length: count }, (_, n) => {
    const name = kindNames[n % kindNames.length] as string;
    const kind = kinds[name] as Kind;
    const id = `${name}-${n}`;
    const intervalMs = chance.pick(intervalsMs);
    const holds = chance.hit(0.3) ? { holdMs: chance.pick([30_000, 600_000, 600_000, 5_400_000]) } : {};
    return {
      id,
      kind,
      device: { id, type: kind.type, intervalMs, ...holds },
      intervalMs,
      declared: chance.hit(0.9),
      skewMs: chance.hit(0.2) ? chance.between(-400_000, 400_000) : 0,
      register: chance.below(1_000_000),
      nextAt: start + chance.below(intervalMs),
      said: 0,
      past: [],
      backlog: [],
    };
  });

const measure = (chance: Chance, sensor: Sensor, at: number): Measurement => {
  const values: Record<string, Value> = sensor.kind.values(chance, sensor);
  if (chance.hit(0.04)) for (const name of Object.keys(values)) values[name] = null;
  const taken = { ts: sensor.kind.stamped ? at + sensor.skewMs : undefined, values, seq: sensor.kind.counts === true ? sensor.said : undefined };
  sensor.said++;
  sensor.past.push(taken);
  if (sensor.past.length > pastMax) sensor.past.shift();
  return taken;
};

/** What a device says of its own accord beside its interval's reading: the past again, corrected; odd stamps; nonsense. */
const oddity = (chance: Chance, sensor: Sensor, now: number): unknown => {
  const values = sensor.kind.values(chance, sensor);
  // The gate's clock shows tens of ms: no stamp meets the log time of a message without one.
  const stamp = (ahead: number): number => now + Math.round(ahead / 10) * 10 + 7;
  const again = sensor.past.length === 0 ? { ts: stamp(0), values } : chance.pick(sensor.past);
  switch (chance.below(9)) {
    case 0:
    case 1:
      return again;
    case 2:
    case 3:
      return { ...again, values };
    case 4:
      return { ts: stamp(-chance.below(3 * 3_600_000)), values };
    case 5:
      return { ts: stamp(chance.below(60_000) - chance.pick([86_400_000, 3 * 86_400_000])), values };
    case 6:
      return { ts: stamp(chance.below(3_600_000)), values };
    case 7:
      return { ts: stamp(chance.below(500_000)), values };
    default:
      return nonsense(chance, stamp(0));
  }
};

const nonsense = (chance: Chance, now: number): unknown =>
  chance.pick<unknown>([
    'hello',
    { temperature: 3 },
    { ts: now, values: {} },
    { ts: now, values: { colour: 3, temperature: 'warm' } },
    { ts: 'yesterday', values: { temperature: 3 } },
    { ts: 0, values: { temperature: 3 } },
    { ts: now, values: { active_energy_import: -3, active_power: 1e308 } },
    { ts: now, deviceId: 'another', values: { temperature: 3 } },
    { ts: '2100-01-01T00:00:00Z', values: { temperature: 3, humidity: 4 } },
    { ts: now, values: { occupancy: 'perhaps', charging: 'perhaps', free_places: true } },
  ]);

const bytesOf = (body: unknown): Buffer => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));

/**
 * What a device publishes at `now`.
 * @param canSend false: it keeps its measurements where its kind does, and says nothing
 */
export const speak = (chance: Chance, sensor: Sensor, now: number, canSend: boolean): Buffer[] => {
  const said: Buffer[] = [];
  // After a long absence only its last measurements are simulated.
  const missed = Math.floor((now - sensor.nextAt) / sensor.intervalMs) - backlogMax;
  if (missed > 0) sensor.nextAt += missed * sensor.intervalMs;
  while (sensor.nextAt <= now) {
    const at = sensor.nextAt;
    sensor.nextAt += sensor.intervalMs * (chance.hit(sensor.intervalMs <= 10_000 ? 0.12 : 0.05) ? chance.pick([2, 5, 20, 20]) : 1);
    if (!canSend && !sensor.kind.buffers) continue;
    sensor.backlog.push(measure(chance, sensor, at - (chance.hit(0.1) ? chance.below(3_000) : 0)));
  }
  if (!canSend) return said;
  // Messages without a stamp in one array would share the time of its arrival: no such device gathers them.
  for (const size = sensor.kind.stamped ? chance.between(1, 5) : 1; sensor.backlog.length > 0; ) {
    const batch = sensor.backlog.splice(0, size);
    said.push(bytesOf(batch.length === 1 ? batch[0] : batch));
  }
  if (said.length > 0 && chance.hit(0.08)) said.push(bytesOf(oddity(chance, sensor, now)));
  return said;
};
