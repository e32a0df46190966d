/** The files in which a gate keeps its town: what is not in them yet, and what must be before a change goes into the log. What the town is, is left to `town.ts`. */
import { fail } from '../../core/failure.ts';
import type { Device, Town } from '../../core/town.ts';
import { adoptedFile, type KeptTown, keepTown } from '../keep/town-file.ts';
import { writeWhole } from '../keep/whole-file.ts';

interface Held {
  readonly town: Town;
  /** Offset of the change that made it so, as `KeptTown.at`. */
  readonly at: number | null;
  readonly adopted: ReadonlyMap<string, Device>;
}

export interface TownFiles {
  /** True where the files say all that was told of here. */
  areKept(): boolean;
  townChanged(): void;
  adoptedChanged(): void;
  /** Writes what changed. What fails is told once, and tried again at the next call. */
  settle(held: Held): Promise<void>;
  /**
   * From here on the log may have a change that the file has not: a start after a kill looks for it there.
   * @throws FailureError `data-not-writable`, which refuses the change
   */
  mark(kept: KeptTown): Promise<void>;
  /** Writes the adopted devices where they changed. @throws FailureError as `mark` */
  requireAdopted(adopted: Held['adopted']): Promise<void>;
}

/**
 * @param isKept false where the files say it otherwise, until `settle`
 * @param unkept told why a file cannot be written that the log makes up for
 */
export const townFiles = (folder: string, isKept: boolean, unkept: (error: unknown) => void): TownFiles => {
  let isTownKept = isKept;
  let areAdoptedKept = isKept;
  let isFailing = false;

  const writeAdopted = async (adopted: Held['adopted']): Promise<void> => {
    if (areAdoptedKept) return;
    await writeWhole(adoptedFile(folder), JSON.stringify([...adopted.values()]));
    areAdoptedKept = true;
  };
  const required = (writing: Promise<void>): Promise<void> =>
    writing.catch((error: Error) => {
      throw fail('data-not-writable', error.message, folder);
    });

  return {
    areKept: () => isTownKept && areAdoptedKept,
    townChanged() {
      isTownKept = false;
    },
    adoptedChanged() {
      areAdoptedKept = false;
    },
    async settle({ town, at, adopted }) {
      try {
        await writeAdopted(adopted);
        if (!isTownKept) await keepTown(folder, { town, at, changing: null });
        isTownKept = true;
        isFailing = false;
      } catch (error) {
        if (!isFailing) unkept(error);
        isFailing = true;
      }
    },
    async mark(kept) {
      await required(keepTown(folder, kept));
      isTownKept = false;
    },
    requireAdopted: (adopted) => required(writeAdopted(adopted)),
  };
};
