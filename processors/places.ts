/** Says where devices stand in the town as it holds now. When that is to be said is left to those who change it. */
import { placesIn } from '../core/place.ts';
import type { Outputs } from '../core/store.ts';
import type { Device } from '../core/town.ts';
import type { Context } from './pipeline.ts';

/** @param offset the envelope that changed the town */
export const pushPlaces = ({ registry }: Context, devices: readonly Device[], offset: number, out: Outputs): void => {
  const placeOf = placesIn(registry.town(), (subject) => registry.past(subject).home);
  for (const device of devices) out.places.push(placeOf(device, offset));
};
