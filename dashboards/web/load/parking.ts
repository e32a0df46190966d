/** Car parks and streets with bays, as they stand now, and the places that are forecast. */
import { type Forecast, forecastsOf } from '../../figures/forecast.ts';
import { type CarPark, carParks, latestByKey, streets } from '../../figures/parking.ts';
import { forecastParksMax } from '../../limits.ts';
import { carParkHours } from '../geo.ts';
import { mapModel } from '../map-model.ts';
import type { ParkingModel } from '../models.ts';
import type { Source } from './source.ts';

/** What is still ahead, of a car park of which it is known how it stands now. */
const aheadOf = async ({ views, directory, now }: Source, { device, state }: CarPark): Promise<Forecast[]> => {
  if (state !== 'free' && state !== 'full') return [];
  const found = await forecastsOf(views, directory, device, now);
  return found.filter(({ at }) => at > now);
};

export const loadParking = async (source: Source): Promise<ParkingModel> => {
  const { views, types, directory, geo, now } = source;
  const devices = directory.town.devices.filter((device) => directory.typeOf(device)?.parking !== undefined).map(({ id }) => id);
  const latest = latestByKey(devices.length === 0 ? [] : await views.latest(devices));
  const parks = carParks(directory, types, latest, now);
  const hours = carParkHours(geo);
  const ahead = await Promise.all(parks.slice(0, forecastParksMax).map((park) => aheadOf(source, park)));
  return {
    parks: parks.map((park, place) => ({ ...park, hours: hours.get(park.name) ?? null, ahead: ahead[place] ?? [] })),
    streets: streets(directory, types, latest, now),
    map: mapModel(geo, [], parks),
  };
};
