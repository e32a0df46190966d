/** `octroi replay`: the kept log of a data folder run again into an empty store; with `--check` both stores are compared, row by row. */
import { mkdir } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Config } from '../config.ts';
import { fail } from '../core/failure.ts';
import type { Store } from '../core/store.ts';
import { lockFolder } from '../log/lock.ts';
import { pipeline } from '../processors/pipeline.ts';
import { run } from '../processors/run.ts';
import { requireApart } from './keep/apart.ts';
import { isFree, keptBackups } from './keep/backup-files.ts';
import { requireData, storeFile } from './keep/data-folder.ts';
import { restoreStore } from './keep/restore-store.ts';
import { configOf, dataCommand, print } from './options.ts';
import { openEmbeddedStore } from './parts/embedded-store.ts';
import { openReader } from './parts/log.ts';
import { openPlant } from './plant/parts.ts';
import { types } from './types.ts';

export interface Difference {
  /** Line of the dumps, counted from 1. */
  readonly line: number;
  /** Null where the dump ended before the other. */
  readonly kept: string | null;
  readonly replayed: string | null;
}

export interface Replayed {
  readonly envelopes: number;
  readonly readings: number;
  readonly seconds: number;
  readonly readingsPerSecond: number;
  /** Null where no comparison was asked for. */
  readonly equal: boolean | null;
  readonly difference: Difference | null;
}

/** @throws FailureError `not-empty` */
const requireEmpty = async (folder: string): Promise<void> => {
  if (!(await isFree(folder))) throw fail('not-empty', 'there is something in it', folder);
};

/** The first line in which two dumps differ; null where they are equal. */
export const firstDifference = async (kept: AsyncIterable<string>, replayed: AsyncIterable<string>): Promise<Difference | null> => {
  const a = kept[Symbol.asyncIterator]();
  const b = replayed[Symbol.asyncIterator]();
  try {
    for (let line = 1; ; line++) {
      const [left, right] = [await a.next(), await b.next()];
      if (left.done && right.done) return null;
      if (left.value !== right.value) return { line, kept: left.value ?? null, replayed: right.value ?? null };
    }
  } finally {
    await a.return?.();
    await b.return?.();
  }
};

/** Compares with the folder's own store, which is first caught up with its log. */
const compare = async (config: Config, replayed: Store): Promise<Difference | null> => {
  const plant = await openPlant(config);
  try {
    await plant.run.to(replayed.position);
    await plant.run.commit();
    return await firstDifference(plant.store.dump(), replayed.dump());
  } finally {
    await plant.close();
  }
};

/** A log that was cut is run from the backup that was taken before: the oldest that reaches it, so that most of it is run. */
export const restoreOldest = async (config: Config, into: string, start: number): Promise<void> => {
  const oldest = (await keptBackups(config.data)).findLast(({ manifest }) => manifest.position >= start);
  if (oldest === undefined) throw fail('no-backup', `the log begins at position ${start}, and no backup reaches it`, config.data);
  await mkdir(into, { recursive: true, mode: 0o700 });
  await restoreStore(oldest.folder, oldest.manifest, into, config, false);
};

/**
 * Runs the log of a data folder into an empty store in another.
 * @param into the folder of the new store; absent or empty
 * @throws FailureError `no-data`, `bad-request` (within the data folder), `no-backup`, `not-empty`, `newer-version`, `data-in-use` (only with `check`: the store has one reader)
 */
export const replay = async (config: Config, into: string, check: boolean): Promise<Replayed> => {
  requireData(config);
  await requireApart('the new store', config.data, into);
  await requireEmpty(into);
  const lock = check ? await lockFolder(config.data) : null;
  const reader = openReader(config);
  try {
    const [start, end] = [await reader.start(), await reader.end()]; // a log that cannot be read is said before anything is made
    if (start > 0) await restoreOldest(config, into, start);
    const store = await openEmbeddedStore(config, storeFile(into));
    try {
      const began = performance.now();
      const running = await run(pipeline(types, store, reader), reader, store);
      await running.to(end);
      await running.checkpoint();
      const seconds = (performance.now() - began) / 1_000;
      const { envelopes, readings } = store.ledger();
      const difference = check ? await compare(config, store) : null;
      return {
        envelopes: envelopes.processed,
        readings: readings.accepted,
        seconds: Math.round(seconds * 100) / 100,
        readingsPerSecond: Math.round(readings.accepted / seconds),
        equal: check ? difference === null : null,
        difference,
      };
    } finally {
      await store.close();
    }
  } finally {
    await reader.close();
    await lock?.release();
  }
};

const report = ({ envelopes, readings, seconds, readingsPerSecond, equal, difference }: Replayed): string =>
  [
    `${envelopes} envelopes, ${readings} readings, ${seconds} s, ${readingsPerSecond} readings/s`,
    ...(equal === null ? [] : [equal ? 'equal' : 'DIFFERENT']),
    ...(difference === null ? [] : [`line ${difference.line}`, `  kept      ${difference.kept?.trimEnd()}`, `  replayed  ${difference.replayed?.trimEnd()}`]),
  ].join('\n');

export const replayCommand = (): Command =>
  dataCommand('replay', 'run the kept log again into an empty store')
    .option('--into <dir>', 'folder of the new store; absent or empty')
    .option('--check', 'compare it with the store there is')
    .option('--rules <file>', 'YAML with the section `alarms` of a town file: settings to try')
    .option('--diff', 'with --rules: print the alarms that they would have added and removed; writes nothing')
    .action(async ({ json, into, check, rules, diff, ...options }) => {
      if (rules !== undefined || diff === true) {
        if (rules === undefined || diff !== true)
          throw fail('bad-request', 'a file of rules and --diff go together', rules === undefined ? '--rules' : '--diff');
        if (into !== undefined || check === true) throw fail('bad-request', 'with --diff no store is written', into === undefined ? '--check' : '--into');
        const { diffText, readRules, replayDiff } = await import('./replay-diff.ts');
        const found = await replayDiff(configOf(options), await readRules(rules));
        print(json, found, () => diffText(found));
        return;
      }
      if (into === undefined) throw fail('bad-request', 'name a folder for the new store', '--into');
      const replayed = await replay(configOf(options), into, check === true);
      print(json, replayed, () => report(replayed));
      if (replayed.equal === false) process.exitCode = 1;
    });
