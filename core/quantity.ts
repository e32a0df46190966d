/** What can be observed: a quantity has one unit, one quantum and one kind; the kind decides all arithmetic. */
import { unitFactor } from './unit.ts';

/**
 * `index`: a register that counts up. `delta`: an amount in [from, to).
 * `gauge`: a level, linear or step. `state`: one of a few words.
 */
export type QuantityKind = 'index' | 'delta' | 'gauge' | 'state';

export interface Quantity {
  /** Unique in the town: snake_case. */
  readonly name: string;
  readonly kind: QuantityKind;
  /** The canonical unit, a UCUM code (`kW.h`, `Cel`, `1`). */
  readonly unit: string;
  /** Values are integers of it, in `unit`: a power of ten such as 0.001 or 1. A state has quantum 1. */
  readonly quantum: number;
  /** Gauges only: the value holds until the next reading (free places), instead of running straight to it (temperature). */
  readonly step?: boolean;
  /** States only: the words; a reading's value is the place of its word in this list. */
  readonly states?: readonly string[];
  readonly label: { readonly fr: string; readonly en: string };
}

/** |quanta| of a gauge stay below it, so that the integral of a civil month fits 64 bits. */
export const gaugeQuantaMax = 2 ** 30;
/** |quanta| of an index or a delta stay below it. */
export const amountQuantaMax = 2 ** 47;
/** |quanta| of a sum of amounts; beyond it stands this figure. */
export const amountSumMax = Number.MAX_SAFE_INTEGER;

/** True where a value holds until the next reading (step gauges and states). */
export const holdsValue = (quantity: Quantity): boolean => quantity.kind === 'state' || (quantity.kind === 'gauge' && quantity.step === true);

/** Quanta of a value in the canonical unit, rounded to the nearest (half away from zero for positives, towards it for negatives: Math.round). */
export const toQuanta = (quantity: Quantity, value: number): number => {
  const quanta = quantity.quantum < 1 ? Math.round(value * Math.round(1 / quantity.quantum)) : Math.round(value / quantity.quantum);
  return quanta === 0 ? 0 : quanta; // no negative zero
};

/** The value in the canonical unit; division by a power of ten, so that 2153 quanta of 0.01 read 21.53. */
export const fromQuanta = (quantity: Quantity, quanta: number): number =>
  quantity.quantum < 1 ? quanta / Math.round(1 / quantity.quantum) : quanta * quantity.quantum;

/** Factor from `unit` to the quantity's canonical unit; undefined where the two do not measure the same. */
export const factorTo = (quantity: Quantity, unit: string): number | undefined => unitFactor(unit, quantity.unit);
