/** Towns for tests: the demo town as it is checked in, and small ones. */
import { readFileSync } from 'node:fs';
import { FailureError } from '../../core/failure.ts';
import { parseTown, type Town } from '../../core/town.ts';
import { resolveTypes } from '../../devices/registry.ts';

export const types = resolveTypes();

export const demoTownText = readFileSync(new URL('../../simulators/demo-town.yaml', import.meta.url), 'utf8');

/** The town of a YAML text; its first fault is thrown. */
export const townOf = (source: string): Town => {
  const result = parseTown(source, new Set(types.keys()), 'town.yaml');
  if (result.ok) return result.town;
  const [first] = result.failures;
  throw first === undefined ? new TypeError('a fault without words') : new FailureError(first);
};
