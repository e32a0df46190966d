/**
 * The store on InfluxDB 2: three buckets of a server that others may read beside octroi. Rows only append; the point that
 * says the position comes after them, and questions see only what lies below it. Setting the buckets up is left to
 * `influxdb/setup.ts`, the language of the questions to `influxdb/flux.ts`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Failure, fail } from '../core/failure.ts';
import type { Commit, Ledger, Store } from '../core/store.ts';
import { type NewRows, newRows } from './commits.ts';
import { compareDevices } from './dump.ts';
import { type Access, answeredWithinMs, type Connection, connect, held } from './influxdb/connection.ts';
import { cutLines, deleteCut } from './influxdb/cuts.ts';
import { dump } from './influxdb/dump.ts';
import { always, type Flux, fluxOf } from './influxdb/flux.ts';
import { lettersOf } from './influxdb/letters.ts';
import { type Loaded, load } from './influxdb/load.ts';
import { queries } from './influxdb/queries.ts';
import { type Buckets, offsetOf, slotOf } from './influxdb/schema.ts';
import { checkBuckets } from './influxdb/setup.ts';
import { findSnapshots, isDue, readSnapshot, snapshotLines } from './influxdb/snapshots.ts';
import { together } from './influxdb/together.ts';
import { openWriter, type Refused, type Writer } from './influxdb/writer.ts';

export interface InfluxDbOptions extends Access {
  readonly buckets: Buckets;
  /** The partition of the log whose rows these are. Default 0. */
  readonly partition?: number;
  /** Hears what keeps InfluxDB from taking what is held, once for each cause; null when it goes on. */
  readonly tell?: (trouble: Failure | null) => void;
  /** Epoch ms, for what a retention would not keep. Default: this machine's. */
  readonly clock?: () => number;
}

interface Opened {
  readonly connection: Connection;
  readonly buckets: Buckets;
  readonly partition: number;
  /** Asks as long as it takes. */
  readonly patient: Flux;
  /** Gives up within seconds. */
  readonly swift: Flux;
  readonly writer: Writer;
  readonly loaded: Loaded;
}

const open = async (connection: Connection, { buckets, partition = 0, clock = Date.now }: InfluxDbOptions): Promise<Opened> => {
  const times = await checkBuckets(connection, buckets);
  const swift = fluxOf(connection, buckets, partition, answeredWithinMs);
  const patient = fluxOf(connection, buckets, partition, held);
  const loaded = await load(patient, buckets, lettersOf(patient, buckets), connection.where);
  return { connection, buckets, partition, patient, swift, writer: openWriter({ connection, flux: patient, buckets, times, partition, clock }), loaded };
};

/**
 * Opens the store in buckets that are set up.
 * @returns the store; rejects with `store-unreachable`, `store-denied` (token, organisation), `store-not-set-up` (buckets),
 * `newer-version`. What is committed later is held while InfluxDB does not take it, however long
 */
export const influxDbStore = (options: InfluxDbOptions): Promise<Store> =>
  connected(options, async (opened) => {
    await carryOutCuts(opened);
    return storeOf(opened, writing(opened), () => steadySnapshot(opened));
  });

/**
 * Opens the store to be followed by who runs the same log, and writes nothing: a commit waits until another has written as
 * far, and is then known without being read again. What InfluxDB refused of it shows with the next snapshot.
 * @returns as `influxDbStore`
 */
export const influxDbFollower = (options: InfluxDbOptions): Promise<Store> =>
  connected(options, async (opened) => storeOf(opened, following(opened), () => steadySnapshot(opened)));

const connected = async (options: InfluxDbOptions, store: (opened: Opened) => Promise<Store>): Promise<Store> => {
  const connection = connect(options, options.tell);
  try {
    return await store(await open(connection, options));
  } catch (error) {
    connection.close();
    throw error;
  }
};

/** Deletes the rows of cuts that a snapshot has passed. */
const carryOutCuts = async ({ patient, writer, buckets, partition, loaded }: Opened): Promise<void> => {
  const { cuts, snapshot } = loaded;
  while (cuts.pending[0] !== undefined && cuts.pending[0].cut.offset < snapshot.offset) {
    const [pending] = cuts.pending;
    await deleteCut(patient, writer, buckets, partition, pending, cuts.spans);
    cuts.rows = { stored: cuts.rows.stored + pending.rows.stored, corrected: cuts.rows.corrected + pending.rows.corrected };
    cuts.spans = pending.cut.spans;
    cuts.pending.shift();
  }
};

