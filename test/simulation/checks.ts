/** What must hold at every moment and in the end. A check that does not hold throws a `Violation`. Making the moments is left to the world. */
import type { Envelope } from '../../core/envelope.ts';
import { balance } from '../../core/ledger.ts';
import type { Pane } from '../../core/pane.ts';
import { Flag } from '../../core/reading.ts';
import type { Commit, Ledger, Store } from '../../core/store.ts';
import { windowNames } from '../../core/window.ts';
import { Books, type Kept } from './books.ts';
import { type Figure, figuresOf } from './figures.ts';
import type { Plant } from './plant.ts';

/** An invariant is broken. */
export class Violation extends Error {}

export const requireThat = (holds: boolean, invariant: string, details: () => unknown = () => ''): void => {
  if (!holds) throw new Violation(`${invariant} ${JSON.stringify(details(), exact)}`);
};

const exact = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);

/** Watches the commits: each row once, each version behind the one before, counters that tell the rows. */
export class CommitWatch {
  readonly #values = new Map<string, { version: number; value: number | null; offset: number }>();
  readonly #paneVersions = new Map<string, number>();
  readonly #letters = new Map<string, number>();
  readonly #rows = { stored: 0, corrected: 0, deadLetter: 0 };
  #end = 0;
  #logTime = 0;
  /** Every row that the store took, as text, in no order. */
  readonly rows: string[] = [];

