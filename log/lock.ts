/** The lock of a data folder: one octroi at a time. A lock whose owner is dead is taken over; what is locked is left to the caller. */
import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fail } from '../core/failure.ts';

interface Owner {
  readonly pid: number;
  /** Tells one process of a number from a later one: boot and start time, where the system shows them. */
  readonly birth: string;
  /** Tells one lock from another of the same process. */
  readonly id: string;
}

export interface Lock {
  release(): Promise<void>;
}

/** Boot id and start tick of a process from /proc; empty where there is none. */
const birthOf = async (pid: number): Promise<string> => {
  try {
    const [boot, stat] = await Promise.all([readFile('/proc/sys/kernel/random/boot_id', 'utf8'), readFile(`/proc/${pid}/stat`, 'utf8')]);
    // The command may hold spaces and brackets: fields are counted from behind it; the start time is the 22nd of all.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${boot.trim()} ${fields[19]}`;
  } catch {
    return '';
  }
};

const isAlive = async (owner: Owner): Promise<boolean> => {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const birth = await birthOf(owner.pid);
  return birth === '' || owner.birth === '' || birth === owner.birth;
};

const readOwner = async (path: string): Promise<Owner | null> => {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch {
    return null;
  }
};

/** link() is atomic and refuses an existing name, so the file is never seen half-written. */
const tryLink = async (from: string, to: string): Promise<boolean> => {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
};

/**
 * Takes `path` for `owner`, whose file `mine` is. A dead owner's file may be replaced only by who holds the claim on it, a file of
 * the same kind named after the dead owner; so of many that find it dead, one replaces it.
 * @returns null, or the living owner
 */
const take = async (path: string, mine: string, owner: Owner): Promise<Owner | null> => {
  for (;;) {
    if (await tryLink(mine, path)) return null;
    const other = await readOwner(path);
    if (other !== null && (await isAlive(other))) return other;
    const claim = `${path}.after-${other?.id ?? 'damage'}`;
    const claimant = await take(claim, mine, owner);
    if (claimant !== null) return claimant;
    try {
      // Whoever held the claim before may have replaced the file already.
      if ((await readOwner(path))?.id !== other?.id) continue;
      const copy = `${mine}.copy`;
      await writeFile(copy, JSON.stringify(owner), { mode: 0o600 });
      await rename(copy, path);
      return null;
    } finally {
      await rm(claim, { force: true });
    }
  }
};

/** Removes the folders that the lock itself made, from `folder` up to `first`, as far as nothing was put into them. */
const removeMade = async (folder: string, first: string | undefined): Promise<void> => {
  if (first === undefined) return;
  for (let path = resolve(folder); path.length >= first.length; path = dirname(path)) {
    try {
      await rmdir(path);
    } catch {
      return; // in use
    }
  }
};

/**
 * Locks a data folder for this process, creating it where it is absent; released with nothing in it, such a folder goes again.
 * @throws FailureError `data-in-use` (names the owner's process), `data-not-writable`
 */
export const lockFolder = async (folder: string): Promise<Lock> => {
  const path = join(folder, 'lock');
  const mine = join(folder, `lock.${randomUUID()}`);
  const owner: Owner = { pid: process.pid, birth: await birthOf(process.pid), id: randomUUID() };
  let made: string | undefined;
  try {
    made = await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(mine, JSON.stringify(owner), { mode: 0o600 });
  } catch (error) {
    throw fail('data-not-writable', error instanceof Error ? error.message : String(error), folder);
  }
  try {
    const other = await take(path, mine, owner);
    if (other !== null) throw fail('data-in-use', `process ${other.pid} uses it`, folder);
  } finally {
    await rm(mine, { force: true });
  }
  return {
    async release() {
      if ((await readOwner(path))?.id !== owner.id) return;
      await rm(path, { force: true });
      await removeMade(folder, made);
    },
  };
};
