/** The files that hold a town: the one that an operator wrote, and the one of a data folder with what was last applied to it. */
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FailureError, fail } from '../../core/failure.ts';
import { type Device, deviceSchema, parseTown, type Town, townSchema } from '../../core/town.ts';
import { typeNames } from '../types.ts';
import { writeWhole } from './whole-file.ts';

const townBytesMax = 16 * 1024 * 1024;

const [applied, adopted] = ['town.json', 'adopted.json'];
/** What the gate keeps beside the log: who may enter, and where they stand. Backups and standby copies hold it too. */
export const gateFileNames: readonly string[] = [applied, adopted];

/** Where a data folder keeps the town as it was last applied. */
export const appliedFile = (data: string): string => join(data, applied);

/** Where a data folder keeps the devices adopted since, for the door: until the plant answers, nobody else knows them. */
export const adoptedFile = (data: string): string => join(data, adopted);

/** Why a file that was named is no town file, in words. */
const unreadable: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file: name a town file',
  EISDIR: 'it is a folder: name a town file',
  EACCES: 'it may not be read: give this user the right to',
};

/** @throws FailureError `bad-request` where there is no file to read, `town-invalid` with every fault of it, a line each */
export const readTown = async (file: string): Promise<Town> => {
  let source: string;
  try {
    const { size } = await stat(file);
    if (size > townBytesMax) throw fail('bad-request', `it has ${size} bytes; a town file has at most ${townBytesMax}`, file);
    source = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof FailureError) throw error;
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw fail('bad-request', unreadable[code] ?? message, file);
  }
  const result = parseTown(source, typeNames, file);
  if (!result.ok) throw fail('town-invalid', result.failures.map(({ where, message }) => `${where}: ${message}`).join('\n'));
  return result.town;
};

/** The town as a data folder keeps it, and how far it is true of the log, which has the last word. */
const keptSchema = z.strictObject({
  town: townSchema,
  /** Offset of the change that made it so; null where it may not be in the log at all. */
  at: z.int().nonnegative().nullable(),
  /** From that offset on the log may have a change that is not in the file; null: it has none. */
  changing: z.int().nonnegative().nullable(),
});
export type KeptTown = z.infer<typeof keptSchema>;

/** Before it said so, a file was taken for what the log has. */
const keptFrom = (parsed: unknown): KeptTown =>
  typeof parsed === 'object' && parsed !== null && 'town' in parsed ? keptSchema.parse(parsed) : { town: townSchema.parse(parsed), at: 0, changing: null };

/**
 * The town as a data folder keeps it; null where it keeps none.
 * @throws FailureError `town-invalid` where the file is damaged
 */
export const keptTown = async (data: string): Promise<KeptTown | null> => {
  const file = appliedFile(data);
  if (!existsSync(file)) return null;
  try {
    return keptFrom(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    const [line] = (error as Error).message.split('\n');
    throw fail('town-invalid', `the town as it was applied cannot be read (${line}); remove the file and start with --town`, file);
  }
};

/** Durable when it resolves. */
export const keepTown = (data: string, kept: KeptTown): Promise<void> => writeWhole(appliedFile(data), JSON.stringify(kept));

/** The devices adopted since, as far as the gate has heard of them; none where the file is missing or damaged, since the plant tells them too. */
export const adoptedDevices = async (data: string): Promise<Device[]> => {
  try {
    return deviceSchema.array().parse(JSON.parse(await readFile(adoptedFile(data), 'utf8')));
  } catch {
    return [];
  }
};
