/** What may leave, dataset by dataset: one rule each, and what has none does not leave. The rules are applied by privacy-gate.ts. */
import type { Site } from '../core/town.ts';

/** Homes can never be named in a rule: that is not a setting. */
export type PublishableOwner = Exclude<Site['owner'], 'residential'>;

export interface Rule {
  /** Owner classes of the sites whose devices may take part. */
  readonly owners: readonly PublishableOwner[];
  /** Device types that may take part. */
  readonly types: readonly string[];
  /** Quantities that may be asked of them. */
  readonly quantities: readonly string[];
}

/** By dataset. */
export const rules: Readonly<Record<string, Rule>> = {
  // The display of a public car park is for everybody; bays one by one are not: who parks where is nobody's business.
  'parking-availability': { owners: ['public'], types: ['car-park'], quantities: ['free_places', 'capacity'] },
  // The town's own buildings may be named. A `linky` there would be a dwelling inside one, and stays within.
  'energy-of-town-buildings-daily': {
    owners: ['public'],
    types: ['submeter', 'gas-meter', 'heat-meter'],
    quantities: ['active_energy_import', 'active_energy', 'gas_energy_index', 'gas_energy', 'heat_energy', 'heat_amount'],
  },
};
