/** Where a log lost envelopes to damage; reading what is left is the reader's. */
import { AppendFileReader } from './append-file-reader.ts';
import { listSegments, logFolder } from './segment.ts';

export interface Hole {
  /** Offsets [from, to) that no good frame holds. */
  readonly from: number;
  readonly to: number;
  /** The segment in which it begins. */
  readonly file: string;
}

const batchMax = 10_000;

/** Reads the whole log of a data folder below `end`, and names what is missing. */
export const holesOf = async (folder: string, end: number): Promise<Hole[]> => {
  const reader = new AppendFileReader(folder);
  const segments = await listSegments(logFolder(folder));
  const holes: Hole[] = [];
  try {
    let at = await reader.start();
    for await (const { envelopes, corrupt } of reader.read(at, end, batchMax)) {
      if (corrupt > 0) holes.push({ from: at, to: at + corrupt, file: segments.findLast(({ firstOffset }) => firstOffset <= at)?.path ?? '' });
      at += corrupt + envelopes.length;
    }
  } finally {
    await reader.close();
  }
  return holes;
};
