/** Libraries that are put under a process: compiled from the C beside this file, set while it runs. What they do is said in the C. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Asked, Unable } from '../row.ts';

/** Compiles a file of this folder. @throws Unable without gcc */
export const compiled = ({ folder }: Pick<Asked, 'folder'>, source: string, ...flags: readonly string[]): string => {
  const out = join(folder('built'), source.replace(/\.c$/, flags.includes('-shared') ? '.so' : ''));
  const file = fileURLToPath(new URL(source, import.meta.url));
  const { status, stderr, error } = spawnSync('gcc', ['-O2', ...flags, '-o', out, file, '-ldl', '-lpthread'], { encoding: 'utf8' });
  if (error !== undefined) throw new Unable(`no gcc here: ${error.message}`);
  if (status !== 0) throw new Unable(`${source} cannot be compiled here: ${stderr}`);
  return out;
};

export interface Shim {
  /** For the environment of the process. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets a number of the library, at once. */
  set(slot: number, value: number): void;
}

const slots = 8;

const shim = (asked: Pick<Asked, 'folder'>, source: string, variable: string): Shim => {
  const library = compiled(asked, source, '-shared', '-fPIC');
  const file = join(asked.folder('built'), variable);
  writeFileSync(file, Buffer.alloc(slots * 8));
  return {
    env: { LD_PRELOAD: library, [variable]: file },
    set(slot, value) {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(BigInt(value));
      const handle = openSync(file, 'r+');
      writeSync(handle, bytes, 0, 8, slot * 8);
      closeSync(handle);
    },
  };
};

/** Numbers of `disk.c`. */
export const disk = {
  logSyncDelayUs: 0,
  logSyncFailsEvery: 1,
  logSyncFailureIsHidden: 2,
  noSync: 3,
  logWritesLateMs: 4,
  storeSyncsFail: 5,
  logWriteFailureIsHidden: 6,
  storeSyncDelayUs: 7,
} as const;

/** A disk that misbehaves on request. */
export const diskShim = (asked: Asked): Shim => shim(asked, 'disk.c', 'TORTURE_DISK');

export interface ClockShim {
  readonly env: Shim['env'];
  /** Sets the wall clock so many seconds ahead of the true one. */
  set(seconds: number): void;
}

/** A wall clock that can be set, for one process and what it starts. */
export const clockShim = (asked: Pick<Asked, 'folder'>): ClockShim => {
  const { env, set } = shim(asked, 'clock.c', 'TORTURE_CLOCK');
  return { env, set: (seconds) => set(0, seconds) };
};
