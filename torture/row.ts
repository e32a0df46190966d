/** What a row of the torture is: one kind of trouble, with the known-bad setting that must turn it red. Running rows is left to `harness.ts`. */
import type { Scope } from '../core/scope.ts';

/** What a run of a row is given. */
export interface Asked {
  /** Faults to make. */
  readonly trials: number;
  /** Runs with the row's known-bad setting: it must find faults. */
  readonly bad: boolean;
  /** The long form: durations as promised, not as a suite can bear them. */
  readonly full: boolean;
  /** The machine does much else meanwhile: what hangs on its speed is told and not judged. */
  readonly busy: boolean;
  /** The next number in [0, 1) of the seed. */
  readonly chance: () => number;
  readonly scope: Scope;
  /** An empty folder that goes with the run. */
  readonly folder: (name: string) => string;
  /** Progress, for who watches. */
  readonly say: (text: string) => void;
}

/** What a run found. */
export interface Found {
  /** Each is a broken promise, in words; empty: the promise held. */
  readonly faults: readonly string[];
  readonly figures: Readonly<Record<string, number | string>>;
}

export interface Row {
  readonly name: string;
  /** What is done to octroi. */
  readonly what: string;
  /** What must hold. */
  readonly promise: string;
  /** The known-bad setting, in words. */
  readonly control: string;
  readonly trials: { readonly quick: number; readonly full: number };
  /** Trials of the control; default those of quick. */
  readonly controlTrials?: number;
  /** @throws Unable where the machine lacks what the row needs */
  run(asked: Asked): Promise<Found>;
}

/** The machine lacks what a row needs: the row is skipped, with this reason. */
export class Unable extends Error {}
