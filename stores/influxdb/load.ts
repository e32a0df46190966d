/** What the InfluxDB store keeps in memory, read when it is opened. Keeping it current is left to `../influxdb.ts`. */
import { fail } from '../../core/failure.ts';
import type { Reading } from '../../core/reading.ts';
import { emptyLedger, type Ledger, type Recount } from '../../core/store.ts';
import type { Device } from '../../core/town.ts';
import type { Closure } from '../commits.ts';
import { type KeyBook, keyBook } from '../key-book.ts';
import { type CutState, loadCuts } from './cuts.ts';
import { askedTogetherMax, type Flux } from './flux.ts';
import type { Letters } from './letters.ts';
import { nearest } from './neighbourhood.ts';
import { keyOf, type Occurrences, occurrenceIn, readingIn } from './points.ts';
import { type Buckets, form, offsetOf, slotOf } from './schema.ts';
import { findSnapshots, type SnapshotState } from './snapshots.ts';
import { stretchesOf } from './stretches.ts';
import { together } from './together.ts';

type LetterCount = Awaited<ReturnType<Letters['counts']>>[number];

export interface Loaded {
  readonly book: KeyBook;
  readonly devices: Map<string, Device>;
  readonly closures: Closure[];
  /** Anomalies that last and alarms that are open, by id. */
  readonly lasting: { readonly [Kind in keyof Occurrences]: Map<string, Occurrences[Kind]> };
  /** Open dead letters by code and subject; `stale` where the newest of them was reopened, and another is the newest now. */
  readonly letters: Map<string, LetterCount & { stale?: true }>;
  readonly cuts: CutState;
  /** Readings that InfluxDB refused: the pipeline counts them as stored. */
  refused: Pick<Recount, 'stored' | 'corrected'>;
  position: number;
  logTime: number;
  /** As the pipeline gave it. */
  ledger: Ledger;
  snapshot: SnapshotState;
}

/** Keys that are looked for further back at once, at the most. */
const lookedForMax = 10 * askedTogetherMax;

const loadBook = async (flux: Flux, buckets: Buckets, before: number): Promise<KeyBook> => {
  const book = keyBook();
  const all: Reading[] = [];
  for (const row of await flux.lastOfEach({ bucket: buckets.raw, measurement: 'reading' })) {
    if (row.text('written') !== '') all.push(readingIn(row, keyOf(row))); // else the last of a field that not every reading has
  }
  const asking = together(flux);
  // What a crash left beyond the position is not there until it is written again: it may be the last of every key.
  const seen = ({ subject, quantity, at }: Reading) => nearest(asking, buckets, { subject, quantity }, at + 1, 'before', before, () => true);
  for (let from = 0; from < all.length; from += lookedForMax) {
    const some = all.slice(from, from + lookedForMax);
    for (const last of await Promise.all(some.map((one) => (one.revision < before ? one : seen(one))))) {
      if (last !== null) book.see(book.of(last.subject, last.quantity), last);
    }
  }
  return book;
};

const lastMs = 1_000_000n;

const loadLasting = async <Kind extends keyof Occurrences>(
  flux: Flux,
  { panes: bucket }: Buckets,
  measurement: Kind,
  before: number,
): Promise<Map<string, Occurrences[Kind]>> => {
  const newest = new Map<string, { slot: bigint; version: number; lasting: boolean }>();
  for (const row of await flux.points({ bucket, measurement, fields: ['lasting', 'offset'] })) {
    if (row.number('offset') >= before) continue;
    const id = [row.text('subject'), row.text('quantity'), row.text('kind'), row.at].join('/');
    const { version, nanos: slot } = row;
    if ((newest.get(id)?.version ?? -1) < version) newest.set(id, { slot, version, lasting: row.is('lasting') });
  }
  const lasting = new Map<string, Occurrences[Kind]>();
  const slots = [...newest.values()].filter((one) => one.lasting).map(({ slot }) => slot);
  const wanted = new Set(slots);
  for (const row of await flux.pointsIn({ bucket, measurement }, stretchesOf(slots, 60_000n * lastMs))) {
    if (!wanted.has(row.nanos) || !row.is('lasting') || row.number('offset') >= before) continue;
    const found = occurrenceIn<Kind>(row);
    const id = [row.text('subject'), row.text('quantity'), row.text('kind'), row.at].join('/');
    if (newest.get(id)?.version === found.version) lasting.set(found.id, found);
  }
  return lasting;
};

interface ProgressBody {
  readonly form: number;
  readonly position: number;
  readonly logTime: number;
  readonly ledger: Ledger;
}

/** Reads the position and what lies below it. Fails with `newer-version` where a later program wrote it. */
export const load = async (flux: Flux, buckets: Buckets, letters: Letters, where: string): Promise<Loaded> => {
  const { state } = buckets;
  const [last] = await flux.lastOfEach({ bucket: state, measurement: 'progress' });
  const progress = last === undefined ? null : (JSON.parse(last.text('body')) as ProgressBody);
  if (progress !== null && progress.form > form) {
    throw fail('newer-version', `the store has form ${progress.form}, this program knows ${form}`, where);
  }
  const { position, logTime, ledger } = progress ?? { position: 0, logTime: 0, ledger: emptyLedger };
  const below = { start: 0n, stop: slotOf(position) };

  // Asked together: whoever takes a partition over waits for all of them.
  const [deviceRows, closureRows, book, anomaly, alarm, counts, cuts, refused, snapshots] = await Promise.all([
    flux.points({ bucket: state, measurement: 'device' }, below),
    flux.points({ bucket: state, measurement: 'closure' }, below),
    loadBook(flux, buckets, position),
    loadLasting(flux, buckets, 'anomaly', position),
    loadLasting(flux, buckets, 'alarm', position),
    letters.counts(position),
    loadCuts(flux, buckets, position),
    letters.refused(position),
    findSnapshots(flux, buckets),
  ]);
  const devices = new Map<string, Device>();
  for (const row of deviceRows) {
    const device = JSON.parse(row.text('body')) as Device;
    devices.set(device.id, device);
  }
  return {
    book,
    devices,
    closures: closureRows.map((row) => ({ from: row.number('from'), to: row.number('to'), offset: offsetOf(row.nanos) })),
    lasting: { anomaly, alarm },
    letters: new Map(counts.map((one) => [`${one.code}/${one.subject}`, one])),
    cuts,
    refused,
    position,
    logTime,
    ledger,
    snapshot: snapshots.state,
  };
};
