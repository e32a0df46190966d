/** Dead letters: found by the small fields of their points, then fetched whole. What refused or reopened them is left to the pipeline. */
import type { FailureCode } from '../../core/failure.ts';
import { type DeadLetter, payloadCharsOf } from '../../core/reading.ts';
import type { Page, Store } from '../../core/store.ts';
import { compareText } from '../key-book.ts';
import { deadLetterCursor, page, parseDeadLetterCursor, upToChars } from '../paging.ts';
import type { Row } from './csv.ts';
import { always, type Flux, type Stretch } from './flux.ts';
import { fieldText, fromFieldText } from './line.ts';
import { absentTime } from './points.ts';
import type { Buckets } from './schema.ts';
import { offsetOf, slotOf, slotsAnOffset } from './schema.ts';
import { stretchesOf } from './stretches.ts';

/** What decides whether a dead letter is asked for. */
interface Head {
  readonly slot: bigint;
  readonly code: string;
  readonly subject: string;
  readonly at: number;
  readonly logTime: number;
  /** The envelope that reopened it; null where none did. */
  readonly reopenedBy: number | null;
}

const headFields = ['subject', 'at', 'log_time', 'revision'];
/** Slots of so many envelopes are read through sooner than asked for apart. */
const gap = BigInt(200 * slotsAnOffset);
/** Dead letters that are fetched at once where all are looked through. */
const wholeAtOnce = 1_000;
const idOf = (code: string, slot: bigint): string => `${code}/${slot}`;
const below = (slot: bigint): Stretch => ({ start: 0n, stop: slot });

type OpenAsked = Parameters<Store['deadLetters']>[0];
type PageAsked = Parameters<Store['deadLettersPage']>[0];
type Counts = Awaited<ReturnType<Store['deadLetterCounts']>>;

export interface Letters {
  /** As `History.deadLetters`. */
  readonly open: Store['deadLetters'];
  /** As `History.deadLetterSenders` and `History.deadLetterEarliest`. */
  readonly senders: Store['deadLetterSenders'];
  readonly earliest: Store['deadLetterEarliest'];
  /** As `Store.deadLettersPage`, of what envelopes below `before` wrote. */
  page(query: PageAsked, before: number): Promise<Page<DeadLetter>>;
  /** Open ones by code and subject, of what envelopes below `before` wrote; unordered. */
  counts(before: number, code?: string): Promise<Counts>;
  /** Offsets of the envelopes in which dead letters of the subject were that are reopened. */
  reopenedOffsets(subject: string): Promise<Set<number>>;
  /** All rows, both versions. */
  all(before: number): Promise<DeadLetter[]>;
  /** Versions of the readings that InfluxDB refused. */
  refused(before: number): Promise<{ stored: number; corrected: number }>;
}

/** Where letters are asked for. */
interface Source {
  readonly flux: Flux;
  /** The bucket of the state. */
  readonly bucket: string;
}

const tagged = (code: string | undefined) => (code === undefined ? {} : { tags: { code } });

const headsIn = async ({ flux, bucket }: Source, stretch: Stretch, before: number, code?: string): Promise<Head[]> => {
  const [heads, reopened] = await Promise.all([
    flux.points({ bucket, measurement: 'dead_letter', ...tagged(code), fields: headFields }, stretch),
    flux.points({ bucket, measurement: 'reopened', ...tagged(code), fields: ['revision'] }, stretch),
  ]);
  const reopeners = new Map<string, number>();
  for (const row of reopened) if (row.number('revision') < before) reopeners.set(idOf(row.text('code'), row.nanos), row.number('revision'));
  const headOf = (row: Row): Head => {
    const slot = row.nanos;
    const found = row.text('code');
    return {
      slot,
      code: found,
      subject: fromFieldText(row.text('subject')),
      at: row.number('at'),
      logTime: row.number('log_time'),
      reopenedBy: reopeners.get(idOf(found, slot)) ?? null,
    };
  };
  return heads.filter((row) => row.number('revision') < before).map(headOf);
};

const openHeads = async (source: Source, code: FailureCode, before: number): Promise<Head[]> =>
  (await headsIn(source, below(slotOf(before)), before, code)).filter((head) => head.reopenedBy === null);
const inOrder = (a: Head, b: Head): number => (a.slot < b.slot ? -1 : a.slot > b.slot ? 1 : compareText(a.code, b.code));
const newestFirst = (a: Head, b: Head): number => (a.slot > b.slot ? -1 : a.slot < b.slot ? 1 : compareText(a.code, b.code));

/** Version 0 of each, in the order of the heads. */
const whole = async ({ flux, bucket }: Source, heads: readonly Head[]): Promise<DeadLetter[]> => {
  const stretches = stretchesOf(
    heads.map(({ slot }) => slot),
    gap,
  );
  const wanted = new Set(heads.map(({ code, slot }) => idOf(code, slot)));
  const texts = new Map<string, string>();
  const long = new Set<string>();
  for (const row of await flux.pointsIn({ bucket, measurement: 'dead_letter', fields: ['body', 'more'] }, stretches)) {
    const id = idOf(row.text('code'), row.nanos);
    if (!wanted.has(id)) continue;
    texts.set(id, row.text('body'));
    if (row.number('more') > 0) long.add(id);
  }
  if (long.size > 0) {
    const pieces = await flux.pointsIn({ bucket, measurement: 'dead_letter_more' }, stretches);
    for (const row of pieces.sort((a, b) => a.number('part') - b.number('part'))) {
      const id = idOf(row.text('code'), row.nanos);
      if (long.has(id)) texts.set(id, (texts.get(id) ?? '') + row.text('body'));
    }
  }
  return heads.map(({ code, slot }) => JSON.parse(texts.get(idOf(code, slot)) ?? '') as DeadLetter);
};

