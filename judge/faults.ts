/** What can go wrong with a meter, a PV plant, a car park or a transformer, as changes of a real series. When and where is left to `fault-suite.ts`. */
import type { Point } from '../core/fold.ts';
import { dayMs, hourMs } from '../core/time.ts';

/** What a series measures, by the type of its device. */
export type SeriesClass = 'meter' | 'pv' | 'car-park' | 'transformer';

/** What a change may know of the series: nothing behind the fault. */
export interface Surroundings {
  readonly from: number;
  readonly intervalMs: number;
  /** Mean, highest and lowest of the four weeks before, quanta. */
  readonly mean: number;
  readonly highest: number;
  readonly lowest: number;
  /** Mean of the lowest hour of each of those days. */
  readonly base: number;
  /** Hour of the wall clock, and the day of the week, Monday 0. */
  readonly hourOf: (at: number) => number;
  readonly weekdayOf: (at: number) => number;
  /** What the series was a week before. */
  readonly valueBefore: (at: number) => number | null;
}

export interface FaultKind {
  readonly name: string;
  readonly group: 'gross' | 'subtle';
  readonly classes: readonly SeriesClass[];
  readonly days: number;
  /** Of registers, and of nothing else. */
  readonly register?: true;
  /** Only where the clocks change: it begins there. */
  readonly atClockChange?: true;
  /** No reading comes: found by silence. */
  readonly silent?: true;
  /** Kinds of anomaly that name it rightly. */
  readonly named: readonly string[];
  /** The readings of the fault as they would have come; null: nothing of it would be seen at that moment. */
  readonly change: (points: readonly Point[], around: Surroundings) => Point[] | null;
}

type Change = FaultKind['change'];

const each =
  (change: (value: number, at: number, around: Surroundings) => number): Change =>
  (points, around) =>
    points.map((point) => (point.value === null ? point : { ...point, value: Math.round(change(point.value, point.at, around)) }));
const times = (factor: number): Change => each((value) => value * factor);

/** A share of the readings is as large as this, else there is nothing to be seen of the change. */
const lively =
  (change: Change, share = 0.2): Change =>
  (points, around) => {
    const values = points.flatMap(({ value }) => (value === null ? [] : [Math.abs(value)]));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.length > 0 && mean >= share * Math.abs(around.mean) && mean > 5 ? change(points, around) : null;
  };

const shifted =
  (ms: number): Change =>
  (points) =>
    points.map((point) => ({ ...point, at: point.at + ms }));

/** A second device sends half an interval after each reading what another meter would measure. */
const doubled: Change = (points, { intervalMs, mean, valueBefore }) =>
  points.flatMap((point) => [
    point,
    { ...point, at: point.at + Math.round(intervalMs / 2), value: Math.round((valueBefore(point.at) ?? mean) * 0.4 + mean * 0.1) },
  ]);

const frozen: Change = ([first, ...others]) =>
  first === undefined || first.value === null ? null : [first, ...others.map((point) => (point.value === null ? point : { ...point, value: first.value }))];

const energy: readonly SeriesClass[] = ['meter'];
const all: readonly SeriesClass[] = ['meter', 'pv', 'car-park', 'transformer'];
const powered: readonly SeriesClass[] = ['meter', 'pv', 'transformer'];
const unit = ['unit', 'out-of-range', 'jump', 'refused'];
const use = ['base-load', 'use', 'unusual-hour', 'new-extreme'];
const yieldOf = [...use, 'solar-yield', 'solar-peers'];

