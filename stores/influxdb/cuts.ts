/**
 * The horizon on InfluxDB: a cut is written with its commit; its readings are deleted once a snapshot has passed it, since
 * what runs again after a crash must see the rows that it saw. Which readings go is left to the pipeline.
 */
import type { Cut, Key, Recount, Span } from '../../core/store.ts';
import type { Flux } from './flux.ts';
import { always, askedTogetherMax } from './flux.ts';
import { quoted, tagText } from './line.ts';
import { keyOf, revisionIn } from './points.ts';
import { type Buckets, boundOf, nanosOf, offsetOf, piecesOf, slotOf } from './schema.ts';
import type { Writer } from './writer.ts';

/** A cut whose rows may still be there. */
export interface PendingCut {
  readonly cut: Cut;
  readonly rows: CutRows;
}
type CutRows = Pick<Recount, 'stored' | 'corrected'>;

/** What a reading's `written` and time say of it. */
interface Trace {
  readonly at: number;
  readonly version: number;
  readonly revision: number;
}

/** The traces of the keys' readings that envelopes below `before` wrote, by time; a few keys at a time. */
export async function* tracesOf(flux: Flux, { raw: bucket }: Buckets, keys: readonly Key[], before: number): AsyncGenerator<[key: Key, traces: Trace[]]> {
  for (let from = 0; from < keys.length; from += askedTogetherMax) {
    const some = keys.slice(from, from + askedTogetherMax);
    const byKey = new Map<string, Trace[]>();
    for (const row of await flux.pointsOf({ bucket, measurement: 'reading', fields: ['written'] }, some, always)) {
      const { subject, quantity } = keyOf(row);
      const trace = { at: row.at, version: row.version, revision: revisionIn(row.number('written')) };
      if (trace.revision >= before) continue;
      const name = JSON.stringify([subject, quantity]);
      const found = byKey.get(name);
      if (found === undefined) byKey.set(name, [trace]);
      else found.push(trace);
    }
    for (const key of some) {
      const traces = byKey.get(JSON.stringify([key.subject, key.quantity])) ?? [];
      yield [key, traces.sort((a, b) => a.at - b.at || a.version - b.version)];
    }
  }
}

const byKey = (spans: readonly Span[]): Map<string, Span[]> => {
  const found = new Map<string, Span[]>();
  for (const span of spans) {
    const name = JSON.stringify([span.subject, span.quantity]);
    found.set(name, [...(found.get(name) ?? []), span]);
  }
  return found;
};

const isInside = ({ at }: Trace, { from, to }: Span): boolean => at > from && at < to;

/** How many rows the cut takes. A cut that was written before says so itself: its rows may be gone. */
const countRows = async (flux: Flux, buckets: Buckets, { offset, before, spans }: Cut): Promise<CutRows> => {
  const rows = { stored: 0, corrected: 0 };
  const groups = byKey(spans);
  const keys = [...groups.values()].flatMap(([span]) => (span === undefined ? [] : [span]));
  for await (const [key, traces] of tracesOf(flux, buckets, keys, before)) {
    const ofKey = groups.get(JSON.stringify([key.subject, key.quantity])) ?? [];
    for (const trace of traces) if (ofKey.some((span) => isInside(trace, span))) rows[trace.version === 0 ? 'stored' : 'corrected']++;
  }
  const [known] = await flux.points({ bucket: buckets.state, measurement: 'cut' }, { start: slotOf(offset), stop: slotOf(offset) + 1n });
  return known === undefined ? rows : { stored: known.number('stored'), corrected: known.number('corrected') };
};

/** The points of a cut, to be written with its commit. */
export const cutLines = async (flux: Flux, buckets: Buckets, partition: number, cut: Cut): Promise<{ lines: string[]; pending: PendingCut }> => {
  const rows = await countRows(flux, buckets, cut);
  const { offset, before, spans } = cut;
  const pieces = piecesOf(JSON.stringify(spans)).map((piece, i) => `cut_piece,partition=${partition} body=${quoted(piece)} ${slotOf(offset, i)}`);
  const head = `cut,partition=${partition} before=${before}i,stored=${rows.stored}i,corrected=${rows.corrected}i ${slotOf(offset)}`;
  return { lines: [...pieces, head], pending: { cut, rows } };
};

/** Deletes the rows of a cut, but for those that envelopes from `before` on wrote; can be repeated. */
export const deleteCut = async (
  flux: Flux,
  writer: Writer,
  buckets: Buckets,
  partition: number,
  { cut }: PendingCut,
  earlier: readonly Span[],
): Promise<void> => {
  const done = new Set(earlier.map((span) => JSON.stringify(span)));
  const groups = byKey(cut.spans.filter((span) => !done.has(JSON.stringify(span))));
  const keys = [...groups.values()].flatMap(([span]) => (span === undefined ? [] : [span]));
  for await (const [{ subject, quantity }, traces] of tracesOf(flux, buckets, keys, Number.MAX_SAFE_INTEGER)) {
    const predicate = `_measurement="reading" AND subject="${tagText(subject)}" AND quantity="${tagText(quantity)}"`;
    for (const span of groups.get(JSON.stringify([subject, quantity])) ?? []) {
      let from = boundOf(span.from + 1);
      for (const trace of traces) {
        if (trace.revision < cut.before || !isInside(trace, span)) continue;
        const kept = BigInt(nanosOf(trace.at, trace.version));
        await writer.remove(buckets.raw, predicate, from, kept - 1n);
        from = kept + 1n;
      }
      await writer.remove(buckets.raw, predicate, from, boundOf(span.to) - 1n);
    }
  }
  await writer.state([`cut_done,partition=${partition} done=true ${slotOf(cut.offset)}`]);
};

/** Where the horizon stands. */
export interface CutState {
  /** Rows of the cuts that were carried out. */
  rows: CutRows;
  pending: PendingCut[];
  /** Spans of the last cut that was carried out. */
  spans: readonly Span[];
}

/** The cuts of envelopes below `before`. */
export const loadCuts = async (flux: Flux, { state: bucket }: Buckets, before: number): Promise<CutState> => {
  const stretch = { start: 0n, stop: slotOf(before) };
  const heads = await flux.points({ bucket, measurement: 'cut' }, stretch);
  if (heads.length === 0) return { rows: { stored: 0, corrected: 0 }, pending: [], spans: [] };
  const done = new Set((await flux.points({ bucket, measurement: 'cut_done' }, stretch)).map((row) => offsetOf(row.nanos)));
  const bodies = new Map<number, string>();
  for (const row of await flux.points({ bucket, measurement: 'cut_piece' }, stretch)) {
    const offset = offsetOf(row.nanos);
    bodies.set(offset, (bodies.get(offset) ?? '') + row.text('body'));
  }
  const state: CutState = { rows: { stored: 0, corrected: 0 }, pending: [], spans: [] };
  for (const head of heads) {
    const offset = offsetOf(head.nanos);
    const spans = JSON.parse(bodies.get(offset) ?? '[]') as Span[];
    const rows = { stored: head.number('stored'), corrected: head.number('corrected') };
    if (!done.has(offset)) state.pending.push({ cut: { offset, before: head.number('before'), spans }, rows });
    else {
      state.rows = { stored: state.rows.stored + rows.stored, corrected: state.rows.corrected + rows.corrected };
      state.spans = spans;
    }
  }
  return state;
};
