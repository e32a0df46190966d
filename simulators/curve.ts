/** A rate that is constant in each quarter of an hour, with its exact integral since `epoch`. What the rate means is left to the shapes. */
import { hourMs, quarterMs } from '../core/time.ts';

/** Registers of the demo count from here, so that they depend on the time alone and never go back when the demo starts again. */
export const epoch = Date.UTC(2025, 0, 1);

export interface Curve {
  /** The rate at an instant (epoch ms). */
  at(at: number): number;
  /** Rate × hours since `epoch`; 0 before it. */
  integral(at: number): number;
}

/** @param rate not negative; asked once for each quarter, with its start */
export const curve = (rate: (start: number) => number): Curve => {
  const rates: number[] = [];
  /** sums[n]: the integral at the start of quarter n. */
  const sums: number[] = [0];
  const grow = (quarter: number): void => {
    while (rates.length <= quarter) {
      const n = rates.length;
      const value = rate(epoch + n * quarterMs);
      rates.push(value);
      sums.push((sums[n] ?? 0) + value / 4);
    }
  };
  const place = (at: number): number => {
    const quarter = Math.floor((at - epoch) / quarterMs);
    grow(quarter);
    return quarter;
  };
  return {
    at: (at) => (at < epoch ? 0 : (rates[place(at)] ?? 0)),
    integral(at) {
      if (at < epoch) return 0;
      const quarter = place(at);
      return (sums[quarter] ?? 0) + ((rates[quarter] ?? 0) * (at - epoch - quarter * quarterMs)) / hourMs;
    },
  };
};

/** A device's own way along a shared curve: when it is early and late, and how uneven. Its slope is positive, so that nothing runs backwards. */
export interface Warp {
  /** The time on the shared curve. */
  time(at: number): number;
  /** Its derivative. */
  slope(at: number): number;
}

/** Relative strength and period of the unevenness; the strengths add up to less than 1. */
const waves = [
  { strength: 0.05, periodMs: 26 * hourMs },
  { strength: 0.11, periodMs: 37 * 60_000 },
  { strength: 0.09, periodMs: 11 * 60_000 },
  { strength: 0.07, periodMs: 173_000 },
] as const;

/**
 * @param shiftMs constant lead over the shared curve
 * @param phase of the device, [0, 1)
 */
export const warp = (shiftMs: number, phase: number): Warp => {
  const own = waves.map(({ strength, periodMs }, i) => ({ strength, w: (2 * Math.PI) / periodMs, phase: 2 * Math.PI * ((phase * (i + 3)) % 1) }));
  return {
    time: (at) => own.reduce((time, { strength, w, phase: p }) => time + (strength / w) * Math.sin(w * (at - epoch) + p), at + shiftMs),
    slope: (at) => own.reduce((slope, { strength, w, phase: p }) => slope + strength * Math.cos(w * (at - epoch) + p), 1),
  };
};
