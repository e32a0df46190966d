/** The plant's thread: owns the store, runs the pipeline up to the durable end of the log, and answers what is asked of both. */
import { statfsSync, statSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { pino } from 'pino';
import type { Config } from '../../config.ts';
import { answering, type Wire } from '../../core/channel.ts';
import { type Failure, fail, failureOf } from '../../core/failure.ts';
import type { Commit, LatestReading } from '../../core/store.ts';
import type { GateReport, LiveEvent, Status } from '../../core/views.ts';
import { retainedRows } from '../../feed/retained.ts';
import { partitionOf } from '../../log/kafka/partitions.ts';
import { views } from '../../processors/views.ts';
import { storeFile } from '../keep/data-folder.ts';
import { prepareStore } from '../keep/prepare-store.ts';
import { requireSameLog } from '../keep/same-log.ts';
import { type BackedUp, takeBackup } from '../keep/take-backup.ts';
import { types } from '../types.ts';
import { commitRate } from './commit-rate.ts';
import { openPlant } from './parts.ts';
import { questions } from './questions.ts';
import { slices } from './slices.ts';
import { verifications } from './verifications.ts';

export type ToWorker = Wire | { readonly logEnd: number; readonly report: GateReport | null } | { readonly ping: true } | { readonly stop: true };
export type FromWorker = Wire | { readonly pong: true } | { readonly ready: number } | { readonly event: LiveEvent } | { readonly broken: Failure };

/** Latest values that one live event carries at the most. */
const liveLatestMax = 5_000;

/** What the thread is for. Without `live` nobody is told of commits. */
export interface Assigned {
  readonly partition: number;
  readonly live: boolean;
}

const { config, assigned } = workerData as { config: Config; assigned: Assigned | null };
/** Few, since a commit goes on only between two slices: of 4,096 the pipeline had to wait for it in the end. Kafka gives some thousands at once, and what is not taken is fetched again. */
const sliceEnvelopesMax = config.log === 'file' ? 256 : 4_096;
const port = parentPort;
if (port === null) throw fail('bad-request', "the plant's worker runs as a thread of the plant");
const send = (message: FromWorker): void => port.postMessage(message);
/** A spare thread is told later: then all that takes long to load is there. */
const { partition, live } = assigned ?? (await new Promise<Assigned>((resolve) => port.once('message', resolve)));

const startedAt = Date.now();
let logEnd = 0;
let report: GateReport | null = null;
let waiting: Status['waiting'] = null;
let stopping = false;
let wake: () => void = () => {};
const rate = commitRate(Date.now);

/** What a commit made the latest of its key: a reading that came late is none. */
const latestOf = ({ outputs }: Commit): LatestReading[] => {
  const newest = new Map<string, Map<string, number>>();
  for (const { subject, quantity, at } of outputs.readings) {
    const ofSubject = newest.get(subject) ?? new Map<string, number>();
    newest.set(subject, ofSubject.set(quantity, Math.max(ofSubject.get(quantity) ?? at, at)));
  }
  return plant.store
    .latest([...newest.keys()])
    .filter(({ subject, quantity, at }) => newest.get(subject)?.get(quantity) === at)
    .slice(-liveLatestMax);
};

/** Says what went wrong; then the thread ends. */
const broken = (error: unknown): void => send({ broken: failureOf(error) });

/** Opens the plant over a store that was made anew where that was asked for, and that is not ahead of its log. */
const openChecked: typeof openPlant = async (...given) => {
  const prepared = await prepareStore(config);
  if (prepared !== null && (prepared.aside ?? prepared.backup) !== null) {
    pino({ level: config.logLevel, base: { role: 'plant' } }, pino.destination(2)).warn(prepared, 'the store is made anew');
  }
  const opened = await openPlant(...given);
  await requireSameLog(config, opened.store, partition);
  return opened;
};

const plant = await openChecked(
  config,
  (commit) => {
    // One that runs again what is stored ends before it starts.
    const position = Math.max(commit.start, commit.end);
    rate.mark({ envelopes: position, readings: commit.ledger.readings.accepted });
    if (live)
      send({
        event: { position, logTime: commit.logTime, latest: latestOf(commit), anomalies: commit.outputs.anomalies, alarms: commit.outputs.alarms },
      });
  },
  partition,
).catch((error: unknown) => {
  broken(error);
  return process.exit(); // ends the thread alone
});

const fileBytes = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

const status = async (): Promise<Status> => ({
  position: plant.store.position,
  logEnd: Math.max(logEnd, plant.store.position),
  logTime: plant.store.logTime,
  envelopesPerSecond: rate.perSecond('envelopes'),
  readingsPerSecond: rate.perSecond('readings'),
  gate: report?.tick ?? null,
  trouble: report?.trouble ?? null,
  report,
  waiting,
  uncommittedRows: plant.run.waitingRows(),
  silentMs: 0,
  storeBytes: fileBytes(storeFile(config.data)) + fileBytes(`${storeFile(config.data)}.wal`),
  startedAt,
});

/** Who waits until all below an offset is committed. */
let goals: { readonly end: number; readonly resolve: () => void }[] = [];
const reached = (end: number): Promise<void> => new Promise((resolve) => goals.push({ end, resolve }));

/** Tells those whose goal the store has passed; commits for their sake only where nothing else is left to do. */
const meetGoals = async (): Promise<void> => {
  if (goals.length > 0 && plant.pipeline.end() >= logEnd) await plant.run.commit();
  for (const { end, resolve } of goals) if (end <= plant.store.position) resolve();
  goals = goals.filter(({ end }) => end > plant.store.position);
};

/** Work that needs the pipeline at rest, between two slices. */
let atRest: (() => Promise<void>)[] = [];

/** Takes a backup; the pipeline goes on as soon as the store is copied. */
const backup = (folder: string): Promise<BackedUp> =>
  new Promise((resolve, reject) => {
    if (waiting !== null)
      return reject(
        fail('backup-failed', `the store takes nothing: ${waiting.freeMb} MB of the disk are free, and ${waiting.keptMb} MB are kept for the log`, folder),
      );
    atRest.push(() => new Promise((copied) => takeBackup(plant, config.data, folder, copied).then(resolve, reject)));
  });

/** Commits all that was processed, with a snapshot. @returns the position from which the pipeline would go on */
const checkpoint = (): Promise<number> =>
  new Promise((resolve) =>
    atRest.push(async () => {
      await plant.run.checkpoint();
      resolve(plant.store.position);
    }),
  );

const rest = async (): Promise<void> => {
  const due = atRest;
  atRest = [];
  for (const one of due) await one();
};

/** Ends the thread, though nobody stops the plant: the next one makes the store anew. */
const abandon = async (): Promise<void> => {
  stopping = true;
};

const { counted, yieldTo } = questions();
const ownViews = views(plant.pipeline, plant.store, () => logEnd, config.monthClosesAfterDays);
/** Here, and not where it is asked for: the town and the figures stay in this thread. */
const rows = retainedRows({ views: ownViews, types, isHere: (device) => partitionOf(device, config.kafkaPartitions) === partition }, Date.now);
/** A pipeline that runs again what is stored knows the town as it was: what was public then may be no longer. */
const retained = async (): Promise<ReadonlyMap<string, string> | null> => (plant.pipeline.end() < plant.store.position ? null : rows());

const answer = answering(
  {
    ...counted({ ...ownViews, retained }),
    status,
    reached,
    waiting: async (subjects: readonly string[]) => ({ readings: plant.pipeline.waiting(subjects), end: plant.pipeline.end() }),
    backup,
    checkpoint,
    abandon,
    told: async () => ({ end: plant.pipeline.end(), by: plant.told() }),
    ...verifications(plant),
  },
  send,
);

port.on('message', (message: ToWorker) => {
  if ('ping' in message) send({ pong: true });
  else if ('stop' in message) stopping = true;
  else if ('logEnd' in message) ({ logEnd, report } = message);
  else answer(message);
  wake();
});

/** Resolves when there is more to do, or after `ms`. */
const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });

