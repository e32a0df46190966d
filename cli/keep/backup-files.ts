/**
 * What a backup is on disk: a folder with the store at a position, the town file, and a manifest with the size and the
 * SHA-256 of each. Taking one of a store at work is left to `take-backup.ts`, putting one back to `restore-store.ts`.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { FailureError, fail } from '../../core/failure.ts';
import { syncFolder } from '../../log/log-files.ts';
import { octroiVersion } from '../version.ts';

/** Name of the store in it. */
export const storeInBackup = 'octroi.duckdb';
const manifestName = 'manifest.json';
const formatVersion = 1;

const manifestSchema = z.strictObject({
  format: z.int().positive(),
  /** The octroi that wrote it. */
  octroi: z.string(),
  /** Offset below which everything is in the store. */
  position: z.int().nonnegative(),
  /** Log time of the last envelope below it, epoch ms. */
  logTime: z.number(),
  /** Wall clock, RFC 3339; for people. */
  taken: z.string(),
  files: z.array(z.strictObject({ name: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/), bytes: z.int().nonnegative(), sha256: z.string() })).min(1),
  /** SHA-256 of the manifest without this line. */
  sum: z.string(),
});

export type Manifest = z.infer<typeof manifestSchema>;

const sumOf = ({ sum: _sum, ...rest }: Omit<Manifest, 'sum'> & { readonly sum?: string }): string =>
  createHash('sha256').update(JSON.stringify(rest)).digest('hex');

/** Size and SHA-256 of a file, read in pieces. */
const weigh = async (path: string): Promise<{ bytes: number; sha256: string }> => {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const part of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    hash.update(part as Buffer);
    bytes += (part as Buffer).length;
  }
  return { bytes, sha256: hash.digest('hex') };
};

const syncFile = async (path: string): Promise<void> => {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
};

/** Makes a folder and everything in it durable. */
const syncTree = async (folder: string): Promise<void> => {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    await (entry.isDirectory() ? syncTree(path) : syncFile(path));
  }
  await syncFolder(folder);
};

/** Name of what is being written into a folder that cannot be replaced. */
const unfinishedName = '.unfinished';

/** True where there is no such folder, or nothing in it but what was not finished. */
export const isFree = async (folder: string): Promise<boolean> => {
  try {
    return (await readdir(folder)).every((name) => name === unfinishedName);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw fail('not-empty', 'it is no folder', folder);
  }
};

/** Folders that this process is writing now. */
const underWay = new Set<string>();

type Fill = (unfinished: string) => Promise<void>;

const fillAnew = async (unfinished: string, fill: Fill): Promise<void> => {
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  await fill(unfinished);
  await syncTree(unfinished);
};

