/**
 * The writing side: rows first, then the point that says how far they go. What a crash leaves between is written again,
 * the same bytes in the same places. What is new in a commit is left to the caller.
 */
import { fail } from '../../core/failure.ts';
import type { DeadLetter, Reading } from '../../core/reading.ts';
import type { Ledger } from '../../core/store.ts';
import { dayMs, minuteMs } from '../../core/time.ts';
import type { NewRows } from '../commits.ts';
import { type Connection, Refusal } from './connection.ts';
import type { Flux } from './flux.ts';
import { msOf, quoted } from './line.ts';
import { alarmLine, anomalyLine, booksLine, letterLines, paneHead, paneLine, placeLine, readingHead, readingLine } from './points.ts';
import { type BucketRole, type Buckets, bucketRoles, form, slotOf } from './schema.ts';
import type { BucketTimes } from './setup.ts';
import { openShards, type Shards } from './shards.ts';

/** Lines, and characters, of one request at the most. */
const linesMax = 20_000;
const charsMax = 4_000_000;

/** A reading that InfluxDB will not have, and the dead letter that tells of it. */
export interface Refused {
  readonly reading: Reading;
  readonly letter: DeadLetter;
}

/** How far the store stands. */
export interface Progress {
  readonly position: number;
  readonly logTime: number;
  readonly ledger: Ledger;
}

export interface Writer {
  /** Writes rows. @returns the readings that were refused */
  rows(rows: NewRows, end: number, logTime: number): Promise<Refused[]>;
  /** Writes points of the state. */
  state(lines: readonly string[]): Promise<void>;
  progress(progress: Progress): Promise<void>;
  /** Deletes points of one measurement with from <= time <= to, ns; further tags as a predicate. */
  remove(bucket: string, predicate: string, from: bigint, to: bigint): Promise<void>;
}

/** The books as they are when the log ends here: how much more there was of it at the time is not the store's to keep. */
const settled = (ledger: Ledger): Ledger => ({
  ...ledger,
  envelopes: { ...ledger.envelopes, appended: ledger.envelopes.appended - ledger.envelopes.pending, pending: 0 },
});

/** Points of one bucket. Their lines are made when they are sent: those of a whole commit would outlive the sweeps of the nursery. */
interface Points {
  readonly count: number;
  lineOf(place: number): string;
  /** Ms. */
  timeOf(place: number): number;
}

