/** Registry changes and operators' commands: the town as it holds from here on. */
import type { Command, Envelope, RegistryChange } from '../core/envelope.ts';
import { failure } from '../core/failure.ts';
import type { Outputs } from '../core/store.ts';
import { adoptable, changeFaults, type Device, type Town, townSchema } from '../core/town.ts';
import { bury } from './accept.ts';
import { adopt } from './adopt.ts';
import { textOf } from './decode.ts';
import { cutRaw } from './horizon.ts';
import type { Context } from './pipeline.ts';
import { reopen } from './reopen.ts';
import { settleAll } from './tick.ts';

/** Of the devices, those that the town did not know until now. */
const newcomers = ({ registry }: Context, devices: readonly Device[]): ReadonlySet<string> =>
  new Set(devices.map(({ id }) => id).filter((id) => registry.find(id) === undefined));

/**
 * The devices of a new town, without those that were adopted and whose past it would tell wrongly: they stay as they are,
 * and what the file says of them is a dead letter. The gate refuses such a file where it can ask for what was adopted.
 */
const keepPast = (context: Context, envelope: Envelope, next: Town, out: Outputs): Device[] => {
  const { registry } = context;
  const adopted = new Map(registry.adopted().map((device) => [device.id, device]));
  return next.devices.filter((device, place) => {
    const old = adopted.get(device.id);
    const faults = old === undefined ? [] : changeFaults({ ...registry.town(), devices: [old] }, { ...next, devices: [device] });
    if (faults.length > 0) bury(context, envelope, place, failure('town-invalid', faults.join('; '), device.id), null, JSON.stringify(device), out);
    return faults.length === 0;
  });
};

export const changeRegistry = (context: Context, envelope: Envelope, out: Outputs): Promise<void> | undefined => {
  const text = textOf(envelope.payload);
  let change: RegistryChange | Command;
  try {
    change = JSON.parse(text);
  } catch {
    bury(context, envelope, 0, failure('not-json', 'the change is not JSON'), null, text, out);
    return;
  }
  switch (change.action) {
    case 'apply': {
      const town = townSchema.safeParse(change.town);
      if (!town.success) return bury(context, envelope, 0, failure('town-invalid', town.error.message), null, text, out) as undefined;
      const isNew = newcomers(context, town.data.devices);
      const devices = keepPast(context, envelope, town.data, out);
      context.registry.apply({ ...town.data, devices });
      out.devices.push(...devices);
      if (isNew.size === 0) return;
      return reopen(context, envelope, { code: 'unknown-device', subjects: isNew }, out);
    }
    case 'adopt': {
      const found = adoptable(context.registry.town(), change.device, new Set(context.types.keys()));
      if ('refused' in found) return bury(context, envelope, 0, found.refused, null, text, out) as undefined;
      return adopt(context, envelope, found.device, out);
    }
    case 'settle': {
      for (const name of change.subjects) {
        const subject = context.state.subjects.get(name);
        if (subject !== undefined) settleAll(context, name, subject, envelope.offset, out);
      }
      return;
    }
    case 'cut':
      return cutRaw(context, envelope, change.before, out);
  }
};
