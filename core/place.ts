/** Where a device stands and what it is, in one row for whoever reads the store beside octroi. Octroi itself goes by the town. */
import type { Device, Town } from './town.ts';

export interface Place {
  readonly subject: string;
  /** The device's label, or its id. */
  readonly name: string;
  readonly type: string;
  /** Id, name, use and quarter's name of its site; '' where it has none. */
  readonly site: string;
  readonly siteName: string;
  readonly use: string;
  readonly quarter: string;
  /** IANA zone whose days its figures are stored by. */
  readonly zone: string;
  /** Places of a car park, vehicles of a charge point; 0 where it is not said. */
  readonly capacity: number;
  /** It stands at somebody's home, or ever stood at one: nothing of it is shown by itself. */
  readonly home: boolean;
  /** Offset of the envelope that changed the town. */
  readonly offset: number;
}

/** @param wasHome whether a subject ever stood at a home */
export const placesIn = ({ zone, sites, quarters }: Town, wasHome: (subject: string) => boolean): ((device: Device, offset: number) => Place) => {
  const siteById = new Map(sites.map((site) => [site.id, site]));
  const quarterById = new Map(quarters.map((quarter) => [quarter.id, quarter.name]));
  return (device, offset) => {
    const site = siteById.get(device.site ?? '');
    return {
      subject: device.id,
      name: device.label ?? device.id,
      type: device.type,
      site: site?.id ?? '',
      siteName: site?.name ?? '',
      use: site?.use ?? '',
      quarter: quarterById.get(site?.quarter ?? '') ?? '',
      zone: device.zone ?? site?.zone ?? zone,
      capacity: device.capacity ?? 0,
      home: wasHome(device.id) || site?.owner === 'residential',
      offset,
    };
  };
};
