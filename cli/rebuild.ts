/**
 * `octroi rebuild`: sets the store aside and makes it anew, from the last backup there is and the log. On a folder in use
 * the gate stays open: its plant is asked to do it. What a backup is on disk is `keep/backup-files.ts`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Config } from '../config.ts';
import { fail } from '../core/failure.ts';
import { scoped } from '../core/scope.ts';
import type { Status } from '../core/views.ts';
import { beginLog } from '../log/begin-log.ts';
import { lockFolder } from '../log/lock.ts';
import { type ControlClient, reachControl } from './control.ts';
import { requireData } from './keep/data-folder.ts';
import { lastPrepared, type Prepared, prepareStore } from './keep/prepare-store.ts';
import { standingOf } from './keep/same-log.ts';
import { isRebuildRequested, requestRebuild } from './keep/set-aside.ts';
import { configOf, dataCommand, print } from './options.ts';
import { openReader } from './parts/log.ts';
import { openPlant } from './plant/parts.ts';
import { progressBar } from './progress-bar.ts';

/** Told how far it is: positions [from, at) of [from, end) are done. */
type Progress = (from: number, at: number, end: number) => void;

export interface Rebuilt extends Prepared {
  /** Positions [from, to) that the old store knew and the log does not hold any more; null where there are none. */
  readonly lost: { readonly from: number; readonly to: number } | null;
  readonly position: number;
  readonly envelopes: number;
  readonly seconds: number;
}

const sliceEnvelopes = 20_000;

/** A log that ended before its store goes on where that stood: what is missing stays named in the books, and no position is given twice. */
const keepLostEnd = async (config: Config, end: number): Promise<Rebuilt['lost']> => {
  const standing = await standingOf(config);
  if (standing === null || standing.position <= end) return null;
  if (config.log !== 'file')
    throw fail('log-corrupt', `the log ends at position ${end}, the store stands at ${standing.position}; name a fresh topic and data folder`, config.data);
  await beginLog(config.data, standing.position, standing.logTime);
  return { from: end, to: standing.position };
};

const rebuildAtRest = (config: Config, progress: Progress): Promise<Rebuilt> =>
  scoped(async (opened) => {
    const lock = await lockFolder(config.data);
    opened.add(() => lock.release());
    const reader = openReader(config);
    opened.add(() => reader.close());
    const began = performance.now();
    const lost = await keepLostEnd(config, await reader.end());
    const prepared = (await prepareStore(config, true)) as Prepared;
    const plant = await openPlant(config);
    opened.add(() => plant.drop());
    const from = plant.pipeline.end();
    const end = await reader.end();
    while (plant.pipeline.end() < end) {
      await plant.run.to(Math.min(end, plant.pipeline.end() + sliceEnvelopes));
      progress(from, plant.pipeline.end(), end);
    }
    await plant.run.checkpoint();
    return { ...prepared, lost, position: plant.store.position, envelopes: end - from, seconds: (performance.now() - began) / 1_000 };
  });

const pollMs = 250;

/** The plant's status; null while it is away. */
const statusOf = (client: ControlClient): Promise<Status | null> =>
  client.remote.view('status', []).then(
    (status) => status as Status,
    () => null,
  );

/** The plant ends, sets the store aside as it comes back, and catches up. */
const rebuildInUse = async (config: Config, client: ControlClient, progress: Progress): Promise<Rebuilt> => {
  const began = performance.now();
  await requestRebuild(config.data);
  await client.remote.view('abandon', []).catch(() => {}); // it ends before it answers, or is down anyway
  let status: Status | null = null;
  while (isRebuildRequested(config.data) || status === null) {
    await delay(pollMs);
    status = await statusOf(client);
  }
  const { logEnd: end, position: from } = status;
  for (let { position } = status; position < end; position = (await statusOf(client))?.position ?? position) {
    progress(from, position, end);
    await delay(pollMs);
  }
  progress(from, end, end);
  return {
    ...(await lastPrepared(config.data)),
    lost: null, // the gate has gone on behind the end of its log
    position: (await statusOf(client))?.position ?? end,
    envelopes: end - from,
    seconds: (performance.now() - began) / 1_000,
  };
};

/**
 * Makes the store of a data folder anew.
 * @throws FailureError `no-data`, `no-backup`, `data-in-use`
 */
export const rebuild = async (config: Config, progress: Progress = () => {}): Promise<Rebuilt> => {
  requireData(config);
  if (config.store !== 'duckdb')
    throw fail('bad-request', 'a store on InfluxDB is made anew by naming fresh buckets: the log fills them', 'OCTROI_INFLUX_RAW_BUCKET …');
  const client = await reachControl(config.data);
  if (client === null) return rebuildAtRest(config, progress);
  try {
    return await rebuildInUse(config, client, progress);
  } finally {
    client.close();
  }
};

/** Says how far it is, and how fast. */
const shownProgress = (): Progress => {
  const bar = progressBar();
  const began = performance.now();
  return (from, at, end) => {
    const rate = Math.round((at - from) / ((performance.now() - began) / 1_000));
    bar.show(end === from ? 1 : (at - from) / (end - from), `position ${at} of ${end}, ${rate} envelopes/s`);
    if (at >= end) bar.end();
  };
};

const report = ({ aside, backup, skipped, lost, position, envelopes, seconds }: Rebuilt): string =>
  [
    ...(aside === null ? [] : [`the old store is now ${aside}; remove it when nothing is missing`]),
    ...(lost === null ? [] : [`positions ${lost.from} to ${lost.to - 1} are not in the log any more; only the old store holds what was made of them`]),
    ...skipped.map((why) => `not used: ${why}`),
    backup === null ? 'begun empty' : `begun with ${backup.folder}, position ${backup.position}`,
    `${envelopes} envelopes run, ${seconds} s; the store stands at position ${position}`,
  ].join('\n');

export const rebuildCommand = (): Command =>
  dataCommand('rebuild', 'set the store aside and make it anew, from the last backup and the log').action(async ({ json, ...options }) => {
    const rebuilt = await rebuild(configOf(options), shownProgress());
    const rounded = { ...rebuilt, seconds: Math.round(rebuilt.seconds * 100) / 100 };
    print(json, rounded, () => report(rounded));
  });