/** The last space of the disk is the log's: below the reserve the store takes nothing, since DuckDB does not outlive a full disk. */
const waitsForRoom = (): boolean => {
  const { bavail, bsize } = statfsSync(config.data);
  const freeMb = Math.floor((bavail * bsize) / 2 ** 20);
  waiting = freeMb < config.diskReserveMb ? { freeMb, keptMb: config.diskReserveMb } : null;
  return waiting !== null;
};
const roomMs = 500;

const slice = slices(sliceEnvelopesMax);
/** Processes one slice. @returns true where more waits */
const advance = async (): Promise<boolean> => {
  const behind = logEnd - plant.pipeline.end();
  if (behind <= 0) return false;
  const size = slice.size();
  const began = performance.now();
  await plant.run.to(plant.pipeline.end() + Math.min(size, behind));
  if (behind < size) return false;
  slice.took(performance.now() - began);
  return true;
};

const work = async (): Promise<void> => {
  let committedAt = performance.now();
  let snapshotAt = performance.now();
  while (!stopping) {
    if (waitsForRoom()) {
      await pause(roomMs);
      continue;
    }
    const began = performance.now();
    const isBehind = await advance();
    await yieldTo(performance.now() - began);
    await meetGoals();
    await rest();
    const now = performance.now();
    if (now - snapshotAt >= config.snapshotMs) {
      await plant.run.checkpoint();
      snapshotAt = committedAt = performance.now();
    } else if (now - committedAt >= config.commitMs) {
      // Who is behind goes on while it is written.
      await (isBehind ? plant.run.hand() : plant.run.commit());
      committedAt = performance.now();
    }
    if (isBehind) await nextTurn();
    else await pause(Math.max(1, committedAt + config.commitMs - performance.now()));
  }
  await plant.close();
};

send({ ready: plant.store.position });
try {
  await work();
} catch (error) {
  broken(error);
  await plant.drop().catch(() => {}); // what went wrong first is told
}
port.close();