interface Request {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

function* requests({ count, lineOf }: Points): Generator<Request> {
  let lines: string[] = [];
  let chars = 0;
  for (let place = 0; place < count; place++) {
    const line = lineOf(place);
    if (lines.length > 0 && (lines.length >= linesMax || chars + line.length > charsMax)) {
      yield { from: place - lines.length, to: place, text: lines.join('\n') };
      lines = [];
      chars = 0;
    }
    lines.push(line);
    chars += line.length + 1;
  }
  if (lines.length > 0) yield { from: count - lines.length, to: count, text: lines.join('\n') };
}

const requestOf = ({ lineOf }: Points, from: number, to: number): Request => ({
  from,
  to,
  text: Array.from({ length: to - from }, (_, i) => lineOf(from + i)).join('\n'),
});

function* timesOf({ timeOf }: Points, { from, to }: Request): Generator<number> {
  for (let place = from; place < to; place++) yield timeOf(place);
}

/** Points whose lines are there already. */
const written = (lines: readonly string[]): Points => ({
  count: lines.length,
  lineOf: (place) => lines[place] as string,
  timeOf: (place) => msOf(lines[place] as string),
});

const isBeyondRetention = (reason: string): boolean => /outside retention policy|Retention Policy/i.test(reason);

/** What the lines of a key begin with, each made once. */
const lineHeads = (): ((subject: string, name: string, make: () => string) => string) => {
  const heads = new Map<string, Map<string, string>>();
  return (subject, name, make) => {
    let ofSubject = heads.get(subject);
    if (ofSubject === undefined) {
      ofSubject = new Map();
      heads.set(subject, ofSubject);
    }
    let head = ofSubject.get(name);
    if (head === undefined) {
      head = make();
      ofSubject.set(name, head);
    }
    return head;
  };
};

type Refuse = (place: number, reason: string) => void;

/** Writes some points; halves what is refused until the point is alone that InfluxDB will not have. */
const sendSome = async (shards: Shards, bucket: string, points: Points, request: Request, refuse: Refuse): Promise<void> => {
  const { from, to, text } = request;
  try {
    await shards.write(bucket, text, timesOf(points, request));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (to - from === 1 || error.dropped === to - from) {
      for (let place = from; place < to; place++) refuse(place, error.message);
      return;
    }
    const middle = (from + to) >>> 1;
    await sendSome(shards, bucket, points, requestOf(points, from, middle), refuse);
    await sendSome(shards, bucket, points, requestOf(points, middle, to), refuse);
  }
};

const send = async (shards: Shards, bucket: string, points: Points, refuse: Refuse): Promise<void> => {
  for (const request of requests(points)) await sendSome(shards, bucket, points, request, refuse);
};

/** Sends points of which what is refused is no reading: the figures would be wrong without it, so nothing is taken until it is mended. */
const mustSend = (shards: Shards, where: string, bucket: string, points: Points): Promise<void> =>
  send(shards, bucket, points, (place, reason) => {
    // A bucket that keeps nothing as old has expired it at once.
    if (isBeyondRetention(reason)) return;
    throw fail('store-failed', `InfluxDB refuses a point of the store's own: ${reason} (${points.lineOf(place).slice(0, 200)})`, where);
  });

/** The place of a reading in what its envelope wrote says which dead letter it becomes: the same one each time. */
const refusedOf = (rows: NewRows, place: number, reason: string, logTime: number): Refused => {
  const reading = rows.readings[place] as Reading;
  let first = place;
  while (first > 0 && rows.readings[first - 1]?.revision === reading.revision) first--;
  const { subject, quantity, at, value, flags, version, revision } = reading;
  const letter: DeadLetter = {
    subject,
    offset: revision,
    item: place - first,
    code: 'store-refused',
    message: reason.slice(0, 1_000),
    field: quantity,
    topic: '',
    sender: '',
    logTime,
    at,
    payload: JSON.stringify({ ts: at, quantity, quanta: value, flags, version }),
    version: 0,
    revision,
  };
  return { reading, letter };
};

/** Rows of one envelope, numbered. */
const numbered = <Row extends { readonly offset: number }>(rows: readonly Row[], lineOf: (row: Row, slot: bigint) => string): string[] => {
  let [offset, index] = [-1, 0];
  return rows.map((row) => {
    index = row.offset === offset ? index + 1 : 0;
    offset = row.offset;
    return lineOf(row, slotOf(offset, index));
  });
};

/** The lines of the state bucket, of a commit that ends before the offset `end`. */
const stateLines = (partition: number, rows: NewRows, end: number): string[] => [
  // The life of a key begins in 1970: no retention may reach it.
  ...rows.panes.filter(({ window }) => window === 'P').map((pane) => paneLine(paneHead(partition, pane, 'P'), pane)),
  ...rows.deadLetters.flatMap((letter) => letterLines(partition, letter)),
  // Devices have no offset: they stand at the last envelope of their commit.
  ...rows.devices.map((device, i) => `device,partition=${partition} body=${quoted(JSON.stringify(device))} ${slotOf(end - 1, i)}`),
  ...rows.places.map(placeLine),
  ...numbered(rows.closures, ({ from, to }, slot) => `closure,partition=${partition} from=${from}i,to=${to}i ${slot}`),
  ...numbered(rows.revisions, ({ logTime }, slot) => `revision,partition=${partition} log_time=${logTime}i ${slot}`),
];

export interface WriterOptions {
  readonly connection: Connection;
  /** Asks as long as it takes. */
  readonly flux: Flux;
  readonly buckets: Buckets;
  readonly times: Readonly<Record<BucketRole, BucketTimes>>;
  readonly partition: number;
  /** Epoch ms: what a bucket would not keep is not sent. */
  readonly clock: () => number;
}

export const openWriter = ({ connection, flux, buckets, times, partition, clock }: WriterOptions): Writer => {
  const shards = openShards(connection, flux, partition, new Map(bucketRoles.map((role) => [buckets[role], times[role]])));
  const headOf = lineHeads();
  /** Of the last books that were written for dashboards: a point each minute of log time will do. */
  let booksMinute = -1;
  const oldestKept = (role: BucketRole): number => (times[role].keptMs === 0 ? Number.NEGATIVE_INFINITY : clock() - times[role].keptMs);

  const writeReadings = async (rows: NewRows, logTime: number): Promise<Refused[]> => {
    const refused: Refused[] = [];
    const oldest = oldestKept('raw');
    const places: number[] = [];
    for (const [place, { at }] of rows.readings.entries()) {
      if (at >= oldest) places.push(place);
      else refused.push(refusedOf(rows, place, `older than the ${times.raw.keptMs / dayMs} days that the bucket ${buckets.raw} keeps`, logTime));
    }
    const readingAt = (place: number): Reading => rows.readings[places[place] as number] as Reading;
    const points: Points = {
      count: places.length,
      lineOf(place) {
        const reading = readingAt(place);
        const { subject, quantity } = reading;
        return readingLine(
          headOf(subject, quantity, () => readingHead(partition, { subject, quantity })),
          reading,
        );
      },
      timeOf: (place) => readingAt(place).at,
    };
    await send(shards, buckets.raw, points, (place, reason) => refused.push(refusedOf(rows, places[place] as number, reason, logTime)));
    return refused;
  };

  const writeFigures = (rows: NewRows): Promise<void> => {
    const oldest = oldestKept('panes');
    const lines: string[] = [];
    for (const pane of rows.panes) {
      const { subject, quantity, window, start } = pane;
      if (window === 'P' || start < oldest) continue;
      lines.push(paneLine(headOf(subject, `${quantity} ${window}`, () => paneHead(partition, { subject, quantity }, window)), pane)); // biome-ignore format: one line
    }
    for (const anomaly of rows.anomalies) if (anomaly.since >= oldest) lines.push(anomalyLine(partition, anomaly));
    for (const alarm of rows.alarms) if (alarm.since >= oldest) lines.push(alarmLine(partition, alarm));
    return mustSend(shards, connection.where, buckets.panes, written(lines));
  };

  const state = (lines: readonly string[]): Promise<void> => mustSend(shards, connection.where, buckets.state, written(lines));

  return {
    async rows(rows, end, logTime) {
      const [refused] = await Promise.all([writeReadings(rows, logTime), writeFigures(rows), state(stateLines(partition, rows, end))]);
      if (refused.length > 0) await state(refused.flatMap(({ letter, reading }) => letterLines(partition, letter, reading.version)));
      return refused;
    },
    state,
    progress({ position, logTime, ledger }) {
      const body = JSON.stringify({ form, position, logTime, ledger: settled(ledger) });
      const lines = [`progress,partition=${partition} body=${quoted(body)} ${slotOf(position)}`];
      const minute = Math.floor(logTime / minuteMs);
      if (minute !== booksMinute) lines.push(booksLine(partition, position, logTime, ledger));
      booksMinute = minute;
      return state(lines);
    },
    async remove(bucket, predicate, from, to) {
      if (to < from) return;
      await connection.remove(bucket, `partition="${partition}" AND ${predicate}`, from, to);
    },
  };
};
