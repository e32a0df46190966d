/** The log and the gate hold the same town, whatever happens while it is changed. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { faultAt } from '../fault-at.ts';
import { folder, octroi, type Running, started, until } from './running.ts';

const brisk = { OCTROI_COMMIT_MS: '50' };
const device = (id: string, secret: string): string =>
  `  - id: ${id}\n    type: generic\n    secretSha256: ${createHash('sha256').update(secret).digest('hex')}\n`;
const townFile = (...devices: string[]): string => {
  const file = join(folder(), 'town.yaml');
  writeFileSync(file, `name: Ville\nzone: Europe/Paris\nadmission: declared\ndevices:\n${devices.join('')}`);
  return file;
};
const before = (): string => townFile(device('d1', 'old'));
const after = (): string => townFile(device('d1', 'new'), device('d2', 'second'));

/** Publishes once under a name and its secret. @returns whether it was let in and acknowledged */
const says = async ({ mqttPort }: Running, username: string, password: string): Promise<boolean> => {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { username, password, reconnectPeriod: 0 }).catch(() => null);
  if (client === null) return false;
  onTestFinished(() => client.endAsync(true));
  await client.publishAsync(`city/v1/a/${username}/telemetry`, JSON.stringify({ ts: Date.now(), values: { temperature: 5 } }), { qos: 1 });
  return true;
};

interface Ledger {
  readonly readings: { readonly stored: number; readonly dead_letter: number };
}
const booksAre = (gate: Running, stored: number, deadLetter: number) =>
  until(`${stored} stored, ${deadLetter} refused`, async () => {
    const { readings } = (await (await fetch(`${gate.http}/api/v1/ledger`)).json()) as Ledger;
    return readings.stored === stored && readings.dead_letter === deadLetter;
  });

const isNew = /"d2"/;
/** What tells the moment before the change is in the log: the file says from where on to look. */
const isMarked = /"changing":\d/;
test.for([
  ['is killed before the file has the town', faultAt('kill before', 'rename', /town\.json$/, isNew), true],
  ['is killed once the file has it', faultAt('kill after', 'rename', /town\.json$/, isNew), true],
  ['finds no room for the file once the log has the town', faultAt('full', 'rename', /town\.json$/, isNew), true],
  ['is killed before the log has the town', faultAt('kill after', 'rename', /town\.json$/, isMarked), false],
  ['is killed before anything of it is on disk', faultAt('kill before', 'rename', /town\.json$/, isMarked), false],
] as const)('a gate that %s', async ([, fault, isApplied]) => {
  const data = folder();
  const first = await started(data, brisk, '--town', before());
  expect((await first.stop()).code).toBe(0);
  const faulty = await started(data, { ...brisk, ...fault });
  await octroi(['town', 'apply', after(), '--data', data]);
  await faulty.stop('SIGKILL');

  const gate = await started(data, brisk);
  // Where d2 is nobody's name, what it says waits for it.
  expect([await says(gate, 'd1', 'old'), await says(gate, 'd1', 'new'), await says(gate, 'd2', 'second')]).toEqual([!isApplied, isApplied, true]);
  await (isApplied ? booksAre(gate, 2, 0) : booksAre(gate, 1, 1));
  expect((await gate.stop()).code).toBe(0);
});
