/**
 * The fault suite: faults that are known are put into real series, and counted is which of them are found, how soon, and what is
 * said of the same series untouched. The first half of each series is there to learn. Who judges is left to the caller.
 */
import type { Point } from '../core/fold.ts';
import { countBelow } from '../core/order.ts';
import type { Anomaly } from '../core/reading.ts';
import { dayMs, hourMs } from '../core/time.ts';
import { calendar } from '../core/window.ts';
import { isAsUsual } from './as-usual.ts';
import { type FaultKind, faultKinds, type SeriesClass, type Surroundings } from './faults.ts';

/** Someone who judges one series, from some moment of it on. */
export interface Judge {
  readonly take: (point: Point) => void;
  /** All that was said so far, in order. */
  readonly anomalies: readonly Anomaly[];
  /** Another with the same memory, which goes its own way; it has said nothing yet. */
  readonly branch: () => Judge;
}

export interface Series {
  /** For the report, and for where faults are put. */
  readonly name: string;
  readonly device: string;
  readonly class: SeriesClass;
  readonly zone: string;
  readonly intervalMs: number;
  /** Made of amounts, to have a register. */
  readonly register: boolean;
  /** False where only what is said of it untouched is counted. */
  readonly faulty: boolean;
  /** After so long without a reading the device is judged silent, ms; null: never. */
  readonly silentAfterMs: number | null;
  readonly points: readonly Point[];
  /** A changed reading as it would be taken: with its flags; null where it would be refused. */
  readonly arrive: (point: Point) => Point | null;
  readonly judge: () => Judge;
}

export interface Injected {
  readonly kind: FaultKind;
  readonly series: string;
  readonly from: number;
  /** Values alone were changed, and none of them tells: see `as-usual.ts`. */
  readonly asUsual: boolean;
  /** All that said it, and how long after its beginning the first did, ms; null: nothing did. */
  readonly found: { readonly by: readonly string[]; readonly afterMs: number } | null;
}

export interface Untouched {
  readonly series: string;
  readonly class: SeriesClass;
  /** Where the second half begins, epoch ms, and how long it is. */
  readonly from: number;
  readonly months: number;
  readonly said: readonly { readonly kind: string; readonly since: number }[];
}

export interface SuiteResult {
  readonly injected: readonly Injected[];
  readonly untouched: readonly Untouched[];
}

/** A mean month. */
export const monthMs = 30.4375 * dayMs;
const backMs = 28 * dayMs;
/** What is said until so long after a fault's end counts as its finding. */
const tailMs = dayMs;
/** No fault is put where the untouched series has something said of it so near. */
const apartMs = 2 * dayMs;
/** A half must be so long to learn from. */
const learnMs = 28 * dayMs;

