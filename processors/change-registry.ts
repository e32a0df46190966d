/** Registry changes and operators' commands: the town as it holds from here on. */
import { alarmActionSchema } from '../core/alarm.ts';
import type { Command, Envelope, RegistryChange } from '../core/envelope.ts';
import { type Failure, failure } from '../core/failure.ts';
import { firstItem, wholeEnvelope } from '../core/reading.ts';
import type { Outputs } from '../core/store.ts';
import { adoptable, type Device, deviceFaults, pastFaults, standingIn, type Town, townSchema } from '../core/town.ts';
import { adopt } from './adopt.ts';
import { actOnAlarm, alarmContext } from './alarms.ts';
import { bury } from './bury.ts';
import { textOf } from './decode.ts';
import { cutRaw } from './horizon.ts';
import type { Context } from './pipeline.ts';
import { pushPlaces } from './places.ts';
import { reopenKnown } from './reopen.ts';
import { settleAll } from './settle.ts';

/** Of the devices, those that the town did not know until now. */
const newcomers = ({ registry }: Context, devices: readonly Device[]): ReadonlySet<string> =>
  new Set(devices.map(({ id }) => id).filter((id) => registry.find(id) === undefined));

/** Devices of a town after a change, and those adopted that cannot stay in it. */
interface Kept {
  readonly devices: Device[];
  readonly gone: ReadonlySet<string>;
}

/**
 * The devices of a new town whose past it tells rightly. Of the others it takes nothing: they stay as they are where the
 * town's sites let them, else they leave it, and why is a dead letter. The gate refuses such a file where it can ask.
 */
const keepPast = (context: Context, envelope: Envelope, next: Town, out: Outputs): Kept => {
  const { registry, types } = context;
  const standing = standingIn(next);
  const typeNames = new Set(types.keys());
  const faultsOf = (device: Device): string[] => pastFaults(registry.past(device.id), device, standing(device)).map(([, message]) => message);
  /** @param place among the devices of the new town, and those adopted behind them */
  const isKept = (device: Device, place: number): boolean => {
    const faults = faultsOf(device);
    if (faults.length === 0) return true;
    bury(context, envelope, firstItem + place, failure('town-invalid', faults.join('; '), device.id), null, JSON.stringify(device), out);
    return false;
  };
  const adopted = new Set(registry.adopted().map(({ id }) => id));
  const devices = next.devices.flatMap((device, place) => {
    if (isKept(device, place)) return [device];
    const old = registry.find(device.id)?.device;
    return old === undefined || adopted.has(old.id) || faultsOf(old).length > 0 || deviceFaults(next, old, typeNames).length > 0 ? [] : [old];
  });
  const declared = new Set(devices.map(({ id }) => id));
  const staying = registry.adopted().filter(({ id }) => !declared.has(id));
  const left = staying.filter((device, n) => !isKept(device, next.devices.length + n));
  return { devices, gone: new Set(left.map(({ id }) => id)) };
};

export const changeRegistry = (context: Context, envelope: Envelope, out: Outputs): Promise<void> | undefined => {
  const text = textOf(envelope.payload);
  const refuse = (cause: Failure): undefined => {
    bury(context, envelope, wholeEnvelope, cause, null, text, out);
  };
  let change: RegistryChange | Command;
  try {
    change = JSON.parse(text);
  } catch {
    return refuse(failure('not-json', 'the change is not JSON'));
  }
  switch (change.action) {
    case 'apply': {
      const town = townSchema.safeParse(change.town);
      if (!town.success) return refuse(failure('town-invalid', town.error.message));
      const { devices, gone } = keepPast(context, envelope, town.data, out);
      const isNew = newcomers(context, devices);
      context.registry.apply({ ...town.data, devices }, gone);
      out.devices.push(...devices);
      pushPlaces(context, [...devices, ...context.registry.adopted()], envelope.offset, out);
      if (isNew.size === 0) return;
      return reopenKnown(context, envelope, isNew, out);
    }
    case 'adopt': {
      const found = adoptable(context.registry.town(), change.device, new Set(context.types.keys()));
      if ('refused' in found) return refuse(found.refused);
      const { device } = found;
      const { registry } = context;
      const [fault] = registry.find(device.id) === undefined ? pastFaults(registry.past(device.id), device, standingIn(registry.town())(device)) : [];
      if (fault !== undefined) return refuse(failure('bad-request', fault[1], fault[0]));
      return adopt(context, envelope, device, out);
    }
    case 'settle': {
      for (const name of change.subjects) {
        const subject = context.state.subjects.get(name);
        if (subject !== undefined) settleAll(context, name, subject, envelope.offset, out);
      }
      return;
    }
    case 'alarm': {
      const read = alarmActionSchema.safeParse(change.alarm);
      if (!read.success) return refuse(failure('bad-request', read.error.message));
      return actOnAlarm(alarmContext(context, envelope, out), read.data, context.history);
    }
    case 'cut':
      return cutRaw(context, envelope, change.before, out);
  }
};
