/** What the command does when it cannot start, and how it ends: one clear line, the exit code, nothing left behind. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, onTestFinished, test } from 'vitest';
import { encodeHeader, formatVersion, segmentName } from '../../log/segment.ts';
import { folder, octroi, started, until } from './running.ts';

const quiet = { OCTROI_LOG_LEVEL: 'fatal' };
const ports = ['--http-port', '0', '--mqtt-port', '0'];
const start = (data: string, ...more: string[]): Promise<Awaited<ReturnType<typeof octroi>>> =>
  octroi(['start', '--data', data, '--no-demo', ...ports, ...more], quiet);

/** One line for a person: the code, what was found, where, what to do; no stack. */
const clear = (err: string): string => {
  const lines = err.trim().split('\n');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^octroi: [a-z-]+: .+\. [A-Z].+\.$/);
  return lines[0] as string;
};

const takenPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
};

const lockOf = (data: string): { readonly pid: number } | null => JSON.parse(readFileSync(join(data, 'lock'), 'utf8'));

/** A small disk, or null where none can be mounted. */
const disk = (options: string): string | null => {
  const path = folder();
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]).status !== 0) return null;
  onTestFinished(() => void spawnSync('umount', ['-l', path]));
  return path;
};

describe('it does not start, and says why', () => {
  test.each([
    ['MQTT', '--mqtt-port'],
    ['HTTP', '--http-port'],
  ])('the %s port is taken', async (what, option) => {
    const path = folder();
    const port = await takenPort();
    const { code, err } = await start(join(path, 'town', 'data'), option, String(port));
    expect(clear(err)).toContain(`port-taken: port ${port} is in use (${what}, 127.0.0.1:${port}). Stop the other program`);
    expect(code).toBe(1);
    expect(readdirSync(path)).toEqual([]);
  });

  test('a file is in the way of the data folder', async () => {
    const file = join(folder(), 'data');
    writeFileSync(file, '');
    const { code, err } = await start(file);
    expect(clear(err)).toContain(`data-not-writable: a file is in the way of the folder (${file}). Give`);
    expect(code).toBe(1);
  });

  test('the disk can only be read', async (context) => {
    const path = disk('size=1m,ro');
    if (path === null) return context.skip('no tmpfs can be mounted here');
    const { code, err } = await start(join(path, 'data'));
    expect(clear(err)).toMatch(/data-not-writable: EROFS: .+data\). Give/);
    expect(code).toBe(1);
  });

  test('the disk is full', async (context) => {
    const path = disk('size=3m');
    if (path === null) return context.skip('no tmpfs can be mounted here');
    writeFileSync(join(path, 'other'), Buffer.alloc(2 * 1024 * 1024));
    const { code, err } = await start(join(path, 'data'));
    expect(clear(err)).toMatch(/data-not-writable: the disk is full: 1048576 bytes are free .+free disk space\.$/);
    expect(code).toBe(1);
    expect(readdirSync(path)).toEqual(['other']);
  });

  test('a later octroi wrote the log', async () => {
    const data = folder();
    mkdirSync(join(data, 'log'));
    const header = encodeHeader({ version: formatVersion + 1, salt: 1, firstOffset: 0, logTime: 0 });
    writeFileSync(join(data, 'log', `${segmentName(0)}.seg`), header);
    const { code, err } = await start(data);
    expect(clear(err)).toMatch(/newer-version: the log has format \d+, this octroi reads up to \d+ \(.+\.seg\)\. Start the version/);
    expect(code).toBe(1);
    expect(readdirSync(data)).toEqual(['log']);
  });

  test('a later octroi wrote the store', async () => {
    const data = folder();
    mkdirSync(join(data, 'store'));
    const file = join(data, 'store', 'octroi.duckdb');
    const instance = await DuckDBInstance.create(file);
    const connection = await instance.connect();
    await connection.run('CREATE TABLE schema_version (version INTEGER); INSERT INTO schema_version VALUES (99)');
    connection.closeSync();
    instance.closeSync();
    const { code, err } = await start(data);
    expect(clear(err)).toMatch(/newer-version: .+octroi\.duckdb\)\. Start the version/);
    expect(code).toBe(1);
    expect(existsSync(join(data, 'lock'))).toBe(false);
    expect(existsSync(join(data, 'control.sock'))).toBe(false);
  });

  test('the town file is broken: file, line, remedy', async () => {
    const data = join(folder(), 'data');
    const file = join(folder(), 'town.yaml');
    writeFileSync(file, 'name: Ville\nzone: Mars/Base\n');
    const { code, err } = await start(data, '--town', file);
    expect(clear(err)).toContain(`town-invalid: ${file}:2: zone: not an IANA time zone. Correct the town file at the line named.`);
    expect(code).toBe(1);
    expect(existsSync(data)).toBe(false);
  });

  test('the town as it was applied is damaged', async () => {
    const data = folder();
    writeFileSync(join(data, 'town.json'), '{"name": "Vil');
    const { code, err } = await start(data);
    expect(clear(err)).toMatch(/town-invalid: the town as it was applied cannot be read \(.+\); remove the file and start with --town \(.+town\.json\)/);
    expect(code).toBe(1);
    expect(readdirSync(data)).toEqual(['town.json']);
  });

  test('the town file is not there', async () => {
    const { code, err } = await start(join(folder(), 'data'), '--town', '/no/such/town.yaml');
    expect(clear(err)).toContain('bad-request: there is no such file: name a town file (/no/such/town.yaml).');
    expect(code).toBe(2);
  });
});