  /** @param position of the store before the commit */
  see(commit: Commit, position: number): void {
    requireThat(position === this.#end, 'the store stands where its last commit ended', () => [position, this.#end]);
    requireThat(commit.start <= position, 'no commit leaves a hole', () => [commit.start, position]);
    if (commit.end <= position) return;
    requireThat(commit.logTime >= this.#logTime, 'log time never goes back in the store', () => [this.#logTime, commit.logTime]);
    this.#logTime = commit.logTime;
    this.#end = commit.end;
    this.#keepText(commit, position);
    const isNew = ({ revision }: { readonly revision: number }): boolean => revision >= position;
    for (const { revision } of [...commit.outputs.readings, ...commit.outputs.panes]) {
      requireThat(revision < commit.end, 'no row is ahead of its commit', () => [revision, commit.end]);
    }
    for (const reading of commit.outputs.readings.filter(isNew)) {
      const identity = `${reading.subject} ${reading.quantity} ${reading.at}`;
      const known = this.#values.get(identity);
      requireThat(reading.version === (known === undefined ? 0 : known.version + 1), 'no reading is counted twice: versions follow each other', () => reading);
      const isConfirmed = known?.offset === reading.offset; // against an older value, which was opened late
      requireThat(known === undefined || isConfirmed || known.value !== reading.value, 'no reading is counted twice: the same value again', () => reading);
      this.#values.set(identity, reading);
      this.#rows[known === undefined ? 'stored' : 'corrected']++;
    }
    for (const pane of commit.outputs.panes.filter(isNew)) this.#seePane(pane);
    for (const { offset, item, code, version } of commit.outputs.deadLetters.filter(isNew)) {
      const identity = `${offset} ${item} ${code}`;
      requireThat((this.#letters.get(identity) ?? -1) === version - 1, 'a dead letter is refused once and reopened once', () => [identity, version]);
      this.#letters.set(identity, version);
      this.#rows.deadLetter += version === 0 ? 1 : -1;
    }
    const { stored, corrected, deadLetter } = commit.ledger.readings;
    requireThat(
      stored === this.#rows.stored && corrected === this.#rows.corrected && deadLetter === this.#rows.deadLetter,
      'the position is never ahead of the rows: counters tell the rows',
      () => [commit.ledger.readings, this.#rows],
    );
  }

  #keepText(commit: Commit, position: number): void {
    const { readings, panes, deadLetters, anomalies, alarms, closures } = commit.outputs;
    for (const row of [...readings, ...panes, ...deadLetters]) if (row.revision >= position) this.rows.push(JSON.stringify(row, exact));
    for (const row of [...anomalies, ...alarms, ...closures]) if (row.offset >= position) this.rows.push(JSON.stringify(row));
  }

  #seePane(pane: Pane): void {
    const identity = `${pane.subject} ${pane.quantity} ${pane.window} ${pane.start}`;
    requireThat(pane.version === (this.#paneVersions.get(identity) ?? -1) + 1, 'the versions of a pane follow each other', () => pane);
    this.#paneVersions.set(identity, pane.version);
    const { count, sum, unallocated, observedMs, integral2, min, max, sharesMs } = pane;
    requireThat(pane.version > 0 || count > 0 || observedMs > 0 || sum !== 0 || unallocated !== 0, 'no pane of a gap is zero', () => pane);
    requireThat(observedMs > 0 || (Number(integral2) === 0 && (sharesMs ?? []).every((ms) => ms === 0)), 'what was not observed has no figure', () => pane);
    requireThat(observedMs > 0 || count > 0 || (min === null && max === null), 'a gap has no extremes', () => pane);
    requireThat(observedMs >= 0 && sum >= 0 && unallocated >= 0, 'no figure is below zero', () => pane);
    requireThat((sharesMs ?? []).reduce((all, ms) => all + ms, 0) === (sharesMs === null ? 0 : observedMs), 'shares add up to what was observed', () => pane);
  }
}

/** What may only grow, looked at after every step. */
export class StepWatch {
  #before: Ledger | null = null;
  #position = 0;
  #logTime = Number.NEGATIVE_INFINITY;
  #logLength = 0;

  async see(step: number, store: Store, plant: Plant | null, log: readonly Envelope[]): Promise<void> {
    const ledger = store.ledger();
    const { accepted, stored, duplicate, corrected, deadLetter } = ledger.readings;
    requireThat(accepted === stored + duplicate + corrected + deadLetter, 'the ledger balances', () => ledger);
    const before = this.#before;
    if (before !== null) {
      const held = [
        ledger.envelopes.processed >= before.envelopes.processed,
        stored >= before.readings.stored,
        duplicate >= before.readings.duplicate,
        corrected >= before.readings.corrected,
        ledger.unidentified >= before.unidentified,
      ];
      requireThat(!held.includes(false), 'counters never go back', () => [before, ledger]);
    }
    this.#before = ledger;
    requireThat(ledger.envelopes.processed === store.position && ledger.envelopes.corrupt === 0, 'every envelope is processed once', () => [
      ledger,
      store.position,
    ]);
    requireThat(
      store.position >= this.#position && store.position <= Math.max(log.length, this.#logLength),
      'the store stands between its last position and the end of the log',
    );
    this.#position = store.position;
    if (plant !== null) {
      const live = plant.pipeline.ledger(this.#logLength);
      const { appended, processed, pending, corrupt } = live.envelopes;
      const { readings } = live;
      requireThat(
        readings.accepted === readings.stored + readings.duplicate + readings.corrected + readings.deadLetter,
        'the running ledger balances',
        () => live,
      );
      requireThat(appended === processed + pending + corrupt && processed === plant.pipeline.end(), 'envelopes balance', () => live);
    }
    for (const { logTime, offset } of log.slice(this.#logLength)) {
      requireThat(logTime >= this.#logTime, 'log time never goes back', () => [offset, logTime, this.#logTime]);
      this.#logTime = logTime;
    }
    this.#logLength = Math.max(this.#logLength, log.length);
    if (step % 16 === 0) requireThat(balance({ ...ledger }, await store.recount()).balanced, 'a recount of the rows tells the ledger', () => ledger);
  }
}

/**
 * Final figures and books beside those that `Books` and `figuresOf` make of the log alone.
 * @returns how many keys were compared whole: none where the log alone does not tell all
 */
export const compareWithLog = async (log: readonly Envelope[], store: Store, plant: Plant): Promise<number> => {
  const books = new Books();
  for (const envelope of log) books.take(envelope);
  if (books.hasCut || books.hasOvertaken) return 0;
  const { accepted, stored, duplicate, corrected, deadLetter } = store.ledger().readings;
  const { counts } = books;
  const expected = [
    counts.stored + counts.duplicate + counts.corrected + books.deadLetter,
    counts.stored,
    counts.duplicate,
    counts.corrected,
    books.deadLetter,
  ];
  const [found, wanted] = [
    [accepted, stored, duplicate, corrected, deadLetter, store.ledger().unidentified],
    [...expected, counts.unidentified],
  ];
  requireThat(found.join() === wanted.join(), 'the books equal an independent recomputation', () => ({ found, wanted }));
  const closures = store.closures().map(({ from, to }) => ({ from, to }));
  requireThat(JSON.stringify(closures) === JSON.stringify(books.closures), 'the closures equal those of the log', () => [closures, books.closures]);
  requireThat(store.keys().length === books.keys.size, 'the same keys', () => [store.keys().length, books.keys.size]);
  let compared = 0;
  for (const key of store.keys()) {
    const kept = [...(books.keys.get(`${key.subject} ${key.quantity}`)?.values() ?? [])].sort((a, b) => a.at - b.at);
    if (books.blurred.has(`${key.subject} ${key.quantity}`)) {
      await compareValues(store, key, kept);
      continue;
    }
    await compareReadings(store, key, kept);
    const rule = plant.pipeline.ruleOf(key);
    requireThat(rule !== undefined, 'a key with readings has a rule');
    if (rule === undefined) continue;
    const taking = kept.filter(({ flags }) => (flags & Flag.excluded) === 0);
    const figures = figuresOf(rule, taking, books.closures);
    for (const [level, window] of windowNames.entries()) {
      const panes = await store.panesOf({ keys: [key], window, from: 0, to: Number.MAX_SAFE_INTEGER, limit: 1_000_000 });
      const hasTotal = rule.kind === 'index' || rule.kind === 'delta';
      const toText = window === 'P' ? totalText : figureText;
      const isShown = window !== 'P' || hasTotal;
      const wantedPanes = isShown ? [...(figures[level]?.values() ?? [])].filter(isKnown).sort((a, b) => a.start - b.start) : [];
      const foundText = panes.map(asFigure).filter(isKnown).map(toText);
      const wantedText = wantedPanes.map(toText);
      requireThat(foundText.join() === wantedText.join(), 'the panes equal an independent recomputation', () => ({
        key,
        window,
        rule,
        found: foundText.filter((text) => !wantedText.includes(text)),
        wanted: wantedText.filter((text) => !foundText.includes(text)),
      }));
    }
    compared++;
  }
  return compared;
};

const compareReadings = async (store: Store, key: { readonly subject: string; readonly quantity: string }, kept: readonly Kept[]): Promise<void> => {
  const { rows } = await store.readings({ ...key, from: 0, to: Number.MAX_SAFE_INTEGER, limit: 1_000_000 });
  const text = ({ at, value, spanMs, flags, version }: Kept): string => `${at}=${value}/${spanMs}/${flags & ~Flag.late}v${version}`;
  requireThat(rows.map(text).join() === kept.map(text).join(), 'the readings equal an independent recomputation', () => ({
    key,
    found: rows.map(text).filter((one) => !kept.map(text).includes(one)),
    wanted: kept.map(text).filter((one) => !rows.map(text).includes(one)),
  }));
};

const compareValues = async (store: Store, key: { readonly subject: string; readonly quantity: string }, kept: readonly Kept[]): Promise<void> => {
  const { rows } = await store.readings({ ...key, from: 0, to: Number.MAX_SAFE_INTEGER, limit: 1_000_000 });
  const text = (readings: readonly { readonly value: number | null }[]): string =>
    readings
      .map(({ value }) => String(value))
      .sort()
      .join();
  requireThat(text(rows) === text(kept), 'no message without a stamp replaces another', () => [key, text(rows), text(kept)]);
};

const isKnown = (figure: Figure): boolean => figure.count !== 0 || figure.observedMs !== 0 || figure.sum !== 0 || figure.unallocated !== 0;

const asFigure = (pane: Pane): Figure => {
  const { firstAt, firstValue, lastAt, lastValue, integral2, sharesMs, ...rest } = pane;
  const point = (at: number | null, value: number | null): Kept | null => (at === null ? null : { at, value, spanMs: 0, flags: 0, version: 0, offset: 0 });
  return { ...rest, integral2: Number(integral2), sharesMs: sharesMs ?? [], first: point(firstAt, firstValue), last: point(lastAt, lastValue) };
};

const figureText = ({ start, end, count, sum, unallocated, integral2, observedMs, min, max, first, last, changes, sharesMs, flags }: Figure): string =>
  JSON.stringify([
    start,
    end,
    count,
    sum,
    unallocated,
    integral2,
    observedMs,
    min,
    max,
    first?.at,
    first?.value,
    last?.at,
    last?.value,
    changes,
    sharesMs,
    flags,
  ]);

/** The whole life keeps amounts only. */
const totalText = ({ count, sum, unallocated, observedMs }: Figure): string => JSON.stringify([count, sum, unallocated, observedMs]);
