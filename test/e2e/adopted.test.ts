/** A device that connects by itself and is adopted: known at the door at once, behind a restart too. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { folder, octroi, type Running, started, until } from './running.ts';

const brisk = { OCTROI_COMMIT_MS: '50' };
const declared = 'name: Ville\nzone: Europe/Paris\nadmission: declared\n';

const connected = async ({ mqttPort }: Running, username?: string) => {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, username === undefined ? {} : { username });
  onTestFinished(() => client.endAsync(true));
  return (n: number) => client.publishAsync('city/v1/a/b/telemetry', JSON.stringify({ ts: at + n, values: { temperature: n } }), { qos: 1 });
};
const at = Date.now() - 60_000;

interface Ledger {
  readonly readings: { readonly stored: number; readonly dead_letter: number };
}
const books = async ({ http }: Running): Promise<[stored: number, deadLetter: number]> => {
  const { readings } = (await (await fetch(`${http}/api/v1/ledger`)).json()) as Ledger;
  return [readings.stored, readings.dead_letter];
};
const booksAre = (gate: Running, stored: number, deadLetter: number) =>
  until(`${stored} stored, ${deadLetter} refused`, async () => String(await books(gate)) === `${stored},${deadLetter}`);

const adopt = async ({ http }: Running): Promise<void> => {
  const headers = { origin: http, 'content-type': 'application/json' };
  const answer = await fetch(`${http}/api/v1/devices/adopt`, { method: 'POST', headers, body: JSON.stringify({ subject: 'b', type: 'generic' }) });
  expect(answer.status).toBe(200);
};

test('what waited is stored, and it goes on: on the same connection, on a new one, and behind a restart', async () => {
  const data = folder();
  const file = join(folder(), 'town.yaml');
  writeFileSync(file, declared);
  const first = await started(data, brisk, '--town', file);
  const publish = await connected(first, 'b');
  await publish(1);
  await (await connected(first))(2); // nobody's name
  await booksAre(first, 0, 2);
  await adopt(first);
  await publish(3);
  await (await connected(first, 'b'))(4);
  await booksAre(first, 4, 0);
  // From now on it has a name, and must give it.
  await (await connected(first))(6);
  await booksAre(first, 4, 1);
  expect((await first.stop()).code).toBe(0);

  const second = await started(data, brisk);
  await (await connected(second, 'b'))(5);
  await booksAre(second, 5, 1);
  expect((await second.stop()).code).toBe(0);
});

test('a start with a town of another zone is refused where an open town has adopted what has figures', async () => {
  const data = folder();
  const file = join(folder(), 'town.yaml');
  const town = (zone: string): void => writeFileSync(file, `name: Ville\nzone: ${zone}\nadmission: open\n`);
  town('Europe/Paris');
  const gate = await started(data, brisk, '--town', file);
  await (await connected(gate))(1);
  await booksAre(gate, 1, 0);
  expect((await gate.stop()).code).toBe(0);

  town('America/New_York');
  const { code, err } = await octroi(['start', '--data', data, '--town', file, '--http-port', '0', '--mqtt-port', '0'], { OCTROI_LOG_LEVEL: 'fatal' });
  expect([code, err]).toEqual([
    1,
    'octroi: town-invalid: device "b" keeps the days of Europe/Paris, and its figures are stored by them: in America/New_York it needs another id. Correct the town file at the line named.\n',
  ]);
});
