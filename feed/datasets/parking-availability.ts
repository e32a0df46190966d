/** Free places of the public car parks, as they stand. A value that is not known is null with its status, never 0. */
import type { Dataset, Row } from '../dataset.ts';
import type { AdmittedDevice, Held } from '../privacy-gate.ts';

type Status = 'free' | 'full' | 'unknown' | 'closed';

const row = (device: AdmittedDevice, report: Held | undefined, told: Held | undefined): Row => {
  const capacity = told?.value ?? device.capacity;
  const closed = told?.value === 0;
  const value = report?.value ?? null;
  // More free places than places is a counter that ran away.
  const free = closed || value === null || (capacity !== null && value > capacity) ? null : Math.max(0, value);
  const status: Status = closed ? 'closed' : free === null ? 'unknown' : free === 0 ? 'full' : 'free';
  const at = device.at ?? device.site.at;
  return {
    id: device.id,
    fields: {
      name: device.label ?? device.site.name,
      quarter: device.site.quarter,
      capacity: capacity === 0 ? device.capacity : capacity,
      free,
      status,
      updated: report?.at ?? null,
      geo: at === null ? null : { lon: at[0], lat: at[1] },
    },
  };
};

export const parkingAvailability: Dataset = {
  id: 'parking-availability',
  title: 'Places libres des parcs de stationnement publics',
  description:
    'Places libres en temps réel. Une valeur inconnue, trop ancienne ou impossible est vide, avec le statut « unknown » ; elle n’est jamais remplacée par 0.',
  keywords: ['stationnement', 'parking', 'temps réel'],
  refreshMs: 1_000,
  fields: [
    { name: 'name', type: 'text', label: 'Nom', description: 'Nom du parc' },
    { name: 'quarter', type: 'text', label: 'Quartier', description: 'Quartier de la ville' },
    { name: 'capacity', type: 'int', label: 'Capacité', description: 'Nombre de places' },
    { name: 'free', type: 'int', label: 'Places libres', description: 'Vide si inconnu' },
    { name: 'status', type: 'text', label: 'Statut', description: 'free, full, unknown ou closed' },
    { name: 'updated', type: 'datetime', label: 'Mise à jour', description: 'Instant du dernier relevé du parc' },
    { name: 'geo', type: 'geo_point_2d', label: 'Position', description: 'WGS 84' },
  ],
  together: ({ id }) => id,
  async rows(admitted) {
    const [free, capacity] = [await admitted.latest('free_places'), await admitted.latest('capacity')];
    return admitted.devices.map((device) => row(device, free.get(device.id), capacity.get(device.id))).sort((a, b) => (a.id < b.id ? -1 : 1));
  },
  retained: (rows) => new Map(rows.map((one) => [one.id, one])),
};
