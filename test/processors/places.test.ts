/** Where devices stand is said at each change of the town, for readers of the store who do not know it. */
import { expect, test } from 'vitest';
import type { Envelope } from '../../core/envelope.ts';
import { emptyOutputs } from '../../core/store.ts';
import { type Town, townSchema } from '../../core/town.ts';
import { resolveTypes } from '../../devices/registry.ts';
import { pipeline } from '../../processors/pipeline.ts';
import { memoryStore } from '../../stores/memory.ts';

const town = (change: Partial<Town> = {}): Town =>
  townSchema.parse({
    name: 'Test',
    zone: 'Europe/Paris',
    admission: 'open',
    quarters: [{ id: 'A', name: 'Bords de Seine' }],
    sites: [
      { id: 'mairie', name: 'Mairie', use: 'office', owner: 'public', quarter: 'A' },
      { id: 'home', name: 'Somebody', owner: 'residential', zone: 'Europe/Lisbon' },
    ],
    devices: [
      { id: 'meter', type: 'submeter', site: 'mairie', label: 'Ground floor' },
      { id: 'linky', type: 'linky', site: 'home' },
      { id: 'park', type: 'car-park', capacity: 90 },
    ],
    ...change,
  });

test('places follow the town, name what has no name by its id, and remember homes', async () => {
  const store = memoryStore();
  const { process } = pipeline(resolveTypes(), store, { read: async function* () {} });
  let offset = 0;
  const placesAfter = async (kind: Envelope['kind'], body: unknown, subject = '') => {
    const out = emptyOutputs();
    const rest = { partition: 0, sender: subject, topic: `city/v1/a/${subject}/telemetry`, qos: 1 as const, dup: false, packetId: 1 };
    await process({ ...rest, kind, subject, offset: offset++, logTime: 1_700_000_000_000, payload: Buffer.from(JSON.stringify(body)) }, out);
    return out.places;
  };
  const none = { site: '', siteName: '', use: '', quarter: '', capacity: 0, home: false };
  const paris = { zone: 'Europe/Paris' };
  expect(await placesAfter('registry', { action: 'apply', town: town() })).toEqual([
    { ...none, ...paris, subject: 'meter', name: 'Ground floor', type: 'submeter', site: 'mairie', siteName: 'Mairie', use: 'office', quarter: 'Bords de Seine', offset: 0 }, // biome-ignore format: one line
    { ...none, subject: 'linky', name: 'linky', type: 'linky', site: 'home', siteName: 'Somebody', zone: 'Europe/Lisbon', home: true, offset: 0 },
    { ...none, ...paris, subject: 'park', name: 'park', type: 'car-park', capacity: 90, offset: 0 },
  ]);
  // An open town takes in who speaks; then a town is applied in which the home is one no more.
  const adopted = { ...none, ...paris, subject: 'stranger', name: 'stranger', type: 'generic' };
  expect(await placesAfter('message', { values: { temperature: 20 } }, 'stranger')).toEqual([{ ...adopted, offset: 1 }]);
  expect(await placesAfter('message', { values: { temperature: 21 } }, 'stranger')).toEqual([]);
  const sites = town().sites.map((site) => (site.id === 'home' ? { ...site, owner: 'public' as const } : site));
  const later = await placesAfter('registry', { action: 'apply', town: town({ sites }) });
  expect(later.find(({ subject }) => subject === 'stranger')).toEqual({ ...adopted, offset: 3 });
  expect(later.filter(({ subject, home }) => subject === 'linky' && !home)).toEqual([]);
  await store.close();
});
