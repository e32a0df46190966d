/** The living town: every device of a town file that is marked `simulated`, and what it says when. Sending is left to `run.ts`. */
import type { ResolvedType } from '../core/device-type.ts';
import { quarterMs } from '../core/time.ts';
import type { Device, Site, Town } from '../core/town.ts';
import { airSensorModel, roomSensorModel, weatherStationModel } from './air-models.ts';
import { chance, hashText } from './chance.ts';
import {
  batteryModel,
  gasMeterModel,
  heatMeterModel,
  linkyModel,
  pvInverterModel,
  streetLightingModel,
  submeterModel,
  transformerModel,
  waterMeterModel,
} from './energy-models.ts';
import { barrierCounterModel, carParkModel, evChargerModel, parkingBayModel } from './mobility-models.ts';
import { type Model, type ModelInput, modelInput, type Values } from './model.ts';
import { shapes } from './shapes.ts';

/** One line a type; a test says that every type of the demo town has its model. */
export const models: Readonly<Record<string, (input: ModelInput) => Model>> = {
  'barrier-counter': barrierCounterModel,
  battery: batteryModel,
  'car-park': carParkModel,
  'ev-charger': evChargerModel,
  'gas-meter': gasMeterModel,
  generic: airSensorModel,
  'heat-meter': heatMeterModel,
  linky: linkyModel,
  'parking-bay': parkingBayModel,
  'pv-inverter': pvInverterModel,
  'room-sensor': roomSensorModel,
  'street-lighting': streetLightingModel,
  submeter: submeterModel,
  transformer: transformerModel,
  'water-meter': waterMeterModel,
  'weather-station': weatherStationModel,
};

/** A native message: event time in epoch ms, and values. */
export interface Message {
  readonly ts: number;
  readonly values: Values;
}

export interface SimulatedDevice {
  readonly id: string;
  readonly type: string;
  readonly topic: string;
  /** Who speaks for it; itself where no gateway does. */
  readonly sender: string;
  readonly intervalMs: number;
  /** The coarsest step that still covers its time, for history: at most a quarter of an hour, at most its hold. */
  readonly coarseMs: number;
  readonly model: Model;
  /** What it says in (from, to], at its own interval or at a multiple of it. */
  messages(from: number, to: number, stepMs?: number): Message[];
}

/** The largest multiple of the interval that divides a quarter of an hour and lies within the hold; the interval itself where there is none. */
const coarseStep = (intervalMs: number, holdMs: number): number => {
  for (let parts = 1; quarterMs / parts > intervalMs; parts++) {
    const step = quarterMs / parts;
    if (step <= holdMs && step % intervalMs === 0) return step;
  }
  return intervalMs;
};

/** Devices report spread evenly over their interval, on whole seconds. */
const phaseOf = (key: number, stepMs: number): number => Math.floor((chance(key, 11) * stepMs) / 1000) * 1000;

const grid = (from: number, to: number, stepMs: number, phaseMs: number): number[] => {
  const times: number[] = [];
  for (let at = Math.floor((from - phaseMs) / stepMs + 1) * stepMs + phaseMs; at <= to; at += stepMs) times.push(at);
  return times;
};

const simulated = (device: Device, site: Site | undefined, type: ResolvedType, model: Model, key: number): SimulatedDevice => {
  const intervalMs = device.intervalMs ?? type.type.intervalMs;
  const phaseMs = phaseOf(key, intervalMs);
  const area = (site?.quarter ?? 'town').toLowerCase();
  return {
    id: device.id,
    type: device.type,
    topic: `city/v1/${area}/${device.id}/telemetry`,
    sender: device.via?.[0] ?? device.id,
    intervalMs,
    coarseMs: coarseStep(intervalMs, device.holdMs ?? type.holdMs),
    model,
    messages(from, to, stepMs = intervalMs) {
      const times = model.changes === undefined ? grid(from, to, stepMs, phaseMs) : model.changes(from, to);
      return times.map((ts) => ({ ts, values: model.valuesAt(ts) }));
    },
  };
};

/**
 * The simulated devices of a town, in its order. Nothing in it depends on anything but seed, town and the times asked for.
 * @param types the device types by name
 */
export const fleet = (town: Town, types: ReadonlyMap<string, ResolvedType>, seed: number): SimulatedDevice[] => {
  const shared = shapes(seed, town.zone);
  const sites = new Map(town.sites.map((site) => [site.id, site]));
  /** Barrier counters know the size of their car park. */
  const capacities = new Map(town.devices.filter(({ type }) => type === 'car-park').map(({ site, capacity }) => [site, capacity]));
  return town.devices.flatMap((device) => {
    const model = Object.hasOwn(models, device.type) ? models[device.type] : undefined;
    const type = types.get(device.type);
    if (device.simulated !== true || model === undefined || type === undefined) return [];
    const site = device.site === undefined ? undefined : sites.get(device.site);
    const input = modelInput(seed, shared, { ...device, capacity: device.capacity ?? capacities.get(device.site) }, site);
    return [simulated(device, site, type, model(input), hashText(device.id, seed))];
  });
};
