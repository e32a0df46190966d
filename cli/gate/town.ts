/** The town as the gate holds it: who may enter, and each change of it as an envelope of the log. What a change means for readings is left to the pipeline. */
import type { Credential } from '../../broker/identity.ts';
import { type Config, isLoopback } from '../../config.ts';
import type { RegistryChange } from '../../core/envelope.ts';
import { FailureError, fail } from '../../core/failure.ts';
import { adoptable, changeFaults, type Device, deviceSchema, type Past, pastFaults, pastOf, standingIn, type Town, townSchema } from '../../core/town.ts';
import type { Views } from '../../core/views.ts';
import { typeNames } from '../types.ts';
import { townFiles } from './town-files.ts';

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
  /** Takes a change that another gate has made: it is in the log already. */
  hear(change: RegistryChange): Promise<void>;
  /** Asks the plant which devices were adopted; where it does not answer, all stays as it is. */
  learn(): Promise<void>;
  /** Writes what of it is not yet in the files of the folder; what fails is tried again at the next call. */
  settle(): Promise<void>;
}

/** What only the plant knows. */
export interface Known {
  /** Devices adopted since the town was applied. */
  readonly adopted: readonly Device[];
  readonly past: readonly Past[];
}

export interface GateTownOptions {
  readonly config: Config;
  /** What holds at the start, and the devices adopted since as far as they are known. */
  readonly town: Town;
  readonly adopted?: readonly Device[];
  /** Offset of the change that made the town so, as `KeptTown.at`. */
  readonly at?: number | null;
  /** False where the files of the folder say it otherwise, until `settle`. */
  readonly isKept?: boolean;
  /** Where the log ends; absent where the town is not kept by the log's positions. */
  readonly logEnd?: () => number;
  /** Told why a file cannot be written that the log makes up for. */
  readonly unkept?: (error: unknown) => void;
  /** Puts a change into the log; resolves with its offset when it is durable. */
  readonly append: (change: RegistryChange) => Promise<number>;
  /** Asks the plant; null where it does not answer: then the town as it was is all the past that is known, and the pipeline has the last word. */
  readonly known?: () => Promise<Known | null>;
  /** Told the names that are declared from here on. */
  readonly recognise?: (names: ReadonlySet<string>) => void;
  /** Told that operators may be others from here on. */
  readonly revoke?: () => void;
}

/** Asks the plant for what only it knows. */
export const askPlant = async (views: Pick<Views, 'adopted' | 'past'>): Promise<Known> => {
  const [adopted, past] = await Promise.all([views.adopted(), views.past()]);
  return { adopted, past };
};

/** Devices, gateways and operators by the name that they authenticate with; what the file says goes before what was adopted. */
const sendersOf = ({ devices, gateways, operators }: Town, adopted: Iterable<Device>): Map<string, Credential> =>
  new Map<string, Credential>([
    ...[...adopted, ...devices, ...gateways].map(({ id, secretSha256 }) => [id, secretSha256 === undefined ? { id } : { id, secretSha256 }] as const),
    ...operators.map(({ id, secretSha256 }) => [id, { id, secretSha256, operator: true }] as const),
  ]);

/** @throws FailureError `not-loopback` where the door would let in anybody from elsewhere */
export const requireLoopback = ({ admission }: Town, mqttHost: string): void => {
  if (admission === 'open' && !isLoopback(mqttHost))
    throw fail('not-loopback', `the town admits anybody, and the door would listen on ${mqttHost}`, 'admission');
};

/** The devices of a town, and those adopted that it does not declare. */
const withAdopted = (town: Town, adopted: readonly Device[]): Town => {
  const declared = new Set(town.devices.map(({ id }) => id));
  return { ...town, devices: [...town.devices, ...adopted.filter(({ id }) => !declared.has(id))] };
};

/**
 * @param before the town as it is: its homes are remembered by the plant, which may not have come so far
 * @throws FailureError `town-invalid` with what the new town would tell wrongly of the past
 */
export const requireSamePast = (before: Town, { adopted, past }: Known, after: Town): void => {
  const homes = pastOf(before).flatMap(({ subject, home }) => (home ? [subject] : []));
  const all = new Map(past.map((one) => [one.subject, one]));
  for (const subject of homes) all.set(subject, { subject, zone: all.get(subject)?.zone ?? null, home: true });
  const faults = changeFaults(all.values(), withAdopted(after, adopted));
  if (faults.length > 0) throw fail('town-invalid', faults.join('\n'));
};

