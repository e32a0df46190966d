/**
 * The demo town: Issy-les-Moulineaux with about a thousand simulated devices at real places, written as a town file.
 * `write-demo-town.ts` writes it to `demo-town.yaml`. What the devices say is left to the fleet.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { between, chance, hashText } from './chance.ts';
import type { SiteUse } from './shapes.ts';

type LonLat = readonly [number, number];
interface Feature {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly geometry: { readonly type: string; readonly coordinates: unknown };
}
type Entry = Readonly<Record<string, unknown>>;

interface DemoTown {
  readonly quarters: Entry[];
  readonly sites: Entry[];
  readonly devices: Entry[];
  readonly gateways: Entry[];
}

const seed = 92_040;

const features = (file: string): readonly Feature[] =>
  (JSON.parse(readFileSync(new URL(`./geo/${file}.geojson`, import.meta.url), 'utf8')) as { features: Feature[] }).features;

const textOf = (feature: Feature, property: string): string => String(feature.properties[property]);
const pointOf = (feature: Feature): LonLat => feature.geometry.coordinates as LonLat;
const rounded = ([lon, lat]: LonLat): LonLat => [Math.round(lon * 1e5) / 1e5, Math.round(lat * 1e5) / 1e5];

/** `École maternelle Paul Bert` → `ecole-maternelle-paul-bert`, at most 40 characters. */
const slug = (name: string): string =>
  name
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-|-$/g, '');

/** Gateways that speak for the devices of a quarter. The password of a demonstration on 127.0.0.1 is no secret: it is the gateway's name. */
export const gatewayOf = (quarter: string): string => `gw-${quarter.toLowerCase()}`;

const useOfType: Readonly<Record<string, SiteUse>> = {
  crèche: 'creche',
  gymnase: 'sport',
  sport: 'sport',
  stade: 'sport',
  tennis: 'sport',
  'palais des sports': 'sport',
  piscine: 'pool',
  loisirs: 'community',
  'maison de quartier': 'community',
  seniors: 'community',
  marché: 'market',
  culture: 'culture',
  médiathèque: 'culture',
  conservatoire: 'culture',
  musée: 'culture',
  'palais des congrès': 'culture',
};

/** Clubs and private halls on the town's list. */
const notMunicipal = new Set([
  'Tennis Club de Beauvoir',
  'Poney Club',
  'Stand de tir',
  'Gymnase Saint Nicolas',
  'Boulodrome Henri Barbusse',
  'Boulodrome du Fort',
]);

/** Invented floor areas, m². */
const areas: Readonly<Record<SiteUse, readonly [number, number]>> = {
  school: [1_800, 6_500],
  creche: [350, 1_100],
  office: [1_500, 9_000],
  sport: [900, 4_500],
  pool: [3_500, 4_500],
  culture: [900, 5_000],
  community: [300, 1_400],
  market: [800, 2_200],
  housing: [30, 120],
};

const areaOf = (id: string, use: SiteUse): number => Math.round(between(hashText(id, seed), 1, ...areas[use]) / 10) * 10;

interface Builder extends DemoTown {
  site(name: string, prefix: string, rest: Entry): string;
  device(id: string, type: string, quarter: string, rest?: Entry): void;
}

const builder = (): Builder => {
  const town: DemoTown = { quarters: [], sites: [], devices: [], gateways: [] };
  const taken = new Set<string>();
  return {
    ...town,
    site(name, prefix, rest) {
      const base = `${prefix}${slug(name)}`;
      let id = base;
      for (let n = 2; taken.has(id); n++) id = `${base}-${n}`;
      taken.add(id);
      town.sites.push({ id, name, ...rest });
      return id;
    },
    device(id, type, quarter, rest = {}) {
      town.devices.push({ id, type, ...rest, via: [gatewayOf(quarter)], simulated: true });
    },
  };
};

/** Meters and room sensors of one building. */
const furnish = (town: Builder, site: string, quarter: string, use: SiteUse): void => {
  const key = hashText(site, seed);
  town.device(`${site}-elec`, 'submeter', quarter, { site });
  if (use === 'market') return;
  const gas = chance(key, 2) < 0.6;
  town.device(gas ? `${site}-gas` : `${site}-heat`, gas ? 'gas-meter' : 'heat-meter', quarter, { site });
  if (chance(key, 3) < 0.25 || use === 'pool') town.device(`${site}-water`, 'water-meter', quarter, { site });
  const rooms = use === 'school' ? 3 : use === 'sport' ? 1 : 2;
  for (let n = 1; n <= rooms; n++) town.device(`${site}-room-${n}`, 'room-sensor', quarter, { site, label: `Salle ${n}` });
  if (use === 'school' && chance(key, 4) < 0.25) town.device(`${site}-air`, 'generic', quarter, { site, label: 'Air de la cour' });
};

