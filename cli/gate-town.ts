/** The town as the gate holds it: who may enter, and each change of it as an envelope of the log. What a change means for readings is left to the pipeline. */
import type { Credential } from '../broker/identity.ts';
import { type Config, isLoopback } from '../config.ts';
import type { RegistryChange } from '../core/envelope.ts';
import { FailureError, fail } from '../core/failure.ts';
import { adoptable, changeFaults, type Device, type Town, townSchema } from '../core/town.ts';
import { typeNames } from './parts.ts';
import { appliedFile } from './town-file.ts';
import { writeWhole } from './whole-file.ts';

export interface GateTown {
  current(): Town;
  /** Who authenticates by that name; undefined where nobody is declared. */
  sender(id: string): Credential | undefined;
  /**
   * Puts another town in its place. @returns the offset of its envelope, which is durable
   * @throws FailureError `not-loopback`, `town-invalid` (the past would be told wrongly)
   */
  apply(town: Town): Promise<number>;
  /** A change as it comes from a command or a page: a town, or one device that is adopted. @returns as `apply`; it throws `bad-request` too */
  change(change: RegistryChange): Promise<number>;
}

/** Devices and gateways by the name that they authenticate with. */
const sendersOf = ({ devices, gateways }: Town): Map<string, Credential> =>
  new Map([...devices, ...gateways].map(({ id, secretSha256 }) => [id, secretSha256 === undefined ? { id } : { id, secretSha256 }]));

/** @throws FailureError `not-loopback` where the door would let in anybody from elsewhere */
export const requireLoopback = ({ admission }: Town, mqttHost: string): void => {
  if (admission === 'open' && !isLoopback(mqttHost))
    throw fail('not-loopback', `the town admits anybody, and the door would listen on ${mqttHost}`, 'admission');
};

/** @throws FailureError `town-invalid` with what the new town would tell wrongly of the past */
export const requireSamePast = (before: Town, after: Town): void => {
  const faults = changeFaults(before, after);
  if (faults.length > 0) throw fail('town-invalid', faults.join('\n'));
};

/** @throws FailureError `bad-request` with what keeps it from being adopted, and the field */
export const requireAdoptable = (town: Town, given: unknown): Device => {
  const found = adoptable(town, given, typeNames);
  if ('refused' in found) throw new FailureError(found.refused);
  return found.device;
};

/**
 * @param town what holds at the start
 * @param append puts a change into the log; resolves with its offset when it is durable
 * @param known the town with the devices adopted since, as the plant tells it; null where none does: then the pipeline leaves these as they are
 */
export const gateTown = (
  config: Config,
  town: Town,
  append: (change: RegistryChange) => Promise<number>,
  known: () => Promise<Town | null> = async () => null,
): GateTown => {
  let current = town;
  let senders = sendersOf(town);
  const apply = async (next: Town): Promise<number> => {
    requireLoopback(next, config.mqttHost);
    requireSamePast((await known()) ?? current, next);
    const offset = await append({ action: 'apply', town: next });
    current = next;
    senders = sendersOf(next);
    await writeWhole(appliedFile(config.data), JSON.stringify(next));
    return offset;
  };
  return {
    current: () => current,
    sender: (id) => senders.get(id),
    apply,
    async change(change) {
      if (change.action === 'apply') return apply(townSchema.parse(change.town));
      return append({ action: 'adopt', device: requireAdoptable(current, change.device) });
    },
  };
};