/** The books with the readings that InfluxDB refused among the dead letters. */
const shownLedger = ({ ledger, refused: { stored, corrected } }: Loaded): Ledger =>
  stored + corrected === 0
    ? ledger
    : {
        ...ledger,
        readings: {
          ...ledger.readings,
          stored: ledger.readings.stored - stored,
          corrected: ledger.readings.corrected - corrected,
          deadLetter: ledger.readings.deadLetter + stored + corrected,
        },
      };

/** Takes what was written into what is kept in memory. */
const take = (loaded: Loaded, commit: Commit, rows: NewRows, refused: readonly Refused[]): void => {
  const withoutRow = new Set(refused.map(({ reading }) => reading));
  for (const reading of rows.readings) if (!withoutRow.has(reading)) loaded.book.see(loaded.book.of(reading.subject, reading.quantity), reading);
  for (const device of rows.devices) loaded.devices.set(device.id, device);
  loaded.closures.push(...rows.closures);
  for (const anomaly of rows.anomalies) {
    if (anomaly.until === null) loaded.lasting.anomaly.set(anomaly.id, anomaly);
    else loaded.lasting.anomaly.delete(anomaly.id);
  }
  for (const alarm of rows.alarms) {
    if (alarm.state !== 'normal') loaded.lasting.alarm.set(alarm.id, alarm);
    else loaded.lasting.alarm.delete(alarm.id);
  }
  for (const { code, subject, logTime, version } of [...rows.deadLetters, ...refused.map(({ letter }) => letter)]) {
    const id = `${code}/${subject}`;
    const known = loaded.letters.get(id) ?? { code, subject, count: 0, lastLogTime: 0 };
    if (version === 0) loaded.letters.set(id, { ...known, count: known.count + 1, lastLogTime: Math.max(known.lastLogTime, logTime) });
    else if (known.count <= 1) loaded.letters.delete(id);
    else loaded.letters.set(id, { ...known, count: known.count - 1, ...(logTime === known.lastLogTime ? { stale: true } : {}) });
  }
  const later = refused.filter(({ reading }) => reading.version > 0).length;
  loaded.refused = { stored: loaded.refused.stored + refused.length - later, corrected: loaded.refused.corrected + later };
  loaded.position = commit.end;
  loaded.logTime = Math.max(loaded.logTime, commit.logTime);
  loaded.ledger = commit.ledger;
};

/** Commits as the writer of a partition. */
const writing = (opened: Opened): ((one: Commit) => Promise<void>) => {
  const { patient, writer, buckets, partition, loaded } = opened;
  /** Writes the changed scopes, or all where that is due. @returns what makes them count */
  const writeSnapshot = async ({ offset, scopes }: NonNullable<Commit['snapshot']>): Promise<() => Promise<void>> => {
    const isWhole = isDue(loaded.snapshot);
    const changed = new Set(scopes.map(({ scope }) => scope));
    const others = isWhole && loaded.snapshot.offset > 0 ? (await readSnapshot(patient, buckets)).scopes.filter(({ scope }) => !changed.has(scope)) : [];
    const { pieces, done, state } = await snapshotLines(partition, offset, [...others, ...scopes], isWhole, loaded.snapshot);
    await writer.state(pieces);
    return async () => {
      await writer.state([done]);
      loaded.snapshot = state;
      if (!isWhole) return;
      // What the whole one replaces, and positions that a later one replaces.
      for (const measurement of ['snapshot', 'snapshot_done']) await writer.remove(buckets.state, `_measurement="${measurement}"`, 0n, slotOf(offset) - 1n);
      await writer.remove(buckets.state, '_measurement="progress"', 0n, slotOf(loaded.position) - 1n);
    };
  };

  return async (one) => {
    const isNewer = one.end > loaded.position;
    const snapshot = one.snapshot !== null && one.snapshot.offset > loaded.snapshot.offset ? one.snapshot : null;
    const rows = newRows(one, loaded.position);
    const refused = isNewer ? await writer.rows(rows, one.end, one.logTime) : [];
    const cuts = [];
    for (const cut of isNewer ? rows.cuts : []) {
      const { lines, pending } = await cutLines(patient, buckets, partition, cut);
      await writer.state(lines);
      cuts.push(pending);
    }
    const makeCount = snapshot === null ? null : await writeSnapshot(snapshot);
    if (isNewer) {
      await writer.progress({ position: one.end, logTime: Math.max(loaded.logTime, one.logTime), ledger: one.ledger });
      take(loaded, one, rows, refused);
      loaded.cuts.pending.push(...cuts);
    }
    await makeCount?.();
    await carryOutCuts(opened);
  };
};

