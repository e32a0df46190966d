/**
 * Runs a processor over a log into a store: live, catching up, replay and import are this one loop. When to commit for
 * the sake of freshness is left to the caller, who has a clock.
 */
import type { Relayed } from '../core/alarm.ts';
import { fail } from '../core/failure.ts';
import type { LogReader } from '../core/log.ts';
import { type Commit, emptyOutputs, type Outputs, type Store } from '../core/store.ts';
import { foreseenMax } from './foresee.ts';
import type { Processor } from './processor.ts';

/** Rows that wait for a commit at the most, but for those of one envelope; while they are written as many again may gather. */
export const commitRowsMax = 15_000;
/** Characters that wait for a commit at the most, but for those of one envelope: DuckDB has the whole commit in memory. */
export const commitCharsMax = 4_194_304;
/** Envelopes between two snapshots at the most: what a restart runs again. */
export const snapshotEnvelopesMax = 250_000;
/** Envelopes read at once. */
export const readBatchMax = 2_000;

export interface Run {
  /** Processes everything below `end`; rows may wait for `commit`. Not to be called while it runs. */
  readonly to: (end: number) => Promise<void>;
  /** Hands what waits to the store, as soon as the commit before is durable. */
  readonly hand: () => Promise<void>;
  /** Commits what waits. */
  readonly commit: () => Promise<void>;
  /** Commits with a snapshot, so that a restart has nothing to run again. */
  readonly checkpoint: () => Promise<void>;
  readonly waitingRows: () => number;
}

const rowKinds = Object.keys(emptyOutputs()) as (keyof Outputs)[];
/** Rows of every kind. */
const rowsOf = (out: Outputs): number => rowKinds.reduce((sum, kind) => sum + out[kind].length, 0);

/** Characters of a dead letter beside its payload, as the store keeps it. */
const letterCharsMin = 400;
/** Counts the characters of dead letters, of which each may hold much; other rows are small, and counted as such. */
const charsCounter = () => {
  let counted: Outputs['deadLetters'] = [];
  let place = 0;
  let chars = 0;
  return (out: Outputs): number => {
    if (out.deadLetters !== counted) [counted, place, chars] = [out.deadLetters, 0, 0];
    for (; place < counted.length; place++) {
      const { payload, topic, message } = counted[place] as Outputs['deadLetters'][number];
      chars += payload.length + topic.length + message.length + letterCharsMin;
    }
    return chars;
  };
};

/**
 * Restores the processor from the store's snapshot. What lies between it and the store's position is run again, and its rows are dropped: they are there.
 * `to` fails with `store-corrupt` where some of that can no longer be read: the state would lack what the rows hold.
 * @param committed told each commit that is durable
 * @param relay brings judgements to where alarms are made, before the store takes their commit: a crash between the two tells them again, and never leaves one out
 */
export const run = async (
  processor: Processor,
  reader: LogReader,
  store: Store,
  committed: (commit: Commit) => void = () => {},
  relay: (judgements: readonly Relayed[]) => Promise<void> = async () => {},
): Promise<Run> => {
  const restored = await store.snapshot();
  processor.restore(restored.scopes);
  const charsOf = charsCounter();
  let out = emptyOutputs();
  let snapshotAt = restored.offset;
  const redoneTo = store.position;
  const lostThen = store.ledger().envelopes.corrupt;
  let isRedone = processor.end() >= redoneTo;
  let logEnd = 0;
  /** Up to where commits were handed to the store, and the last of them: the next envelopes are processed while it is written. */
  let handedEnd = store.position;
  let writing: Promise<void> = Promise.resolve();

  const write = async (commit: Commit): Promise<void> => {
    if (commit.outputs.judgements.length > 0) await relay(commit.outputs.judgements);
    await store.commit(commit);
  };
  /** Hands over what waits as soon as the commit before is durable: two at the most are in memory. */
  const hand = async (withSnapshot: boolean): Promise<void> => {
    await writing;
    const end = processor.end();
    if (end <= handedEnd && !(withSnapshot && snapshotAt < end)) return;
    const outputs = out;
    out = emptyOutputs();
    const snapshot = withSnapshot ? { offset: end, scopes: processor.snapshot() } : null;
    if (snapshot !== null) snapshotAt = end;
    const commit: Commit = { start: handedEnd, end, logTime: processor.logTime(), outputs, ledger: processor.ledger(Math.max(end, logEnd)), snapshot };
    handedEnd = Math.max(handedEnd, end);
    writing = write(commit).then(() => committed(commit));
    writing.catch(() => {}); // told to whoever awaits it next
  };
  const seeRedone = (): void => {
    isRedone = processor.end() >= redoneTo;
    if (!isRedone || processor.ledger(0).envelopes.corrupt === lostThen) return;
    const where = `between positions ${restored.offset} and ${redoneTo}`;
    throw fail('store-corrupt', `the log lost messages ${where} after they were stored; the last snapshot is of before`);
  };
  const wantsSnapshot = (): boolean => processor.end() - snapshotAt >= snapshotEnvelopesMax;
  const handAndWait = async (withSnapshot: boolean): Promise<void> => {
    await hand(withSnapshot);
    await writing;
  };
  const commit = (): Promise<void> => handAndWait(wantsSnapshot());

  return {
    async to(end) {
      logEnd = Math.max(logEnd, end);
      for await (const { envelopes, corrupt } of reader.read(processor.end(), end, readBatchMax)) {
        if (corrupt > 0) processor.skip(corrupt);
        if (!isRedone) seeRedone();
        for (const [place, envelope] of envelopes.entries()) {
          if (place % foreseenMax === 0) processor.foresee?.(envelopes, place);
          if (processor.wantsPast(envelope)) await commit();
          const processed = processor.process(envelope, out);
          if (processed !== undefined) await processed;
          if (!isRedone) seeRedone();
          if (processor.end() <= handedEnd) out = emptyOutputs();
          // What runs again after a crash must see the rows that it saw: nothing before a cut may run again.
          if (out.cuts.length > 0) await handAndWait(true);
          if (rowsOf(out) >= commitRowsMax || charsOf(out) >= commitCharsMax) await hand(wantsSnapshot());
        }
      }
    },
    hand: () => hand(wantsSnapshot()),
    commit,
    checkpoint: () => handAndWait(true),
    waitingRows: () => rowsOf(out),
  };
};