describe('wrong use is 2', () => {
  test('options and commands that there are not', async () => {
    const [option, command, argument] = await Promise.all([octroi(['start', '--bogus']), octroi(['begin']), octroi(['start', 'now'])]);
    expect([option.code, command.code, argument.code]).toEqual([2, 2, 2]);
    expect(option.err).toBe("error: unknown option '--bogus'\n(octroi start --help lists its options)\n");
    expect(command.err).toMatch(/^octroi: unknown command 'begin'; known: start, import, .+, doctor\n$/);
    expect(argument.err).toContain('too many arguments');
  });

  test('a word that is no command of a command, also where one of them is the default; a value that is none', async () => {
    const shelve = ['alarms', 'shelve', 'one', '--by', 'me', '--minutes', 'many'];
    const [alarms, town, only, minutes] = await Promise.all(
      [['alarms', 'frob'], ['town', 'chek'], ['bench', '--only', 'frob'], shelve].map((words) => octroi(words)),
    );
    expect([alarms?.code, town?.code, only?.code, minutes?.code]).toEqual([2, 2, 2, 2]);
    expect(alarms?.err).toBe("octroi: unknown command 'alarms frob'; known: list, acknowledge, shelve, unshelve, label, labels, end-exception\n");
    expect(town?.err).toBe("octroi: unknown command 'town chek'; known: check, apply, export\n");
    expect(clear(only?.err ?? '')).toContain('bad-request: no case is called "frob"; there are "devices, 10,000/s", ');
    expect(clear(minutes?.err ?? '')).toContain('bad-request: "many" is not a number above 0, up to 43200 (--minutes)');
  });

  test('one is one', async () => {
    const file = join(folder(), 'town.yaml');
    writeFileSync(file, 'name: Here\nzone: Europe/Paris\nsites:\n  - {id: hall, name: Hall, owner: public}\n');
    expect((await octroi(['town', 'check', file])).out).toBe(`${file}: 1 site, 0 devices, no fault\n`);
  });

  test('a setting with a value that it cannot have, and one that there is not', async () => {
    const data = join(folder(), 'data');
    const [byOption, byVariable, misspelt] = await Promise.all([
      octroi(['start', '--data', data, '--http-port', 'eighty']),
      octroi(['start', '--data', data], { OCTROI_COMMIT_MS: '7' }),
      octroi(['start', '--data', data, '--http-port', '99999'], { OCTROI_COMIT_MS: '200', OCTROI_HTTP_PORT: '' }),
    ]);
    expect(clear(byOption.err)).toContain('bad-setting: --http-port is "eighty": a whole number from 0 to 65535 is expected (port of the pages');
    expect(clear(byVariable.err)).toContain('bad-setting: OCTROI_COMMIT_MS is "7": a whole number from 50 to 10000 is expected (longest time');
    expect(clear(misspelt.err)).toContain('--http-port is "99999"');
    expect([byOption.code, byVariable.code, misspelt.code]).toEqual([2, 2, 2]);
    expect(existsSync(data)).toBe(false);
  });
});

