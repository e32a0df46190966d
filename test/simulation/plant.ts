/** The plant of a simulation: the real pipeline and run over a real store, that dies inside any call of the store. When is left to the world. */
import type { LogReader } from '../../core/log.ts';
import type { Commit, Store } from '../../core/store.ts';
import { resolveTypes } from '../../devices/registry.ts';
import { type Pipeline, pipeline } from '../../processors/pipeline.ts';
import { type Run, run } from '../../processors/run.ts';

/** Few: what one envelope cannot reopen is part of every life. */
const reopenLimits = { letters: 5, chars: 2_000, places: 2 };

/** The process is gone. */
export class PlantDied extends Error {}

export const types = resolveTypes();

/** What a mutant puts around the real parts. */
export interface PlantFaults {
  readonly store?: (store: Store) => Store;
  readonly pipeline?: (pipeline: Pipeline) => Pipeline;
  readonly reader?: (reader: LogReader) => LogReader;
}

/** Calls of the store until the process dies in one: before it had its effect, or after. */
export interface Fuse {
  calls: number;
  afterEffect: boolean;
}

export interface Plant {
  readonly pipeline: Pipeline;
  readonly run: Run;
  /** Set to make it die; null: it lives. */
  fuse: Fuse | null;
  /** Ends it at once: what it still has in hand never reaches the store. */
  readonly kill: () => void;
}

/** The store as one process sees it. */
const heldBy = (store: Store, burn: () => boolean, isAlive: () => boolean, onCommit: (commit: Commit, position: number) => void): Store => {
  const guarded = async <T>(effect: () => Promise<T>): Promise<T> => {
    await Promise.resolve(); // another turn: the process goes on while the store works
    if (!isAlive()) throw new PlantDied();
    const dies = burn();
    if (dies && !isAlive()) throw new PlantDied();
    const result = await effect();
    if (dies || !isAlive()) throw new PlantDied();
    return result;
  };
  return Object.create(store, {
    commit: {
      value: (commit: Commit) =>
        guarded(async () => {
          onCommit(commit, store.position);
          await store.commit(commit);
        }),
    },
    snapshot: { value: () => guarded(() => store.snapshot()) },
    neighbourhood: { value: (...args: Parameters<Store['neighbourhood']>) => guarded(() => store.neighbourhood(...args)) },
    panes: { value: (...args: Parameters<Store['panes']>) => guarded(() => store.panes(...args)) },
    deadLetters: { value: (...args: Parameters<Store['deadLetters']>) => guarded(() => store.deadLetters(...args)) },
    deadLetterSenders: { value: (...args: Parameters<Store['deadLetterSenders']>) => guarded(() => store.deadLetterSenders(...args)) },
    deadLetterEarliest: { value: (...args: Parameters<Store['deadLetterEarliest']>) => guarded(() => store.deadLetterEarliest(...args)) },
    runs: { value: (...args: Parameters<Store['runs']>) => guarded(() => store.runs(...args)) },
  }) as Store;
};

/** Starts a plant over what the store holds. @param onCommit told each commit before the store takes it, with the store's position */
export const startPlant = async (
  store: Store,
  reader: LogReader,
  onCommit: (commit: Commit, position: number) => void,
  faults: PlantFaults,
): Promise<Plant> => {
  let alive = true;
  const self: { fuse: Fuse | null } = { fuse: null };
  /** True in the call in which the process dies; it is gone already where it dies before the effect. */
  const burn = (): boolean => {
    if (self.fuse === null || self.fuse.calls-- > 0) return false;
    if (!self.fuse.afterEffect) alive = false;
    return true;
  };
  const held = heldBy(store, burn, () => alive, onCommit);
  const seen = faults.store?.(held) ?? held;
  const read = faults.reader?.(reader) ?? reader;
  const made = pipeline(types, seen, read, reopenLimits);
  const wrapped = faults.pipeline?.(made) ?? made;
  const running = await run(wrapped, read, seen);
  return Object.assign(self, {
    pipeline: wrapped,
    run: running,
    kill: () => {
      alive = false;
    },
  });
};
