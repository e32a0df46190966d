/** Moments and ranges as programs and people write them in a URL. How windows lie in a zone is left to core/window. */
import { fail } from '../core/failure.ts';
import { dayMs, hourMs, minuteMs, quarterMs } from '../core/time.ts';
import { calendar, type Interval, levelOf, type WindowName } from '../core/window.ts';

const stamp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/i;
const civilDate = /^\d{4}-\d{2}-\d{2}$/;
const epochMs = /^\d{10,14}$/;
/** 2000 to 2199: what the calendar covers. */
const earliest = Date.UTC(2000, 0, 1);
const latest = Date.UTC(2200, 0, 1);

/** True for a date that exists: Date.parse takes 31 February for 3 March. */
const exists = (date: string): boolean => {
  const at = Date.parse(`${date}T12:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(date);
};

/** Start of the civil day in the zone, epoch ms. */
export const dayStart = (date: string, zone: string): number => {
  const noon = Date.parse(`${date}T12:00:00Z`);
  const { start, end } = calendar(zone).windowAt(levelOf('P1D'), noon);
  // East of +12 h the UTC noon already lies on the next day.
  return civilDay(start, zone) === date ? start : calendar(zone).windowAt(levelOf('P1D'), civilDay(start, zone) < date ? end : start - 1).start;
};

const dayFormats = new Map<string, Intl.DateTimeFormat>();

/** The civil day of a moment, `2026-11-22`. */
export const civilDay = (at: number, zone: string): string => {
  let format = dayFormats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
    dayFormats.set(zone, format);
  }
  return format.format(at);
};

/**
 * @param text RFC 3339 with its offset, a civil date (its start in the zone), or epoch ms
 * @param field named in the failure
 * @returns epoch ms
 * @throws FailureError `bad-request`
 */
export const momentOf = (text: string, field: string, zone: string): number => {
  const plain = text.replace(/ (\d{2}:\d{2})$/, '+$1'); // a "+" that the URL did not escape
  let at = Number.NaN;
  if (epochMs.test(plain)) at = Number(plain);
  else if (civilDate.test(plain) && exists(plain)) at = dayStart(plain, zone);
  else if (stamp.test(plain) && exists(plain.slice(0, 10))) at = Date.parse(plain);
  if (Number.isNaN(at)) throw fail('bad-request', `"${text.slice(0, 60)}" is not a moment: RFC 3339 with its offset, a date, or epoch milliseconds`, field);
  if (at < earliest || at >= latest) throw fail('bad-request', 'a moment must lie from 2000 to 2199', field);
  return at;
};

/** What is shown where no range is asked for. */
const defaultSpanMs: Readonly<Record<WindowName, number>> = {
  PT1M: 3 * hourMs,
  PT15M: dayMs,
  PT1H: 7 * dayMs,
  P1D: 31 * dayMs,
  P1M: 366 * dayMs,
  P: 366 * dayMs,
};

/**
 * The half-open range of a question.
 * @throws FailureError `bad-request` naming `from` or `to`
 */
export const rangeOf = (
  query: { readonly from?: string | undefined; readonly to?: string | undefined },
  zone: string,
  now: number,
  window: WindowName = 'PT15M',
): { from: number; to: number } => {
  const to = query.to === undefined ? now : momentOf(query.to, 'to', zone);
  const from = query.from === undefined ? Math.max(earliest, to - defaultSpanMs[window]) : momentOf(query.from, 'from', zone);
  if (from > to) throw fail('bad-request', 'the range ends before it begins', 'from');
  return { from, to };
};

const shortestMs: Readonly<Record<WindowName, number>> = {
  PT1M: minuteMs,
  PT15M: quarterMs,
  PT1H: hourMs,
  P1D: 82_800_000,
  P1M: 28 * dayMs - hourMs,
  P: dayMs,
};

/**
 * Every window that starts in [from, to), in order.
 * @throws FailureError `too-wide` where they may be more than `max`
 */
export const windowsIn = (window: WindowName, zone: string, from: number, to: number, max: number): Interval[] => {
  if ((to - from) / shortestMs[window] > max) throw fail('too-wide', `more than ${max} windows of ${window}`, 'from');
  const level = levelOf(window);
  const days = calendar(zone);
  const found: Interval[] = [];
  let next = days.windowAt(level, from);
  if (next.start < from) next = days.windowAt(level, next.end);
  for (; next.start < to; next = days.windowAt(level, next.end)) found.push(next);
  return found;
};

/** RFC 3339 in UTC. */
export const iso = (at: number): string => new Date(at).toISOString();