test('doctor and config print one object, and make nothing; a password for simulate is no misspelt setting', async () => {
  const data = join(folder(), 'data');
  const env = { OCTROI_SIMULATE_PASSWORD: 'a-secret', OCTROI_COMIT_MS: '200' };
  const [doctor, config] = await Promise.all([octroi(['doctor', '--data', data, '--json'], env), octroi(['config', '--data', data, '--json'], env)]);
  const findings = expect.arrayContaining([{ what: 'data folder', ok: true, found: `${data} can be written` }]);
  expect(JSON.parse(doctor.out)).toEqual({ ok: doctor.code === 0, findings });
  const settings = expect.arrayContaining([expect.objectContaining({ name: 'data', value: data, from: 'command line' })]);
  expect(JSON.parse(config.out)).toEqual({ settings, unknown: ['OCTROI_COMIT_MS'] });
  expect(config.out).not.toContain('a-secret');
  expect(existsSync(data)).toBe(false);
});

test('doctor says of a port that is taken what start says', async () => {
  const port = String(await takenPort());
  const { code, out } = await octroi(['doctor', '--data', folder()], { OCTROI_MQTT_PORT: port, OCTROI_HTTP_PORT: '0' });
  expect(out).toContain(`FAIL MQTT port: port-taken: port ${port} is in use (MQTT, 127.0.0.1:${port}). Stop the other program, or choose another port.`);
  expect(code).toBe(1);
});

test('a town applied to a folder that was not there says that it made one; the next time it is there', async () => {
  const at = folder();
  const [file, data] = [join(at, 'town.yaml'), join(at, 'nowhere')];
  writeFileSync(file, 'name: Town\nzone: Europe/Paris\nadmission: declared\ndevices: [{ id: a, type: room-sensor }]\n');
  const apply = async (...more: string[]): Promise<string> => (await octroi(['town', 'apply', file, '--data', data, ...more])).out.trim();
  expect(await apply()).toBe(`applied at position 0: 1 device; a new data folder was made at ${data}, and no octroi runs on it`);
  expect(await apply()).toBe('applied at position 1: 1 device');
  expect(JSON.parse(await apply('--json'))).toEqual({ offset: 2, devices: 1, made: false });
});

describe('it ends', () => {
  test('by kill -9 of the gate alone: the next one waits for the port that the plant of the first still holds', async () => {
    const data = folder();
    const gate = await started(data, quiet);
    const plant = gate.plantPid() as number;
    process.kill(plant, 'SIGSTOP'); // it holds the port until it is ended
    await gate.stop('SIGKILL');
    const next = started(data, quiet, '--http-port', new URL(gate.http).port);
    // The next one has the lock, and finds the port taken.
    await until('another lock', () => lockOf(data)?.pid !== gate.pid);
    await delay(1_000);
    process.kill(plant, 'SIGKILL');
    expect((await next).http).toBe(gate.http);
    await (await next).stop();
  });

  test('at SIGTERM: within seconds, with 0, the folder free; meanwhile no other may use it', async () => {
    const data = folder();
    const gate = await started(data, { ...quiet, OCTROI_COMIT_MS: '200' });
    const second = await start(data);
    expect(clear(second.err)).toContain(`data-in-use: process ${gate.pid} uses it (${data}). Stop the octroi`);
    expect(second.code).toBe(1);
    expect(existsSync(join(data, 'lock'))).toBe(true);
    const { code, ms } = await gate.stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(60_000);
    expect(existsSync(join(data, 'lock'))).toBe(false);
    expect(gate.complaints()).toContain('OCTROI_COMIT_MS is no setting');
  });

  test('at once at a second signal, when something hangs', async () => {
    const gate = await started(folder(), quiet);
    const plant = gate.plantPid() as number;
    process.kill(plant, 'SIGSTOP');
    onTestFinished(() => void process.kill(plant, 'SIGKILL'));
    process.kill(gate.pid, 'SIGINT');
    process.kill(gate.pid, 'SIGINT'); // a terminal and the launcher say it both
    await delay(700); // more than counts as one
    const { code, ms } = await gate.stop('SIGINT');
    expect(code).toBe(1);
    expect(ms).toBeLessThan(8_000);
  });
});
