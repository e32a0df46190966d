/** The lock of a data folder: one octroi at a time. A lock whose owner is dead is taken over; what is locked is left to the caller. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type FailureError, fail } from '../core/failure.ts';
import { isAnswered, openLockSocket, removeLockSocket } from './lock-socket.ts';

interface Owner {
  readonly pid: number;
  /** Tells one process of a number from a later one: boot and start time, where the system shows them. */
  readonly birth: string;
  /** Tells one lock from another of the same process. */
  readonly id: string;
  /** Whether it answers on a socket in the folder; where it does not, and with locks of older versions, its number counts. */
  readonly socket?: boolean;
}

export interface Lock {
  /** Whether who had it before ended without releasing it: what that one started may still run. */
  readonly isInherited: boolean;
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

/** Numbers mean nothing from one container to another: they are asked only where there is no socket to ask. */
const isAlive = async (folder: string, owner: Owner): Promise<boolean> => {
  const answered = owner.socket === true ? await isAnswered(folder, owner.id) : null;
  if (answered !== null) return answered;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const birth = await birthOf(owner.pid);
  return birth === '' || owner.birth === '' || birth === owner.birth;
};

/** @returns `gone` where there is no file, `damaged` where it says nothing: whoever wrote that one cannot be living, since it appears whole */
const readOwner = async (path: string): Promise<Owner | 'gone' | 'damaged'> => {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : 'damaged';
  }
};
const idOf = (owner: Owner | 'gone' | 'damaged'): string => (typeof owner === 'string' ? owner : owner.id);

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
    if (other === 'gone') continue; // given back meanwhile: another one may take it as well
    if (other !== 'damaged' && (await isAlive(dirname(path), other))) return other;
    const claim = `${path}.after-${idOf(other)}`;
    const claimant = await take(claim, mine, owner);
    if (claimant !== null) return claimant;
    try {
      // Whoever held the claim before may have replaced the file already.
      if (idOf(await readOwner(path)) !== idOf(other)) continue;
      const copy = `${mine}.copy`;
      await writeFile(copy, JSON.stringify(owner), { mode: 0o600 });
      await rename(copy, path);
      if (other !== 'damaged') await removeLockSocket(dirname(path), other.id);
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

const notWritable = (error: unknown, folder: string): FailureError => fail('data-not-writable', error instanceof Error ? error.message : String(error), folder);

/**
 * Locks a data folder for this process, creating it where it is absent; released with nothing in it, such a folder goes again.
 * @throws FailureError `data-in-use` (names the owner's process), `data-not-writable`
 */
export const lockFolder = async (folder: string): Promise<Lock> => {
  const path = join(folder, 'lock');
  const id = randomUUID();
  const mine = join(folder, `lock.${id}`);
  let made: string | undefined;
  try {
    made = await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw notWritable(error, folder);
  }
  // It answers before anybody can read its name.
  const socket = await openLockSocket(folder, id);
  const isInherited = existsSync(path);
  try {
    const owner: Owner = { pid: process.pid, birth: await birthOf(process.pid), id, socket: socket !== null };
    await writeFile(mine, JSON.stringify(owner), { mode: 0o600 }).catch((error: unknown) => {
      throw notWritable(error, folder);
    });
    const other = await take(path, mine, owner);
    if (other !== null) throw fail('data-in-use', `process ${other.pid} uses it`, folder);
  } catch (error) {
    await socket?.close();
    throw error;
  } finally {
    await rm(mine, { force: true });
  }
  return {
    isInherited,
    async release() {
      const isMine = idOf(await readOwner(path)) === id;
      if (isMine) await rm(path, { force: true });
      await socket?.close();
      if (isMine) await removeMade(folder, made);
    },
  };
};
