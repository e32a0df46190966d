/** Sums over devices, with what they rest on: what is missing lowers the coverage and is never taken for 0. Which devices belong together is left to the callers. */
import type { Element } from '../core/pane.ts';
import { coverage } from '../core/pane.ts';
import type { Quantity } from '../core/quantity.ts';
import { amountOf, meanOf, share } from './present.ts';

export interface Sum {
  /** Canonical unit; null where no device knows anything. */
  readonly value: number | null;
  /** Mean over all devices of the observed share, 0 to 1; a device without a pane counts as 0. */
  readonly coverage: number;
  /** Devices that know something. */
  readonly observed: number;
}

/**
 * Adds up the panes of one window.
 * @param devices how many devices there should be
 * @param elapsedMs the part of an open window that is over; default all of it
 */
export const sumPanes = (quantity: Quantity, panes: readonly Readonly<Element>[], devices: number, elapsedMs?: number): Sum => {
  let value: number | null = null;
  let observed = 0;
  let covered = 0;
  for (const pane of panes) {
    const own = quantity.kind === 'gauge' ? meanOf(quantity, pane) : amountOf(quantity, pane);
    covered += elapsedMs === undefined ? coverage(pane) : Math.min(1, pane.observedMs / Math.max(1, elapsedMs));
    if (own === null) continue;
    value = (value ?? 0) + own;
    observed++;
  }
  return { value: value === null ? null : rounded(quantity, value), coverage: devices === 0 ? 0 : share(covered / devices), observed };
};

/** Takes off what adding floating numbers left beyond the quantum. */
const rounded = (quantity: Quantity, value: number): number => {
  const perUnit = Math.max(1, Math.round(1 / quantity.quantum));
  return Math.round(value * perUnit) / perUnit;
};
