/** Nothing of a home, and nothing that no rule names, is in anything that the feed gives out; and the check is seen to fail when the gate is broken. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ownerClasses, type Town, townSchema } from '../../core/town.ts';
import { privacyGate as trueGate } from '../../feed/privacy-gate.ts';
import { datasets } from '../../feed/registry.ts';
import { rules } from '../../feed/rules.ts';
import { viewsOver } from '../dashboards/town.ts';
import { drive } from '../drive.ts';
import { type FeedTown, freshTown, say, types } from './town.ts';

const start = Date.parse('2026-03-28T08:00:00Z');
const deviceTypes = ['car-park', 'submeter', 'gas-meter', 'heat-meter', 'linky', 'parking-bay', 'room-sensor'] as const;
const values: Readonly<Record<(typeof deviceTypes)[number], (n: number) => Record<string, unknown>>> = {
  'car-park': (n) => ({ free_places: n % 90, capacity: 100 }),
  submeter: (n) => ({ active_energy_import: 1000 + n }),
  'gas-meter': (n) => ({ gas_energy_index: 1000 + n }),
  'heat-meter': (n) => ({ heat_energy: 1000 + n }),
  linky: (n) => ({ active_energy_import: 1000 + n }),
  'parking-bay': (n) => ({ occupancy: n % 2 === 0 ? 'free' : 'occupied' }),
  'room-sensor': () => ({ temperature: 20 }),
};

interface Given {
  readonly owners: readonly (typeof ownerClasses)[number][];
  /** Type, and place of its site; −1: none. */
  readonly devices: readonly (readonly [(typeof deviceTypes)[number], number])[];
}

const published = new Set(Object.values(rules).flatMap(({ types: named }) => named));

/** Whatever must not come out has `secret` in its name, and in that of its site. */
const townOf = ({ owners, devices }: Given): Town => {
  const siteName = (n: number): string => (owners[n] === 'public' ? `open-site-${n}` : `secret-site-${n}`);
  return townSchema.parse({
    name: 'Ville',
    zone: 'Europe/Paris',
    quarters: [{ id: 'A', name: 'Quartier' }],
    sites: owners.map((owner, n) => ({ id: siteName(n), name: siteName(n), owner, quarter: 'A', at: [2.2 + n / 100, 48.8] })),
    devices: devices.map(([type, n], i) => {
      const open = n >= 0 && n < owners.length && owners[n] === 'public' && published.has(type);
      const id = `${open ? 'open' : 'secret'}-${i}-${type}`;
      return { id, type, label: id, ...(n >= 0 && n < owners.length ? { site: siteName(n) } : {}) };
    }),
  });
};

const everything: Given = {
  owners: [...ownerClasses],
  devices: deviceTypes.flatMap((type) => [-1, 0, 1, 2].map((n) => [type, n] as const)),
};

const live = async (given: Given) => {
  const town = townOf(given);
  const driven = await drive(town, start);
  speak(driven, town, 0);
  const { views, commit } = viewsOver(driven);
  await commit();
  return { views, now: driven.now() };
};

const speak = (driven: Parameters<typeof say>[0], town: Town, step: number): void => {
  for (let n = 0; n < 4; n++) {
    for (const [i, { id, type }] of town.devices.entries())
      say(driven, id, { ts: driven.now(), values: values[type as (typeof deviceTypes)[number]](i + n + step) });
    driven.tick(driven.now() + 300_000, 60_000);
  }
};

/** Text of all public rows, by this gate. */
const rowsText = async (make: typeof trueGate, given: Given): Promise<string> => {
  const { views, now } = await live(given);
  const gate = make({ views, types, datasets });
  const rows = await Promise.all(datasets.map((dataset) => gate.rows(dataset, now)));
  return JSON.stringify(rows);
};

test('whatever the town, no row is of a home, of another owner, of a device without a site, or of a type without a rule', async () => {
  const given = fc.record({
    owners: fc.array(fc.constantFrom(...ownerClasses), { maxLength: 4 }),
    devices: fc.array(fc.tuple(fc.constantFrom(...deviceTypes), fc.integer({ min: -1, max: 3 })), { maxLength: 12 }),
  });
  await fc.assert(
    fc.asyncProperty(given, async (one) => {
      expect(await rowsText(trueGate, one)).not.toContain('secret');
    }),
    { numRuns: 40 },
  );
});