const fillAndRename = async (folder: string, fill: Fill): Promise<void> => {
  const unfinished = `${folder}.unfinished`;
  try {
    await fillAnew(unfinished, fill);
    await rename(unfinished, folder);
    await syncFolder(dirname(folder));
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
};

/** What makes a folder a backup, or one to start on, comes last, so that one in which a move was cut short is neither. */
const lastNames: readonly string[] = ['log', 'store', manifestName];

const fillInPlace = async (folder: string, fill: Fill): Promise<void> => {
  const unfinished = join(folder, unfinishedName);
  try {
    await fillAnew(unfinished, fill);
    for (const name of (await readdir(unfinished)).sort((a, b) => lastNames.indexOf(a) - lastNames.indexOf(b))) {
      await rename(join(unfinished, name), join(folder, name));
      await syncFolder(folder);
    }
  } finally {
    await rm(unfinished, { recursive: true, force: true }).catch(() => {});
  }
};

/** Removes an empty folder, unless it is one that another cannot take the place of: a mount point, a link, one in a folder that is not ours. */
const removeEmpty = async (folder: string): Promise<'removed' | 'absent' | 'stays'> => {
  await rm(join(folder, unfinishedName), { recursive: true, force: true }).catch(() => {}); // of one that was killed
  try {
    await rmdir(folder);
    return 'removed';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'absent' : 'stays';
  }
};

/**
 * Makes a folder whole or not at all: `fill` writes under another name, which is renamed once everything is on disk. Where the
 * folder itself cannot be replaced, that name lies in it, and what stands there is moved.
 * @throws FailureError `not-empty`, or what `fill` throws
 */
export const makeWhole = async (folder: string, fill: Fill): Promise<void> => {
  // Before anything is waited for: of two that begin at once one is refused.
  if (underWay.has(folder)) throw fail('not-empty', 'another one is being written into it', folder);
  underWay.add(folder);
  try {
    if (!(await isFree(folder))) throw fail('not-empty', 'there is something in it', folder);
    const before = await removeEmpty(folder);
    if (before === 'stays') return await fillInPlace(folder, fill);
    try {
      await fillAndRename(folder, fill);
    } catch (error) {
      if (before === 'removed') await mkdir(folder, { mode: 0o700 }).catch(() => {});
      throw error;
    }
  } finally {
    underWay.delete(folder);
  }
};

/** Writes the manifest of the files that stand in a folder. */
export const writeManifest = async (folder: string, position: number, logTime: number): Promise<Manifest> => {
  const files: Manifest['files'] = [];
  for (const name of (await readdir(folder)).sort()) files.push({ name, ...(await weigh(join(folder, name))) });
  const body = { format: formatVersion, octroi: octroiVersion, position, logTime, taken: new Date().toISOString(), files };
  const manifest: Manifest = { ...body, sum: sumOf(body) };
  await writeFile(join(folder, manifestName), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
  return manifest;
};

/** @throws FailureError `no-backup`, `backup-damaged`, `newer-version` */
export const readManifest = async (folder: string): Promise<Manifest> => {
  const path = join(folder, manifestName);
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw fail('no-backup', 'there is no manifest in it', folder);
    throw fail('backup-damaged', `the manifest cannot be read: ${error instanceof SyntaxError ? 'it is not JSON' : String(error)}`, path);
  }
  const format = (parsed as { readonly format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > formatVersion)
    throw fail('newer-version', `the backup has format ${format}, this octroi reads ${formatVersion}`, path);
  const manifest = manifestSchema.safeParse(parsed);
  if (!manifest.success || manifest.data.sum !== sumOf(manifest.data)) throw fail('backup-damaged', 'the manifest is not what was written', path);
  return manifest.data;
};

/**
 * Checks the files of a manifest.
 * @param named the backup that a failure names, where `folder` holds copies of its files
 * @throws FailureError `backup-damaged`, with the file and what differs
 */
export const checkFiles = async (folder: string, { files }: Manifest, named = folder): Promise<void> => {
  for (const { name, bytes, sha256 } of files) {
    const path = join(named, name);
    const found = await weigh(join(folder, name)).catch((error: Error) => {
      throw fail('backup-damaged', error.message, path);
    });
    if (found.bytes !== bytes) throw fail('backup-damaged', `${found.bytes} bytes, ${bytes} were written`, path);
    if (found.sha256 !== sha256) throw fail('backup-damaged', `its SHA-256 is ${found.sha256}, it was ${sha256}`, path);
  }
};

/** Where octroi itself keeps backups: before the log is cut. */
export const backupsFolder = (data: string): string => join(data, 'backups');

export interface Kept {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** The backups of a data folder whose manifests are whole, newest position first; their files are not read. */
export const keptBackups = async (data: string): Promise<Kept[]> => {
  const names = await readdir(backupsFolder(data)).catch(() => []);
  const kept: Kept[] = [];
  for (const name of names) {
    const folder = join(backupsFolder(data), name);
    if (!/^\d{20}$/.test(name) || !(await stat(folder)).isDirectory()) continue;
    const manifest = await readManifest(folder).catch((error: unknown) => {
      if (error instanceof FailureError) return null;
      throw error;
    });
    if (manifest !== null) kept.push({ folder, manifest });
  }
  return kept.sort((a, b) => b.manifest.position - a.manifest.position);
};

export const backupName = (position: number): string => position.toString().padStart(20, '0');