const buildings = (town: Builder): void => {
  for (const feature of features('municipal_buildings')) {
    const use = useOfType[textOf(feature, 'type')] ?? 'office';
    const name = textOf(feature, 'name');
    const quarter = textOf(feature, 'quarter');
    const owner = notMunicipal.has(name) ? 'professional' : 'public';
    const site = town.site(name, '', { use, owner, areaM2: areaOf(name, use), quarter, at: pointOf(feature) });
    furnish(town, site, quarter, use);
  }
  for (const [n, feature] of features('schools').entries()) {
    const name = textOf(feature, 'name');
    const quarter = textOf(feature, 'quarter');
    const owner = textOf(feature, 'sector') === 'public' ? 'public' : 'professional';
    const site = town.site(name, '', { use: 'school', owner, areaM2: areaOf(name, 'school'), quarter, at: pointOf(feature) });
    furnish(town, site, quarter, 'school');
    if (owner === 'public' && n % 2 === 0) town.device(`${site}-pv`, 'pv-inverter', quarter, { site });
    if (owner === 'public' && n % 4 === 0) town.device(`${site}-battery`, 'battery', quarter, { site });
  }
};

const carParks = (town: Builder): void => {
  for (const feature of features('car_parks')) {
    const quarter = textOf(feature, 'quarter');
    const capacity = Number(feature.properties.capacity);
    const site = town.site(textOf(feature, 'name'), '', { use: 'car-park', owner: 'public', quarter, at: pointOf(feature) });
    town.device(site, 'car-park', quarter, { site, capacity });
    for (const lane of ['a', 'b']) town.device(`${site}-barrier-${lane}`, 'barrier-counter', quarter, { site, label: `Barrière ${lane.toUpperCase()}` });
  }
};

const chargers = (town: Builder): void => {
  for (const feature of features('ev_sites_2014')) {
    const quarter = textOf(feature, 'quarter');
    const site = town.site(textOf(feature, 'name'), 'recharge-', { use: 'ev-charging', owner: 'public', quarter, at: pointOf(feature) });
    for (let n = 1; n <= 2; n++) town.device(`${site}-${n}`, 'ev-charger', quarter, { site, capacity: 1 });
  }
};

/** The point at a share of a line's length; degrees are taken as flat, which a street's length allows. */
const along = (line: readonly LonLat[], share: number): LonLat => {
  const lengths = line.slice(1).map(([lon, lat], i) => Math.hypot((lon - (line[i]?.[0] ?? lon)) * 0.658, lat - (line[i]?.[1] ?? lat)));
  let left = share * lengths.reduce((sum, length) => sum + length, 0);
  for (const [i, length] of lengths.entries()) {
    const [a, b] = [line[i], line[i + 1]];
    if (a === undefined || b === undefined) break;
    if (left <= length) return rounded([a[0] + ((b[0] - a[0]) * left) / length, a[1] + ((b[1] - a[1]) * left) / length]);
    left -= length;
  }
  return line.at(-1) ?? [0, 0];
};

/** The quarter whose label is nearest; its true limits are not known. */
const nearestQuarter = ([lon, lat]: LonLat): string => {
  let best = { id: 'A', distance: Number.POSITIVE_INFINITY };
  for (const { properties } of features('quarters')) {
    if (properties.kind === 'village') continue;
    const [x, y] = properties.label as LonLat;
    const distance = Math.hypot((lon - x) * 0.658, lat - y);
    if (distance < best.distance) best = { id: String(properties.id), distance };
  }
  return best.id;
};

const bays = (town: Builder): void => {
  for (const feature of features('roads')) {
    const name = textOf(feature, 'name');
    const line = feature.geometry.coordinates as readonly LonLat[];
    const quarter = nearestQuarter(along(line, 0.5));
    const site = town.site(name, 'rue-', { use: 'street', owner: 'public', quarter, at: along(line, 0.5) });
    const count = feature.properties.class === 'main' ? 10 : 6;
    for (let n = 0; n < count; n++) town.device(`${site}-bay-${n + 1}`, 'parking-bay', quarter, { site, at: along(line, (n + 0.5) / count) });
  }
};