/** The letters of the heads, some at a time. */
async function* wholeInTurn(source: Source, heads: readonly Head[]): AsyncGenerator<DeadLetter[]> {
  for (let from = 0; from < heads.length; from += wholeAtOnce) yield await whole(source, heads.slice(from, from + wholeAtOnce));
}

/** Version 1 of a letter; null where it was not reopened. */
const reopenedOf = (letter: DeadLetter, head: Head | undefined): DeadLetter | null => {
  const revision = head?.reopenedBy ?? null;
  return revision === null ? null : { ...letter, version: 1, revision };
};

const openLetters = async (source: Source, { code, subjects, atMax, limit, charsMax }: OpenAsked, before: number): Promise<DeadLetter[]> => {
  const heads = (await openHeads(source, code, before))
    .filter((head) => subjects === undefined || subjects.includes(head.subject))
    .filter((head) => atMax === undefined || (head.at !== absentTime && head.at <= atMax))
    .sort(inOrder)
    .slice(0, limit);
  const letters: DeadLetter[] = [];
  let chars = 0;
  for await (const some of wholeInTurn(source, heads)) {
    letters.push(...some);
    chars += some.reduce((sum, letter) => sum + payloadCharsOf(letter), 0);
    if (chars >= charsMax) break;
  }
  return upToChars(letters, charsMax);
};

const pageOf = async (source: Source, { subject, code, limit, after }: PageAsked, before: number): Promise<Page<DeadLetter>> => {
  const { offset, item, code: afterCode } = parseDeadLetterCursor(after);
  const start: Head = { slot: slotOf(offset, item), code: afterCode, subject: '', at: 0, logTime: 0, reopenedBy: null };
  const found: Head[] = [];
  // Backwards in stretches that grow: a page needs few of what may be many.
  let stop = after === undefined ? slotOf(before) : start.slot + 1n;
  for (let width = 256n * BigInt(slotsAnOffset); stop > 0n && found.length <= limit; width *= 8n) {
    const from = stop > width ? stop - width : 0n;
    for (const head of await headsIn(source, { start: from, stop }, before, code)) {
      if ((subject === undefined || head.subject === subject) && newestFirst(start, head) < 0) found.push(head);
    }
    stop = from;
  }
  const heads = found.sort(newestFirst).slice(0, limit + 1);
  const rows = (await whole(source, heads)).map((letter, i) => reopenedOf(letter, heads[i]) ?? letter);
  return page(rows, limit, deadLetterCursor);
};

const countsOf = (heads: readonly Head[]): Counts => {
  const counts = new Map<string, Counts[number]>();
  for (const { code, subject, logTime } of heads.filter(({ reopenedBy }) => reopenedBy === null)) {
    const id = `${code}/${subject}`;
    const found = counts.get(id) ?? { code, subject, count: 0, lastLogTime: 0 };
    counts.set(id, { ...found, count: found.count + 1, lastLogTime: Math.max(found.lastLogTime, logTime) });
  }
  return [...counts.values()];
};

export const lettersOf = (flux: Flux, { state: bucket }: Buckets): Letters => {
  const source = { flux, bucket };
  return {
    open: (asked, before) => openLetters(source, asked, before),
    async senders({ code, subject }, before) {
      const heads = (await openHeads(source, code, before)).filter((head) => head.subject === subject).sort(inOrder);
      const senders = new Set<string>();
      for await (const some of wholeInTurn(source, heads)) for (const { sender } of some) senders.add(sender);
      return [...senders];
    },
    async earliest({ code, atMin }, before) {
      const times = (await openHeads(source, code, before)).map(({ at }) => at).filter((at) => at !== absentTime && at >= atMin);
      return times.length === 0 ? null : times.reduce((a, b) => Math.min(a, b));
    },
    page: (asked, before) => pageOf(source, asked, before),
    counts: async (before, code) => countsOf(await headsIn(source, below(slotOf(before)), before, code)),
    async reopenedOffsets(subject) {
      return new Set((await flux.having({ bucket, measurement: 'reopened' }, 'subject', fieldText(subject))).map((row) => offsetOf(row.nanos)));
    },
    async all(before) {
      const heads = (await headsIn(source, always, before)).sort(inOrder);
      const letters = await whole(source, heads);
      return letters.flatMap((letter, i) => [letter, reopenedOf(letter, heads[i])].filter((version) => version !== null));
    },
    async refused(before) {
      const code: FailureCode = 'store-refused';
      const rows = await flux.points({ bucket, measurement: 'dead_letter', tags: { code }, fields: ['refused_version', 'revision'] });
      const versions = rows.filter((row) => row.number('revision') < before).map((row) => row.number('refused_version'));
      return { stored: versions.filter((version) => version === 0).length, corrected: versions.filter((version) => version > 0).length };
    },
  };
};
