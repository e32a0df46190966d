/** The open datasets, one line each. Each needs a rule in rules.ts too, or it does not leave. */
import type { Dataset } from './dataset.ts';
import { energyOfTownBuildingsDaily } from './datasets/energy-of-town-buildings-daily.ts';
import { parkingAvailability } from './datasets/parking-availability.ts';

export const datasets: readonly Dataset[] = [energyOfTownBuildingsDaily, parkingAvailability];
