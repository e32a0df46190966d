/** A few devices of every type of the demo town, simulated over some days and written to InfluxDB by the pipeline itself: what dashboards are tried on. */
import { readFileSync } from 'node:fs';
import { hourMs, minuteMs, quarterMs } from '../../core/time.ts';
import { parseTown, type Town } from '../../core/town.ts';
import { resolveTypes } from '../../devices/registry.ts';
import { fleet, type Message, type SimulatedDevice } from '../../simulators/fleet.ts';
import type { Buckets } from '../../stores/influxdb/schema.ts';
import { influxDbStore } from '../../stores/influxdb.ts';
import type { Influxd } from '../../torture/rigs/influxd.ts';
import { type Drive, drive } from '../drive.ts';

/** Sunday 29 March 2026, 00:00 in Paris, a day of 23 hours; until Wednesday 1 April, 12:07: March is over. */
export const filledFrom = Date.parse('2026-03-28T23:00:00Z');
export const filledTo = Date.parse('2026-04-01T10:07:00Z');

/** Devices of a type at the most. */
const devicesOfType: Readonly<Record<string, number>> = { 'parking-bay': 6, linky: 12, submeter: 5, 'room-sensor': 3, 'barrier-counter': 2 };
/** Those that report each minute cost most. */
const devicesMax = (type: string): number => devicesOfType[type] ?? (['transformer', 'battery', 'pv-inverter', 'ev-charger'].includes(type) ? 1 : 2);

const types = resolveTypes();

/** The demo town with a few of its devices. */
export const fewOfEach = (): Town => {
  const parsed = parseTown(readFileSync(new URL('../../simulators/demo-town.yaml', import.meta.url), 'utf8'), new Set(types.keys()));
  if (!parsed.ok) throw new Error(parsed.failures[0]?.message);
  const { town } = parsed;
  const counted = new Map<string, number>();
  // Sites with a roof and a battery first: their other meters come along.
  const rich = new Set(town.devices.filter(({ type }) => type === 'battery').map(({ site }) => site));
  const devices = [...town.devices]
    .sort((a, b) => Number(rich.has(b.site)) - Number(rich.has(a.site)))
    .filter(({ type }) => {
      const count = counted.get(type) ?? 0;
      counted.set(type, count + 1);
      return count < devicesMax(type);
    });
  const used = new Set(devices.map(({ site }) => site));
  return { ...town, devices, sites: town.sites.filter(({ id }) => used.has(id)) };
};

const say = (gate: Drive, { id, sender }: SimulatedDevice, { ts, values }: Message): void => gate.send(id, { ts, values }, { sender, logTime: gate.now() });

/** What is implausible for an hour and a half of the last six, by type: enough for an alarm on every dashboard. */
const implausible: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'car-park': { free_places: 9_999 },
  'room-sensor': { temperature: 95 },
  'street-lighting': { voltage_l1: 20 },
  transformer: { oil_temperature: 200 },
};

/** What goes wrong. @returns the message as it is sent; null where it is not, or not yet */
const distorted = (device: SimulatedDevice, message: Message, late: [SimulatedDevice, Message][]): Message | null => {
  const hours = (message.ts - filledFrom) / hourMs;
  if (device.type === 'weather-station' && hours > 70 && device.id.endsWith('a')) return null;
  // Around midnight: a day that was closed without it is told anew.
  if (device.type === 'heat-meter' && hours > 44 && hours < 50) {
    late.push([device, message]);
    return null;
  }
  const wrong = implausible[device.type];
  return wrong !== undefined && hours > 78 && hours < 79.5 ? { ...message, values: { ...message.values, ...wrong } } : message;
};

export interface Filled {
  readonly buckets: Buckets;
  readonly gate: Drive;
  close(): Promise<void>;
}

/** Fills fresh buckets. */
export const fillTown = async (influxd: Influxd): Promise<Filled> => {
  const buckets = await influxd.buckets();
  const store = await influxDbStore({ ...influxd, buckets });
  const town = fewOfEach();
  const gate = await drive(town, filledFrom, store);
  const devices = fleet(town, types, 1);
  const late: [SimulatedDevice, Message][] = [];
  for (const device of devices) say(gate, device, { ts: filledFrom, values: device.model.valuesAt(filledFrom) });
  for (let from = filledFrom; from < filledTo; from += quarterMs) {
    const to = Math.min(filledTo, from + quarterMs);
    const due = devices.flatMap((device) => device.messages(from, to, device.coarseMs).map((message) => ({ device, message })));
    due.sort((a, b) => a.message.ts - b.message.ts);
    for (const { device, message } of due) {
      if (message.ts > gate.now() + minuteMs) gate.tick(message.ts, 5_000);
      const sent = distorted(device, message, late);
      if (sent !== null) say(gate, device, sent);
    }
    gate.tick(to, 5_000);
    if ((to - filledFrom) % hourMs === 0) await gate.process();
    if (to === filledFrom + 55 * hourMs) {
      for (const [device, message] of late.splice(0)) say(gate, device, message);
      gate.send('nobody', 'not JSON', { sender: 'nobody' });
      gate.send(devices[0]?.id ?? '', { ts: gate.now(), values: { temperature: 'warm' } }, { sender: devices[0]?.sender ?? '' });
    }
  }
  gate.tick(filledTo + 3_000);
  await gate.process();
  await gate.checkpoint();
  return { buckets, gate, close: () => store.close() };
};
