/** The device types there are, in one list, and their rules with the defaults filled in. Decoding with them is left to the processors. */
import { type DeviceType, defaultHoldIntervals, defaultSilentIntervals, type QuantityRule, type ResolvedType } from '../core/device-type.ts';
import { fail } from '../core/failure.ts';
import { factorTo, type Quantity } from '../core/quantity.ts';
import { barrierCounter } from './barrier-counter.ts';
import { battery } from './battery.ts';
import { carPark } from './car-park.ts';
import { evCharger } from './ev-charger.ts';
import { gasMeter } from './gas-meter.ts';
import { generic } from './generic.ts';
import { heatMeter } from './heat-meter.ts';
import { linky } from './linky.ts';
import { parkingBay } from './parking-bay.ts';
import { pvInverter } from './pv-inverter.ts';
import { roomSensor } from './room-sensor.ts';
import { streetLighting } from './street-lighting.ts';
import { submeter } from './submeter.ts';
import { transformer } from './transformer.ts';
import { waterMeter } from './water-meter.ts';
import { weatherStation } from './weather-station.ts';

/** One line a type; a test says that it agrees with the folder. */
export const deviceTypes: readonly DeviceType[] = [
  barrierCounter,
  battery,
  carPark,
  evCharger,
  gasMeter,
  generic,
  heatMeter,
  linky,
  parkingBay,
  pvInverter,
  roomSensor,
  streetLighting,
  submeter,
  transformer,
  waterMeter,
  weatherStation,
];

type Meaning = { readonly rule: QuantityRule; readonly factor: number };

const rulesOf = (type: DeviceType): Map<string, QuantityRule> => {
  const rules = new Map<string, QuantityRule>();
  for (const rule of type.rules) {
    if (rules.has(rule.quantity.name)) throw fail('type-invalid', `two rules for "${rule.quantity.name}"`, type.name);
    rules.set(rule.quantity.name, rule);
  }
  return rules;
};

/** What each key of the type's payloads means: its quantities by name, then its own fields. */
const meaningsOf = (type: DeviceType, rules: ReadonlyMap<string, QuantityRule>): Map<string, Meaning> => {
  const meanings = new Map<string, Meaning>();
  for (const [name, rule] of rules) meanings.set(name, { rule, factor: 1 });
  for (const [field, { quantity, unit }] of Object.entries(type.fields ?? {})) {
    const rule = rules.get(quantity);
    if (rule === undefined) throw fail('type-invalid', `the field "${field}" names "${quantity}", for which there is no rule`, type.name);
    if (meanings.has(field)) throw fail('type-invalid', `the field "${field}" has the name of a quantity`, type.name);
    const factor = unit === undefined ? 1 : factorTo(rule.quantity, unit);
    if (factor === undefined) throw fail('type-invalid', `the field "${field}" is in "${unit}", which does not convert to "${rule.quantity.unit}"`, type.name);
    meanings.set(field, { rule, factor });
  }
  return meanings;
};

const resolve = (type: DeviceType): ResolvedType => {
  const rules = rulesOf(type);
  return {
    type,
    holdMs: type.holdMs ?? defaultHoldIntervals * type.intervalMs,
    allowedLatenessMs: type.allowedLatenessMs ?? type.intervalMs,
    silentAfterMs: type.silentAfterMs === undefined ? defaultSilentIntervals * type.intervalMs : type.silentAfterMs,
    rules,
    fields: meaningsOf(type, rules),
  };
};

/**
 * Every type by name, defaults filled in.
 * @throws FailureError `type-invalid` where a type contradicts itself, or another type about a quantity
 */
export const resolveTypes = (types: readonly DeviceType[] = deviceTypes): Map<string, ResolvedType> => {
  const resolved = new Map<string, ResolvedType>();
  const known = new Map<string, Quantity>();
  for (const type of types) {
    if (resolved.has(type.name)) throw fail('type-invalid', 'two types have this name', type.name);
    for (const { quantity } of type.rules) {
      const first = known.get(quantity.name) ?? quantity;
      // The same object, not an equal one: a quantity is defined once, in the catalogue.
      if (first !== quantity) throw fail('type-invalid', `"${quantity.name}" is defined twice`, type.name);
      known.set(quantity.name, quantity);
    }
    resolved.set(type.name, resolve(type));
  }
  return resolved;
};
