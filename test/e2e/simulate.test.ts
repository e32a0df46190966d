/** `octroi simulate` against a real gate: it finds it, and what it reports as acknowledged is what the gate has stored. */
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { folder, octroi, started, until } from './running.ts';

test('the report is what the gate has stored', async () => {
  const data = folder();
  const gate = await started(data, { OCTROI_LOG_LEVEL: 'fatal', OCTROI_COMMIT_MS: '200' });
  const load = ['--devices', '20', '--rate', '200', '--minutes', '0.05', '--data', data];
  const { code, out, err } = await octroi(['simulate', ...load, '--json']);
  const report = JSON.parse(out.trim().split('\n').at(-1) ?? '');
  expect(report).toMatchObject({
    devices: 20,
    messages: 600,
    sent: 600,
    acknowledged: 600,
    unacknowledged: 0,
    readings: 1_800,
    resent: 0,
    errors: { refused: 0, connectionsLost: 0 },
    complete: true,
  });
  const { p50, p95, p99, max } = report.latencyMs;
  expect([0, p50, p95, p99, max]).toEqual([0, p50, p95, p99, max].toSorted((a, b) => a - b));
  expect(p50).toBeGreaterThan(0);
  expect(err).toMatch(/^\d+ s: \d+ of 600 acknowledged$/m);
  expect(code).toBe(0);
  await until('all in the store', async () => {
    const books = await (await fetch(`${gate.http}/api/v1/ledger`)).json();
    return (books as { readings: { stored: number } }).readings.stored === 1_800;
  });
  expect((await gate.stop()).code).toBe(0);
});

test('it does not load another machine unasked, nor nobody, nor without end', async () => {
  const closed = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => closed.once('listening', resolve));
  const { port } = closed.address() as { port: number };
  closed.close();
  const [remote, nobody, endless] = await Promise.all([
    octroi(['simulate', '--host', '192.0.2.1']),
    octroi(['simulate', '--port', String(port)]),
    octroi(['simulate', '--minutes', 'many']),
  ]);
  expect(remote.err).toMatch(/^octroi: bad-request: 192\.0\.2\.1 is another machine: .+--yes-remote.+ \(--host\)\./);
  expect(nobody.err).toMatch(/^octroi: unavailable: nobody listens: .+ECONNREFUSED.+\(127\.0\.0\.1:\d+\)\./);
  expect(endless.err).toMatch(/^octroi: bad-request: "many" is not a number above 0, up to 1440 \(--minutes\)\./);
  expect([remote.code, nobody.code, endless.code]).toEqual([2, 1, 2]);
});
