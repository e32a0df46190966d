/** What the log asks of a file system when it writes: a small port, so that tests make it fail for real; when to write is left to the writer. */
import { fstatSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';

export interface LogFile {
  /** Writes all of the bytes at a position. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** fdatasync. */
  sync(): Promise<void>;
  /** Whether any name leads to it: what is written into a file that was removed or replaced, nobody can read again. */
  isNamed(): boolean;
  close(): Promise<void>;
}

export interface LogFiles {
  /** Creates a file; one of the same name is removed first. */
  create(path: string): Promise<LogFile>;
  rename(from: string, to: string): Promise<void>;
  /** Makes names in a folder durable. */
  syncFolder(path: string): Promise<void>;
}

/** @param hasLinks whether this file system counts the names of a file; some in user space always say 0 */
const logFile = (handle: FileHandle, hasLinks: boolean): LogFile => ({
  async write(bytes, position) {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
  },
  sync: () => handle.datasync(),
  // At once: it is asked once a group, and the file is open.
  isNamed: () => !hasLinks || fstatSync(handle.fd).nlink > 0,
  close: () => handle.close(),
});

/** fsync of a folder; where a system has none (Windows), names are durable without it. */
export const syncFolder = async (path: string): Promise<void> => {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** The file system of this machine. */
export const realFiles: LogFiles = {
  async create(path) {
    await rm(path, { force: true });
    const handle = await open(path, 'wx', 0o600);
    return logFile(handle, (await handle.stat()).nlink > 0);
  },
  rename,
  syncFolder,
};