/** @throws FailureError `bad-request` with what keeps it from being adopted, and the field */
export const requireAdoptable = (town: Town, past: readonly Past[], given: unknown): Device => {
  const found = adoptable(town, given, typeNames);
  if ('refused' in found) throw new FailureError(found.refused);
  const { device } = found;
  const own = past.find(({ subject }) => subject === device.id);
  const [fault] = pastFaults(own, device, standingIn(town)(device));
  if (fault !== undefined) throw fail('bad-request', `not a device that can be adopted: ${fault[1]}`, fault[0]);
  return device;
};

/** Runs what it is given one after the other. */
const inTurn = (): (<T>(work: () => Promise<T>) => Promise<T>) => {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };
};

export const gateTown = ({
  config,
  town,
  append,
  logEnd,
  known = async () => null,
  recognise = () => {},
  revoke = () => {},
  unkept = () => {},
  ...given
}: GateTownOptions): GateTown => {
  let current = town;
  let at = given.at ?? null;
  let adopted = new Map((given.adopted ?? []).map((device) => [device.id, device]));
  let senders = sendersOf(current, adopted.values());
  const files = townFiles(config.data, given.isKept ?? true, unkept);
  let settling: Promise<void> | null = null;
  const turn = inTurn();
  const settle = (): Promise<void> => files.settle({ town: current, at, adopted });

  /** Sets who may enter, and tells of those who could not before. */
  const admit = (next: Map<string, Credential>): void => {
    const names = new Set([...next.keys()].filter((name) => !senders.has(name)));
    senders = next;
    if (names.size > 0) recognise(names);
    revoke();
  };
  /** Adds devices that were adopted; one that is known stays as it is, as in the pipeline. */
  const take = (devices: readonly Device[]): void => {
    const declared = new Set(current.devices.map(({ id }) => id));
    const before = adopted.size;
    for (const device of devices) if (!declared.has(device.id) && !adopted.has(device.id)) adopted.set(device.id, device);
    admit(sendersOf(current, adopted.values()));
    if (adopted.size > before) files.adoptedChanged();
  };
  const ask = async (): Promise<Known> => {
    const told = await known();
    if (told === null) return { adopted: [...adopted.values()], past: pastOf(withAdopted(current, [...adopted.values()])) };
    take(told.adopted);
    await settle();
    return told;
  };

  const apply = async (next: Town): Promise<number> => {
    requireLoopback(next, config.mqttHost);
    requireSamePast(current, await ask(), next);
    if (logEnd !== undefined) await files.mark({ town: current, at, changing: logEnd() });
    // Who is declared now is known before the change is in the log: what comes behind it must not come as nobody's.
    admit(new Map([...sendersOf(next, adopted.values()), ...senders]));
    const offset = await append({ action: 'apply', town: next });
    await become(next, offset);
    return offset;
  };

  const become = async (next: Town, offset: number | null): Promise<void> => {
    [current, at] = [next, offset];
    files.townChanged();
    const declared = new Set(next.devices.map(({ id }) => id));
    const before = adopted.size;
    adopted = new Map([...adopted].filter(([id]) => !declared.has(id)));
    if (adopted.size < before) files.adoptedChanged();
    admit(sendersOf(next, adopted.values()));
    // It is in the log: where the file cannot be written, it still says where to look.
    await settle();
  };

  const change = async (one: RegistryChange): Promise<number> => {
    if (one.action === 'apply') return apply(townSchema.parse(one.town));
    const device = requireAdoptable(current, (await ask()).past, one.device);
    take([device]);
    await files.requireAdopted(adopted);
    return append({ action: 'adopt', device });
  };

  return {
    current: () => current,
    sender: (id) => senders.get(id),
    apply: (next) => turn(() => apply(next)),
    change: (one) => turn(() => change(one)),
    hear: (one) =>
      turn(async () => {
        if (one.action === 'apply') return become(townSchema.parse(one.town), null);
        take([deviceSchema.parse(one.device)]);
        await settle();
      }),
    learn: () =>
      turn(async () => {
        const told = await known();
        if (told === null) return;
        take(told.adopted);
        await settle();
      }),
    async settle() {
      if (files.areKept()) return;
      settling ??= turn(settle).finally(() => {
        settling = null;
      });
      return settling;
    },
  };
};
