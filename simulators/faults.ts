/**
 * Faults that are known: what goes wrong with which device and when, and the same as labels, so that detectors can be judged.
 * Everything follows from the seed and the calendar week; a demo that starts again has the same faults.
 */

import { hourMs, weekMs } from '../core/time.ts';
import { between, chance, hashText } from './chance.ts';
import { epoch } from './curve.ts';
import type { Message, SimulatedDevice } from './fleet.ts';
import type { Values } from './model.ts';

export const faultKinds = ['missing', 'stuck', 'spike', 'unit-error', 'reset', 'late-burst', 'duplicate', 'clock-shift'] as const;
export type FaultKind = (typeof faultKinds)[number];

/** One label: in [from, to) (event time, epoch ms) the device is wrong in this way. */
export interface Fault {
  readonly kind: FaultKind;
  readonly subject: string;
  /** The quantity concerned; '' where the whole device is. */
  readonly quantity: string;
  readonly from: number;
  readonly to: number;
}

/** What leaves the device after its fault: messages, and from when on (epoch ms) they may be sent. */
export interface Departure {
  readonly notBefore: number;
  readonly messages: readonly Message[];
}

const clockShiftMs = hourMs;

/** How long a fault lasts, hours. */
const lasts: Readonly<Record<FaultKind, readonly [number, number]>> = {
  missing: [2, 12],
  stuck: [12, 72],
  spike: [0.3, 0.6],
  'unit-error': [3, 24],
  // A register that started again stays so until its week is over, when the meter is replaced.
  reset: [96, 96],
  'late-burst': [1, 6],
  duplicate: [1, 6],
  'clock-shift': [2, 8],
};

/** Which quantities a fault can befall; a device without any of them is passed over. */
const befalls: Readonly<Partial<Record<FaultKind, readonly string[]>>> = {
  stuck: ['temperature', 'co2', 'free_places', 'oil_temperature', 'voltage_l1'],
  spike: ['temperature', 'co2', 'active_power', 'load'],
  'unit-error': ['active_power', 'heat_power', 'apparent_power'],
  reset: ['active_energy_import', 'heat_energy', 'gas_volume'],
};

/**
 * The faults of [from, to): a named number of each kind a week, on devices that report at an interval.
 * @param perWeek of each kind; default 1
 */
export const planFaults = (devices: readonly SimulatedDevice[], seed: number, from: number, to: number, perWeek = 1): Fault[] => {
  const able = new Map<FaultKind, { id: string; quantity: string }[]>();
  for (const kind of faultKinds) {
    const quantities = befalls[kind];
    const list = devices.flatMap(({ id, model }) => {
      if (model.changes !== undefined) return [];
      if (quantities === undefined) return [{ id, quantity: '' }];
      const known = model.valuesAt(epoch);
      return quantities.filter((name) => Object.hasOwn(known, name)).map((quantity) => ({ id, quantity }));
    });
    if (list.length > 0) able.set(kind, list);
  }
  const faults: Fault[] = [];
  for (let week = Math.floor((from - epoch) / weekMs); epoch + week * weekMs < to; week++) {
    for (const [kind, list] of able) {
      for (let n = 0; n < perWeek; n++) {
        const key = hashText(`${kind}/${n}`, seed);
        const chosen = list[Math.floor(chance(key, 3 * week) * list.length)];
        if (chosen === undefined) continue;
        const span = between(key, 3 * week + 1, ...lasts[kind]) * hourMs;
        const start = epoch + week * weekMs + Math.floor(chance(key, 3 * week + 2) * (weekMs - span));
        if (start + span > from && start < to) faults.push({ kind, subject: chosen.id, quantity: chosen.quantity, from: start, to: start + span });
      }
    }
  }
  return faults.sort((a, b) => a.from - b.from || (a.subject < b.subject ? -1 : 1));
};

/** Labels as NDJSON, times in RFC 3339. */
export const labelsOf = (faults: readonly Fault[]): string =>
  faults.map((fault) => `${JSON.stringify({ ...fault, from: new Date(fault.from).toISOString(), to: new Date(fault.to).toISOString() })}\n`).join('');

const withValue = (message: Message, quantity: string, change: (value: number) => number): Message => {
  const value = message.values[quantity];
  if (typeof value !== 'number') return message;
  const values: Values = { ...message.values, [quantity]: change(value) };
  return { ...message, values };
};

const numberAt = (device: SimulatedDevice, quantity: string, at: number): number => {
  const value = device.model.valuesAt(at)[quantity];
  return typeof value === 'number' ? value : 0;
};

/** The message as the faulty device sends it: none, one, or the same one twice. */
const distort = (device: SimulatedDevice, { kind, quantity, from, to }: Fault, message: Message): readonly Message[] => {
  if (message.ts < from || message.ts >= to) return [message];
  switch (kind) {
    case 'missing':
      return [];
    case 'stuck':
      return [withValue(message, quantity, () => numberAt(device, quantity, from))];
    case 'spike':
      return [withValue(message, quantity, (value) => Math.round(value * 6 + 40))];
    case 'unit-error':
      return [withValue(message, quantity, (value) => value / 1000)];
    case 'reset':
      return [withValue(message, quantity, (value) => Math.max(0, Math.round((value - numberAt(device, quantity, from)) * 1000) / 1000))];
    case 'duplicate':
      return [message, message];
    case 'clock-shift':
      return [{ ...message, ts: message.ts - clockShiftMs }];
    case 'late-burst':
      return [message];
  }
};

/** What a device's messages become, in order; those of a late burst leave together when it is over. */
export const depart = (device: SimulatedDevice, faults: readonly Fault[], messages: readonly Message[]): Departure[] => {
  const now: Message[] = [];
  const held = new Map<number, Message[]>();
  for (const message of messages) {
    const burst = faults.find(({ kind, from, to }) => kind === 'late-burst' && message.ts >= from && message.ts < to);
    const sent = faults.reduce<readonly Message[]>((list, fault) => list.flatMap((one) => distort(device, fault, one)), [message]);
    if (burst === undefined) now.push(...sent);
    else held.set(burst.to, [...(held.get(burst.to) ?? []), ...sent]);
  }
  const late = [...held].map(([notBefore, list]) => ({ notBefore, messages: list }));
  return now.length === 0 ? late : [{ notBefore: 0, messages: now }, ...late];
};
