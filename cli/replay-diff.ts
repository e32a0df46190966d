/** `octroi replay --rules FILE --diff`: the kept log run again, and which alarms other settings would have added and removed. Writes nothing that stays. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { type Alarm, type AlarmSettings, alarmFaults, alarmSettingsSchema } from '../core/alarm.ts';
import { fail } from '../core/failure.ts';
import type { LogReader } from '../core/log.ts';
import type { Store } from '../core/store.ts';
import { readYaml } from '../core/yaml.ts';
import { type AlarmTrial, alarmTrial } from '../processors/alarm-trial.ts';
import { alarmBookOf, emptyAlarmBook } from '../processors/alarms.ts';
import { type Pipeline, pipeline } from '../processors/pipeline.ts';
import { run } from '../processors/run.ts';
import { alarmScope } from '../processors/snapshot.ts';
import { requireData, storeFile } from './keep/data-folder.ts';
import { openEmbeddedStore } from './parts/embedded-store.ts';
import { openReader } from './parts/log.ts';
import { restoreOldest } from './replay.ts';
import { types } from './types.ts';

/** Settings of alarms in a file: its section `alarms`, as in the town file. */
const rulesSchema = z.strictObject({ alarms: alarmSettingsSchema });

/** @throws FailureError `rules-invalid` with file and line */
export const readRules = async (file: string): Promise<{ readonly alarms: AlarmSettings }> => {
  const source = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw fail('rules-invalid', `it cannot be read (${error.code})`, file);
  });
  const read = readYaml(source, rulesSchema, file);
  const faults = read.ok ? read.placed(alarmFaults(read.value.alarms)) : read.faults;
  if (read.ok && faults.length === 0) return read.value;
  const [first] = faults;
  throw fail('rules-invalid', faults.map(({ where, message }) => `${where} ${message}`).join('; '), first?.where ?? file);
};

type ShownAlarm = Pick<Alarm, 'id' | 'cause' | 'kind' | 'subject' | 'quantity' | 'site' | 'priority' | 'since' | 'until' | 'flood' | 'reason'>;

