/** The oracle in a process of its own, for folders with damage: DuckDB may take its process with it. One folder a message. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { rebuild } from '../cli/rebuild.ts';
import { configSchema } from '../config.ts';
import { FailureError } from '../core/failure.ts';
import { listSegments, readTail } from '../log/segment.ts';
import type { Promised } from './load.ts';
import { type Judged, judge } from './oracle.ts';

export interface Question {
  readonly data: string;
  readonly promised: readonly Promised[];
  /** As a person would who read the failure: `octroi rebuild` first. */
  readonly rebuild?: boolean;
}

/** What was said of a folder; `refused`: the code of the failure that kept it from opening. */
export type Answer = { readonly judged: Judged; readonly tornBytes: number; readonly salvaged: boolean } | { readonly refused: string };

/** Bytes behind the last good frame: a gate that starts says so. */
const tornOf = async (data: string): Promise<number> => {
  const last = (await listSegments(join(data, 'log'))).at(-1);
  return last === undefined ? 0 : (await readTail(last).catch(() => ({ tornBytes: -1 }))).tornBytes;
};

const answer = async ({ data, promised, rebuild: isAsked = false }: Question): Promise<Answer> => {
  try {
    if (isAsked) await rebuild(configSchema.parse({ data }));
    const tornBytes = await tornOf(data);
    const judged = await judge(data, { promised });
    const salvaged = (await readdir(join(data, 'log'))).some((name) => name.endsWith('.corrupt'));
    return { judged, tornBytes, salvaged };
  } catch (error) {
    if (error instanceof FailureError) return { refused: error.failure.code };
    return { refused: `unnamed: ${error instanceof Error ? error.message : String(error)}` };
  }
};

process.on('message', (question: Question) => void answer(question).then((said) => process.send?.(said)));
