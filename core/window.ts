/** The tumbling windows of octroi and their civil boundaries; all intervals are half-open [start, end). */
import { Temporal } from 'temporal-polyfill';
import { hourMs, minuteMs, quarterMs } from './time.ts';

/** ISO 8601 durations, finest first. `P` is the whole life of a key. */
export const windowNames = ['PT1M', 'PT15M', 'PT1H', 'P1D', 'P1M', 'P'] as const;
export type WindowName = (typeof windowNames)[number];

/** Place in `windowNames`. */
export type Level = 0 | 1 | 2 | 3 | 4 | 5;
export const lifetime: Level = 5;

export interface Interval {
  readonly start: number;
  readonly end: number;
}

export const allTime: Interval = { start: 0, end: Number.MAX_SAFE_INTEGER };

/** The civil calendar of one zone. Boundaries come from Temporal once a month and are kept; looking one up costs a comparison or two. */
export interface Calendar {
  readonly zone: string;
  /** The window of that level which holds `at` (epoch ms, 2000 to 2199). Hours count from the start of the civil day, so a day has 23, 24 or 25. */
  windowAt(level: Level, at: number): Interval;
  /** Day of the week of the civil day that holds `at`: 0 is Monday. */
  weekdayAt(at: number): number;
}

const calendars = new Map<string, Calendar>();

/** True for an IANA zone that this machine knows. */
export const isZone = (zone: string): boolean => {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
    return true;
  } catch {
    return false;
  }
};

/** One calendar a zone, shared. */
export const calendar = (zone: string): Calendar => {
  const known = calendars.get(zone);
  if (known !== undefined) return known;
  const made = makeCalendar(zone);
  calendars.set(zone, made);
  return made;
};

/** Start of the civil day `year-month-day` in the zone, epoch ms. */
const dayStart = (zone: string, date: Temporal.PlainDate): number => date.toZonedDateTime({ timeZone: zone }).epochMilliseconds;

interface Month extends Interval {
  /** Starts of its days, then the end of the last. */
  readonly days: readonly number[];
  /** Day of the week of its first day. */
  readonly weekday: number;
}

const makeCalendar = (zone: string): Calendar => {
  const months = new Map<number, Month>();
  let month: Month = { start: 0, end: 0, days: [], weekday: 0 };
  let day: Interval & { readonly weekday: number } = { start: 0, end: 0, weekday: 0 };

  const monthAt = (at: number): Month => {
    if (at >= month.start && at < month.end) return month;
    const date = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate().with({ day: 1 });
    const id = date.year * 12 + date.month;
    let found = months.get(id);
    if (found === undefined) {
      const days: number[] = [];
      for (let d = 0; d <= date.daysInMonth; d++) days.push(dayStart(zone, date.add({ days: d })));
      found = { start: days[0] as number, end: days[date.daysInMonth] as number, days, weekday: date.dayOfWeek - 1 };
      months.set(id, found);
    }
    month = found;
    return found;
  };

  const dayAt = (at: number): typeof day => {
    if (at >= day.start && at < day.end) return day;
    const { days, weekday } = monthAt(at);
    let d = 1;
    while (at >= (days[d] as number)) d++;
    day = { start: days[d - 1] as number, end: days[d] as number, weekday: (weekday + d - 1) % 7 };
    return day;
  };

  return {
    zone,
    weekdayAt: (at) => dayAt(at).weekday,
    windowAt(level, at) {
      switch (level) {
        case 0: {
          const start = Math.floor(at / minuteMs) * minuteMs;
          return { start, end: start + minuteMs };
        }
        case 1: {
          const start = Math.floor(at / quarterMs) * quarterMs;
          return { start, end: start + quarterMs };
        }
        case 2: {
          const { start: from, end: to } = dayAt(at);
          const start = from + Math.floor((at - from) / hourMs) * hourMs;
          return { start, end: Math.min(start + hourMs, to) };
        }
        case 3: {
          const { start, end } = dayAt(at);
          return { start, end };
        }
        case 4: {
          const { start, end } = monthAt(at);
          return { start, end };
        }
        default:
          return allTime;
      }
    },
  };
};

export const levelOf = (name: WindowName): Level => windowNames.indexOf(name) as Level;
export const windowName = (level: Level): WindowName => windowNames[level];

/** The finest window in which a key that reports every `intervalMs` has figures: never finer than its own interval. */
export const finestLevel = (intervalMs: number): Level => {
  if (intervalMs <= minuteMs) return 0;
  if (intervalMs <= quarterMs) return 1;
  if (intervalMs <= hourMs) return 2;
  return 3;
};
