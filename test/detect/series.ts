/** Made series and keys for the tests of detectors: what a device sends, as points in quanta. */
import type { QuantityRule } from '../../core/device-type.ts';
import type { Point } from '../../core/fold.ts';
import type { Anomaly } from '../../core/reading.ts';
import { resolveTypes } from '../../devices/registry.ts';
import type { About, Detector } from '../../processors/detect/detector.ts';
import { detectors } from '../../processors/detect/registry.ts';
import { panelFrom } from '../../processors/judge.ts';
import { oneKey } from '../../processors/one-key.ts';
import { type Declared, foldRule } from '../../processors/registry.ts';

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
export const start = Date.parse('2024-01-01T00:00:00Z');

const types = resolveTypes();

/** A quantity of a device of some type that reports every `intervalMs`. */
export const aboutKey = (type: string, quantity: string, intervalMs = hourMs, zone = 'Europe/Paris', capacity?: number): About => {
  const resolved = types.get(type);
  const rule = resolved?.rules.get(quantity) as QuantityRule;
  const declared = { device: { id: 'key', type, intervalMs, imported: true }, type: resolved } as Declared;
  return { rule, fold: foldRule(declared, rule, zone), intervalMs, capacity };
};

/** A random number in [−1, 1) by place: the same for the same place and seed. */
export const noise = (place: number, seed = 1): number => {
  const mixed = Math.imul(place + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
  const more = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return ((more ^ (more >>> 13)) >>> 0) / 2 ** 31 - 1;
};

/** What an office uses in an hour, quanta of 0.0001 kWh: working days from 7 to 19, nights at a third, some noise. */
export const office = (at: number, seed = 1): number => {
  const hour = Math.floor(at / hourMs);
  const day = Math.floor(at / dayMs) + 3;
  const works = day % 7 < 5 && hour % 24 >= 7 && hour % 24 < 19;
  return Math.round(100_000 * (works ? 3 : 1) * (1 + 0.06 * noise(hour, seed)) + (works ? 20_000 * noise(day, seed + 9) : 0));
};

/** A reading an interval over some days, as `valueAt` says; undefined: none comes. */
export const points = (days: number, valueAt: (at: number, place: number) => number | null | undefined, intervalMs = hourMs, spanMs = intervalMs): Point[] => {
  const found: Point[] = [];
  for (let place = 0; place * intervalMs < days * dayMs; place++) {
    const at = start + place * intervalMs;
    const value = valueAt(at, place);
    if (value !== undefined) found.push({ at, spanMs, value, flags: 0 });
  }
  return found;
};

/** What is judged of a series, by these detectors alone. */
export const judged = (about: About, series: readonly Point[], list: readonly Detector[] = detectors): Anomaly[] => {
  const one = oneKey(about, undefined, panelFrom(list, about.rule));
  for (const point of series) one.take(point);
  return one.anomalies;
};

export const began = (anomalies: readonly Anomaly[]): string[] =>
  anomalies.filter(({ version }) => version === 0).map(({ kind, since }) => `${kind} ${new Date(since).toISOString()}`);
