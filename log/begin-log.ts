/** A log that begins beyond position 0: what a store that was restored goes on from. Writing to it is left to the writer. */
import { randomInt } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from './log-files.ts';
import { encodeHeader, formatVersion, logFolder, rawSuffix, segmentName } from './segment.ts';

/**
 * Adds a segment without frames: the next envelope gets the offset `position`, and a log time that is not below `logTime`.
 * The writer puts its first segment, of the same name, in its place.
 * @param folder the data folder
 */
export const beginLog = async (folder: string, position: number, logTime: number): Promise<void> => {
  const log = logFolder(folder);
  await mkdir(log, { recursive: true, mode: 0o700 });
  const header = encodeHeader({ version: formatVersion, salt: randomInt(2 ** 32), firstOffset: position, logTime });
  await writeFile(join(log, segmentName(position) + rawSuffix), header, { mode: 0o600, flag: 'wx', flush: true });
  await syncFolder(log);
};
