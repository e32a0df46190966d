/** Energy of each of the town's own buildings by civil day and carrier. What is not known is null with its status, never 0. */
import { dayMs } from '../../core/time.ts';
import { calendar, levelOf } from '../../core/window.ts';
import type { Dataset, Row } from '../dataset.ts';
import { civilDate } from '../present.ts';
import type { Admitted, AdmittedDevice, DayAmount } from '../privacy-gate.ts';

type Status = 'complete' | 'partial' | 'provisional' | 'absent';

/** Meters by type, and what they report: the register, the amounts of intervals, or one after the other. */
const carriers = [
  { carrier: 'electricity', type: 'submeter', quantities: ['active_energy_import', 'active_energy'] },
  { carrier: 'gas', type: 'gas-meter', quantities: ['gas_energy_index', 'gas_energy'] },
  { carrier: 'heat', type: 'heat-meter', quantities: ['heat_energy', 'heat_amount'] },
] as const;

/** How far back the dataset goes; older days are in the archive of the town. */
const daysMax = 366;
/** From this share on a day counts as whole: a reading that came some seconds late at midnight does not make it partial. */
const completeFrom = 0.99;
const dayLevel = levelOf('P1D');

interface Meters {
  readonly carrier: string;
  readonly site: AdmittedDevice['site'];
  readonly zone: string;
  /** By meter, the days that are known, by their start. */
  readonly known: readonly ReadonlyMap<number, DayAmount>[];
}

/** Dates of days by zone and start: all buildings share them, and Temporal takes its time. */
const dates = new Map<string, string>();
const dateOf = (start: number, zone: string): string => {
  const key = `${start} ${zone}`;
  const date = dates.get(key) ?? civilDate(start, zone);
  dates.set(key, date);
  return date;
};

const rounded = (value: number): number => Math.round(value * 1e4) / 1e4;

const status = (kWh: number | null, share: number, provisional: boolean): Status => {
  if (provisional) return 'provisional';
  if (kWh === null) return 'absent';
  return share >= completeFrom ? 'complete' : 'partial';
};

const dayRow = ({ carrier, site, zone, known }: Meters, start: number, end: number, now: number): Row => {
  const days = known.flatMap((own) => own.get(start) ?? []);
  const amounts = days.flatMap(({ amount }) => (amount === null ? [] : [amount]));
  const kWh = amounts.length === 0 ? null : rounded(amounts.reduce((sum, one) => sum + one, 0));
  const elapsedMs = Math.max(1, Math.min(end, now) - start);
  const share = days.reduce((sum, day) => sum + Math.min(1, day.observedMs / elapsedMs), 0) / known.length;
  const provisional = end > now || days.some(({ open }) => open);
  const date = dateOf(start, zone);
  return {
    id: `${site.id}-${carrier}-${date}`,
    fields: {
      site: site.name,
      site_id: site.id,
      carrier,
      date,
      kwh: kWh,
      coverage: rounded(share),
      status: status(kWh, share, provisional),
      // An open day has no revision yet: it would change with every message.
      revision: provisional || days.length === 0 ? null : Math.max(...days.map(({ revision }) => revision)),
      quarter: site.quarter,
      geo: site.at === null ? null : { lon: site.at[0], lat: site.at[1] },
    },
  };
};

/** Every day from the first that is known to today: a day without anything is a row too. */
const rowsOf = (meters: Meters, now: number): Row[] => {
  const first = meters.known.reduce((least, own) => Math.min(least, ...own.keys()), Number.POSITIVE_INFINITY);
  const rows: Row[] = [];
  for (let at = first; at <= now; ) {
    const { start, end } = calendar(meters.zone).windowAt(dayLevel, at);
    rows.push(dayRow(meters, start, end, now));
    at = end;
  }
  return rows;
};

/** Of each day the form that was observed longest, of equals the first: what was published of a day stays when a meter goes over to another form. */
const bestObserved = (known: ReadonlyMap<number, DayAmount> = new Map(), days: readonly DayAmount[]): Map<number, DayAmount> => {
  const best = new Map(known);
  for (const day of days) if (day.observedMs > (best.get(day.start)?.observedMs ?? -1)) best.set(day.start, day);
  return best;
};

const carrierRows = async (admitted: Admitted, { carrier, type, quantities }: (typeof carriers)[number]): Promise<Row[]> => {
  const from = admitted.now - daysMax * dayMs;
  const known = new Map<string, Map<number, DayAmount>>();
  const meters = admitted.devices.filter((device) => device.type === type);
  for (const quantity of quantities) {
    const own = meters.map(({ id }) => id).filter((id) => admitted.reports(id, quantity));
    for (const [device, days] of await admitted.days(quantity, own, from, admitted.now)) known.set(device, bestObserved(known.get(device), days));
  }
  return [...Map.groupBy(meters, ({ site }) => site.id).values()].flatMap((group) => {
    const [first] = group;
    // Days of meters in different zones are different days; a building has one.
    const same = group.filter(({ zone }) => zone === first?.zone);
    if (first === undefined || same.length < group.length) return [];
    return rowsOf({ carrier, site: first.site, zone: first.zone, known: group.map(({ id }) => known.get(id) ?? new Map()) }, admitted.now);
  });
};

export const energyOfTownBuildingsDaily: Dataset = {
  id: 'energy-of-town-buildings-daily',
  title: 'Énergie des bâtiments de la ville, par jour',
  description:
    'Énergie par bâtiment public équipé d’un compteur, par énergie et par jour civil, avec la part du jour qui a été mesurée ; rues, bornes de recharge et réseaux n’y sont pas. Un jour inconnu est vide (« absent »), jamais 0 ; le jour en cours est « provisional » ; un jour peut être révisé.',
  keywords: ['énergie', 'bâtiments publics', 'consommation'],
  // A year of days is many rows; the current day alone moves.
  refreshMs: 60_000,
  fields: [
    { name: 'site', type: 'text', label: 'Bâtiment', description: 'Nom du bâtiment' },
    { name: 'site_id', type: 'text', label: 'Identifiant', description: 'Identifiant stable du bâtiment' },
    { name: 'carrier', type: 'text', label: 'Énergie', description: 'electricity, gas ou heat' },
    { name: 'date', type: 'date', label: 'Jour', description: 'Jour civil du bâtiment, de 23, 24 ou 25 heures' },
    { name: 'kwh', type: 'double', label: 'kWh', description: 'Énergie du jour ; vide si inconnue' },
    { name: 'coverage', type: 'double', label: 'Couverture', description: 'Part mesurée du jour écoulé, de 0 à 1' },
    { name: 'status', type: 'text', label: 'Statut', description: 'complete, partial, provisional ou absent' },
    { name: 'revision', type: 'int', label: 'Révision', description: 'Croît quand le jour est révisé ; vide tant qu’il est provisoire' },
    { name: 'quarter', type: 'text', label: 'Quartier', description: 'Quartier de la ville' },
    { name: 'geo', type: 'geo_point_2d', label: 'Position', description: 'WGS 84' },
  ],
  together: ({ site, type }) => `${site} ${type}`,
  async rows(admitted) {
    const rows = (await Promise.all(carriers.map((carrier) => carrierRows(admitted, carrier)))).flat();
    return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
  },
  // Ids end with the date, so the last of a building and carrier is its newest day.
  retained: (rows) => new Map(rows.map((one) => [`${one.fields.site_id}-${one.fields.carrier}`, one])),
};
