/** Twenty kills -9 of gate, plant and both under load: no acknowledged reading is missing, none is there twice. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { reachControl } from '../../cli/control.ts';
import { openWorkshop } from '../../cli/workshop.ts';
import { configSchema } from '../../config.ts';
import { balance } from '../../core/ledger.ts';
import { loadReading, loadReadingsPerMessage, runLoad } from '../../simulators/load.ts';

const kills = Number(process.env.OCTROI_KILLS ?? 20);
const data = mkdtempSync(join(tmpdir(), 'octroi-kill-'));
let gate: ChildProcess | null = null;

afterEach(async () => {
  if (gate !== null && gate.exitCode === null && gate.signalCode === null) {
    gate.kill('SIGKILL');
    await once(gate, 'exit');
  }
  rmSync(data, { recursive: true, force: true });
});

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

const start = (port: number): ChildProcess =>
  fork(new URL('../../cli/octroi.ts', import.meta.url), ['start', '--data', data, '--no-demo', '--http-port', '0', '--mqtt-port', String(port)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, OCTROI_LOG_LEVEL: 'fatal', OCTROI_COMMIT_MS: '200', OCTROI_SNAPSHOT_MS: '2000' },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });

const plantOf = (pid: number): number[] => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

const answers = async (): Promise<void> => {
  for (;;) {
    const client = await reachControl(data);
    if (client !== null) {
      await client.remote.addresses();
      client.close();
      return;
    }
    await delay(20);
  }
};

const killPlant = (pid: number): void => {
  for (const child of plantOf(pid)) process.kill(child, 'SIGKILL');
};

test.skipIf(process.platform !== 'linux')(`${kills} kills under load`, { timeout: 240_000 }, async () => {
  const port = await freePort();
  gate = start(port);
  await answers();
  const options = {
    port,
    connections: 50,
    window: 4,
    messages: kills * 1_500,
    ratePerSecond: 1_500,
    firstAt: Date.now() - 3_600_000,
    stepMs: 1_000,
    resend: true,
    patienceMs: 60_000,
  };
  let acknowledged = 0;
  const load = runLoad({ ...options, onAcknowledged: (count) => (acknowledged = count) });
  for (let kill = 0; kill < kills; kill++) {
    // At a moment that the load decides: some way into each twentieth of it.
    const target = kill * 1_400 + 300;
    while (acknowledged < target) await delay(5);
    const pid = gate.pid as number;
    if (kill % 3 !== 1) killPlant(pid);
    if (kill % 3 === 0) continue;
    gate.kill('SIGKILL');
    await once(gate, 'exit');
    gate = start(port);
    await answers();
  }
  const result = await load;
  expect(result.complete).toBe(true);
  gate.kill('SIGTERM');
  await once(gate, 'exit');

  const workshop = await openWorkshop(configSchema.parse({ data }));
  try {
    const books = balance(await workshop.views.ledger(), await workshop.views.recount());
    expect(books.balanced).toBe(true);
    expect(books.readings.stored).toBe(result.sent * loadReadingsPerMessage);
    expect(books.readings.dead_letter).toBe(0);
    for (const { subject, acknowledged: told } of result.journal) {
      const { rows } = await workshop.views.readings({ subject, quantity: 'temperature', from: 0, to: Number.MAX_SAFE_INTEGER, limit: 10_000 });
      const stored = new Map(rows.map((row) => [row.at, row.value]));
      expect(rows.length).toBe(stored.size);
      for (const [seq, isTold] of told.entries()) {
        const { at, temperature } = loadReading(options, seq);
        if (isTold === 1) expect([subject, seq, stored.get(at)]).toEqual([subject, seq, Math.round(temperature * 100)]);
      }
    }
    const { compared, different } = await workshop.views.verify();
    expect(compared).toBeGreaterThan(0);
    expect(different).toBe(0);
  } finally {
    await workshop.close();
  }
});
