import { expect, test } from 'vitest';
import { gateTown } from '../../cli/gate/town.ts';
import { resolveConfig } from '../../config.ts';
import type { RegistryChange } from '../../core/envelope.ts';
import type { Site, Town } from '../../core/town.ts';
import { type Drive, drive, townOf } from '../drive.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const now = Date.parse('2026-04-07T10:00:00Z');
const sites: Site[] = [
  { id: 'home', name: 'Home', owner: 'residential' },
  { id: 'school', name: 'School', owner: 'public' },
  { id: 'far', name: 'Far', owner: 'public', zone: 'America/New_York' },
];
const standing = (places: Readonly<Record<string, string>>, extra: Partial<Town> = {}): Town => {
  const devices = Object.entries(places).map(([id, site]) => ({ id, type: 'submeter', site }));
  return townOf(devices, { admission: 'declared', sites, ...extra });
};
const home = 'device "m1" measured a home, and its past stays private: elsewhere it needs another id';
const zone = 'device "m2" keeps the days of Europe/Paris, and its figures are stored by them: in America/New_York it needs another id';

const say = (gate: Drive, subject: string, minute: number, sender = subject): void =>
  gate.send(subject, { ts: now - minute * 60_000, values: { active_energy_import: 100 - minute } }, { sender });
const places = (gate: Drive) => Object.fromEntries(gate.pipeline.town().devices.map(({ id, site }) => [id, site]));
const refused = async (gate: Drive, code: string) => (await gate.store.deadLettersPage({ code, limit: 10 })).rows.map(({ field, message }) => [field, message]);

/** m1 spoke at a home, m2 at the school, m3 nowhere yet; then a file without any of them, and a restart. */
const emptied = async (extra: Partial<Town> = {}): Promise<Drive> => {
  const gate = await drive(standing({ m1: 'home', m2: 'school', m3: 'school' }), now);
  for (const subject of ['m1', 'm2']) say(gate, subject, 10);
  gate.append('registry', { action: 'apply', town: standing({}, extra) });
  await gate.process();
  await gate.checkpoint();
  await gate.crash();
  expect(places(gate)).toEqual({});
  return gate;
};

test('a file that declares them elsewhere is not followed there, even where another came in between', async () => {
  const gate = await emptied();
  gate.append('registry', { action: 'apply', town: standing({ m1: 'school', m2: 'far', m3: 'far' }) });
  await gate.process();
  expect(await refused(gate, 'town-invalid')).toEqual([
    ['m2', zone],
    ['m1', home],
  ]);
  expect(places(gate)).toEqual({ m3: 'far' });
  gate.append('registry', { action: 'apply', town: standing({ m1: 'home', m2: 'school' }) });
  await gate.process();
  expect(places(gate)).toEqual({ m1: 'home', m2: 'school' });
});

test('where a device still stands it stays, and what the file says of it is a dead letter', async () => {
  const gate = await drive(standing({ m1: 'home', m2: 'school' }), now);
  for (const subject of ['m1', 'm2']) say(gate, subject, 10);
  gate.append('registry', { action: 'apply', town: standing({ m1: 'school', m2: 'far' }) });
  await gate.process();
  expect((await refused(gate, 'town-invalid')).length).toBe(2);
  expect(places(gate)).toEqual({ m1: 'home', m2: 'school' });
});

test('a home that a file makes a public site loses the meters that were adopted there', async () => {
  const gate = await drive(standing({}), now);
  gate.append('registry', { action: 'adopt', device: { id: 'm1', type: 'submeter', site: 'home' } });
  gate.append('registry', { action: 'apply', town: standing({}, { sites: sites.map((site) => ({ ...site, owner: 'public' })) }) });
  await gate.process();
  expect(await refused(gate, 'town-invalid')).toEqual([['m1', home]]);
  expect(places(gate)).toEqual({});
});

test.each([
  [{ id: 'm1', type: 'submeter', site: 'school' }, 'site', home],
  [{ id: 'm1', type: 'submeter' }, 'site', home],
  [{ id: 'm2', type: 'submeter', site: 'far' }, 'zone', zone],
])('%j cannot be adopted', async (device, field, message) => {
  const gate = await emptied();
  gate.append('registry', { action: 'adopt', device });
  await gate.process();
  expect(await refused(gate, 'bad-request')).toEqual([[field, message]]);
  expect(places(gate)).toEqual({});
});

test('an open town does not adopt a meter of a home by what it sends', async () => {
  const gate = await emptied({ admission: 'open' });
  for (const subject of ['m1', 'm2']) say(gate, subject, 5, '');
  await gate.process();
  expect(places(gate)).toEqual({ m2: undefined });
  expect((await gate.store.deadLettersPage({ code: 'unknown-device', limit: 10 })).rows.map(({ subject }) => subject)).toEqual(['m1']);
});

test('the gate asks the plant, and refuses both before anything comes into the log', async () => {
  const gate = await emptied();
  const data = temporaryFolder();
  const changes: RegistryChange[] = [];
  const held = gateTown({
    config: resolveConfig({ data }, {}).config,
    town: standing({}),
    append: async (change) => changes.push(change),
    known: async () => ({ adopted: gate.pipeline.adopted(), past: gate.pipeline.past() }),
  });
  await expect(held.apply(standing({ m1: 'school' }))).rejects.toThrow(home);
  await expect(held.apply(standing({ m2: 'far' }))).rejects.toThrow(zone);
  await expect(held.change({ action: 'adopt', device: { id: 'm1', type: 'submeter', site: 'school' } })).rejects.toThrow(home);
  expect(changes).toEqual([]);
  await held.apply(standing({ m1: 'home', m2: 'school', m3: 'far' }));
  expect(changes.length).toBe(1);
});

test('what an open town adopts comes back from a snapshot, whatever its topic calls it', async () => {
  const gate = await drive(townOf([], { sites }), now);
  for (const subject of ['a b', 'é', '-']) gate.send(subject, { ts: now, values: { temperature: 1 } });
  await gate.process();
  await gate.checkpoint();
  await gate.crash();
  expect(gate.pipeline.town().devices).toEqual([]);
});