export interface AlarmDiff {
  /** Alarms under the town's own settings, and under those of the file. */
  readonly before: number;
  readonly after: number;
  readonly added: readonly ShownAlarm[];
  readonly removed: readonly ShownAlarm[];
  /** Of the same anomalies, but raised at another time, of another priority, or (not) in a flood. */
  readonly changed: readonly { readonly before: ShownAlarm; readonly after: ShownAlarm }[];
  /** Log time of the kept log, epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly envelopes: number;
}

const shown = ({ id, cause, kind, subject, quantity, site, priority, since, until, flood, reason }: Alarm): ShownAlarm =>
  ({ id, cause, kind, subject, quantity, site, priority, since, until, flood, reason }); // biome-ignore format: one line

/** The same alarm under both settings: of one cause, beginning with the same anomaly. */
const nameOf = ({ cause, firstAnomaly }: Alarm): string => JSON.stringify([cause, firstAnomaly]);

const compare = (before: readonly Alarm[], after: readonly Alarm[]): Pick<AlarmDiff, 'added' | 'removed' | 'changed'> => {
  const [old, now] = [before, after].map((list) => new Map(list.map((alarm) => [nameOf(alarm), alarm]))) as [Map<string, Alarm>, Map<string, Alarm>];
  const isOther = (a: Alarm, b: Alarm): boolean => a.since !== b.since || a.priority !== b.priority || a.flood !== b.flood;
  return {
    added: [...now].flatMap(([name, alarm]) => (old.has(name) ? [] : [shown(alarm)])),
    removed: [...old].flatMap(([name, alarm]) => (now.has(name) ? [] : [shown(alarm)])),
    changed: [...now].flatMap(([name, alarm]) => {
      const other = old.get(name);
      return other !== undefined && isOther(other, alarm) ? [{ before: shown(other), after: shown(alarm) }] : [];
    }),
  };
};

/** Runs the log from where the store stands, with both trials behind the pipeline. */
const runTrials = async (inner: Pipeline, trials: readonly AlarmTrial[], reader: LogReader, store: Store): Promise<Pick<AlarmDiff, 'from' | 'to'>> => {
  let from: number | null = null;
  const watched: Pipeline = {
    ...inner,
    process(envelope, out) {
      const before = { anomalies: out.anomalies.length, readings: out.readings.length };
      const pass = (): Promise<void> | undefined => {
        from ??= inner.logTime();
        const anomalies = out.anomalies.slice(before.anomalies);
        const readings = out.readings.slice(before.readings);
        const taken = trials.map((trial) => trial.take(envelope, anomalies, readings, inner.logTime())).filter((one) => one !== undefined);
        return taken.length === 0 ? undefined : Promise.all(taken).then(() => {});
      };
      const processed = inner.process(envelope, out);
      return processed === undefined ? pass() : processed.then(pass);
    },
  };
  const running = await run(watched, reader, store);
  await running.to(await reader.end());
  await running.commit();
  return { from: from ?? 0, to: inner.logTime() };
};

const diffIn = async (config: Config, folder: string, reader: LogReader, rules: { readonly alarms: AlarmSettings }): Promise<AlarmDiff> => {
  const start = await reader.start();
  if (start > 0) await restoreOldest(config, folder, start);
  const store = await openEmbeddedStore(config, storeFile(folder));
  try {
    const body = (await store.snapshot()).scopes.find(({ scope }) => scope === alarmScope)?.body;
    const book = () => (body === undefined ? emptyAlarmBook() : alarmBookOf(body));
    const inner = pipeline(types, store, reader);
    const own = alarmTrial(inner.town, types, book(), null);
    const other = alarmTrial(inner.town, types, book(), rules);
    const begun = store.position;
    const span = await runTrials(inner, [own, other], reader, store);
    const [before, after] = [own.alarms(), other.alarms()];
    return { before: before.length, after: after.length, ...compare(before, after), ...span, envelopes: store.position - begun };
  } finally {
    await store.close();
  }
};

/**
 * Runs the kept log of a data folder again, with the town's own alarm settings and with others. The store that this takes is temporary.
 * @throws FailureError `no-data`, `no-backup`
 */
export const replayDiff = async (config: Config, rules: { readonly alarms: AlarmSettings }): Promise<AlarmDiff> => {
  requireData(config);
  const reader = openReader(config);
  const folder = await mkdtemp(join(tmpdir(), 'octroi-replay-'));
  try {
    await mkdir(join(storeFile(folder), '..'), { recursive: true, mode: 0o700 });
    return await diffIn(config, folder, reader, rules);
  } finally {
    await reader.close();
    await rm(folder, { recursive: true, force: true });
  }
};

const shownMax = 100;
const at = (ms: number): string => new Date(ms).toISOString();
const lineOf = (sign: string, { priority, since, id, flood, reason }: ShownAlarm): string =>
  `${sign} ${priority.padEnd(6)} ${at(since)}  ${id}${flood ? '  (in a flood)' : ''}\n         ${reason.en}`;

/** What a person reads: figures, then the alarms, of each list the first hundred. */
export const diffText = ({ before, after, added, removed, changed, from, to, envelopes }: AlarmDiff): string => {
  const list = (lines: readonly string[]): string[] =>
    lines.length > shownMax ? [...lines.slice(0, shownMax), `  and ${lines.length - shownMax} more: --json has all of them`] : [...lines];
  return [
    `${envelopes} envelopes, ${at(from)} to ${at(to)}`,
    `${before} alarms as the town is set, ${after} with this file: ${added.length} added, ${removed.length} removed, ${changed.length} changed`,
    ...list(added.map((one) => lineOf('+', one))),
    ...list(removed.map((one) => lineOf('-', one))),
    ...list(
      changed.map(
        ({ before: old, after: now }) =>
          `~ ${now.id}: ${[
            ...(old.priority === now.priority ? [] : [`priority ${old.priority}, now ${now.priority}`]),
            ...(old.since === now.since ? [] : [`raised ${at(old.since)}, now ${at(now.since)}`]),
            ...(old.flood === now.flood ? [] : [now.flood ? 'now in a flood' : 'no longer in a flood']),
          ].join('; ')}`,
      ),
    ),
  ].join('\n');
};
