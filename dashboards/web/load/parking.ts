/** Car parks and streets with bays, as they stand now. */
import { carParks, latestByKey, streets } from '../../figures/parking.ts';
import { carParkHours } from '../geo.ts';
import { mapModel } from '../map-model.ts';
import type { ParkingModel } from '../models.ts';
import type { Source } from './source.ts';

export const loadParking = async ({ views, types, directory, geo, now }: Source): Promise<ParkingModel> => {
  const devices = directory.town.devices.filter((device) => directory.typeOf(device)?.parking !== undefined).map(({ id }) => id);
  const latest = latestByKey(devices.length === 0 ? [] : await views.latest(devices));
  const parks = carParks(directory, types, latest, now);
  const hours = carParkHours(geo);
  return {
    parks: parks.map((park) => ({ ...park, hours: hours.get(park.name) ?? null })),
    streets: streets(directory, types, latest, now),
    map: mapModel(geo, [], parks),
  };
};
