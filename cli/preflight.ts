/** What must hold before a gate opens: its ports are free, its folder can be written. Nothing is written to find out; taking the lock is left to the gate. */
import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, resolve } from 'node:path';
import type { Config } from '../config.ts';
import { fail } from '../core/failure.ts';

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

/** The folder itself, or the nearest one above it that exists. */
const nearest = async (folder: string): Promise<string> => {
  const path = resolve(folder);
  try {
    if ((await stat(path)).isDirectory()) return path;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && dirname(path) !== path) return nearest(dirname(path));
    throw error;
  }
  throw new Error('a file is in the way of the folder');
};

/** @throws FailureError `data-not-writable`: a file in the way, no permission, a read-only or full disk */
export const requireWritable = async (data: string): Promise<void> => {
  try {
    const there = await nearest(data);
    await access(there, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(there);
    if (bavail * bsize < diskFreeStartBytesMin) throw new Error(`the disk is full: ${bavail * bsize} bytes are free`);
  } catch (error) {
    throw fail('data-not-writable', error instanceof Error ? error.message : String(error), data);
  }
};

/** @throws FailureError as `requirePort` */
export const requirePorts = async ({ mqttHost, mqttPort, mqttWsPort, httpHost, httpPort }: Config): Promise<void> => {
  await requirePort('MQTT', mqttHost, mqttPort);
  if (mqttWsPort !== undefined) await requirePort('MQTT over WebSocket', mqttHost, mqttWsPort);
  await requirePort('HTTP', httpHost, httpPort);
};
