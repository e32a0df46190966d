/** Runs rows of the torture from a seed and says what held. What a row does and judges is its own. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Scope } from '../core/scope.ts';
import { chance, hashText } from '../simulators/chance.ts';
import { type Found, type Row, Unable } from './row.ts';

export interface Plan {
  readonly seed: number;
  readonly full: boolean;
  /** With the row's known-bad setting. */
  readonly bad: boolean;
  /** Default the row's own. */
  readonly trials?: number;
  /** The machine does much else meanwhile: what hangs on its speed is told and not judged. Default false. */
  readonly busy?: boolean;
  /** Hears progress. */
  readonly say?: (text: string) => void;
}

export interface Outcome extends Found {
  readonly row: string;
  readonly seed: number;
  readonly trials: number;
  readonly control: boolean;
  /** `held`: no fault, or faults where the setting is known to be bad. `skipped`: the machine lacks something. */
  readonly verdict: 'held' | 'broken' | 'skipped';
  readonly reason: string | null;
  readonly seconds: number;
  /** The command that does it again. */
  readonly again: string;
}

const commandFor = ({ name }: Row, { seed, full, bad, trials }: Plan): string =>
  `npx octroi torture --row ${name} --seed ${seed}${trials === undefined ? '' : ` --trials ${trials}`}${full ? ' --full' : ''}${bad ? ' --controls' : ''}`;

const trialsOf = (row: Row, { full, bad, trials }: Plan): number =>
  trials ?? (bad ? (row.controlTrials ?? row.trials.quick) : full ? row.trials.full : row.trials.quick);

/** Runs a row once; nothing that it opened stays open. An exception is a fault. */
export const runRow = async (row: Row, plan: Plan): Promise<Outcome> => {
  const scope = new Scope();
  const base = mkdtempSync(join(tmpdir(), `octroi-${row.name}-`));
  scope.add(() => rmSync(base, { recursive: true, force: true }));
  // Gates, mounts and folders do not outlive an interruption.
  const interrupted = (): void => void scope.close().finally(() => process.exit(1));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted);
  const trials = trialsOf(row, plan);
  const key = hashText(row.name, plan.seed);
  const began = performance.now();
  let place = 0;
  let found: Found = { faults: [], figures: {} };
  let reason: string | null = null;
  let isThrown = false;
  try {
    found = await row.run({
      trials,
      bad: plan.bad,
      full: plan.full,
      busy: plan.busy === true,
      chance: () => chance(key, place++),
      scope,
      folder(name) {
        const path = join(base, name);
        mkdirSync(path, { recursive: true });
        return path;
      },
      say: plan.say ?? (() => {}),
    });
  } catch (error) {
    if (error instanceof Unable) reason = error.message;
    else {
      isThrown = true;
      found = { faults: [`it did not end: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`], figures: {} };
    }
  } finally {
    await scope.close();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupted);
  }
  // A known-bad setting that keeps the row from ending was not noticed by what the row judges.
  const isHeld = plan.bad ? found.faults.length > 0 && !isThrown : found.faults.length === 0;
  return {
    row: row.name,
    seed: plan.seed,
    trials,
    control: plan.bad,
    verdict: reason !== null ? 'skipped' : isHeld ? 'held' : 'broken',
    reason,
    seconds: Math.round((performance.now() - began) / 100) / 10,
    again: commandFor(row, plan),
    ...found,
  };
};