test('what may leave does', async () => {
  const text = await rowsText(trueGate, everything);
  for (const found of ['open-1-car-park', 'open-site-0-electricity', 'open-site-0-gas', 'open-site-0-heat']) expect(text).toContain(found);
});

/** The gate with a piece of its text replaced. */
const mutant = async (folder: string, from: string, to: string): Promise<typeof trueGate> => {
  const source = readFileSync(resolve(import.meta.dirname, '../../feed/privacy-gate.ts'), 'utf8');
  expect(source).toContain(from);
  const absolute = source.replace(from, to).replaceAll(/'(\.{1,2}\/[^']+)'/g, (_, path: string) => `'${resolve(import.meta.dirname, '../../feed', path)}'`);
  const file = join(folder, `gate-${from.length}-${to.length}.ts`);
  writeFileSync(file, absolute);
  return ((await import(/* @vite-ignore */ file)) as { privacyGate: typeof trueGate }).privacyGate;
};

const denial = "if (site.owner === 'residential') return false;\n  return rule.owners.includes(site.owner) && rule.types.includes(device.type);";

test.each([
  ['the owner is not asked', denial, 'return rule.types.includes(device.type);'],
  ['only homes are denied', 'rule.owners.includes(site.owner) && ', ''],
  ['the type is not asked', ' && rule.types.includes(device.type)', ''],
])('the check sees a broken gate: %s', async (_, from, to) => {
  const folder = mkdtempSync(join(tmpdir(), 'octroi-gate-'));
  try {
    expect(await rowsText(await mutant(folder, from, to), everything)).toContain('secret');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a dataset without a rule is not listed, and has no rows', async () => {
  const { views, now } = await live(everything);
  const [parking] = datasets.filter(({ id }) => id === 'parking-availability');
  const stray = { ...(parking as (typeof datasets)[number]), id: 'without-a-rule' };
  const gate = trueGate({ views, types, datasets: [...datasets, stray] });
  expect(gate.datasets.map(({ id }) => id)).toEqual(datasets.map(({ id }) => id));
  expect(await gate.rows(stray, now)).toEqual([]);
});

test('a field that a dataset does not declare does not leave', async () => {
  const { views, now } = await live(everything);
  const [parking] = datasets.filter(({ id }) => id === 'parking-availability') as [(typeof datasets)[number]];
  const talkative = { ...parking, rows: async () => [{ id: 'x', fields: { name: 'Parc', plate: 'AB-123-CD' } }] };
  const [row] = await trueGate({ views, types, datasets: [talkative] }).rows(talkative, now);
  expect(Object.keys(row?.fields ?? {})).toEqual(parking.fields.map(({ name }) => name));
});

test('every route, every export, every retained message', async () => {
  const town = townOf(everything);
  const fed: FeedTown = await freshTown(town, start);
  try {
    speak(fed.gate, town, 0);
    await fed.commit();
    const root = '/api/explore/v2.1/catalog/datasets';
    const urls = [root, ...datasets.flatMap(({ id }) => [`${root}/${id}`, `${root}/${id}/records?limit=-1`, `${root}/${id}/exports`])];
    const exports = datasets.flatMap(({ id }) => ['csv', 'geojson', 'json'].map((format) => `${root}/${id}/exports/${format}`));
    for (const url of [...urls, ...exports]) {
      const { status, body } = await fed.get(url);
      expect([url, status]).toEqual([url, 200]);
      expect([url, body.includes('secret')]).toEqual([url, false]);
    }
    expect(fed.retained.size).toBe(4);
    expect([...fed.retained].flat().join('\n')).not.toContain('secret');
  } finally {
    await fed.close();
  }
});

test('only the gate asks the plant for figures', () => {
  const folder = resolve(import.meta.dirname, '../../feed');
  const asking = /views\s*\.\s*(latest|readings|panes|keys|explain|anomalies|deadLetters|silent|status|ledger)\b/;
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && asking.test(readFileSync(join(folder, file), 'utf8')),
  );
  expect(found).toEqual(['privacy-gate.ts']);
});
