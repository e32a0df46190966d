/** What the loaders of pages draw from, and a short memory so that a page asked for often is put together once. */
import type { ResolvedType } from '../../../core/device-type.ts';
import type { Views } from '../../../core/views.ts';
import type { Directory } from '../../directory.ts';
import type { Geo } from '../geo.ts';

export interface Source {
  readonly views: Views;
  readonly types: ReadonlyMap<string, ResolvedType>;
  readonly directory: Directory;
  readonly geo: Geo;
  readonly now: number;
}

const memoryMs = 2_000;
const memoryEntriesMax = 100;

/** Remembers what was loaded for two seconds; who asks while it is loading waits for the same. */
export const memory = (clock: () => number): (<T>(name: string, load: () => Promise<T>) => Promise<T>) => {
  const known = new Map<string, { readonly at: number; readonly value: Promise<unknown> }>();
  return <T>(name: string, load: () => Promise<T>): Promise<T> => {
    const found = known.get(name);
    const now = clock();
    if (found !== undefined && now - found.at >= 0 && now - found.at < memoryMs) return found.value as Promise<T>;
    const value = load();
    value.catch(() => known.delete(name));
    known.delete(name);
    known.set(name, { at: now, value });
    if (known.size > memoryEntriesMax) known.delete(known.keys().next().value ?? '');
    return value;
  };
};
