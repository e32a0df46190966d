/** The contract of detectors: pure, online, bounded memory a key; one file each, listed in `registry.ts`. */
import type { QuantityRule } from '../../core/device-type.ts';
import type { Point } from '../../core/fold.ts';
import type { Anomaly } from '../../core/reading.ts';

/** What a detector remembers of one key: plain data, a handful of numbers. */
export type DetectorState = Record<string, number>;

export interface Judgement {
  readonly unusual: boolean;
  /** Event time at which the unusual began, epoch ms. */
  readonly since: number;
  /** What was usual, quanta. */
  readonly usual: readonly [low: number, high: number] | null;
  /** Numbers for the reason, by name, in quanta or ms. */
  readonly values: Readonly<Record<string, number>>;
}

export interface Detector {
  readonly kind: Exclude<Anomaly['kind'], 'silent' | 'clock-step'>;
  /** True where it has something to say of such a quantity. */
  readonly appliesTo: (rule: QuantityRule) => boolean;
  /** Judges a reading that came on time, and learns from it; null: no opinion. Later readings never change a judgement. */
  readonly update: (state: DetectorState, point: Point, rule: QuantityRule) => Judgement | null;
  /** The reason in plain language. `show` prints quanta, a value or a difference, with their unit. */
  readonly reason: (judgement: Judgement, observed: number | null, show: (quanta: number, language: 'fr' | 'en') => string) => Anomaly['reason'];
}
