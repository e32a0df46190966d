/** Disks of a row's own: an ext4 whose power can be cut, and one that is small. Needs root and, for ext4, a loop device. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, statfsSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Asked, Unable } from '../row.ts';
import { compiled } from './shim.ts';

const mustRun = (what: string, command: string, ...args: readonly string[]): void => {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Unable(`${what}: ${error?.message ?? stderr.trim()}`);
};

export interface PowerDisk {
  readonly path: string;
  /** What was not synced is gone; from now on every operation on it fails. */
  cut(): void;
  /** Mounts it again, with what is left. No process may use it. */
  restore(): void;
}

/** An ext4 in a file, on a loop device. @throws Unable */
export const powerDisk = (asked: Asked, mb: number): PowerDisk => {
  const image = join(asked.folder('image'), 'disk');
  const path = asked.folder('disk');
  const cut = compiled(asked, 'cut.c');
  writeFileSync(image, '');
  truncateSync(image, mb * 2 ** 20);
  const mount = (): void => mustRun('no ext4 can be mounted from a loop device here', 'mount', '-o', 'loop', image, path);
  mustRun('no ext4 can be made here', 'mkfs.ext4', '-q', '-F', image);
  mount();
  asked.scope.add(() => void spawnSync('umount', ['-l', path]));
  return {
    path,
    cut: () => mustRun('the power cannot be cut here', cut, path),
    restore() {
      mustRun('the disk is in use', 'umount', path);
      mount();
    },
  };
};

/** A disk of so many MB in memory. @throws Unable */
export const smallDisk = ({ folder, scope }: Asked, mb: number): string => {
  const path = folder('small');
  mustRun('no tmpfs can be mounted here', 'mount', '-t', 'tmpfs', '-o', `size=${mb}m`, 'tmpfs', path);
  scope.add(() => void spawnSync('umount', ['-l', path]));
  return path;
};

const freeMb = (path: string): number => {
  const { bavail, bsize } = statfsSync(path);
  return (bavail * bsize) / 2 ** 20;
};

/** Takes all the space there is but for some MB, whatever the gate writes meanwhile. @returns what gives it back */
export const fill = (path: string, leaveMb = 0): (() => void) => {
  const file = join(path, `filler-${leaveMb}`);
  const handle = openSync(file, 'w');
  const some = Buffer.alloc(64 * 1024);
  try {
    while (freeMb(path) >= leaveMb) writeSync(handle, some);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(handle);
  }
  return () => rmSync(file);
};
