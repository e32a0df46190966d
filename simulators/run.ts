/** Lets the fleet speak: over MQTT, QoS 1, at its own pace, after some hours of history. What it says is left to the fleet and its faults. */
import mqtt, { type MqttClient } from 'mqtt';
import type { ResolvedType } from '../core/device-type.ts';
import { hourMs } from '../core/time.ts';
import type { Town } from '../core/town.ts';
import type { Clock } from './clock.ts';
import { type Departure, depart, type Fault, labelsOf, planFaults } from './faults.ts';
import { fleet, type Message, type SimulatedDevice } from './fleet.ts';

export interface FleetOptions {
  /** `mqtt://127.0.0.1:1883` */
  readonly url: string;
  readonly town: Town;
  readonly types: ReadonlyMap<string, ResolvedType>;
  readonly clock: Clock;
  /** Ends the fleet; what is in flight is waited for, two seconds at most. */
  readonly signal: AbortSignal;
  readonly seed?: number;
  /** History that is sent first; default 168, seven days. Registers a quarter of an hour apart; everything only in its last `fullHours`. */
  readonly historyHours?: number;
  /** Default 12. */
  readonly fullHours?: number;
  /** How many times as often as in life each device reports, once its history is sent; at most once a second. What it measures keeps to the clock. Default 1. */
  readonly speed?: number;
  /** Faults of each kind a week; default 0. */
  readonly faultsPerWeek?: number;
  /** Takes the labels of the faults, as NDJSON, before the first message. */
  readonly labels?: (ndjson: string) => void;
  /** Publishes not yet acknowledged, by connection; default 32. */
  readonly inFlightMax?: number;
  /** Told after each slice of history with the share of it that is acknowledged; 1: only the present is left. */
  readonly onHistory?: (share: number) => void;
}

export interface FleetResult {
  /** PUBLISH packets that were acknowledged, and the messages in them. */
  readonly published: number;
  readonly messages: number;
}

/** A connection for one sender, and the devices that it speaks for. */
interface Speaker {
  readonly devices: readonly SimulatedDevice[];
  /** Publishes what leaves the device now; resolves when there is room for more, not when it is acknowledged. */
  say(device: SimulatedDevice, messages: readonly Message[]): Promise<void>;
  /** Publishes late bursts whose time has come. */
  sayHeld(now: number): Promise<void>;
  /** Resolves when all that was published is acknowledged. */
  acknowledged(): Promise<unknown>;
  readonly done: { published: number; messages: number };
  end(): Promise<void>;
}

/** Messages in one publish; a device that was held up sends the rest in further ones. */
const batchMax = 120;
const liveStepMs = 1_000;
const sliceMs = 6 * hourMs;
/** What is in flight at the end is waited for so long. */
const farewellMs = 2_000;
/** Faults are planned so far ahead. */
const faultsAheadMs = 400 * 24 * hourMs;

const bySender = (devices: readonly SimulatedDevice[]): Map<string, SimulatedDevice[]> => {
  const groups = new Map<string, SimulatedDevice[]>();
  for (const device of devices) groups.set(device.sender, [...(groups.get(device.sender) ?? []), device]);
  return groups;
};

/** A gateway of the demo has its own name as password: it is no secret, and never leaves this machine. */
const connect = (url: string, sender: string): MqttClient =>
  mqtt
    .connect(url, { clientId: sender, username: sender, password: sender, clean: true, reconnectPeriod: 1_000, reconnectOnConnackError: true, keepalive: 30 })
    // It connects again by itself and sends again what was not acknowledged; without a listener an error would end the process.
    .on('error', () => undefined);

/** What all speakers share. */
interface Stage {
  readonly url: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly stopped: Promise<void>;
  readonly inFlightMax: number;
  readonly faultsOf: ReadonlyMap<string, readonly Fault[]>;
}

const speaker = (stage: Stage, sender: string, devices: readonly SimulatedDevice[]): Speaker => {
  const { clock, signal } = stage;
  const client = connect(stage.url, sender);
  const flights = new Set<Promise<void>>();
  const held: { device: SimulatedDevice; departure: Departure }[] = [];
  const done = { published: 0, messages: 0 };

  const publish = async (device: SimulatedDevice, list: readonly Message[]): Promise<void> => {
    for (let at = 0; at < list.length && !signal.aborted; at += batchMax) {
      const batch = list.slice(at, at + batchMax);
      const flight: Promise<void> = client.publishAsync(device.topic, JSON.stringify(batch.length === 1 ? batch[0] : batch), { qos: 1 }).then(
        () => {
          done.published++;
          done.messages += batch.length;
          flights.delete(flight);
        },
        // The client was ended: what was not acknowledged was not delivered, and is not counted.
        () => void flights.delete(flight),
      );
      flights.add(flight);
      if (flights.size >= stage.inFlightMax) await Promise.race([...flights, stage.stopped]);
    }
  };

  return {
    devices,
    done,
    async say(device, messages) {
      for (const departure of depart(device, stage.faultsOf.get(device.id) ?? [], messages)) {
        if (departure.notBefore > clock.now()) held.push({ device, departure });
        else await publish(device, departure.messages);
      }
    },
    async sayHeld(now) {
      for (const { device, departure } of held.filter(({ departure: { notBefore } }) => notBefore <= now)) await publish(device, departure.messages);
      for (let n = held.length - 1; n >= 0; n--) if ((held[n]?.departure.notBefore ?? 0) <= now) held.splice(n, 1);
    },
    acknowledged: () => Promise.all([...flights]),
    end: () => client.endAsync(true),
  };
};

