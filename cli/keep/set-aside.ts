/** What stands in a data folder about a store that is to be made anew, or was. Making it is left to `prepare-store.ts`. */
import { existsSync } from 'node:fs';
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { storeFile } from './data-folder.ts';

/** A plant that starts and finds this file sets its store aside first. */
const requestFile = (data: string): string => join(data, 'store.rebuild');
const asidePrefix = 'store.aside-';

/** Asks the next plant of the folder to make its store anew. */
export const requestRebuild = (data: string): Promise<void> => writeFile(requestFile(data), '', { mode: 0o600 });
export const isRebuildRequested = (data: string): boolean => existsSync(requestFile(data));
export const endRebuildRequest = (data: string): Promise<void> => rm(requestFile(data), { force: true });

/** Stores that were set aside, by name. */
export const asides = async (data: string): Promise<string[]> => (await readdir(data)).filter((name) => name.startsWith(asidePrefix)).sort();

/** Renames the store. @returns its new folder; null where there is none */
export const setAside = async (data: string): Promise<string | null> => {
  const folder = dirname(storeFile(data));
  if (!existsSync(folder)) return null;
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const taken = new Set(await asides(data));
  let name = asidePrefix + stamp;
  for (let n = 2; taken.has(name); n++) name = `${asidePrefix}${stamp}-${n}`;
  await rename(folder, join(data, name));
  return join(data, name);
};