/** Cabinets and transformers stand somewhere around the centre of their village. */
const networks = (town: Builder): void => {
  for (const { properties, geometry } of features('quarters')) {
    if (properties.kind !== 'village') continue;
    const name = String(properties.name);
    const quarter = String(properties.council);
    const [lon, lat] = geometry.coordinates as LonLat;
    const key = hashText(name, seed);
    const near = (n: number): LonLat => rounded([lon + between(key, 2 * n, -0.003, 0.003), lat + between(key, 2 * n + 1, -0.002, 0.002)]);
    const site = town.site(`Réseaux ${name}`, '', { use: 'network', owner: 'public', quarter, at: [lon, lat] });
    for (let n = 1; n <= 3; n++) town.device(`poste-${slug(name)}-${n}`, 'transformer', quarter, { site, at: near(n) });
    for (let n = 1; n <= 3; n++) town.device(`eclairage-${slug(name)}-${n}`, 'street-lighting', quarter, { site, at: near(n + 10) });
  }
};

/** Fictitious houses of twelve homes, each home a site with its meter, without a position. */
const housing = (town: Builder): void => {
  for (const quarter of ['A', 'B', 'C', 'D']) {
    for (let house = 1; house <= 5; house++) {
      const id = `${quarter}-${String(house).padStart(2, '0')}`;
      for (let n = 1; n <= 12; n++) {
        const home = `${id}-${String(n).padStart(2, '0')}`;
        const site = town.site(`Logement ${home} (fictif)`, '', { use: 'housing', owner: 'residential', areaM2: areaOf(home, 'housing'), quarter });
        town.device(`linky-${home.toLowerCase()}`, 'linky', quarter, { site });
      }
    }
  }
};

const stations = (town: Builder): void => {
  for (const { properties } of features('quarters')) {
    if (properties.kind === 'village') continue;
    const quarter = String(properties.id);
    town.quarters.push({ id: quarter, name: properties.name });
    town.gateways.push({ id: gatewayOf(quarter), secretSha256: createHash('sha256').update(gatewayOf(quarter)).digest('hex') });
    const site = town.site(`Météo ${quarter}`, '', { use: 'weather', owner: 'public', quarter, at: properties.label });
    town.device(`station-${quarter.toLowerCase()}`, 'weather-station', quarter, { site });
  }
};

/** Plain where YAML reads it back as the same text; quoted otherwise. */
const scalar = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(scalar).join(', ')}]`;
  if (typeof value !== 'string') return JSON.stringify(value);
  const plain = /^[\p{L}][\p{L}\p{N} .'’()/-]*$/u.test(value) && !value.endsWith(' ') && !/^(true|false|null|yes|no|on|off)$/i.test(value);
  return plain ? value : JSON.stringify(value);
};

const list = (name: string, entries: readonly Entry[]): string =>
  `${name}:\n${entries
    .map((entry) => {
      const pairs = Object.entries(entry).map(([key, value]) => `${key}: ${scalar(value)}`);
      return `  - { ${pairs.join(', ')} }\n`;
    })
    .join('')}`;

const head = `# The demo town. Written by simulators/demo-town.ts; change that, not this file. Attributions and caveats: NOTICE.
# Places are real (the town's own list of 2014, schools of 2026); every device, area and figure is simulated.
# Residential sites are fictitious. Bays, transformers and cabinets stand at approximate places.
name: Issy-les-Moulineaux
zone: Europe/Paris
# Whoever connects from this machine may publish, and unknown devices are adopted: for trying out, not for a town.
admission: open
# Examples of the order of French prices with taxes in 2025 (regulated electricity tariff about 0.20 €/kWh). Put your contracts here.
tariffs: { electricityEurPerKWh: 0.2, gasEurPerKWh: 0.11, heatEurPerKWh: 0.12 }
# Examples of the order of the ADEME Base Empreinte (average French mix, natural gas with its supply, an average heat network). Check them before you publish.
co2: { electricityGPerKWh: 52, gasGPerKWh: 227, heatGPerKWh: 110 }
`;

/** The demo town as a town file; always the same text. */
export const demoTownYaml = (): string => {
  const town = builder();
  stations(town);
  buildings(town);
  carParks(town);
  chargers(town);
  bays(town);
  networks(town);
  housing(town);
  return head + list('quarters', town.quarters) + list('gateways', town.gateways) + list('sites', town.sites) + list('devices', town.devices);
};
