/** Civil stamps of a file as epoch ms. What the profile says of missing and repeated local hours is applied here; reading lines is left to `rows.ts`. */
import { Temporal } from 'temporal-polyfill';
import { dayMs, hourMs, minuteMs } from '../core/time.ts';

/** What a stamp of the spring hour that does not exist means: `shift` reads it with the offset that held before. */
export const missingHours = ['refuse', 'shift'] as const;
/**
 * Which of the two a stamp of the autumn hour that comes twice means. `inOrder`: of one device's rows in one file the
 * first, and the second from where local time goes back, or stands still, within that hour.
 */
export const repeatedHours = ['refuse', 'first', 'second', 'inOrder'] as const;

export interface CivilRules {
  readonly zone: string;
  readonly missingHour: (typeof missingHours)[number];
  readonly repeatedHour: (typeof repeatedHours)[number];
}

/** Epoch ms of a civil time, which is given as if it were UTC, ms; null where the rules refuse it. With `inOrder` it goes by the stamps before. */
export type CivilClock = (civil: number) => number | null;

const offsetMs = (zone: string, at: number): number => Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).offsetNanoseconds / 1e6;

/** The two instants that a civil time may stand for; equal where it stands for one, the later first where for none. */
const instantsOf = (zone: string, civil: number): readonly [number, number] => {
  const plain = Temporal.Instant.fromEpochMilliseconds(civil).toZonedDateTimeISO('UTC').toPlainDateTime();
  const at = (disambiguation: 'earlier' | 'later'): number => plain.toZonedDateTime(zone, { disambiguation }).epochMilliseconds;
  return [at('earlier'), at('later')];
};

/** Tells whether a repeated stamp is one of the second hour: told them in the order of the file. */
const inOrder = (): ((civil: number, repeatedMs: number) => boolean) => {
  let last = Number.NEGATIVE_INFINITY;
  let isSecond = false;
  return (civil, repeatedMs) => {
    const isSameHour = Math.abs(civil - last) < repeatedMs;
    isSecond = isSameHour && (isSecond || civil <= last);
    last = civil;
    return isSecond;
  };
};

const resolve = ({ zone, missingHour, repeatedHour }: CivilRules, civil: number, isSecond: ReturnType<typeof inOrder>): number | null => {
  const [earlier, later] = instantsOf(zone, civil);
  if (earlier === later) return earlier;
  const isRepeated = earlier + offsetMs(zone, earlier) === civil;
  if (!isRepeated) return missingHour === 'refuse' ? null : later;
  if (repeatedHour === 'refuse') return null;
  return repeatedHour === 'second' || (repeatedHour === 'inOrder' && isSecond(civil, later - earlier)) ? later : earlier;
};

/** A clock for one zone, and with `inOrder` for the rows of one device. Days with one offset cost a comparison a stamp; only days with a change ask the calendar for each. */
export const civilClock = (rules: CivilRules): CivilClock => {
  let day = Number.NaN;
  let offset: number | null = null;
  const isSecond = inOrder();
  return (civil) => {
    const of = Math.floor(civil / dayMs);
    if (of !== day) {
      day = of;
      // A day beyond each end: where the offset is the same on both, no change can touch this day.
      const before = offsetMs(rules.zone, (of - 1) * dayMs);
      offset = before === offsetMs(rules.zone, (of + 2) * dayMs) ? before : null;
    }
    return offset === null ? resolve(rules, civil, isSecond) : civil - offset;
  };
};

const digits = (text: string, from: number, count: number): number => {
  let value = 0;
  for (let i = from; i < from + count; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
};

/**
 * Reads `YYYY-MM-DD HH:MM[:SS]` (a `T` serves too) as if it were UTC. 24:00 is the end of the day.
 * @param midnightEnds 00:00 is the end of the day that it names
 * @returns ms; NaN where the text is no such stamp
 */
export const readCivil = (text: string, midnightEnds: boolean): number => {
  const separator = text[10];
  if ((text.length !== 16 && text.length !== 19) || text[4] !== '-' || text[7] !== '-' || text[13] !== ':' || (separator !== ' ' && separator !== 'T'))
    return Number.NaN;
  const [year, month, date, hour, minute] = [digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2), digits(text, 11, 2), digits(text, 14, 2)];
  const second = text.length === 16 ? 0 : text[16] === ':' ? digits(text, 17, 2) : Number.NaN;
  const midnight = Date.UTC(year, month - 1, date);
  // Date.UTC turns 31 June into 1 July: such a date is none.
  if (new Date(midnight).getUTCDate() !== date || !(month >= 1 && month <= 12) || !(minute <= 59) || !(second <= 59)) return Number.NaN;
  const since = hour * hourMs + minute * minuteMs + second * 1_000;
  if (!(since <= dayMs)) return Number.NaN;
  return midnight + (since === 0 && midnightEnds ? dayMs : since);
};

/** Which part of the date a civil stamp begins with. */
export const dateOrders = ['ymd', 'dmy'] as const;

const dayFirst = /^(\d{2})([/.-])(\d{2})\2(\d{4})(?=[ T])/;

/** `DD/MM/YYYY HH:MM[:SS]` as `readCivil` reads it; the date may be parted by dots or hyphens too. Another text is no stamp. */
export const yearFirst = (text: string): string => (dayFirst.test(text) ? text.replace(dayFirst, '$4-$3-$1') : '');

/** The form of a stamp, in words for whoever wrote another. */
export const stampForm = ({ format, dateOrder }: { readonly format: 'civil' | 'offset'; readonly dateOrder: (typeof dateOrders)[number] }): string => {
  if (format === 'offset') return 'YYYY-MM-DDTHH:MM[:SS] with its offset (Z, +02:00)';
  return `${dateOrder === 'dmy' ? 'DD/MM/YYYY' : 'YYYY-MM-DD'} HH:MM[:SS]`;
};

const offsetStamp = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:\d{2})$/;

/** Reads a stamp with its own offset (RFC 3339; a blank for the `T` serves too). @returns epoch ms; NaN where it is none */
export const readOffsetStamp = (text: string): number => {
  const found = offsetStamp.exec(text);
  return found === null ? Number.NaN : Date.parse(`${found[1]}T${found[2]}${found[3]}`);
};