/** How often it is asked how far the writer has come, ms. */
const lookMs = 250;

/** Commits what another writes: what this one has made of the log is the same. */
const following = ({ patient, buckets, loaded }: Opened): ((one: Commit) => Promise<void>) => {
  const letters = lettersOf(patient, buckets);
  let written = loaded.position;
  const look = async (): Promise<void> => {
    const [last] = await patient.lastOfEach({ bucket: buckets.state, measurement: 'progress' }, { start: slotOf(written), stop: always.stop });
    if (last !== undefined) written = Math.max(written, offsetOf(last.nanos));
  };
  return async (one) => {
    for (await look(); written < one.end; await look()) await delay(lookMs);
    if (one.end > loaded.position) take(loaded, one, newRows(one, loaded.position), []);
    if (one.snapshot === null) return;
    loaded.refused = await letters.refused(loaded.position);
    loaded.letters.clear();
    for (const count of await letters.counts(loaded.position)) loaded.letters.set(`${count.code}/${count.subject}`, count);
  };
};

/**
 * The newest snapshot while another writes, as a plant may whose partition has just become this one's: read again where it was replaced
 * meanwhile. Fails with `store-failed` where the store was opened too far behind it: what it keeps in memory would lack the rows between.
 */
const steadySnapshot = async ({ patient, buckets, loaded, connection }: Opened): ReturnType<Store['snapshot']> => {
  for (;;) {
    const [whole] = (await findSnapshots(patient, buckets)).offsets;
    const snapshot = await readSnapshot(patient, buckets);
    if ((await findSnapshots(patient, buckets)).offsets[0] !== whole) continue;
    if (snapshot.offset > loaded.position) throw fail('store-failed', 'a snapshot was taken while the store was opened', connection.where);
    return snapshot;
  }
};

/** A store that is closed while InfluxDB does not answer lets go of what it holds, at once or after that time: the log has it. */
const closeWithinMs = 1_000;

const storeOf = (opened: Opened, carryOut: (one: Commit) => Promise<void>, snapshot: Store['snapshot']): Store => {
  const { connection, buckets, patient, swift, loaded } = opened;
  const letters = { patient: lettersOf(patient, buckets), swift: lettersOf(swift, buckets) };
  let closed = false;
  let lastCommit: Promise<void> = Promise.resolve();

  const commit = async (one: Commit): Promise<void> => {
    if (closed) throw fail('store-failed', 'the store is closed', connection.where);
    await carryOut(one);
  };

  const asked = queries({ patient: together(patient), swift, buckets, letters, loaded });
  return {
    ...asked,
    get position() {
      return loaded.position;
    },
    get logTime() {
      return loaded.logTime;
    },
    commit(one) {
      const result = lastCommit.then(() => commit(one));
      lastCommit = result.catch(() => undefined);
      return result;
    },
    async snapshot() {
      await lastCommit;
      return snapshot();
    },
    ledger: () => shownLedger(loaded),
    async books() {
      const ledger = shownLedger(loaded);
      return { ledger, recount: await asked.recount() }; // counts what lies below the position of this moment
    },
    latest: (subjects) => loaded.book.latest(subjects),
    devices: () => [...loaded.devices.values()].sort(compareDevices),
    keys: () => loaded.book.withReadings().map(({ subject, quantity }) => ({ subject, quantity })),
    closures: () => [...loaded.closures],
    dump: () => dump(swift, buckets, letters.swift, loaded),
    async close() {
      if (closed) return;
      closed = true;
      const waited = new AbortController();
      if (!connection.isHolding()) await Promise.race([lastCommit, delay(closeWithinMs, undefined, { signal: waited.signal })]);
      waited.abort();
      connection.close();
      await lastCommit;
    },
  };
};
