/** A last segment whose header is damaged: set aside, and the log goes on behind what it held. Single bad frames are the reader's. */
import { readFile, rename } from 'node:fs/promises';
import { beginLog } from './begin-log.ts';
import { plausibleEnd } from './frame.ts';
import { syncFolder } from './log-files.ts';
import { decodeHeader, listSegments, logFolder, readHeader, readSegment } from './segment.ts';

export interface Salvaged {
  /** Where the damaged segment is now. */
  readonly file: string;
  /** Offsets [from, to) that it held, as far as its frames still say: they are lost, and never given again. */
  readonly from: number;
  readonly to: number;
}

/**
 * Renames the last segment where both copies of its header are damaged. Without the salt in it no checksum can be tried,
 * so nothing of it is believed but how far it went.
 * @param folder the data folder
 * @returns null where the last segment is sound
 */
export const salvageLastSegment = async (folder: string): Promise<Salvaged | null> => {
  const segments = await listSegments(logFolder(folder));
  const last = segments.at(-1);
  if (last === undefined) return null;
  const bytes = await readSegment(last);
  if (decodeHeader(bytes, last.path) !== null) return null;
  const before = segments.at(-2);
  const logTime = before === undefined ? 0 : ((await readHeader(before))?.logTime ?? 0);
  const to = plausibleEnd(bytes.length > 0 ? bytes : await readFile(last.path), last.firstOffset);
  const file = `${last.path}.corrupt`;
  const renamed = (): Promise<void> => rename(last.path, file);
  // Where a kill comes between the two, the damaged segment is a hole before the new one, and no position is given twice.
  if (to > last.firstOffset) await beginLog(folder, to, logTime).then(renamed);
  else await renamed().then(() => beginLog(folder, to, logTime)); // both have one name
  await syncFolder(logFolder(folder));
  return { file, from: last.firstOffset, to };
};