/** Registers and states only: of older history, gauges would cost much and show little. */
const withoutGauges = (type: ResolvedType | undefined, messages: readonly Message[]): Message[] =>
  messages.flatMap(({ ts, values }) => {
    const kept = Object.entries(values).filter(([name]) => type?.rules.get(name)?.quantity.kind !== 'gauge');
    return kept.length === 0 ? [] : [{ ts, values: Object.fromEntries(kept) }];
  });

const faultsBySubject = (faults: readonly Fault[]): Map<string, Fault[]> => {
  const grouped = new Map<string, Fault[]>();
  for (const fault of faults) grouped.set(fault.subject, [...(grouped.get(fault.subject) ?? []), fault]);
  return grouped;
};

/** A device that reports on change says once how it stands. */
const introduce = async (one: Speaker, at: number): Promise<void> => {
  for (const device of one.devices) if (device.model.changes !== undefined) await one.say(device, [{ ts: at, values: device.model.valuesAt(at) }]);
};

/** One slice of history of one speaker's devices; event time stays in step over all devices. */
const tell = async (one: Speaker, types: FleetOptions['types'], from: number, to: number, full: boolean): Promise<void> => {
  for (const device of one.devices) {
    const messages = device.messages(from, to, device.coarseMs);
    await one.say(device, full ? messages : withoutGauges(types.get(device.type), messages));
  }
};

/** A step of whole seconds: phases are. */
const fasterStep = ({ intervalMs }: SimulatedDevice, speed: number): number => Math.max(1_000, Math.floor(intervalMs / speed / 1_000) * 1_000);

const live = async (one: Speaker, { clock, signal }: Stage, since: number, speed: number): Promise<void> => {
  let last = since;
  while (!signal.aborted) {
    const now = clock.now();
    if (now > last) for (const device of one.devices) await one.say(device, device.messages(last, now, fasterStep(device, speed)));
    last = Math.max(last, now);
    await one.sayHeld(now);
    await clock.wait(liveStepMs, signal);
  }
};

/**
 * Runs the simulated devices of a town until the signal.
 * Registers follow from the time alone, so a fleet that starts again goes on where it was.
 * @returns what was acknowledged
 */
export const runFleet = async (options: FleetOptions): Promise<FleetResult> => {
  const { url, town, types, clock, signal, seed = 1, historyHours = 168, fullHours = 12, speed = 1, faultsPerWeek = 0, inFlightMax = 32 } = options;
  const devices = fleet(town, types, seed);
  const start = clock.now();
  const first = start - historyHours * hourMs;
  const faults = faultsPerWeek === 0 ? [] : planFaults(devices, seed, first, start + faultsAheadMs, faultsPerWeek);
  options.labels?.(labelsOf(faults));
  const stopped = aborted(signal);
  const stage: Stage = { url, clock, signal, stopped, inFlightMax, faultsOf: faultsBySubject(faults) };
  const speakers = [...bySender(devices)].map(([sender, own]) => speaker(stage, sender, own));
  const acknowledged = (): Promise<unknown> => Promise.all(speakers.map((one) => one.acknowledged()));
  try {
    await Promise.all(speakers.map((one) => introduce(one, first)));
    for (let from = first; from < start && !signal.aborted; from += sliceMs) {
      const to = Math.min(start, from + sliceMs);
      await Promise.all(speakers.map((one) => tell(one, types, from, to, start - to < fullHours * hourMs)));
      await Promise.race([acknowledged(), stopped]);
      options.onHistory?.((to - first) / (start - first));
    }
    await Promise.all(speakers.map((one) => live(one, stage, start, speed)));
  } finally {
    // A gate that holds its acknowledgements must not hold the fleet for ever.
    const over = new AbortController();
    await Promise.race([acknowledged(), clock.wait(farewellMs, over.signal)]);
    over.abort();
    await Promise.all(speakers.map((one) => one.end()));
  }
  return speakers.reduce((sum, { done }) => ({ published: sum.published + done.published, messages: sum.messages + done.messages }), {
    published: 0,
    messages: 0,
  });
};

/** Resolves when the signal is aborted. */
const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
