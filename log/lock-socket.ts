/**
 * The proof that who holds a lock lives: a Unix socket in the folder, on which the kernel answers for as long as the
 * process does. Unlike a process number it means the same in every container that has the folder. Whose the lock is, is
 * left to `lock.ts`.
 */
import { open, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { join } from 'node:path';

const nameOf = (id: string): string => `lock.${id}.sock`;

/**
 * Hands `use` a path of the socket. Its name may be some hundred bytes long, and a folder's be longer: on Linux the folder goes by
 * its descriptor. That is let go again: when the server closes, it looks for its file where there is none any more.
 */
const withPath = async <Result>(folder: string, id: string, use: (path: string) => Promise<Result>): Promise<Result> => {
  if (process.platform !== 'linux') return use(join(folder, nameOf(id)));
  const handle = await open(folder, 'r');
  try {
    return await use(`/proc/self/fd/${handle.fd}/${nameOf(id)}`);
  } finally {
    await handle.close();
  }
};

/** Whoever can reach the folder may ask, as another user too; nothing is said. */
const listen = (path: string): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen({ path, readableAll: true, writableAll: true }, () => {
      server.unref(); // a lock that was not released keeps no process running
      resolve(server);
    });
  });

/** False: nobody listens there. Null: that cannot be told. */
const connects = (path: string): Promise<boolean | null> =>
  new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // EAGAIN: more wait to be let in than the kernel keeps; for a process that stands still, too, it answers.
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED' ? false : code === 'EAGAIN' ? true : null));
  });

/** Removes the file of a socket: one's own, or what a process that was killed has left. */
export const removeLockSocket = (folder: string, id: string): Promise<void> => rm(join(folder, nameOf(id)), { force: true });

export interface LockSocket {
  close(): Promise<void>;
}

/** Answers for `id` until it is closed or the process ends. @returns null where the file system has no sockets */
export const openLockSocket = async (folder: string, id: string): Promise<LockSocket | null> => {
  const server = await withPath(folder, id, listen).catch(() => null);
  if (server === null) return null;
  return {
    async close() {
      await new Promise((resolve) => server.close(resolve));
      await removeLockSocket(folder, id);
    },
  };
};

/** Whether the socket of `id` is answered; null where that cannot be told. */
export const isAnswered = (folder: string, id: string): Promise<boolean | null> => withPath(folder, id, connects).catch(() => null);
