/** A real InfluxDB: started in a temporary folder on a free port of this machine, ended by its own process. How the binary is made is `bin/servers/influxd.sh`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../stores/influxdb/connection.ts';
import type { Buckets } from '../../stores/influxdb/schema.ts';
import { type KeptDays, setUpBuckets } from '../../stores/influxdb/setup.ts';
import { freePort } from '../free-port.ts';
import { killed, noServer, untilServes } from './server-process.ts';

const folder = process.env.OCTROI_SERVERS_DIR ?? join(homedir(), '.cache', 'octroi-servers');
const binary = join(folder, 'influxd-v2.9.1');

/** Why nothing over InfluxDB can run here; null where it can. */
export const noInfluxd: string | null = existsSync(binary) ? null : noServer('InfluxDB, which bin/servers/influxd.sh builds');

export interface Influxd {
  readonly url: string;
  readonly org: string;
  readonly token: string;
  readonly pid: () => number;
  /** Fresh buckets. */
  buckets(keptDays?: KeptDays): Promise<Buckets>;
  /** A call of the HTTP API with the operator's token. @returns status and body */
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: string }>;
  /** Ends the server at once, as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and folder. */
  start(): Promise<void>;
  pause(): void;
  resume(): void;
  /** Ends the server and removes its folder. */
  close(): Promise<void>;
}

export const startInfluxd = async (): Promise<Influxd> => {
  const home = await mkdtemp(join(tmpdir(), 'octroi-influxd-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const [org, token] = ['town', 'a-token-for-tests'];
  let child: ChildProcess;
  let named = 0;

  const call = async (method: string, path: string, body?: unknown): Promise<{ status: number; body: string }> => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Token ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.text() };
  };
  const isHealthy = () =>
    fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  const start = async (): Promise<void> => {
    const paths = ['--bolt-path', join(home, 'i.bolt'), '--sqlite-path', join(home, 'i.sqlite'), '--engine-path', join(home, 'engine')];
    const options = ['--http-bind-address', `127.0.0.1:${port}`, '--reporting-disabled', '--no-tasks', '--log-level', 'error'];
    child = spawn(binary, [...paths, ...options], { stdio: 'ignore' });
    await untilServes('influxd', child, isHealthy);
  };
  const kill = (): Promise<void> => killed(child);

  await start();
  await call('POST', '/api/v2/setup', { username: 'octroi', password: 'only-for-tests', org, bucket: 'unused', token, retentionPeriodSeconds: 0 });
  return {
    url,
    org,
    token,
    pid: () => child.pid as number,
    async buckets(keptDays = { raw: 0, panes: 0 }) {
      const prefix = `town-${named++}`;
      const buckets = { raw: `${prefix}-raw`, panes: `${prefix}-panes`, state: `${prefix}-state` };
      const connection = connect({ url, org, token });
      await setUpBuckets(connection, buckets, keptDays);
      connection.close();
      return buckets;
    },
    call,
    kill,
    start,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async close() {
      await kill();
      await rm(home, { recursive: true, force: true });
    },
  };
};
