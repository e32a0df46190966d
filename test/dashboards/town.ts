/** A small town behind the real pipeline and the memory store, and the HTTP side on top of it. */
import { readdirSync, readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import type { AlarmAction } from '../../core/alarm.ts';
import type { RegistryChange } from '../../core/envelope.ts';
import { quarterMs } from '../../core/time.ts';
import { type Town, townSchema } from '../../core/town.ts';
import type { LiveEvent, Views } from '../../core/views.ts';
import { httpApp } from '../../dashboards/http.ts';
import { resolveTypes } from '../../devices/registry.ts';
import { views as viewsOf } from '../../processors/views.ts';
import { type Drive, drive } from '../drive.ts';

export const types = resolveTypes();

/** Saturday 28 March 2026, 00:00 in Paris: the day after it has 23 hours. */
export const start = Date.parse('2026-03-27T23:00:00Z');
/** Tuesday 31 March, 12:07 in Paris. */
export const end = Date.parse('2026-03-31T10:07:00Z');

const homes = Array.from({ length: 11 }, (_, n) => ({ id: `linky-${n + 1}`, type: 'linky', site: `residence-${n + 1}`, simulated: true }));

export const smallTown: Town = townSchema.parse({
  name: 'Issy-les-Moulineaux',
  zone: 'Europe/Paris',
  quarters: [
    { id: 'A', name: 'Bords de Seine' },
    { id: 'B', name: 'Le Fort' },
  ],
  sites: [
    { id: 'mairie', name: 'Mairie', use: 'office', owner: 'public', areaM2: 1000, quarter: 'A', at: [2.2736, 48.8242] },
    { id: 'ecole', name: 'École du Fort', use: 'school', owner: 'public', areaM2: 500, quarter: 'B', at: [2.262, 48.82] },
    ...homes.map(({ site }) => ({ id: site, name: 'Résidence (fictive)', use: 'housing', owner: 'residential', quarter: 'A' })),
    { id: 'petite', name: 'Petite résidence (fictive)', use: 'housing', owner: 'residential', quarter: 'B' },
    { id: 'parking', name: 'Parking du Centre', use: 'car-park', owner: 'public', quarter: 'A', at: [2.27, 48.826] },
    { id: 'rue', name: 'Rue des Bleuets', use: 'street', owner: 'public', quarter: 'B', at: [2.265, 48.822] },
  ],
  devices: [
    { id: 'mairie-elec', type: 'submeter', site: 'mairie', simulated: true },
    { id: 'mairie-gas', type: 'gas-meter', site: 'mairie', simulated: true },
    { id: 'mairie-pv', type: 'pv-inverter', site: 'mairie', simulated: true },
    { id: 'ecole-elec', type: 'submeter', site: 'ecole', simulated: true },
    { id: 'ecole-air', type: 'room-sensor', site: 'ecole', simulated: true },
    { id: 'parc-libre', type: 'car-park', site: 'parking', label: 'Parc A', capacity: 100, simulated: true },
    { id: 'parc-complet', type: 'car-park', site: 'parking', label: 'Parc B', capacity: 50, simulated: true },
    { id: 'parc-muet', type: 'car-park', site: 'parking', label: 'Parc C', capacity: 80, simulated: true },
    { id: 'parc-faux', type: 'car-park', site: 'parking', label: 'Parc D', capacity: 10, simulated: true },
    { id: 'parc-ferme', type: 'car-park', site: 'parking', label: 'Parc E', capacity: 60, simulated: true },
    { id: 'bay-1', type: 'parking-bay', site: 'rue', simulated: true },
    { id: 'bay-2', type: 'parking-bay', site: 'rue', simulated: true },
    { id: 'bay-3', type: 'parking-bay', site: 'rue', simulated: true },
    { id: 'linky-petite', type: 'linky', site: 'petite', simulated: true },
    ...homes,
  ],
  tariffs: { electricityEurPerKWh: 0.2, gasEurPerKWh: 0.1, heatEurPerKWh: 0.12 },
  co2: { electricityGPerKWh: 50, gasGPerKWh: 200, heatGPerKWh: 100 },
});

export interface TestTown {
  readonly gate: Drive;
  readonly views: Views;
  readonly app: FastifyInstance;
  /** Processes what was sent, and tells it to whoever listens. */
  commit(): Promise<void>;
  setStatus(part: Partial<Awaited<ReturnType<Views['status']>>>): void;
  close(): Promise<void>;
}

/** The port `Views` over a driven pipeline: what the plant's worker does, without its thread. */
export const viewsOver = (gate: Drive): { views: Views; commit(): Promise<void>; setStatus: TestTown['setStatus'] } => {
  const listeners = new Set<(event: LiveEvent) => void>();
  let told = 0;
  let extra: Partial<Awaited<ReturnType<Views['status']>>> = {};
  const commit = async (): Promise<void> => {
    await gate.process();
    const { position, logTime } = gate.store;
    const event = { position, logTime, latest: gate.store.latest().filter(({ offset }) => offset >= told), anomalies: [], alarms: [] };
    told = position;
    for (const listener of listeners) listener(event);
  };
  const views: Views = {
    ...viewsOf(gate.pipeline, gate.store, () => gate.log.length),
    status: async () => ({
      position: gate.store.position,
      logEnd: gate.log.length,
      logTime: gate.store.logTime,
      envelopesPerSecond: 3,
      readingsPerSecond: 12,
      gate: { wall: gate.now(), qos0Dropped: 0, held: 0, connections: 2, diskFreeBytes: 5e9 },
      trouble: null,
      report: null,
      waiting: null,
      uncommittedRows: 0,
      silentMs: 0,
      storeBytes: 12_345_678,
      startedAt: start,
      ...extra,
    }),
    async act(alarm: AlarmAction) {
      gate.append('command', { action: 'alarm', alarm });
      await commit();
      return gate.log.length - 1;
    },
    async change(change: RegistryChange) {
      gate.append('registry', change);
      await commit();
      return gate.log.length - 1;
    },
    onCommit(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    views,
    commit,
    setStatus(part) {
      extra = { ...extra, ...part };
    },
  };
};

export const geo = (): Record<string, unknown> => {
  const folder = new URL('../../simulators/geo/', import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith('.geojson'));
  return Object.fromEntries(files.map((file) => [file.replace('.geojson', ''), JSON.parse(readFileSync(new URL(file, folder), 'utf8'))]));
};

/** A device speaks for itself: the town is not open. */
export const say = (gate: Drive, subject: string, payload: unknown): void => gate.send(subject, payload, { sender: subject });

/** Steady meters: 4 kWh an hour of electricity, 8 of gas, 2 of the sun by day; the school's meter is away on Sunday from 06:00 to 18:00 UTC. */
const speak = (gate: Drive, at: number): void => {
  const hours = (at - start) / 3_600_000;
  const sunday = at >= Date.parse('2026-03-29T06:00:00Z') && at < Date.parse('2026-03-29T18:00:00Z');
  say(gate, 'mairie-elec', { ts: at, values: { active_energy_import: 1000 + 4 * hours, active_power: 4000 } });
  say(gate, 'mairie-gas', { ts: at, values: { gas_energy_index: 500 + 8 * hours } });
  say(gate, 'mairie-pv', { ts: at, values: { active_energy_export: 10 + 2 * hours, active_power: 2000 } });
  if (!sunday) say(gate, 'ecole-elec', { ts: at, values: { active_energy_import: 200 + 2 * hours } });
  for (const { id } of homes) say(gate, id, { ts: at, values: { active_energy_import: 50 + hours / 2 } });
};

const park = (gate: Drive, at: number): void => {
  say(gate, 'parc-libre', { ts: at, values: { free_places: 42, capacity: 100 } });
  say(gate, 'parc-complet', { ts: at, values: { free_places: 0, capacity: 50 } });
  say(gate, 'parc-faux', { ts: at, values: { free_places: 12 } });
  say(gate, 'parc-ferme', { ts: at, values: { free_places: 0, capacity: 0 } });
};

/** Three days and a half of the small town. */
export const testTown = async (): Promise<TestTown> => {
  const gate = await drive(smallTown, start);
  say(gate, 'parc-muet', { ts: start, values: { free_places: 30, capacity: 80 } });
  for (let at = start; at <= end; at += quarterMs) {
    gate.at(at);
    speak(gate, at);
    gate.tick(Math.min(end, at + quarterMs), 300_000);
  }
  park(gate, end - 60_000);
  say(gate, 'bay-1', { ts: end - 120_000, values: { occupancy: 'free' } });
  say(gate, 'bay-2', { ts: end - 120_000, values: { occupancy: 'occupied' } });
  say(gate, 'nouveau', { ts: end - 1000, values: { temperature: 19.5 } });
  say(gate, 'mairie-elec', '<script>alert(1)</script>');
  const { views, commit, setStatus } = viewsOver(gate);
  const app = await httpApp({ host: '127.0.0.1', port: 0, logLevel: 'fatal', views, types, geo: geo(), clock: () => gate.now() });
  await commit();
  return { gate, views, app, commit, setStatus, close: () => app.close() };
};

export const host = { host: '127.0.0.1:8080' };
/** What a page of this server sends with a form. */
export const own = { ...host, origin: 'http://127.0.0.1:8080' };
