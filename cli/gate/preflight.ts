/** What must hold before a gate opens: its ports are free, its folder can be written. Nothing is written to find out; taking the lock is left to the gate. */
import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../../config.ts';
import { FailureError, fail } from '../../core/failure.ts';

/** Free space below which a gate does not open, bytes: a lock, a segment and an empty store. A gate that is open goes on below it. */
export const diskFreeStartBytesMin = 2 * 1024 * 1024;

/** @throws FailureError `port-taken`, or `bad-setting` where this machine has no such address */
export const requirePort = (what: string, host: string, port: number): Promise<void> =>
  new Promise((done, reject) => {
    if (port === 0) return done();
    const server = createServer();
    server.once('error', ({ code, message }: NodeJS.ErrnoException) => {
      const where = `${what}, ${host}:${port}`;
      if (code === 'EADDRINUSE') reject(fail('port-taken', `port ${port} is in use`, where));
      else reject(fail(code === 'EACCES' ? 'port-taken' : 'bad-setting', message, where));
    });
    server.listen(port, host, () => server.close(() => done()));
  });

/** The folder itself, or the nearest one above it that exists; null where a file is in its way. */
const nearestFolder = async (folder: string): Promise<string | null> => {
  const path = resolve(folder);
  try {
    return (await stat(path)).isDirectory() ? path : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && dirname(path) !== path) return nearestFolder(dirname(path));
    throw error;
  }
};

/** Bytes free where a folder is, or would be made. */
export const freeBytes = async (folder: string): Promise<number> => {
  const { bavail, bsize } = await statfs((await nearestFolder(folder)) ?? folder);
  return bavail * bsize;
};

/** Why a folder cannot be written, in words; null where it can. */
const faultOf = async (folder: string): Promise<string | null> => {
  try {
    const there = await nearestFolder(folder);
    if (there === null) return 'a file is in the way of the folder';
    await access(there, constants.W_OK | constants.X_OK);
    const free = await freeBytes(there);
    return free < diskFreeStartBytesMin ? `the disk is full: ${free} bytes are free` : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

/** @throws FailureError `data-not-writable`: a file in the way, no permission, a read-only or full disk */
export const requireWritable = async (data: string): Promise<void> => {
  const fault = await faultOf(data);
  if (fault !== null) throw fail('data-not-writable', fault, data);
};

/** The plant of a gate that was killed holds the HTTP port until it has ended, which takes it 10 s at most; it is waited for that long, ms. */
const orphanMsMax = 12_000;
/** Pause between two looks at its port, ms. */
const orphanLookMs = 100;

const isPortTaken = (error: unknown): boolean => error instanceof FailureError && error.failure.code === 'port-taken';

const requirePortWithin = async (ms: number, ...port: Parameters<typeof requirePort>): Promise<void> => {
  for (const until = performance.now() + ms; ; ) {
    try {
      return await requirePort(...port);
    } catch (error) {
      if (!isPortTaken(error) || performance.now() >= until) throw error;
      await delay(orphanLookMs);
    }
  }
};

/**
 * @param isInherited whether the gate before was killed: its plant may be about to leave
 * @throws FailureError as `requirePort`
 */
export const requirePorts = async ({ mqttHost, mqttPort, mqttWsPort, httpHost, httpPort }: Config, isInherited = false): Promise<void> => {
  await requirePort('MQTT', mqttHost, mqttPort);
  if (mqttWsPort !== undefined) await requirePort('MQTT over WebSocket', mqttHost, mqttWsPort);
  await requirePortWithin(isInherited ? orphanMsMax : 0, 'HTTP', httpHost, httpPort);
};
