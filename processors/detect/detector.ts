/**
 * The contract of detectors: pure, online, bounded memory a key; one file each, listed in `registry.ts`. When they are asked,
 * and what becomes of a judgement, is left to `judge.ts`.
 *
 * A detector sees each reading that came on time, or each hour that closed, once and in order. What it says of one never depends
 * on a later one, nor on other keys, but for `peers` and `beside`, which are state of the pipeline. Its memory is two plain parts that leave and come back by the snapshot: numbers by name, at most `numbersMax`
 * of them, and `floats` single-precision numbers, set up as zeros.
 */
import type { QuantityRule } from '../../core/device-type.ts';
import type { FoldRule, Point } from '../../core/fold.ts';
import type { Anomaly } from '../../core/reading.ts';
import { minuteMs } from '../../core/time.ts';
import type { Hour } from '../learn/hour.ts';
import type { Peers } from '../learn/peers.ts';

/** Numbers by name. None of them NaN or infinite: JSON would lose it. */
export type DetectorState = Record<string, number>;

/** What a key is, beside its readings. */
export interface About {
  readonly rule: QuantityRule;
  readonly fold: FoldRule;
  /** ms between two reports, as declared. */
  readonly intervalMs: number;
  /** Places of a car park, where declared. */
  readonly capacity?: number | undefined;
  /** Where it stands, longitude and latitude, degrees; its site's where it has none of its own. */
  readonly place?: readonly [lon: number, lat: number] | undefined;
  /** It feeds in. */
  readonly produces?: boolean;
  /** Solar plants beside it; absent where a key is judged alone. */
  readonly peers?: Peers | undefined;
  /** The last reading that came on time of another quantity of the device, in its unit; null where there is none, or it is in doubt; absent where a key is judged alone. */
  readonly beside?: ((quantity: string) => Shown | null) | undefined;
}

/** A reading in its unit. */
export interface Shown {
  readonly at: number;
  readonly value: number;
}

export interface Judgement {
  readonly unusual: boolean;
  /** 0 to 1; from 0.5, the detector's limit, on it is unusual. r times the limit is r / (1 + r). */
  readonly score: number;
  /** Event time at which the unusual began, epoch ms. */
  readonly since: number;
  /** Quanta; null where it is no single value. */
  readonly observed: number | null;
  readonly expected: number | null;
  /** What was usual, quanta. */
  readonly usual: readonly [low: number, high: number] | null;
  /** Which of the detector's reasons it is: stable, for programs. */
  readonly code: string;
  /** Numbers for the reason, by name: quanta, ms, or as the detector says. */
  readonly values: Readonly<Record<string, number>>;
}

/** Prints quanta, a value or a difference, with their unit. */
export type Show = (quanta: number, language: 'fr' | 'en') => string;

interface Common {
  readonly kind: Exclude<Anomaly['kind'], 'silent' | 'clock-step' | 'detector-failed'>;
  /** What it doubts. While a doubt in the data lasts, nothing is said of consumption. */
  readonly doubts: 'data' | 'consumption';
  /** Memory a key: numbers by name at the most, and single-precision numbers. */
  readonly numbersMax: number;
  readonly floats: number;
  /** True where it has something to say of such a quantity. */
  readonly appliesTo: (rule: QuantityRule) => boolean;
  /** Of such keys only; absent: of all. */
  readonly isFor?: (about: About) => boolean;
  /** The reason in plain language. */
  readonly reason: (judgement: Judgement, show: Show) => Anomaly['reason'];
  /** How far it has learnt, days of how many; null: it judges. Absent: it need not learn. */
  readonly learning?: (state: DetectorState, floats: Float32Array) => Learning | null;
}

export interface Learning {
  readonly days: number;
  readonly of: number;
}

export interface ReadingDetector extends Common {
  readonly sees: 'reading';
  /** Judges a reading that came on time, and learns from it; null: no opinion, whatever it said before stands. */
  readonly update: (state: DetectorState, floats: Float32Array, point: Point, about: About) => Judgement | null;
}

export interface HourDetector extends Common {
  readonly sees: 'hour';
  /** True where it rests on the model of the usual: what it said ends when that is learnt anew. */
  readonly needsUsual: boolean;
  /** Judges an hour that closed, and learns from it; null as above. */
  readonly update: (state: DetectorState, floats: Float32Array, hour: Hour, about: About) => Judgement | null;
}

export type Detector = ReadingDetector | HourDetector;

/** A value beside that is older than both is not shown any more. */
const besideIntervals = 3;
const besideMs = 15 * minuteMs;

/** What another quantity of the device shows at that time: of the same message, or of the one before, as the message has them; null where nothing is known of it. */
export const shownBeside = ({ beside, intervalMs }: About, quantity: string, at: number): Shown | null => {
  const found = beside?.(quantity) ?? null;
  return found === null || Math.abs(at - found.at) > Math.max(besideIntervals * intervalMs, besideMs) ? null : found;
};

/** What ends something: nothing is unusual any more, or nothing can be said of it. @param at epoch ms */
export const over = (at: number): Judgement => ({ unusual: false, score: 0, since: at, observed: null, expected: null, usual: null, code: 'over', values: {} });

/** The score of something that is `ratio` times the limit. */
export const scoreOf = (ratio: number): number => (ratio > 0 ? (Number.isFinite(ratio) ? ratio / (1 + ratio) : 1) : 0);