/** The generator mulberry32, by text. */
const chanceOf = (text: string): (() => number) => {
  let state = 0;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** The first place at or behind a time. */
const placeAt = (points: readonly Point[], at: number): number => countBelow(points.length, (place) => (points[place] as Point).at < at);

const around = ({ points, zone, intervalMs }: Series, from: number): Surroundings => {
  const before = points.slice(placeAt(points, from - backMs), placeAt(points, from)).filter(({ value }) => value !== null) as { at: number; value: number }[];
  const civil = calendar(zone);
  const lows = new Map<number, number>();
  for (const { at, value } of before) {
    const { start } = civil.windowAt(3, at);
    lows.set(start, Math.min(lows.get(start) ?? value, value));
  }
  const mean = (values: readonly number[]): number => (values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length);
  const values = before.map(({ value }) => value);
  return {
    from,
    intervalMs,
    mean: mean(values),
    base: mean([...lows.values()]),
    highest: values.reduce((a, b) => Math.max(a, b), 0),
    lowest: values.reduce((a, b) => Math.min(a, b), values[0] ?? 0),
    hourOf: (at) => Math.floor((at - civil.windowAt(3, at).start) / hourMs),
    weekdayOf: (at) => (Math.floor((civil.windowAt(3, at).start + dayMs / 2) / dayMs) + 3) % 7,
    valueBefore: (at) => points[placeAt(points, Math.min(at, from) - 7 * dayMs + ((((at - from) % (7 * dayMs)) + 7 * dayMs) % (7 * dayMs)))]?.value ?? null,
  };
};

/** Runs a judge over points, and tells when each thing was said. */
const told = (judge: Judge, points: readonly Point[]): { anomaly: Anomaly; at: number }[] => {
  const list: { anomaly: Anomaly; at: number }[] = [];
  for (const point of points) {
    const before = judge.anomalies.length;
    judge.take(point);
    for (let place = before; place < judge.anomalies.length; place++) list.push({ anomaly: judge.anomalies[place] as Anomaly, at: point.at });
  }
  return list;
};

const isBeginning = ({ anomaly }: { anomaly: Anomaly }): boolean => anomaly.version === 0;

/** Days of the second half on which the clocks change, and when, epoch ms. */
const clockChanges = (zone: string, from: number, to: number): number[] => {
  const civil = calendar(zone);
  const found: number[] = [];
  for (let day = civil.windowAt(3, from); day.start < to; day = civil.windowAt(3, day.end)) {
    if (day.end - day.start !== dayMs) found.push(day.start + 3 * hourMs);
  }
  return found.filter((at) => at >= from && at < to);
};

interface Planned {
  readonly kind: FaultKind;
  readonly from: number;
  readonly asUsual: boolean;
  readonly points: readonly Point[];
  /** How long after its beginning the first of its readings was refused, ms; null: none was. */
  readonly refusedAfterMs: number | null;
}

/** Places for a kind of fault in the second half, where nothing is said of the untouched series. */
const plan = (series: Series, kind: FaultKind, said: readonly { at: number; until: number }[], count: number): Planned[] => {
  const { points } = series;
  const [first, last] = [(points[points.length >> 1] as Point).at, (points.at(-1) as Point).at];
  const chance = chanceOf(`${series.name}/${kind.name}`);
  const lasts = kind.days * dayMs;
  const room = last - tailMs - lasts - first;
  // Who has not learnt says so, and judges nothing.
  if (room <= 0 || first - (points[0] as Point).at < learnMs) return [];
  const changes = kind.atClockChange === true ? clockChanges(series.zone, first, last - lasts - tailMs) : null;
  const found: Planned[] = [];
  for (let tries = 0; tries < (changes?.length ?? 12) && found.length < count; tries++) {
    const at = changes === null ? first + Math.floor(chance() * room) : (changes[tries] as number);
    const [start, end] = [placeAt(points, at), placeAt(points, at + lasts)];
    const from = points[start]?.at;
    if (from === undefined || end - start < (lasts / series.intervalMs) * 0.5) continue;
    if (said.some((one) => one.at <= from + lasts + tailMs && one.until >= from - apartMs)) continue;
    if (found.some((one) => Math.abs(one.from - from) < lasts)) continue;
    const surroundings = around(series, from);
    const changed = kind.change(points.slice(start, end), surroundings);
    if (changed === null) continue;
    const refused = changed.find((point) => series.arrive(point) === null);
    const arrived = changed.flatMap((point) => series.arrive(point) ?? []);
    const refusedAfterMs = refused === undefined ? null : Math.max(0, refused.at - from);
    const stampsStay = arrived.length === end - start && arrived.every(({ at }, place) => at === points[start + place]?.at);
    const asUsual = stampsStay && isAsUsual(points.slice(placeAt(points, from - backMs), start), arrived, surroundings.hourOf);
    found.push({ kind, from, asUsual, refusedAfterMs, points: [...arrived, ...points.slice(end, placeAt(points, from + lasts + tailMs))] });
  }
  return found;
};

/** What of a branch's sayings is new: not said of the untouched series. */
const finding = (
  { kind, from, refusedAfterMs }: Planned,
  silentAfterMs: number | null,
  list: readonly { anomaly: Anomaly; at: number }[],
  known: ReadonlySet<string>,
): Injected['found'] => {
  if (kind.silent === true) return silentAfterMs !== null && silentAfterMs < kind.days * dayMs ? { by: ['silent'], afterMs: silentAfterMs } : null;
  const fresh = list.filter((one) => isBeginning(one) && one.at <= from + kind.days * dayMs + tailMs && !known.has(one.anomaly.id));
  const saidAfterMs = fresh[0] === undefined ? Number.POSITIVE_INFINITY : Math.max(0, fresh[0].at - from);
  const afterMs = Math.min(saidAfterMs, refusedAfterMs ?? Number.POSITIVE_INFINITY);
  // A reading that cannot be kept is a dead letter with its reason: nobody overlooks it.
  const by = [...fresh.map(({ anomaly }) => anomaly.kind as string), ...(refusedAfterMs === null ? [] : ['refused'])];
  return Number.isFinite(afterMs) ? { by, afterMs } : null;
};

/**
 * Judges one series, untouched and with faults.
 * @param count places for each kind of fault
 */
export const judgeSeries = (series: Series, count: number, kinds: readonly FaultKind[] = faultKinds): SuiteResult => {
  const { points } = series;
  if (points.length < 2) return { injected: [], untouched: [] };
  const half = points.length >> 1;
  const whole = told(series.judge(), points);
  const said = whole.filter(isBeginning).map(({ anomaly, at }) => {
    const end = whole.find((one) => one.anomaly.id === anomaly.id && one.anomaly.until !== null);
    return { kind: anomaly.kind, at, since: anomaly.since, until: end?.at ?? Number.POSITIVE_INFINITY };
  });
  const from = (points[half] as Point).at;
  const months = ((points.at(-1) as Point).at - from) / monthMs;
  const untouched = series.register
    ? []
    : [{ series: series.name, class: series.class, from, months, said: said.filter(({ at }) => at >= from).map(({ kind, since }) => ({ kind, since })) }];
  const able = series.faulty ? kinds.filter((kind) => kind.classes.includes(series.class) && (kind.register === true) === series.register) : [];
  const planned = able.flatMap((kind) => plan(series, kind, said, count)).sort((a, b) => a.from - b.from);
  const known = new Set(whole.map(({ anomaly }) => anomaly.id));
  const injected: Injected[] = [];
  const judge = series.judge();
  let place = 0;
  for (const one of planned) {
    for (; place < points.length && (points[place] as Point).at < one.from; place++) judge.take(points[place] as Point);
    const list = told(judge.branch(), one.points);
    injected.push({ kind: one.kind, series: series.name, from: one.from, asUsual: one.asUsual, found: finding(one, series.silentAfterMs, list, known) });
  }
  return { injected, untouched };
};
