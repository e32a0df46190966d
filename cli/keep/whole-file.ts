/** Writes a small file whole or not at all: a reader, or the next start, never sees half of it. What is in it is left to the callers. */
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../../log/log-files.ts';

/** Replaces a file, durably: once it resolves, a power cut leaves the new one; before, the old one or the new. */
export const writeWhole = async (path: string, text: string): Promise<void> => {
  const unfinished = `${path}.new`;
  try {
    const handle = await open(unfinished, 'w', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
};
