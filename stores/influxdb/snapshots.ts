/**
 * Snapshots in the state bucket: the changed scopes of each, as a text in pieces, and a point that says that all pieces are
 * there. Now and then one is written whole, and what lies before it is deleted. When to take one is left to the pipeline.
 */
import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';
import type { Snapshot } from '../../core/store.ts';
import { compareText } from '../key-book.ts';
import { always, type Flux } from './flux.ts';
import { quoted } from './line.ts';
import { type Buckets, offsetOf, piecesOf, slotOf } from './schema.ts';

/** Between two scopes in form 1; no JSON holds it. */
const separator = '\u001e';

/** Names and lengths in a first line, then the texts. */
const joined = (scopes: readonly Snapshot[]): string =>
  [JSON.stringify(scopes.map(({ scope, body }) => [scope, body.length])), '\n', ...scopes.map(({ body }) => body)].join('');
const parted = (text: string): Snapshot[] => {
  let from = text.indexOf('\n') + 1;
  const lengths = JSON.parse(text.slice(0, from)) as [scope: string, length: number][];
  return lengths.map(([scope, length]) => {
    from += length;
    return { scope, body: text.slice(from - length, from) };
  });
};

/** Where a packed text ends: a crash may have left pieces of a longer one behind it. base64 does not have it. */
const packedEnd = '.';

/** A tenth of the characters, of which line protocol escapes none: less work than the text as it is, here and on InfluxDB. */
const packed = async (text: string): Promise<string> => (await promisify(gzip)(text, { level: constants.Z_BEST_SPEED })).toString('base64') + packedEnd;
const unpacked = async (text: string): Promise<string> => (await promisify(gunzip)(Buffer.from(text.slice(0, text.indexOf(packedEnd)), 'base64'))).toString();

/** Changed scopes may take that many times the characters of a whole snapshot, and at least `slackChars`, before one is written whole. */
const growthMax = 4;
const slackChars = 2_000_000;

/** How far the snapshots on InfluxDB go. */
export interface SnapshotState {
  /** The offset that the newest stands for; 0: there is none. */
  readonly offset: number;
  /** Characters of the last whole one, and of those since. */
  readonly wholeChars: number;
  readonly sinceChars: number;
}

/** Whether the next snapshot should be written whole. */
export const isDue = ({ offset, wholeChars, sinceChars }: SnapshotState): boolean => offset === 0 || sinceChars > wholeChars * growthMax + slackChars;

export interface Written {
  /** The pieces, to be written first. */
  readonly pieces: string[];
  /** The point that makes them count. */
  readonly done: string;
  readonly state: SnapshotState;
}

/** @param isWhole these are all scopes, not only changed ones */
export const snapshotLines = async (
  partition: number,
  offset: number,
  scopes: readonly Snapshot[],
  isWhole: boolean,
  before: SnapshotState,
): Promise<Written> => {
  const text = joined(scopes);
  const pieces = piecesOf(await packed(text)).map((piece, i) => `snapshot,partition=${partition} body=${quoted(piece)} ${slotOf(offset, i)}`);
  const done = `snapshot_done,partition=${partition} whole=${isWhole},chars=${text.length}i ${slotOf(offset)}`;
  const state = isWhole
    ? { offset, wholeChars: text.length, sinceChars: 0 }
    : { offset, wholeChars: before.wholeChars, sinceChars: before.sinceChars + text.length };
  return { pieces, done, state };
};

interface Found {
  readonly state: SnapshotState;
  /** Offsets of the snapshots that count, from the last whole one on. */
  readonly offsets: readonly number[];
}

/** What there is. A paused writer may add an old one: the last whole one decides, and of each scope the highest offset. */
export const findSnapshots = async (flux: Flux, { state: bucket }: Buckets): Promise<Found> => {
  const rows = await flux.points({ bucket, measurement: 'snapshot_done' });
  const from = rows.findLastIndex((row) => row.is('whole'));
  const counted = from < 0 ? [] : rows.slice(from);
  const chars = counted.map((row) => row.number('chars'));
  const offsets = counted.map((row) => offsetOf(row.nanos));
  const sinceChars = chars.slice(1).reduce((sum, one) => sum + one, 0);
  return { offsets, state: { offset: offsets.at(-1) ?? 0, wholeChars: chars[0] ?? 0, sinceChars } };
};

/** The scopes in what the pieces hold together; form 1 held them as they were. */
const scopesIn = async (text: string): Promise<Snapshot[]> => {
  if (text === '') return [];
  if (!text.startsWith('[')) return parted(await unpacked(text));
  return text.split(separator).map((one) => {
    const [scope, body] = JSON.parse(one) as [string, string];
    return { scope, body };
  });
};

/** All scopes of the newest snapshot, by name. */
export const readSnapshot = async (flux: Flux, buckets: Buckets): Promise<{ readonly offset: number; readonly scopes: Snapshot[] }> => {
  const { offsets, state } = await findSnapshots(flux, buckets);
  const texts = new Map<number, string>(offsets.map((offset) => [offset, '']));
  const stretch = { start: slotOf(offsets[0] ?? 0), stop: always.stop };
  const rows = offsets.length === 0 ? [] : await flux.points({ bucket: buckets.state, measurement: 'snapshot' }, stretch);
  for (const row of rows) {
    const offset = offsetOf(row.nanos);
    const text = texts.get(offset);
    if (text !== undefined) texts.set(offset, text + row.text('body'));
  }
  const scopes = new Map<string, string>();
  for (const offset of offsets) {
    for (const { scope, body } of await scopesIn(texts.get(offset) ?? '')) scopes.set(scope, body);
  }
  return { offset: state.offset, scopes: [...scopes].map(([scope, body]) => ({ scope, body })).sort((a, b) => compareText(a.scope, b.scope)) };
};
