/** Dead letters of the store in memory, as the port `Store` asks for them. */
import type { DeadLetter } from '../../core/reading.ts';
import type { Store } from '../../core/store.ts';
import { compareDeadLetters } from '../dump.ts';
import { compareText } from '../key-book.ts';
import { deadLetterCursor, page, parseDeadLetterCursor, upToChars } from '../paging.ts';
import { latestVersions, type Tables } from './tables.ts';

type Identity = Pick<DeadLetter, 'offset' | 'item'> & { readonly code: string };
const newestFirst = (a: Identity, b: Identity): number => b.offset - a.offset || b.item - a.item || compareText(a.code, b.code);

/** Of each letter the last version that envelopes below `before` wrote; without it, of all. */
const latest = ({ deadLetters }: Tables, before = Number.POSITIVE_INFINITY): DeadLetter[] =>
  latestVersions(
    deadLetters.filter(({ revision }) => revision < before),
    deadLetterCursor,
  );

const isOpen = ({ version }: DeadLetter): boolean => version === 0;

const openOf = (all: Tables, code: DeadLetter['code'], before: number): DeadLetter[] =>
  latest(all, before).filter((letter) => isOpen(letter) && letter.code === code);

/** Dead letters that were not reopened, counted. */
export const openLetters = (all: Tables): number => latest(all).filter(isOpen).length;

const countsOf = (letters: readonly DeadLetter[]): Awaited<ReturnType<Store['deadLetterCounts']>> => {
  const counts = new Map<string, { code: string; subject: string; count: number; lastLogTime: number }>();
  for (const { code, subject, logTime } of letters) {
    const found = counts.get(`${code}/${subject}`) ?? { code, subject, count: 0, lastLogTime: 0 };
    counts.set(`${code}/${subject}`, { code, subject, count: found.count + 1, lastLogTime: Math.max(found.lastLogTime, logTime) });
  }
  return [...counts.values()].sort((a, b) => compareText(a.code, b.code) || compareText(a.subject, b.subject));
};

/** What the port asks of dead letters. */
export type Letters = Pick<Store, 'deadLetters' | 'deadLetterSenders' | 'deadLetterEarliest' | 'deadLettersPage' | 'deadLetterCounts'>;

export const letters = (all: Tables): Letters => ({
  async deadLetters({ code, subjects, atMax, limit, charsMax }, before) {
    const found = openOf(all, code, before)
      .filter(({ subject }) => subjects === undefined || subjects.includes(subject))
      .filter(({ at }) => atMax === undefined || (at !== null && at <= atMax))
      .sort(compareDeadLetters);
    return upToChars(found.slice(0, limit), charsMax);
  },
  deadLetterSenders: async ({ code, subject }, before) => [
    ...new Set(openOf(all, code, before).flatMap((letter) => (letter.subject === subject ? [letter.sender] : []))),
  ],
  deadLetterEarliest: async ({ code, atMin }, before) =>
    openOf(all, code, before).reduce<number | null>((earliest, { at }) => (at === null || at < atMin || at > (earliest ?? at) ? earliest : at), null),
  async deadLettersPage({ subject, code, limit, after }) {
    const start = parseDeadLetterCursor(after);
    const rows = latest(all)
      .filter((one) => (subject === undefined || one.subject === subject) && (code === undefined || one.code === code))
      .filter((one) => newestFirst(start, one) < 0)
      .sort(newestFirst);
    return page(rows, limit, deadLetterCursor);
  },
  deadLetterCounts: async () => countsOf(latest(all).filter(isOpen)),
});
