/** The town of a data folder as its log has it, where the file may be behind the log or ahead of it. Who may enter because of it is left to `gate/town.ts`. */
import type { Envelope, RegistryChange } from '../../core/envelope.ts';
import type { LogReader } from '../../core/log.ts';
import { type Device, deviceSchema, townSchema } from '../../core/town.ts';
import { adoptedDevices, adoptedFile, type KeptTown, keepTown } from './town-file.ts';
import { writeWhole } from './whole-file.ts';

/** Envelopes that are read at once. */
const batchMax = 1_000;

export interface SettledTown {
  /** Null where neither the file nor the log knows one. */
  readonly kept: KeptTown | null;
  readonly adopted: readonly Device[];
  /** False where the files say it otherwise. */
  readonly isKept: boolean;
}

/** What a registry envelope says; null where the pipeline refuses it too. */
const changeOf = ({ payload }: Envelope): RegistryChange | null => {
  try {
    return JSON.parse(Buffer.from(payload).toString('utf8')) as RegistryChange;
  } catch {
    return null;
  }
};

/**
 * Reads the log where a change may stand that the files do not have, as the kept town says, and all of it where there is none.
 * A town whose change lies at or beyond the end is not in this log: it came with the file alone.
 * @param end the log's
 */
export const settledTown = async (data: string, kept: KeptTown | null, log: Pick<LogReader, 'read'>, end: number): Promise<SettledTown> => {
  let town = kept?.town ?? null;
  let at = kept === null || kept.at === null || kept.at >= end ? null : kept.at;
  const adopted = new Map((await adoptedDevices(data)).map((device) => [device.id, device]));
  const from = kept === null ? 0 : kept.changing;
  for await (const { envelopes } of from === null ? [] : log.read(from, end, batchMax)) {
    for (const envelope of envelopes) {
      const change = envelope.kind === 'registry' ? changeOf(envelope) : null;
      if (change?.action === 'adopt') {
        const device = deviceSchema.safeParse(change.device);
        if (device.success && !adopted.has(device.data.id)) adopted.set(device.data.id, device.data);
      } else if (change?.action === 'apply') {
        const read = townSchema.safeParse(change.town);
        if (!read.success) continue;
        [town, at] = [read.data, envelope.offset];
        for (const { id } of town.devices) adopted.delete(id);
      }
    }
  }
  return {
    kept: town === null ? null : { town, at, changing: null },
    adopted: [...adopted.values()],
    isKept: from === null && at === kept?.at,
  };
};

/** Writes into a folder what was settled. */
export const keepSettled = async (data: string, { kept, adopted, isKept }: SettledTown): Promise<void> => {
  if (isKept) return;
  if (adopted.length > 0) await writeWhole(adoptedFile(data), JSON.stringify(adopted));
  if (kept !== null) await keepTown(data, kept);
};