/** Each kind once; the order is that of the report. */
export const faultKinds: readonly FaultKind[] = [
  { name: 'no readings for a day', group: 'gross', classes: all, days: 1, silent: true, named: ['silent'], change: () => [] },
  { name: 'nothing but zeros for 12 h', group: 'gross', classes: energy, days: 0.5, named: ['outage', 'stuck-series'], change: lively(times(0), 0.3) },
  { name: 'stuck for a day', group: 'gross', classes: ['meter', 'transformer'], days: 1, named: ['stuck', 'stuck-series'], change: lively(frozen) },
  { name: 'ten times as much for 6 h', group: 'gross', classes: powered, days: 0.25, named: unit, change: lively(times(10)) },
  { name: 'a hundred times as much for 6 h', group: 'gross', classes: powered, days: 0.25, named: unit, change: lively(times(100)) },
  { name: 'Wh taken for kWh for a day', group: 'gross', classes: powered, days: 1, named: unit, change: lively(times(1000)) },
  { name: 'kWh taken for MWh for a day', group: 'gross', classes: powered, days: 1, named: unit, change: lively(times(0.001)) },
  { name: 'a factor of √3 for three days', group: 'gross', classes: powered, days: 3, named: unit, change: lively(times(Math.sqrt(3))) },
  {
    name: 'one hour three times as high',
    group: 'gross',
    classes: powered,
    days: 1 / 24,
    named: ['unusual-hour', 'new-extreme', 'jump'],
    change: lively(times(3), 1),
  },
  { name: 'the sign changed for a day', group: 'gross', classes: ['meter'], days: 1, named: ['out-of-range', ...unit], change: lively(times(-1)) },
  {
    name: 'the register starts again',
    group: 'gross',
    classes: energy,
    days: 2,
    register: true,
    named: ['register'],
    change: (points) => {
      const first = points[0]?.value ?? 0;
      return points.map((point) => (point.value === null ? point : { ...point, value: point.value - (first ?? 0) }));
    },
  },
  {
    name: 'another meter, with a register far ahead',
    group: 'gross',
    classes: energy,
    days: 2,
    register: true,
    named: ['register'],
    change: (points) => points.map((point) => (point.value === null ? point : { ...point, value: point.value + 3e9 })),
  },
  {
    name: 'the clock six hours fast for five days',
    group: 'gross',
    classes: ['meter', 'pv', 'car-park'],
    days: 5,
    named: ['clock-shift'],
    change: shifted(6 * hourMs),
  },
  { name: 'two senders under one name for two days', group: 'gross', classes: ['meter', 'pv'], days: 2, named: ['two-senders'], change: lively(doubled) },
  {
    name: 'wild values for a day',
    group: 'gross',
    classes: ['meter', 'transformer'],
    days: 1,
    named: ['unusual-hour', 'new-extreme', 'jump', 'two-senders'],
    change: lively(each((value, at, { intervalMs }) => value * (Math.floor(at / intervalMs) % 2 === 0 ? 2 : 0.1))),
  },
  { name: 'a car park that no longer changes for two days', group: 'gross', classes: ['car-park'], days: 2, named: ['stuck', 'stuck-series'], change: frozen },
  {
    name: 'more free places than there are',
    group: 'gross',
    classes: ['car-park'],
    days: 0.5,
    named: ['out-of-range', 'new-extreme', 'unusual-hour'],
    change: each((value, _, { highest }) => value + Math.round(0.5 * highest)),
  },
  { name: 'a dark PV plant by day, two days', group: 'gross', classes: ['pv'], days: 2, named: ['outage', 'stuck-series', 'use'], change: lively(times(0)) },
  { name: 'a quarter more for a week', group: 'subtle', classes: energy, days: 7, named: use, change: lively(times(1.25)) },
  { name: '15 % more for two weeks', group: 'subtle', classes: energy, days: 14, named: use, change: lively(times(1.15)) },
  { name: '40 % less for three days', group: 'subtle', classes: energy, days: 3, named: use, change: lively(times(0.6)) },
  {
    name: 'a base load of 20 % more for two weeks',
    group: 'subtle',
    classes: energy,
    days: 14,
    named: use,
    change: lively(each((value, _, { base }) => value + 0.2 * base)),
  },
  {
    name: 'nights half as high again for a week',
    group: 'subtle',
    classes: energy,
    days: 7,
    named: use,
    change: lively(each((value, at, { hourOf }) => (hourOf(at) < 6 || hourOf(at) >= 22 ? value * 1.5 : value))),
  },
  {
    name: 'a weekend that runs as a working day',
    group: 'subtle',
    classes: energy,
    days: 7,
    named: use,
    change: lively((points, { weekdayOf, valueBefore }) =>
      points.map((point) =>
        point.value === null || weekdayOf(point.at) < 5 ? point : { ...point, value: Math.max(point.value, valueBefore(point.at - 3 * dayMs) ?? point.value) },
      ),
    ),
  },
  {
    name: '1 % more each day for a month',
    group: 'subtle',
    classes: energy,
    days: 30,
    named: use,
    change: lively(each((value, at, { from }) => value * (1 + (0.01 * (at - from)) / dayMs))),
  },
  { name: 'the clock an hour fast for two weeks', group: 'subtle', classes: ['meter', 'pv'], days: 14, named: ['clock-shift'], change: shifted(hourMs) },
  {
    name: 'the clock not put to winter or summer time',
    group: 'subtle',
    classes: ['meter', 'car-park'],
    days: 14,
    atClockChange: true,
    named: ['clock-shift'],
    change: shifted(hourMs),
  },
  { name: 'one string of eight lost for two weeks', group: 'subtle', classes: ['pv'], days: 14, named: yieldOf, change: lively(times(7 / 8)) },
  {
    name: 'shade after 14:00 for two weeks',
    group: 'subtle',
    classes: ['pv'],
    days: 14,
    named: yieldOf,
    change: lively(each((value, at, { hourOf }) => (hourOf(at) >= 14 ? value * 0.5 : value))),
  },
  {
    name: 'soiling, 1 % a day for a month',
    group: 'subtle',
    classes: ['pv'],
    days: 30,
    named: yieldOf,
    change: lively(each((value, at, { from }) => value * (1 - (0.01 * (at - from)) / dayMs))),
  },
  {
    name: 'power capped at 60 % for two weeks',
    group: 'subtle',
    classes: ['pv'],
    days: 14,
    named: yieldOf,
    change: lively(each((value, _, { highest }) => Math.min(value, 0.6 * highest))),
  },
  {
    name: 'a counter that loses 2 % of its places a day',
    group: 'subtle',
    classes: ['car-park'],
    days: 14,
    named: ['new-extreme', 'unusual-hour'],
    change: each((value, at, { from, highest }) => value - (0.02 * highest * (at - from)) / dayMs),
  },
  {
    name: 'ten kelvin or a third of the range higher for a week',
    group: 'subtle',
    classes: ['transformer'],
    days: 7,
    named: use,
    change: each((value, _, { highest, lowest }) => value + Math.round((highest - lowest) / 3)),
  },
];
