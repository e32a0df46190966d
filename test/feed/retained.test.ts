/** What MQTT retains where a town is spread over partitions: each wants the rows of its own devices and no part of a sum, and makes the topic of all gates equal to that. */
import { expect, test } from 'vitest';
import { changesOf } from '../../cli/roles/retained-topic.ts';
import { hourMs, minuteMs } from '../../core/time.ts';
import { type Town, townSchema } from '../../core/town.ts';
import { retainedRows } from '../../feed/retained.ts';
import { viewsOver } from '../dashboards/town.ts';
import { drive } from '../drive.ts';
import { say, types } from './town.ts';

const start = Date.parse('2026-03-28T08:00:00Z');
const townOf = (owner: string): Town =>
  townSchema.parse({
    name: 'Ville',
    zone: 'Europe/Paris',
    sites: [
      { id: 'mairie', name: 'Mairie', owner: 'public' },
      { id: 'ecole', name: 'École', owner: 'public' },
      { id: 'parking', name: 'Parking', owner },
    ],
    devices: [
      { id: 'mairie-0', type: 'submeter', site: 'mairie' },
      { id: 'mairie-1', type: 'submeter', site: 'mairie' },
      { id: 'mairie-gas-1', type: 'gas-meter', site: 'mairie' },
      { id: 'ecole-0', type: 'submeter', site: 'ecole' },
      { id: 'parc-0', type: 'car-park', site: 'parking', capacity: 100 },
      { id: 'parc-1', type: 'car-park', site: 'parking', capacity: 100 },
    ],
  });
const town = townOf('public');

const isIn =
  (partition: number) =>
  (device: string): boolean =>
    device.endsWith(String(partition));

/** The pipeline of a partition, to which the devices of `isHere` have spoken. */
const partitionWith = async (isHere: (device: string) => boolean) => {
  const gate = await drive(town, start);
  for (let n = 0; n <= 6; n++) {
    for (const { id, type } of town.devices.filter((device) => isHere(device.id))) {
      const values = { 'car-park': { free_places: 40 + n }, submeter: { active_energy_import: 1_000 + n }, 'gas-meter': { gas_energy_index: 100 + n } }[type];
      say(gate, id, { ts: gate.now(), values });
    }
    gate.tick(gate.now() + 10 * minuteMs, minuteMs);
  }
  const { views, commit } = viewsOver(gate);
  await commit();
  return { gate, commit, rows: retainedRows({ views, types, isHere }, () => gate.now()) };
};

const parking = (id: string): string => `city/v1/public/parking-availability/${id}`;
const energy = (id: string): string => `city/v1/public/energy-of-town-buildings-daily/${id}`;

test('each partition wants the rows of its own devices; a building whose meters lie in two has none', async () => {
  const whole = await (await partitionWith(() => true)).rows();
  expect([...whole.keys()].sort()).toEqual(
    [energy('ecole-electricity'), energy('mairie-electricity'), energy('mairie-gas'), parking('parc-0'), parking('parc-1')].sort(),
  );
  const [first, second] = await Promise.all([0, 1].map(async (partition) => (await partitionWith(isIn(partition))).rows()));
  expect([...(first as typeof whole).keys()].sort()).toEqual([energy('ecole-electricity'), parking('parc-0')].sort());
  expect([...(second as typeof whole).keys()].sort()).toEqual([energy('mairie-gas'), parking('parc-1')].sort());
  for (const own of [first, second]) for (const [topic, payload] of own as typeof whole) expect(payload).toBe(whole.get(topic));
});

test('what is public no longer is wanted no longer', async () => {
  const { gate, commit, rows } = await partitionWith(isIn(0));
  expect((await rows()).has(parking('parc-0'))).toBe(true);
  gate.append('registry', { action: 'apply', town: townOf('residential') });
  gate.at(gate.now() + hourMs);
  await commit();
  expect([...(await rows()).keys()]).toEqual([energy('ecole-electricity')]);
});

const changes = (held: Record<string, readonly [by: string, payload: string]>, wanted: Record<string, Record<string, string>>): string[] =>
  changesOf(
    new Map(Object.entries(held).map(([topic, [by, payload]]) => [topic, { by, payload }])),
    new Map(Object.entries(wanted).map(([by, topics]) => [by, new Map(Object.entries(topics))])),
  ).map(({ subject, topic, sender, payload }) => {
    expect(subject).toBe(topic);
    return `${sender} ${topic} ${Buffer.from(payload).toString('utf8')}`;
  });

test.each([
  ['nothing where it holds what is wanted', { a: ['0', 'x'] }, { 0: { a: 'x' } }, []],
  ['what is new or another', { a: ['0', 'x'] }, { 0: { a: 'y', b: 'z' } }, ['0 a y', '0 b z']],
  ['an empty message for what is wanted no longer', { a: ['0', 'x'], b: ['0', 'y'] }, { 0: { b: 'y' } }, ['0 a ']],
  ['all that a partition had, where it wants nothing', { a: ['0', 'x'] }, { 0: {} }, ['0 a ']],
  ['nothing of a partition that is not its own, or has not said yet', { a: ['1', 'x'] }, { 0: {} }, []],
  ['what has gone over to another partition, once', { a: ['0', 'x'] }, { 0: {}, 1: { a: 'x' } }, ['1 a x']],
  ['what another plant withdrew meanwhile', {}, { 0: { a: 'x' } }, ['0 a x']],
] as const)('the topic is given %s', (_, held, wanted, given) => {
  expect(changes(held, wanted)).toEqual(given);
});
