/** The types of devices that this octroi knows, resolved once. */
import { resolveTypes } from '../devices/registry.ts';

export const types = resolveTypes();
export const typeNames: ReadonlySet<string> = new Set(types.keys());
