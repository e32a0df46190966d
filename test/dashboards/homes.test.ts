/** Homes on the pages: never a figure of fewer than eleven, and no name, value or payload, whatever the town file said meanwhile. */
import { expect, onTestFinished, test } from 'vitest';
import { dayMs } from '../../core/time.ts';
import type { Device, Site, Town } from '../../core/town.ts';
import { httpApp } from '../../dashboards/http.ts';
import { type Drive, drive, townOf } from '../drive.ts';
import { host, say, types, viewsOver } from './town.ts';

/** Yesterday is Monday 6 April, in Paris. */
const now = Date.parse('2026-04-07T10:00:00Z');
const yesterday = Date.parse('2026-04-05T22:00:00Z');

const school: Site = { id: 'school', name: 'School', owner: 'public' };
const homes = (count: number): Site[] => Array.from({ length: count }, (_, n) => ({ id: `home-${n}`, name: `Home ${n}`, owner: 'residential', quarter: 'q' }));
const town = (sites: Site[], devices: Device[]): Town =>
  townOf(devices, { admission: 'declared', quarters: [{ id: 'q', name: 'Le Fort' }], sites: [school, ...sites] });

/** What the pages show, as a reader sees it. */
const read = async (gate: Drive) => {
  const { views, commit } = viewsOver(gate);
  const app = await httpApp({ host: '127.0.0.1', port: 0, logLevel: 'fatal', views, types, clock: () => now });
  onTestFinished(() => app.close());
  await commit();
  return async (path: string): Promise<string> => {
    const { body } = await app.inject({ url: `/en${path}`, headers: host });
    return body
      .replace(/<(script|style|select)[\s\S]*?<\/\1>/g, '')
      .replace(/<[^>]+>/g, ' ')
      .replaceAll('&quot;', '"')
      .replace(/[\s\u00a0\u202f]+/g, ' ');
  };
};

/** A meter uses `kWh` in the whole of yesterday. */
const use = (gate: Drive, id: string, quantity: string, kWh: number): void => {
  for (const part of [0, 0.25, 0.5, 0.75, 1]) say(gate, id, { ts: yesterday + part * dayMs, values: { [quantity]: 100 + part * kWh } });
};
const electricity = (count: number, sites: number): Device[] =>
  Array.from({ length: count }, (_, n) => ({ id: `linky-${n}`, type: 'linky', site: `home-${n % sites}`, intervalMs: dayMs / 4 }));

const figure = 'Le Fort';
test.each<[string, Device[], number, string | null]>([
  ['eleven homes that report', electricity(11, 11), 11, '11.0 kWh'],
  [
    'one home with other devices',
    [electricity(1, 1)[0] as Device, ...Array.from({ length: 12 }, (_, n) => ({ id: `room-${n}`, type: 'room-sensor', site: 'home-0' }))],
    1,
    null,
  ],
  ['one home with twelve meters', electricity(12, 1), 12, null],
  ['eleven homes of which one reports', electricity(11, 11), 1, null],
  ['eleven homes of which ten report', electricity(11, 11), 10, null],
])('%s', async (_, devices, reporting, shown) => {
  const gate = await drive(town(homes(11), devices), yesterday - dayMs);
  gate.at(now - 60_000);
  for (const { id } of devices.slice(0, reporting)) use(gate, id, 'active_energy_import', 1);
  const page = await read(gate);
  for (const path of ['/', '/sites']) {
    const said = await page(path);
    if (shown === null) expect(said).not.toContain(figure);
    else expect(said).toContain(`${figure} ${shown}`);
  }
});

test('a carrier of a few homes is left out of the figure of many', async () => {
  const gas = { id: 'gas-0', type: 'gas-meter', site: 'home-0', intervalMs: dayMs / 4 };
  const gate = await drive(town(homes(11), [...electricity(11, 11), gas]), yesterday - dayMs);
  gate.at(now - 60_000);
  for (const { id } of electricity(11, 11)) use(gate, id, 'active_energy_import', 1);
  use(gate, 'gas-0', 'gas_energy_index', 500);
  const page = await read(gate);
  for (const path of ['/', '/sites']) expect(await page(path)).toContain(`${figure} 11.0 kWh`);
});

test('a meter of a home that left the town is not uncovered, nor in what it sends from then on', async () => {
  const meter = { id: 'm1', type: 'submeter', site: 'home-0' };
  const gate = await drive(town(homes(1), [meter, { id: 'pub', type: 'submeter', site: 'school' }]), now - 3_600_000);
  for (const id of ['m1', 'pub']) {
    say(gate, id, { ts: now - 120_000, values: { active_energy_import: 9100.123, secret: 1 } });
    say(gate, id, { ts: now - 60_000, values: { active_power: 9e9 } }); // an anomaly
    say(gate, id, { ts: now - 50_000, values: { active_energy_import: `${id}-7777` } });
    say(gate, id, { deviceId: 'other', ts: now, values: {} });
  }
  gate.at(now - 30_000);
  gate.append('registry', { action: 'apply', town: town([], [{ id: 'pub', type: 'submeter', site: 'school' }]) });
  say(gate, 'm1', { ts: now, values: { active_energy_import: 8888.8 } });
  gate.append('registry', {
    action: 'apply',
    town: town(
      [],
      [
        { id: 'm1', type: 'submeter', site: 'school' },
        { id: 'pub', type: 'submeter', site: 'school' },
      ],
    ),
  });
  gate.send('new-1', { ts: now, values: { temperature: 1 } });
  gate.send('', { 'home-raw': 6666.6 }, { topic: 'home/m1/raw' });
  const page = await read(gate);
  const said = await page('/operations');
  expect(said).not.toMatch(/m1|8888|7777.*m1-|home-raw|home\/|"9100/);
  // The counts stay whole, the town's own devices and strangers are named.
  expect(said).toMatch(/– unknown-device 1 /);
  expect(said).toMatch(/– device-mismatch 1 .*pub device-mismatch 1 /);
  expect(said).toContain('pub-7777');
  expect(said).toContain('new-1 unknown-device 1');
  expect(said).toContain('The API tells operators');
  for (const path of ['/', '/sites/school', '/operations?adopted=m1']) expect(await page(path)).not.toMatch(/m1/);
});
